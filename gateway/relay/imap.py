"""A copy into a folder of an IMAP server by APPEND, with the time it came and its tags as keywords.

A mailbox store is asked for our own ID before each APPEND, so that what a crash or a lost connection left in doubt is
neither lost nor there twice. IMAP knows only CRLF line ends: a bare CR or LF arrives as CRLF, the archive keeps it.
"""

import logging
import re
import threading
from collections.abc import Callable, Collection
from dataclasses import dataclass
from datetime import datetime, timedelta
from email.message import Message
from email.parser import BytesHeaderParser
from email.utils import parsedate_to_datetime
from imaplib import IMAP4

from imapclient import IMAPClient

from gateway.errors import Temporary
from gateway.relay.imap_login import leave, log_in
from gateway.relay.reply import own_words, readable
from gateway.relay.tls import TlsPolicy, check_password_is_safe, describe_tls, tls_context
from gateway.relay.transport import Deferred, Delivered, Outcome, Refused, Unknown

log = logging.getLogger(__name__)

# Dovecot's Maildir keeps 26 keywords in a folder at most, so only a closed set of tags becomes keywords.
KEYWORDS = (
    "amazon", "ebay", "claim", "refund", "return", "cancellation", "question", "review",
    "urgent", "needs-reply", "overdue", "note", "held", "unmatched", "bounced", "notice",
)  # fmt: skip
_FIELDS_BYTES = 64 * 1024
_ID = re.compile(r"^[A-Za-z0-9._-]{1,80}$")
_USES = 200  # after so many messages a connection is replaced: imaplib keeps what servers say unasked
_CODE = re.compile(r"\[([A-Z-]+)")
_APPENDUID = re.compile(r"\[APPENDUID (\d+) (\d+)\]", re.IGNORECASE)
# RFC 5530 section 3: these say "not now"; the rest of the NO answers say "not this"
_NOT_NOW = frozenset(
    {"OVERQUOTA", "UNAVAILABLE", "INUSE", "SERVERBUG", "LIMIT", "TRYCREATE", "NONEXISTENT", ""}
)


@dataclass(slots=True)
class _Session:
    client: IMAPClient
    tls: str
    uses: int = 0


