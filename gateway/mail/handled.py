r"""What an agent did in a mail client, in words. Pure: an ``imap`` entry's summary in, one line out.

>>> in_words({"did": "flagged", "what": "+FLAGS.SILENT (\\Seen)", "folder": "INBOX", "count": 1})
'marked as read, in INBOX'
>>> in_words({"did": "left", "folder": "INBOX", "count": 1})
'moved or removed past Docket, by whom is not known, in INBOX'
>>> in_words({"did": "moved", "folder": "INBOX", "to": ["Trash"], "count": 3, "said": "NO [OVERQUOTA]"})
'moved 3 messages to Trash, in INBOX; the server said: NO [OVERQUOTA]'
"""

import re
from collections.abc import Mapping
from typing import Any

from gateway.tongue import _, marked

_FLAGS = {
    "\\seen": (marked("marked as read"), marked("marked as unread")),
    "\\answered": (marked("marked as answered"), marked("marked as not answered")),
    "\\flagged": (marked("flagged"), marked("took the flag off")),
    "\\deleted": (marked("marked for deletion"), marked("took back the mark for deletion")),
    "$forwarded": (marked("marked as forwarded"), marked("marked as not forwarded")),
}
_STORE = re.compile(r"([+-]?)FLAGS(?:\.SILENT)?\s+\(?([^)]*)\)?", re.IGNORECASE)


def in_words(said: Mapping[str, Any]) -> str:
    """Return what was done, to how many messages, where; an unknown word stands as it is."""
    did, count = str(said.get("did", "")), int(said.get("count", 1) or 1)
    many = _(" %(count)s messages") % {"count": count} if count > 1 else ""
    to = ", ".join(map(str, said.get("to", ())))
    words = {
        "login": _("logged in with a mail client"),
        "logout": _("logged out"),
        "opened": _("opened%(many)s") % {"many": many}
        + (_(" and so marked as read") if said.get("seen") else ""),
        "flagged": _flags(str(said.get("what", ""))) + (f",{many}" if many else ""),
        "copied": _("copied%(many)s to %(to)s") % {"many": many, "to": to},
        "moved": _("moved%(many)s to %(to)s") % {"many": many, "to": to},
        "added": _("put a message into %(to)s") % {"to": to},
        "expunged": _("removed%(many)s from the mailbox") % {"many": many},
        "left": _("moved or removed past Docket, by whom is not known"),
        "folder": _("folders: %(what)s") % {"what": said.get("what", "")},
        "command": _("sent a command that is not known: %(said)s") % {"said": said.get("what", "")},
    }.get(did, did)
    where = _(", in %(folder)s") % {"folder": said["folder"]} if said.get("folder") else ""
    answer = _("; the server said: %(said)s") % {"said": said["said"]} if said.get("said") else ""
    return f"{words}{where}{answer}"


def _flags(what: str) -> str:
    found = _STORE.match(what)
    if found is None:
        return _("changed: %(what)s") % {"what": what}
    sign, names = found[1], found[2].split()
    if not sign:
        return _("set the flags to %(names)s") % {"names": " ".join(names) or _("none")}
    off = sign == "-"
    told = [_(_FLAGS[one.lower()][off]) if one.lower() in _FLAGS else f"{sign}{one}" for one in names]
    return ", ".join(told) or _("changed: %(what)s") % {"what": what}
