"""Settings for programs: those that call Docket, those that Docket calls, and those that post what became of parcels."""

from pathlib import Path
from typing import Literal
from urllib.parse import urlsplit

from msgspec import Struct

from gateway.ranges import Count, Seconds


class Api(Struct, frozen=True, forbid_unknown_fields=True):
    """The HTTP API: docs/api.md."""

    calls_per_minute: Count = 600  # of one token


class Hook(Struct, frozen=True, forbid_unknown_fields=True):
    """One receiver that is told of new entries; the secret that its calls are signed with stands in a file."""

    name: str
    url: str
    secret_file: str
    types: tuple[str, ...] = ()  # of entries; default: mail, and what people and rules did about it
    mailboxes: tuple[str, ...] = ()  # default: all
    timeout_s: Seconds = 10.0


class ParcelSource(Struct, frozen=True, forbid_unknown_fields=True):
    """One service that posts what became of parcels, to ``/api/v1/parcels/NAME``."""

    name: str
    shape: Literal["aftership", "17track"]
    secret_file: str


def fault_of_program(one: Hook | ParcelSource, seen: set[str]) -> str:
    """Return what is wrong with a receiver or a service, "" for nothing; ``seen`` are the names before it."""
    bare = one.name.replace("-", "").replace("_", "")
    if not (bare.isascii() and bare.isalnum() and one.name.islower() and len(one.name) <= 40):
        return f"{one.name!r} cannot be its name: a-z, 0-9 and -"
    if one.name in seen:
        return f"there are two of the name {one.name}"
    if not one.secret_file:
        return f"{one.name} needs a secret_file"
    if isinstance(one, Hook) and (
        urlsplit(one.url).scheme not in {"http", "https"} or not urlsplit(one.url).hostname
    ):
        return f"url of {one.name} must begin with https:// or http://"
    seen.add(one.name)
    return ""


def secret_in(path: str) -> bytes:
    """Return the secret in a file, without the line's end."""
    return Path(path).read_bytes().strip()
