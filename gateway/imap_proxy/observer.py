"""What an agent does in a session, followed command by command: which questions to ask the server, and which deeds came of it.

Pure: it is told what passes, and says what to ask. RFC 9051 lets message numbers shift between commands, so they are
turned into UIDs before the command that bears them; and who a message is has to be asked before it is gone. The questions
must not shift them either: before a command that bears numbers nothing is asked but FETCH by number, during which no server may
tell that messages are gone (RFC 9051 section 7.5.1).
"""

import re
from collections.abc import Generator, Iterable
from dataclasses import dataclass, replace

from gateway.imap_proxy.commands import Command, readable
from gateway.mail.uid_sets import compact, listed, spread

_ASKED_MOST = 200  # messages of one command that are asked who they are
_KNOWN_MOST = 20_000  # of a folder, that are remembered
_OPENED_MOST = 500  # messages opened one after another that make one deed
_TURNS = frozenset({"select", "leave", "close"})  # after these another folder is open, or none
CHANGES = frozenset({"store", "copy", "move", "append", "expunge", "close", "folder", "other"})
_DID = {
    "store": "flagged",
    "copy": "copied",
    "move": "moved",
    "append": "added",
    "close": "expunged",
    "expunge": "expunged",
}
_VALIDITY = re.compile(rb"\* OK \[UIDVALIDITY ([0-9]{1,10})\]", re.IGNORECASE)
_COPIED = re.compile(rb"\[COPYUID ([0-9]{1,10}) ([0-9:,]+) ([0-9:,]+)\]", re.IGNORECASE)
_ADDED = re.compile(rb"\[APPENDUID ([0-9]{1,10}) ([0-9:,]+)\]", re.IGNORECASE)
_FOUND = re.compile(rb"\* (?:SEARCH((?: [0-9]+)*)|ESEARCH[^\r\n]*? ALL ([0-9:,]+))", re.IGNORECASE)
_WHO = b"BODY.PEEK[HEADER.FIELDS (X-DOCKET-ID)]"
_UID = re.compile(rb"[( ]UID ([0-9]{1,10})[) ]", re.IGNORECASE)
_ID = re.compile(rb"X-Docket-ID:[ \t]*([0-9A-Z]{26}); seq=([0-9]{1,15})", re.IGNORECASE)

Steps = Generator[bytes, list[bytes], tuple[int, ...]]


@dataclass(frozen=True, slots=True, kw_only=True)
class Deed:
    """One thing that was done. ``ids`` are what our stamps say of each message, by UID: a claim, until the archive agrees."""

    did: str  # "opened", "flagged", "copied", "moved", "added", "expunged", "folder", "command"
    folder: str = ""
    uidvalidity: int = 0
    uids: tuple[int, ...] = ()
    ids: tuple[tuple[int, str, int], ...] = ()  # UID, the message's id, its seq
    what: str = ""  # the flags, or the command as it stands
    seen: bool = False  # opening marked them as read
    to: tuple[str, ...] = ()
    to_uidvalidity: int = 0
    to_uids: tuple[int, ...] = ()
    size_bytes: int = 0
    sha256: str = ""
    message_id: str = ""
    said: str = ""  # by the server, where it did not say OK


