"""Which folders of an account are captured: by name, or by what the server marks them for (RFC 6154)."""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

from imapclient import IMAPClient, imap_utf7

from gateway.capture.session import asking


@dataclass(frozen=True, slots=True)
class Wanted:
    r"""A folder as the settings name it: ``INBOX``, ``Orders/2026``, or a mark such as ``\Sent`` or ``\Junk``."""

    name: str
    sent: bool = False


def find_folders(client: IMAPClient, wanted: Iterable[Wanted]) -> tuple[dict[str, Wanted], list[str]]:
    """Return the folders that are there, by their names on the server, and what is wrong with the others."""
    with asking(client, "the list of folders failed"):
        client.folder_encode = False  # else one name that nobody can read would cost all the others
        try:
            listed = [
                (_name(raw), {str(flag, "ascii", "replace").casefold() for flag in flags})
                for flags, _, raw in client.list_folders()
            ]
        finally:
            client.folder_encode = True
    open_ = {name: flags for name, flags in listed if name and not flags & {"\\noselect", "\\nonexistent"}}
    found: dict[str, Wanted] = {}
    missing: list[str] = []
    for one in wanted:
        names = [name for name, flags in open_.items() if _is_meant(one.name, name, flags)]
        if names:
            found.setdefault(names[0], one)
        else:
            there = ", ".join(sorted(open_)[:20]) or "none"
            what = (
                f"no folder is marked {one.name}"
                if one.name.startswith("\\")
                else f"there is no folder {one.name}"
            )
            missing.append(f"{what}; there are: {there}")
    return found, missing


def _name(raw: Any) -> str:
    """Return a folder's name out of modified UTF-7 (RFC 3501 section 5.1.3), empty where it is none that one can write."""
    if isinstance(raw, int):
        raw = str(raw).encode()  # a name may be all digits
    if not isinstance(raw, bytes):
        return ""
    try:
        name = str(imap_utf7.decode(raw))
    except (ValueError, IndexError):  # UnicodeDecodeError is a ValueError
        return ""
    return name if name.isprintable() else ""


def _is_meant(wanted: str, name: str, flags: set[str]) -> bool:
    if wanted.startswith("\\"):
        return wanted.casefold() in flags
    return wanted == name or (wanted.upper() == name.upper() == "INBOX")  # RFC 3501 section 5.1
