"""One IMAP client's session: what each command does and answers (RFC 3501 section 6)."""

import re
from collections.abc import Callable
from datetime import datetime, timedelta, timezone

from gateway.clock import Clock
from gateway.demo.imap_fetch import fetch_answer, fetch_names, reads_the_message
from gateway.demo.imap_search import search_test
from gateway.demo.imap_store import Account, Folder, Message
from gateway.demo.imap_syntax import BadSyntax, Value, as_list, as_text, quoted, ranges

CAPABILITIES = (
    "IMAP4rev1 LITERAL+ SASL-IR AUTH=PLAIN ID IDLE NAMESPACE UIDPLUS UNSELECT CHILDREN SPECIAL-USE ENABLE"
)
_FLAGS = ("\\Answered", "\\Flagged", "\\Deleted", "\\Seen", "\\Draft")
_KEYWORD = re.compile(r"^[A-Za-z0-9$_.-]{1,60}$")
_MOST_KEYWORDS = 50
_INTERNALDATE = re.compile(r"^ ?(\d{1,2}-[A-Za-z]{3}-\d{4} \d\d:\d\d:\d\d) ([+-])(\d\d)(\d\d)$")

Write = Callable[[bytes], None]


class Refused(Exception):
    """A command cannot be done; the text goes to the client after NO."""