class ImapTransport:
    """Puts messages into one folder of one account. Safe to use from several threads; connections are kept and shared.

    Whoever the recipients are, the message goes into the folder once. Raises WrongUse for settings that cannot work.
    """

    def __init__(
        self,
        host: str,
        port: int = 993,
        *,
        tls: TlsPolicy = "required",
        user: str = "",
        password: str = "",
        folder: str = "INBOX",
        timeout_s: float = 60.0,
        ca_file: str = "",
        keywords: Collection[str] = KEYWORDS,
    ) -> None:
        check_password_is_safe(tls, host, user)
        tls_context(tls, ca_file)  # an unreadable ca_file shows at once, not with the first message
        self._remote = f"{host}:{port}"
        self._dial: Callable[[], IMAPClient] = lambda: log_in(
            host, port, tls=tls, user=user, password=password, timeout_s=timeout_s, ca_file=ca_file
        )
        self._folder = folder
        self._keywords = {word.casefold(): word for word in keywords}
        self._idle: list[_Session] = []
        self._lock = threading.Lock()

    def send(self, raw: bytes, mail_from: str, recipients: tuple[str, ...]) -> tuple[Outcome, ...]:  # noqa: ARG002 - a folder has no envelope
        """Put one message into the folder unless it is there; nothing is raised for a server's fault."""
        everyone = tuple(dict.fromkeys(recipients))
        try:
            session = self._take()
        except (Temporary, OSError, IMAP4.error) as wrong:
            words = own_words("4.4.1", readable(str(wrong).encode()))
            return (Deferred(recipients=everyone, reply=words, remote=self._remote),)
        outcome = self._put(session, raw, everyone)
        if isinstance(outcome, Delivered | Refused) and session.uses < _USES:
            self._give_back(session)
        else:
            leave(session.client)
        log.info("appended outcome=%s remote=%s", type(outcome).__name__.lower(), self._remote)
        return (outcome,)

    def try_out(self) -> str:
        """Connect, protect and log in as for a message: return what went wrong, or an empty string."""
        try:
            leave(self._dial())
        except (Temporary, OSError, IMAP4.error) as wrong:
            return str(wrong)
        return ""

    def close(self) -> None:
        """Log out of the connections that are kept."""
        with self._lock:
            kept, self._idle = self._idle, []
        for session in kept:
            leave(session.client)

    def _put(self, session: _Session, raw: bytes, recipients: tuple[str, ...]) -> Outcome:
        header = BytesHeaderParser().parsebytes(raw[:_FIELDS_BYTES])
        at = _received_at(header)
        session.uses += 1
        try:
            uid = self._find(session.client, _our_id(header), at)
        except (OSError, IMAP4.error) as wrong:
            return self._failed(Deferred, "4.4.2", wrong, session, recipients)
        if uid is not None:
            reply = own_words("2.0.0", f"the message was in the folder before, as UID {uid}")
            return Delivered(
                recipients=recipients, reply=reply, queue_id=str(uid), remote=self._remote, tls=session.tls
            )
        try:
            reply = self._append(session.client, raw, self._words(header), at)
        except (IMAP4.abort, OSError) as wrong:
            return self._failed(Unknown, "4.4.2", wrong, session, recipients)
        except IMAP4.error as wrong:
            code = _CODE.search(str(wrong))
            if (code.group(1) if code else "") in _NOT_NOW and "BAD" not in str(wrong):
                return self._failed(Deferred, "4.2.0", wrong, session, recipients)
            return self._failed(Refused, "5.2.0", wrong, session, recipients)
        where = _APPENDUID.search(reply)
        return Delivered(
            recipients=recipients,
            reply=reply,
            queue_id=f"{where.group(1)}/{where.group(2)}" if where else "",
            remote=self._remote,
            tls=session.tls,
        )

    def _append(self, client: IMAPClient, raw: bytes, words: list[str], at: datetime | None) -> str:
        """Append the message; where a server takes no keywords, without them."""
        try:
            answer = client.append(self._folder, raw, words, at)
        except IMAP4.abort:
            raise
        except IMAP4.error:
            if not words:
                raise
            answer = client.append(self._folder, raw, (), at)
        return readable(answer)

    def _find(self, client: IMAPClient, id_: str, at: datetime | None) -> int | None:
        """Return the UID of the copy that carries our ID in its topmost such field; a quoted or forged one lies lower."""
        if not _ID.match(id_):
            return None
        since = [] if at is None else ["SINCE", (at - timedelta(days=1)).date()]
        found = client.search([*since, "HEADER", "X-Docket-ID", id_])
        if not found:
            return None
        fields = client.fetch(found, ["BODY.PEEK[HEADER.FIELDS (X-DOCKET-ID)]"])
        for uid, answer in fields.items():
            block = next((value for key, value in answer.items() if key.startswith(b"BODY[")), b"")
            if _our_id(BytesHeaderParser().parsebytes(block)) == id_:
                return int(uid)
        return None

    def _words(self, header: Message) -> list[str]:
        words = (_first(header, "X-Docket-Marketplace"), *_first(header, "X-Docket-Tags").split(","))
        tags = [word.strip().casefold() for word in words]
        return list(dict.fromkeys(self._keywords[tag] for tag in tags if tag in self._keywords))

    def _take(self) -> _Session:
        """Return a connection that has the folder open, a kept one where it still answers."""
        while True:
            with self._lock:
                session = self._idle.pop() if self._idle else None
            if session is None:
                break
            try:
                session.client.noop()
                return session
            except (OSError, IMAP4.error):
                leave(session.client)
        client = self._dial()
        try:
            if self._folder.upper() != "INBOX" and not client.folder_exists(self._folder):
                self._create_folder(client)
            # Read-only, so that looking for our own copy takes no \Recent from the agents' mail clients.
            client.select_folder(self._folder, readonly=True)
        except BaseException:
            leave(client)
            raise
        return _Session(client, describe_tls(client.socket()))

    def _create_folder(self, client: IMAPClient) -> None:
        try:
            client.create_folder(self._folder)
        except IMAP4.error:
            if not client.folder_exists(self._folder):  # else someone was faster
                raise
        client.subscribe_folder(self._folder)

    def _give_back(self, session: _Session) -> None:
        with self._lock:
            self._idle.append(session)

    def _failed(
        self,
        kind: type[Deferred | Refused | Unknown],
        status: str,
        wrong: Exception,
        session: _Session,
        recipients: tuple[str, ...],
    ) -> Outcome:
        words = own_words(status, f"{self._remote} answered: {readable(str(wrong).encode())}")
        return kind(recipients=recipients, reply=words, remote=self._remote, tls=session.tls)


def _first(header: Message, name: str) -> str:
    return str(header.get(name, "")).strip()


def _our_id(header: Message) -> str:
    """Return the ID in the topmost field of that name; parameters may follow it."""
    return _first(header, "X-Docket-ID").partition(";")[0].strip()


def _received_at(header: Message) -> datetime | None:
    """Return the time in the topmost Received field, which is ours; None where it cannot be read."""
    _, _, date = _first(header, "Received").rpartition(";")
    try:
        at = parsedate_to_datetime(date.strip())
    except (ValueError, TypeError, IndexError):
        return None
    return at if at.tzinfo else None
