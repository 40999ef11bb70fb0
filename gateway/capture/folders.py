"""Which folders of an account are captured: by name, or by what the server marks them for (RFC 6154)."""

from collections.abc import Iterable
from dataclasses import dataclass

from imapclient import IMAPClient

from gateway.capture.session import asking


@dataclass(frozen=True, slots=True)
class Wanted:
    r"""A folder as the settings name it: ``INBOX``, ``Orders/2026``, or a mark such as ``\Sent`` or ``\Junk``."""

    name: str
    sent: bool = False


def find_folders(client: IMAPClient, wanted: Iterable[Wanted]) -> tuple[dict[str, Wanted], list[str]]:
    """Return the folders that are there, by their names on the server, and what is wrong with the others."""
    with asking(client, "the list of folders failed"):
        listed = [
            ({str(flag, "ascii", "replace").casefold() for flag in flags}, str(name))
            for flags, _, name in client.list_folders()
        ]
    open_ = {name: flags for flags, name in listed if not flags & {"\\noselect", "\\nonexistent"}}
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


def _is_meant(wanted: str, name: str, flags: set[str]) -> bool:
    if wanted.startswith("\\"):
        return wanted.casefold() in flags
    return wanted == name or (wanted.upper() == name.upper() == "INBOX")  # RFC 3501 section 5.1