class Session:
    """The state after login. ``write`` sends bytes to the client; ``run`` ends with the text after the tagged OK."""

    def __init__(self, account: Account, clock: Clock, write: Write) -> None:
        self._account = account
        self._clock = clock
        self._write = write
        self.folder: Folder | None = None
        self._read_only = False
        self._seen: list[Message] = []  # the client's view: sequence number n is _seen[n - 1]
        self._told: dict[int, frozenset[str]] = {}  # the flags the client knows, by UID

    def run(self, name: str, values: list[Value]) -> str:
        """Do one command. Raises Refused for NO and BadSyntax for BAD."""
        uid = name == "UID"
        if uid:
            name, values = as_text(_at(values, 0)).upper(), values[1:]
            if name not in {"FETCH", "STORE", "SEARCH", "COPY", "EXPUNGE"}:
                raise BadSyntax("UID goes with FETCH, STORE, SEARCH, COPY or EXPUNGE")
        if name in _NEEDS_FOLDER and self.folder is None:
            raise Refused("no folder is selected")
        match name:
            case "NOOP" | "CHECK":
                self.tell_changes()
            case "ID":
                self._say('ID ("name" "docket-demo")')
            case "NAMESPACE":
                self._say('NAMESPACE (("" "/")) NIL NIL')
            case "ENABLE":
                self._say("ENABLED")
            case "LIST" | "LSUB":
                self._list(name, values)
            case "CREATE":
                if not self._account.create(as_text(_at(values, 0))[:200]):
                    raise Refused("[ALREADYEXISTS] the folder exists")
            case "SUBSCRIBE" | "UNSUBSCRIBE":
                self._named(_at(values, 0))
            case "STATUS":
                self._status(_at(values, 0), _at(values, 1))
            case "SELECT" | "EXAMINE":
                return self._select(self._named(_at(values, 0)), read_only=name == "EXAMINE")
            case "CLOSE" | "UNSELECT":
                self._leave(expunge=name == "CLOSE")
            case "APPEND":
                return self._append(values)
            case "EXPUNGE":
                self._changeable().expunge()
                self.tell_changes()
            case "SEARCH":
                self._search(values, uid=uid)
            case "FETCH":
                self._fetch(_at(values, 0), _at(values, 1), uid=uid)
            case "STORE":
                self._store(_at(values, 0), as_text(_at(values, 1)).upper(), values[2:], uid=uid)
            case "COPY":
                self._copy(_at(values, 0), self._named(_at(values, 1)), uid=uid)
            case _:
                raise BadSyntax("that command is not known here")
        return "done"

    def tell_changes(self) -> None:
        """Say what has changed in the selected folder since the client last heard."""
        if self.folder is None:
            return
        there = set(self.folder.messages)
        for number in range(len(self._seen), 0, -1):
            if self._seen[number - 1] not in there:
                del self._seen[number - 1]
                self._say(f"{number} EXPUNGE")
        known = set(self._seen)
        fresh = [one for one in self.folder.messages if one not in known]
        if fresh:
            self._seen.extend(fresh)
            self._told.update((one.uid, frozenset(one.flags)) for one in fresh)
            self._say(f"{len(self._seen)} EXISTS")
        for number, message in enumerate(self._seen, 1):
            if self._told.get(message.uid) != frozenset(message.flags):
                self._tell_flags(number, message)

    def end(self) -> None:
        self._leave(expunge=False)

    def _say(self, text: str) -> None:
        self._write(f"* {text}\r\n".encode())

    def _named(self, value: Value) -> Folder:
        folder = self._account.find(as_text(value))
        if folder is None:
            raise Refused("[TRYCREATE] there is no such folder")
        return folder

    def _changeable(self) -> Folder:
        if self.folder is None or self._read_only:
            raise Refused("[READ-ONLY] the folder is open for reading only")
        return self.folder

    def _list(self, name: str, values: list[Value]) -> None:
        pattern = as_text(_at(values, 0)) + as_text(_at(values, 1))
        if not pattern and name == "LIST":
            self._say('LIST (\\Noselect) "/" ""')
        for folder in self._account.matching(pattern):
            flags = " ".join(filter(None, ("\\HasNoChildren", folder.special)))
            self._write(f'* {name} ({flags}) "/" '.encode() + quoted(folder.name.encode()) + b"\r\n")

    def _status(self, name: Value, wanted: Value) -> None:
        folder = self._named(name)
        values = {
            "MESSAGES": len(folder.messages),
            "RECENT": 0,
            "UIDNEXT": folder.uidnext,
            "UIDVALIDITY": folder.uidvalidity,
            "UNSEEN": sum("\\Seen" not in one.flags for one in folder.messages),
        }
        names = [as_text(one).upper() for one in as_list(wanted)]
        if not set(names) <= set(values):
            raise BadSyntax("STATUS knows MESSAGES RECENT UIDNEXT UIDVALIDITY UNSEEN")
        answer = " ".join(f"{one} {values[one]}" for one in names)
        self._write(b"* STATUS " + quoted(folder.name.encode()) + f" ({answer})\r\n".encode())

    def _select(self, folder: Folder, *, read_only: bool) -> str:
        self._leave(expunge=False)
        self.folder, self._read_only = folder, read_only
        self._seen = list(folder.messages)
        self._told = {one.uid: frozenset(one.flags) for one in self._seen}
        keywords = sorted({flag for one in self._seen for flag in one.flags} - set(_FLAGS))
        self._say(f"FLAGS ({' '.join((*_FLAGS, *keywords))})")
        self._say(f"{len(self._seen)} EXISTS")
        self._say("0 RECENT")
        permanent = () if read_only else (*_FLAGS, *keywords, "\\*")
        self._say(f"OK [PERMANENTFLAGS ({' '.join(permanent)})] kept")
        self._say(f"OK [UIDVALIDITY {folder.uidvalidity}] these UIDs stay")
        self._say(f"OK [UIDNEXT {folder.uidnext}] next")
        return "[READ-ONLY] selected" if read_only else "[READ-WRITE] selected"

    def _leave(self, *, expunge: bool) -> None:
        if self.folder is not None and expunge and not self._read_only:
            self.folder.expunge()
        self.folder, self._seen, self._told = None, [], {}

    def _append(self, values: list[Value]) -> str:
        folder = self._named(_at(values, 0))
        raw = values[-1]
        if not isinstance(raw, bytes) or len(values) < 2:
            raise BadSyntax("APPEND wants a folder and a message")
        flags: set[str] = set()
        at = self._clock.now()
        for value in values[1:-1]:
            if isinstance(value, list):
                flags = _flags(value)
            else:
                at = _internaldate(as_text(value))
        message = folder.append(raw, flags, at)
        self.tell_changes()
        return f"[APPENDUID {folder.uidvalidity} {message.uid}] kept"

    def _search(self, values: list[Value], *, uid: bool) -> None:
        largest = (len(self._seen), max((one.uid for one in self._seen), default=0))
        test = search_test(values, largest)
        found = [(number, one) for number, one in enumerate(self._seen, 1) if test(number, one)]
        self._say(" ".join(["SEARCH", *(str(one.uid if uid else number) for number, one in found)]))

    def _chosen(self, value: Value, *, uid: bool) -> list[tuple[int, Message]]:
        largest = max((one.uid for one in self._seen), default=0) if uid else len(self._seen)
        wanted = ranges(value, largest)
        return [
            (number, one)
            for number, one in enumerate(self._seen, 1)
            if any((one.uid if uid else number) in each for each in wanted)
        ]

    def _fetch(self, which: Value, what: Value, *, uid: bool) -> None:
        names = fetch_names(what)
        if uid and not any(name.upper() == "UID" for name in names):
            names.insert(0, "UID")
        marks = reads_the_message(names) and not self._read_only
        for number, message in self._chosen(which, uid=uid):
            asked = names
            if marks and "\\Seen" not in message.flags:
                message.flags.add("\\Seen")
                asked = [*names, *(["FLAGS"] if "FLAGS" not in (name.upper() for name in names) else [])]
            self._told[message.uid] = frozenset(message.flags)
            self._write(b"* %d FETCH " % number + fetch_answer(message, asked) + b"\r\n")

    def _store(self, which: Value, how: str, values: list[Value], *, uid: bool) -> None:
        folder = self._changeable()
        silent = how.endswith(".SILENT")
        flags = _flags(as_list(values[0]) if len(values) == 1 else values)
        way = how.removesuffix(".SILENT")
        if way not in {"FLAGS", "+FLAGS", "-FLAGS"}:
            raise BadSyntax("STORE wants FLAGS, +FLAGS or -FLAGS")
        for number, message in self._chosen(which, uid=uid):
            kept = set() if way == "FLAGS" else message.flags
            message.flags = kept - flags if way == "-FLAGS" else kept | flags
            self._told[message.uid] = frozenset(message.flags)
            if not silent:
                self._tell_flags(number, message)
        folder.tell()

    def _copy(self, which: Value, target: Folder, *, uid: bool) -> None:
        for _, message in self._chosen(which, uid=uid):
            target.append(message.raw, message.flags, message.at)

    def _tell_flags(self, number: int, message: Message) -> None:
        self._told[message.uid] = frozenset(message.flags)
        self._write(b"* %d FETCH " % number + fetch_answer(message, ["UID", "FLAGS"]) + b"\r\n")


_NEEDS_FOLDER = frozenset({"CHECK", "CLOSE", "UNSELECT", "EXPUNGE", "SEARCH", "FETCH", "STORE", "COPY"})


def _at(values: list[Value], place: int) -> Value:
    if place >= len(values):
        raise BadSyntax("a word is missing")
    return values[place]


def _flags(values: list[Value]) -> set[str]:
    system = {flag.lower(): flag for flag in _FLAGS}
    flags = {system.get(as_text(value).lower(), as_text(value)) for value in values}
    if len(flags) > _MOST_KEYWORDS or not all(flag in _FLAGS or _KEYWORD.match(flag) for flag in flags):
        raise BadSyntax("that is no flag or keyword")
    return flags


def _internaldate(text: str) -> datetime:
    match = _INTERNALDATE.match(text)
    if match is None:
        raise BadSyntax('a date and time is written "23-Nov-2026 09:30:00 +0000"')
    offset = timedelta(hours=int(match[3]), minutes=int(match[4])) * (-1 if match[2] == "-" else 1)
    try:
        return datetime.strptime(match[1], "%d-%b-%Y %H:%M:%S").replace(tzinfo=timezone(offset))
    except ValueError as wrong:
        raise BadSyntax("there is no such date and time") from wrong
