"""The key that secrets of authenticator apps are sealed under: a file among the other secrets, made when it is first needed."""

import secrets
from pathlib import Path

from gateway.durable import replace_file
from gateway.errors import WrongUse

_BYTES = 32


def factor_key(folder: Path) -> bytes:
    """Return the key in a secrets folder, made first where there is none; raises WrongUse for a file that is none."""
    path = folder / "factors.key"
    if not path.exists():
        replace_file(path, secrets.token_bytes(_BYTES))
    key = path.read_bytes()
    if len(key) != _BYTES:
        raise WrongUse(
            f"{path} holds no key of {_BYTES} bytes; put back a copy of it, or delete it: codes of authenticator apps then count no more"
        )
    return key
