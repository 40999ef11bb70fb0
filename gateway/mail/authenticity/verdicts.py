"""What is found about who sent a message, as plain values that an entry holds. The words are those of RFC 8601."""

from dataclasses import dataclass
from typing import Literal

Word = Literal["pass", "fail", "none", "neutral", "softfail", "policy", "temperror", "permerror"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Signature:
    """One DKIM signature: whose it is, what it covers, and whether it holds."""

    result: Word
    reason: str = ""
    domain: str = ""  # d=
    selector: str = ""  # s=
    identity: str = ""  # i=
    algorithm: str = ""  # a=
    canonical: str = ""  # c=
    key_bits: int = 0
    headers: tuple[str, ...] = ()  # h=, in lower case
    body_length: int | None = None  # l=: only so many bytes of the body are covered
    testing: bool = False  # the key's owner says it is under test


@dataclass(frozen=True, slots=True, kw_only=True)
class Spf:
    """Whether the peer may send for the envelope sender's domain, or for the name it greeted with."""

    result: Word = "none"
    domain: str = ""
    scope: Literal["mailfrom", "helo"] = "mailfrom"
    reason: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Dmarc:
    """What the From field's domain asks of mail in its name, and whether this message meets it."""

    result: Word = "none"
    domain: str = ""  # of the From field
    found_at: str = ""  # whose record it is: the domain, or its organisation's
    policy: str = ""  # "none", "quarantine", "reject": what the owner asks for mail that fails
    reason: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Told:
    """What another server says it has found, in an Authentication-Results field."""

    server: str  # its authserv-id
    dkim: tuple[tuple[str, str], ...] = ()  # (result, domain) of each signature
    spf: str = ""
    spf_domain: str = ""
    dmarc: str = ""
    from_domain: str = ""  # the From domain that DMARC was about


@dataclass(frozen=True, slots=True, kw_only=True)
class Arc:
    """The chain of servers that passed a message on, each sealing what it had found (RFC 8617)."""

    result: Word = "none"
    sealers: tuple[str, ...] = ()  # the first to the last
    reason: str = ""
    told: Told | None = None  # what the first sealer found; only as good as every sealer after it


@dataclass(frozen=True, slots=True, kw_only=True)
class Authenticity:
    """All findings about one message. ``proven`` are the domains that are shown to have sent it, ``by`` says how.

    ``result`` sums up: ``pass`` where the From domain (or, through a trusted chain, the original one) is proven, ``fail``
    where it is contradicted, ``temperror`` where DNS gave no answer, else ``none``.
    """

    result: Word = "none"
    proven: tuple[str, ...] = ()
    by: str = ""  # "dkim", "spf", "arc", "upstream", "list"
    from_domain: str = ""
    reason: str = ""  # in plain words
    signatures: tuple[Signature, ...] = ()
    spf: Spf = Spf()
    dmarc: Dmarc = Dmarc()
    arc: Arc = Arc()
    upstream: Told | None = None

    @property
    def dkim(self) -> Word:
        """The signatures as one word: a pass counts before a failure."""
        found = {signature.result for signature in self.signatures}
        words: tuple[Word, ...] = ("pass", "temperror", "fail", "policy", "permerror")
        return next((word for word in words if word in found), "none")
