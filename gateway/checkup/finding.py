"""What an examination says of one thing."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class Finding:
    """One thing looked at. ``mend`` says what is wrong and what to do; it may also remark on what is well."""

    what: str
    ok: bool = True
    mend: str = ""
