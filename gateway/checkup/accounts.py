"""An IMAP account that somebody has logged in to: what its server can do, and whether a message could be put there.

Nothing is changed: an APPEND is announced and broken off before its first byte, so no server keeps anything of it.
"""

import re
from collections.abc import Iterator
from imaplib import IMAP4

from imapclient import IMAPClient, imap_utf7

from gateway.capture.session import asking
from gateway.checkup.finding import Finding
from gateway.errors import Temporary
from gateway.relay.reply import readable

_ANNOUNCED = 64 * 1024
_LIMIT = re.compile(r"APPENDLIMIT=(\d+)")
# What a server should offer, and what is without it.
_FOR_CAPTURE = {"IDLE": "new mail is seen at the next look only (setting poll_s)"}
_FOR_AGENTS = {
    "UIDPLUS": "the record cannot say which message of a folder a copy became",
    "MOVE": "mail clients copy and delete instead, which the record shows as two acts",
    "SPECIAL-USE": "mail clients guess which folder is for sent mail",
}


def capabilities(client: IMAPClient, what: str, *, agents: bool) -> Finding:
    """Return what the server offers; nothing that it lacks keeps Docket from working."""
    with asking(client, "the question for capabilities failed"):
        told = {readable(one).upper() for one in client.capabilities()}
    wanted = _FOR_AGENTS if agents else _FOR_CAPTURE
    lacks = [f"no {name}: {without}" for name, without in wanted.items() if name not in told]
    return Finding(
        what=f"{what}: capabilities",
        mend="; ".join(lacks) or f"{', '.join(wanted)} and {len(told) - len(wanted)} more",
    )


def appends(client: IMAPClient, folder: str, what: str, *, message_bytes: int) -> Iterator[Finding]:
    """Say whether a message could be put into a folder; the connection is of no use afterwards."""
    what = f"{what}: append to {folder}"
    with asking(client, "the question for capabilities failed"):
        told = " ".join(readable(one).upper() for one in client.capabilities())
    limit = _LIMIT.search(told)
    if limit and int(limit[1]) < message_bytes:
        yield Finding(
            what=what,
            mend=f"takes messages of {int(limit[1]):,} bytes at most, Docket takes {message_bytes:,} (limits, message_bytes)",
        )
    try:
        answer = _announce(client, folder)
    except (OSError, IMAP4.error, Temporary) as wrong:
        yield Finding(what=what, ok=False, mend=f"the server broke off: {wrong}")
        return
    if answer.startswith("+"):
        yield Finding(what=what, mend="allowed")
    elif "[TRYCREATE]" in answer.upper() or "[NONEXISTENT]" in answer.upper():
        yield Finding(what=what, mend="there is no such folder yet; the first message makes it")
    else:
        yield Finding(
            what=what,
            ok=False,
            mend=f"refused: {answer}; give the account the right to insert (setting deliver)",
        )


def _announce(client: IMAPClient, folder: str) -> str:
    imap = client._imap  # noqa: SLF001 - imapclient offers no way to announce without sending
    tag = imap._new_tag()  # noqa: SLF001
    name = imap_utf7.encode(folder).replace(b"\\", b"\\\\").replace(b'"', b'\\"')
    with asking(client, "the announcement failed"):
        imap.send(tag + b' APPEND "' + name + b'" {%d}\r\n' % _ANNOUNCED)
        for _ in range(100):
            line: bytes = imap.readline().strip()
            if line.startswith(b"+"):
                return "+"
            if line.startswith(tag):
                return readable(line[len(tag) :].strip())[:300]
            if not line:
                break
    raise Temporary("no answer")
