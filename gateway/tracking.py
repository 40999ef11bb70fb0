"""What services that watch parcels post: who really sent it, and what it says. Pure; two shapes are known.

AfterShip: ``aftership-hmac-sha256`` is the base64 HMAC-SHA256 of the body. 17TRACK: ``sign`` is the hex SHA-256 of the
body, a slash and the key.
"""

import base64
import hashlib
import hmac
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Literal

import msgspec

Shape = Literal["aftership", "17track"]
_LONGEST = 300


@dataclass(frozen=True, slots=True, kw_only=True)
class Scan:
    """The newest word on a parcel; ``order`` is what its sender says the order is, "" where they say nothing."""

    number: str
    carrier: str
    status: str
    said: str
    place: str
    at: str
    order: str


class _Checkpoint(msgspec.Struct):
    message: str | None = None
    location: str | None = None
    city: str | None = None
    country_name: str | None = None
    checkpoint_time: str | None = None


class _AfterShipMessage(msgspec.Struct):
    tracking_number: str
    slug: str | None = None
    tag: str | None = None
    subtag_message: str | None = None
    order_id: str | None = None
    order_number: str | None = None
    checkpoints: tuple[_Checkpoint, ...] = ()


class _AfterShip(msgspec.Struct):
    msg: _AfterShipMessage


class _Status(msgspec.Struct):
    status: str | None = None
    sub_status: str | None = None


class _Event(msgspec.Struct):
    description: str | None = None
    location: str | None = None
    time_utc: str | None = None
    time_iso: str | None = None


class _Track(msgspec.Struct):
    latest_status: _Status | None = None
    latest_event: _Event | None = None


class _Data(msgspec.Struct):
    number: str
    tag: str | None = None
    order_no: str | None = None
    track_info: _Track | None = None


class _SeventeenTrack(msgspec.Struct):
    data: _Data


def is_signed(shape: Shape, body: bytes, headers: Mapping[str, str], secret: bytes) -> bool:
    """Say whether a post was signed with the secret that its sender and we share."""
    if shape == "aftership":
        made = base64.b64encode(hmac.new(secret, body, hashlib.sha256).digest()).decode()
        return hmac.compare_digest(made.encode(), headers.get("aftership-hmac-sha256", "").encode())
    made = hashlib.sha256(body + b"/" + secret).hexdigest()
    return hmac.compare_digest(made.encode(), headers.get("sign", "").strip().lower().encode())


def scan_of(shape: Shape, body: bytes) -> Scan:
    """Return what a post says; raises ValueError for one that tells of no parcel."""
    try:
        return _READ[shape](body)
    except RecursionError as deep:
        raise ValueError("this JSON nests too deep") from deep


def _aftership(body: bytes) -> Scan:
    told = msgspec.json.decode(body, type=_AfterShip).msg
    last = max(told.checkpoints, key=lambda one: one.checkpoint_time or "", default=_Checkpoint())
    places = (last.location,) if last.location else (last.city, last.country_name)
    return _scan(
        number=told.tracking_number,
        carrier=told.slug,
        status=told.tag,
        said=last.message or told.subtag_message,
        place=", ".join(filter(None, places)),
        at=last.checkpoint_time,
        order=told.order_number or told.order_id,
    )


def _seventeen(body: bytes) -> Scan:
    told = msgspec.json.decode(body, type=_SeventeenTrack).data
    track = told.track_info or _Track()
    status, event = track.latest_status or _Status(), track.latest_event or _Event()
    return _scan(
        number=told.number,
        carrier="",
        status=status.status,
        said=event.description or status.sub_status,
        place=event.location,
        at=event.time_utc or event.time_iso,
        order=told.order_no or told.tag,
    )


def _scan(**told: str | None) -> Scan:
    known: dict[str, Any] = {name: (value or "").strip()[:_LONGEST] for name, value in told.items()}
    known["at"] = _moment(known["at"])
    return Scan(**known)


def _moment(text: str) -> str:
    """Return a time as it was told where it is one, else nothing: a carrier's zone may be anybody's guess."""
    try:
        return datetime.fromisoformat(text).isoformat()
    except ValueError:
        return ""


_READ: dict[Shape, Callable[[bytes], Scan]] = {"aftership": _aftership, "17track": _seventeen}
