"""Canonical JSON: the same bytes for the same value, so that equal acts have equal fingerprints."""

import json
from datetime import datetime


def canonical(value: object) -> bytes:
    r"""Return JSON with sorted keys, no spaces, UTF-8; times as RFC 3339.

    >>> canonical({"b": 1, "a": "é"})
    b'{"a":"\xc3\xa9","b":1}'
    """
    # A lone surrogate can stand in what a stranger's mail decodes to; it must not stop an entry.
    return _ENCODER.encode(value).encode("utf-8", "backslashreplace")


def _plain(value: object) -> str:
    if isinstance(value, datetime):
        return value.isoformat()
    raise TypeError(f"{type(value).__name__} has no place in an entry")


_ENCODER = json.JSONEncoder(sort_keys=True, separators=(",", ":"), ensure_ascii=False, default=_plain)