class Observer:
    """One session, from its first command after the login."""

    def __init__(self) -> None:
        self._folder = ""
        self._uidvalidity = 0
        self._read_only = False
        self._running: dict[bytes, tuple[Command, tuple[int, ...]]] = {}
        self._known: dict[int, tuple[str, int] | None] = {}
        self._opened: dict[int, bool] = {}
        self._due: list[Deed] = []  # to be told before the command that is looked at
        self._heard_validity = 0
        self._heard_copy: re.Match[bytes] | None = None

    def must_wait(self, command: Command) -> bool:
        """Whether a command would be told wrongly while others are under way: of another folder, or before what was read first."""
        running = {one.kind for one, _ in self._running.values()}
        if command.kind in _TURNS:
            return bool(running)
        return command.kind != "quiet" and bool(
            running & _TURNS or (command.kind in CHANGES and "fetch" in running)
        )

    def begin(self, command: Command) -> Steps:
        """Yield what to ask before a command, each without a tag; be sent the answers; return the UIDs it is about."""
        if command.kind != "fetch" and not command.by_number:
            yield from self._settle()
        uids = yield from self._meant(command)
        if command.kind in {"store", "copy", "move", "expunge", "close"} and not command.by_number:
            yield from self._identify(uids)
        return tuple(uids)

    def due(self) -> list[Deed]:
        """Return the deeds that are to be told before the command that was looked at."""
        due, self._due = self._due, []
        return due

    def sent(self, command: Command, uids: tuple[int, ...]) -> None:
        """Take notice that a command goes to the server now: from here on it may be carried out."""
        self._running[command.tag] = command, uids

    def hear(self, line: bytes) -> None:
        """Take notice of an untagged status response."""
        if found := _VALIDITY.match(line):
            self._heard_validity = int(found[1])
        elif copied := _COPIED.search(line):
            self._heard_copy = copied

    def end(self, tag: bytes, line: bytes) -> list[Deed]:
        """Return what a command's answer shows to have been done."""
        command, uids = self._running.pop(tag, (None, ()))
        if command is None:
            return []
        ok = line[len(tag) + 1 : len(tag) + 3].upper() == b"OK"
        kind = command.kind
        if kind in {"select", "leave"}:
            self._selected(command, ok=ok)
        elif kind == "fetch" and self._folder and line[len(tag) + 1 : len(tag) + 3].upper() == b"NO":
            return self._unanswered(command, uids, readable(line[len(tag) + 1 :]))  # of some, perhaps
        elif kind == "fetch" and ok and self._folder:
            self._opened |= dict.fromkeys(uids, self._marks(command))
            if len(self._opened) >= _OPENED_MOST:
                return self._told()
        elif kind in CHANGES and (kind == "other" or line[len(tag) + 1 : len(tag) + 4].upper() != b"BAD"):
            # of a verb that we do not know, only its makers know what BAD means
            whole = ok and b"[MODIFIED" not in line.upper()
            deeds = self._done(command, uids, line, said="" if whole else readable(line[len(tag) + 1 :]))
            if kind == "close" and ok:
                self._folder = ""
            return deeds
        return []

    def close(self) -> list[Deed]:
        """Return what is untold when the session ends: commands without an answer may have been carried out."""
        due, opened = self.due(), self._told()
        left = [
            deed
            for command, uids in self._running.values()
            for deed in self._unanswered(command, uids, "no answer came")
        ]
        self._running.clear()
        return due + opened + left

    def _unanswered(self, command: Command, uids: tuple[int, ...], said: str) -> list[Deed]:
        if command.kind == "fetch" and uids and self._folder:  # what came of it came before the answer
            return [replace(self._deed("opened", uids), seen=self._marks(command), said=said)]
        return self._done(command, uids, b"", said=said) if command.kind in CHANGES else []

    def _marks(self, command: Command) -> bool:
        return command.marks_seen and not self._read_only

    def _selected(self, command: Command, *, ok: bool) -> None:
        self._folder = (command.folders() or ("",))[0] if ok and command.kind == "select" else ""
        self._uidvalidity = self._heard_validity if self._folder else 0
        self._read_only = command.read_only
        self._heard_validity = 0
        self._known.clear()

    def _meant(self, command: Command) -> Generator[bytes, list[bytes], list[int]]:
        """Return the UIDs that a command is about, asking where it does not name them."""
        numbers, kind = command.numbers, command.kind
        if kind == "close":
            return [] if self._read_only or not self._folder else found_in((yield b"UID SEARCH DELETED"))
        if kind == "expunge":
            among = b"UID " + numbers + b" " if command.by_uid and numbers else b""
            return found_in((yield b"UID SEARCH " + among + b"DELETED")) if self._folder else []
        if kind not in {"fetch", "store", "copy", "move"} or not numbers:
            return []
        if not command.by_uid:
            uids = uids_in((yield b"FETCH " + numbers + b" (UID)"))
            unknown = [uid for uid in uids if uid not in self._known]
            if kind != "fetch" and unknown and len(uids) <= _ASKED_MOST:
                self._learn((yield b"FETCH " + numbers + b" (UID " + _WHO + b")"))
            return uids
        named = listed(numbers)
        return named if named is not None else found_in((yield b"UID SEARCH UID " + numbers))

    def _settle(self) -> Generator[bytes, list[bytes], None]:
        """Make due what was opened, having asked who they are."""
        if self._opened:
            yield from self._identify(self._opened)
            self._due += self._told()

    def _identify(self, uids: Iterable[int]) -> Generator[bytes, list[bytes], None]:
        unknown = [uid for uid in uids if uid not in self._known]
        if not unknown or len(unknown) > _ASKED_MOST:
            return
        answer = yield b"UID FETCH " + compact(unknown).encode() + b" (" + _WHO + b")"
        if len(self._known) > _KNOWN_MOST:
            self._known.clear()
        self._known |= dict.fromkeys(unknown)
        self._learn(answer)

    def _learn(self, answer: list[bytes]) -> None:
        for response in answer:
            uid, claim = _UID.search(response), _ID.search(response)
            if uid is not None and claim is not None:
                self._known[int(uid[1])] = claim[1].decode(), int(claim[2])

    def _told(self) -> list[Deed]:
        opened, self._opened = self._opened, {}
        return [
            replace(self._deed("opened", [uid for uid, marks in opened.items() if marks is seen]), seen=seen)
            for seen in (True, False)
            if seen in opened.values()
        ]

    def _deed(self, did: str, uids: Iterable[int]) -> Deed:
        numbers = tuple(uids)
        claims = [(uid, self._known.get(uid)) for uid in numbers]
        return Deed(
            did=did,
            folder=self._folder,
            uidvalidity=self._uidvalidity,
            uids=numbers,
            ids=tuple((uid, claim[0], claim[1]) for uid, claim in claims if claim is not None),
        )

    def _done(self, command: Command, uids: tuple[int, ...], line: bytes, *, said: str) -> list[Deed]:
        kind = command.kind
        if kind == "append":
            return self._added(command, line, said)
        if kind in {"folder", "other"}:
            did = "folder" if kind == "folder" else "command"
            where = self._folder if kind == "other" else ""
            return [
                Deed(
                    did=did,
                    folder=where,
                    what=command.told,
                    to=command.folders() if kind == "folder" else (),
                    said=said,
                )
            ]
        if kind in {"close", "expunge"} and not uids:
            return []  # there was nothing to remove
        deed = replace(self._deed(_DID[kind], uids), said=said)
        if kind == "store":
            return [replace(deed, what=command.flags)]
        if kind in {"copy", "move"}:
            copied, self._heard_copy = _COPIED.search(line) or self._heard_copy, None
            deed = replace(deed, to=command.folders())
            if copied is not None:
                deed = replace(deed, to_uidvalidity=int(copied[1]), to_uids=tuple(spread(copied[3])))
        return [deed]

    def _added(self, command: Command, line: bytes, said: str) -> list[Deed]:
        placed = _ADDED.search(line)
        uids = spread(placed[2]) if placed is not None else []
        given = command.messages()
        if not given:  # put together by the server from what it has
            return [
                Deed(did="added", to=command.folders(), to_uids=tuple(uids), what=command.told, said=said)
            ]
        return [
            Deed(
                did="added",
                to=command.folders(),
                to_uidvalidity=int(placed[1]) if placed is not None else 0,
                to_uids=(uids[place],) if len(uids) == len(given) else (),
                size_bytes=one.size,
                sha256=one.digest.hexdigest(),
                message_id=one.message_id,
                said=said,
            )
            for place, one in enumerate(given)
        ]


def found_in(answer: list[bytes]) -> list[int]:
    """Return the UIDs that a search found."""
    uids: list[int] = []
    for response in answer:
        if found := _FOUND.match(response):
            uids += [int(one) for one in found[1].split()] if found[1] is not None else spread(found[2])
    return uids


def uids_in(answer: list[bytes]) -> list[int]:
    """Return the UIDs that a fetch told."""
    return [int(found[1]) for response in answer if (found := _UID.search(response))]
