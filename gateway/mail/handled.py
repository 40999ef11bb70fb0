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

_FLAGS = {
    "\\seen": ("marked as read", "marked as unread"),
    "\\answered": ("marked as answered", "marked as not answered"),
    "\\flagged": ("flagged", "took the flag off"),
    "\\deleted": ("marked for deletion", "took back the mark for deletion"),
    "$forwarded": ("marked as forwarded", "marked as not forwarded"),
}
_STORE = re.compile(r"([+-]?)FLAGS(?:\.SILENT)?\s+\(?([^)]*)\)?", re.IGNORECASE)


def in_words(said: Mapping[str, Any]) -> str:
    """Return what was done, to how many messages, where; an unknown word stands as it is."""
    did, count = str(said.get("did", "")), int(said.get("count", 1) or 1)
    many = f" {count} messages" if count > 1 else ""
    to = ", ".join(map(str, said.get("to", ())))
    words = {
        "login": "logged in with a mail client",
        "logout": "logged out",
        "opened": f"opened{many}" + (" and so marked as read" if said.get("seen") else ""),
        "flagged": _flags(str(said.get("what", ""))) + (f",{many}" if many else ""),
        "copied": f"copied{many} to {to}",
        "moved": f"moved{many} to {to}",
        "added": f"put a message into {to}",
        "expunged": f"removed{many} from the mailbox",
        "left": "moved or removed past Docket, by whom is not known",
        "folder": f"folders: {said.get('what', '')}",
        "command": f"sent a command that is not known: {said.get('what', '')}",
    }.get(did, did)
    where = f", in {said['folder']}" if said.get("folder") else ""
    answer = f"; the server said: {said['said']}" if said.get("said") else ""
    return f"{words}{where}{answer}"


def _flags(what: str) -> str:
    found = _STORE.match(what)
    if found is None:
        return f"changed: {what}"
    sign, names = found[1], found[2].split()
    if not sign:
        return "set the flags to " + (" ".join(names) or "none")
    off = sign == "-"
    told = [_FLAGS[one.lower()][off] if one.lower() in _FLAGS else f"{sign}{one}" for one in names]
    return ", ".join(told) or f"changed: {what}"
