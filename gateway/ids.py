"""Random names that sort by the time they were made."""

import os
from datetime import datetime

_ALPHABET = "0123456789ABCDEFGHJKMNPQRSTVWXYZ"
_PAIRS = [
    high + low for high in _ALPHABET for low in _ALPHABET
]  # ten bits at a time: every entry needs a name


def ulid(at: datetime, entropy: bytes | None = None) -> str:
    """Return a 26-character ULID: 48 bits of milliseconds, then 80 random bits (https://github.com/ulid/spec).

    ``entropy`` is 10 bytes, for tests; the default is the operating system's randomness.
    """
    random = os.urandom(10) if entropy is None else entropy
    number = (int(at.timestamp() * 1000) << 80) | int.from_bytes(random, "big")
    return "".join([_PAIRS[(number >> shift) & 1023] for shift in range(120, -1, -10)])
