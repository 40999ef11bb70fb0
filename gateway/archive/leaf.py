"""The leaf: the small record of an entry that the tree commits to. Pure. Nothing personal or guessable stands in it.

Its form is fixed from the first archive on: canonical JSON, keys sorted, no spaces, ASCII.
"""

import base64
import json
import re
from dataclasses import dataclass
from typing import Any

from gateway.archive.checkpoint import unbase64
from gateway.archive.faults import Damaged
from gateway.archive.tree import HASH_BYTES

VERSION = 1
_YEAR_10000 = 253402300800
_TYPE = re.compile(r"[a-z][a-z0-9]*(\.[a-z0-9]+)*", re.ASCII)
_ID = re.compile(r"[0-9A-HJKMNP-TV-Z]{26}", re.ASCII)
# Every leaf that write_leaf made, and no other: what matches needs no second look at its form.
_WRITTEN = re.compile(
    rb'\{"commit":"([A-Za-z0-9+/]{43}=)","ct":"([A-Za-z0-9+/]{43}=)","id":"([0-9A-HJKMNP-TV-Z]{26})",'
    rb'"meta":"([A-Za-z0-9+/]{43}=)","seq":(0|[1-9][0-9]{0,17}),"t":(0|[1-9][0-9]{0,10}),'
    rb'"type":"([a-z][a-z0-9]*(?:\.[a-z0-9]+)*)","v":1\}'
)
_canonical = json.JSONEncoder(sort_keys=True, separators=(",", ":"), ensure_ascii=True).encode


@dataclass(frozen=True, slots=True, kw_only=True)
class Leaf:
    """What one leaf says. ``ct`` is the hash of the ciphertext, ``commit`` and ``meta`` are salted commitments."""

    type: str
    id: str
    seq: int
    at: int  # seconds since 1970 UTC
    ct: bytes
    commit: bytes
    meta: bytes


def write_leaf(*, type_: str, id_: str, seq: int, at: int, ct: str, commit: str, meta: str) -> bytes:
    """Return a leaf's bytes; the three hashes come as base64, the type and the id are known to be plain ASCII."""
    return (
        f'{{"commit":"{commit}","ct":"{ct}","id":"{id_}","meta":"{meta}",'
        f'"seq":{seq},"t":{at},"type":"{type_}","v":{VERSION}}}'
    ).encode("ascii")


def read_leaf(leaf: bytes) -> Leaf:
    """Return what a leaf says; raises Damaged unless it is canonical and of a version that we know."""
    if written := _WRITTEN.fullmatch(leaf):
        commit, ct, id_, meta, seq, at, type_ = (part.decode() for part in written.groups())
        hashes = {name: unbase64(text) for name, text in (("commit", commit), ("ct", ct), ("meta", meta))}
        found = {name: hash_ for name, hash_ in hashes.items() if hash_ is not None}
        if len(found) == 3 and is_type(type_):
            return Leaf(type=type_, id=id_, seq=int(seq), at=int(at), **found)
    return _examine(leaf)


def _examine(leaf: bytes) -> Leaf:
    """Return what a leaf says that is not as we write them, or raise Damaged with what is wrong with it."""
    try:
        value: Any = json.loads(leaf)
        canonical = _canonical(value).encode()
    except (ValueError, RecursionError):
        raise Damaged("the leaf is not JSON") from None
    if canonical != leaf or not isinstance(value, dict):
        raise Damaged("the leaf is not canonical JSON")
    if type(value.get("v")) is not int or value["v"] != VERSION:  # 1.0 and true are equal to 1
        raise Damaged("the leaf is of a version that this program does not know")
    if set(value) != {"commit", "ct", "id", "meta", "seq", "t", "type", "v"}:
        raise Damaged("the leaf has other fields than it should")
    hashes = {
        name: unbase64(value[name]) if isinstance(value[name], str) else None
        for name in ("ct", "commit", "meta")
    }
    plain = type(value["seq"]) is int and 0 <= value["seq"] < 1 << 63
    plain = plain and type(value["t"]) is int and 0 <= value["t"] < _YEAR_10000
    if not plain or not is_type(value["type"]) or not is_id(value["id"]):
        raise Damaged("a field of the leaf is not of its kind")
    found = {name: hash_ for name, hash_ in hashes.items() if hash_ is not None and len(hash_) == HASH_BYTES}
    if len(found) != 3:
        raise Damaged("a hash of the leaf is no SHA-256")
    return Leaf(type=value["type"], id=value["id"], seq=value["seq"], at=value["t"], **found)


def leaf_of_row(seq: object, id_: object, type_: object, at: object, leaf: object) -> Leaf:
    """Return what the leaf of a database row says; raises Damaged where the row's columns say something else."""
    if not isinstance(leaf, bytes):
        raise Damaged("the leaf is not bytes")
    said = read_leaf(leaf)
    for name, column, field in (
        ("seq", seq, said.seq),
        ("id", id_, said.id),
        ("type", type_, said.type),
        ("t", at, said.at),
    ):
        if column != field:
            raise Damaged(f"its column {name} is not what the leaf says")
    return said


def base64_of(hash_: bytes) -> str:
    return base64.b64encode(hash_).decode()


def is_type(value: object) -> bool:
    """Say whether this may be an entry's type: dotted lower-case words."""
    return isinstance(value, str) and len(value) <= 32 and _TYPE.fullmatch(value) is not None


def is_id(value: object) -> bool:
    """Say whether this is a ULID."""
    return isinstance(value, str) and _ID.fullmatch(value) is not None
