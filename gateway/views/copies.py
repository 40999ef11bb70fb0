"""Folders with copies, for servers that have no views of their own; with Gmail a copy is a label.

Each copy carries a keyword of ours. Only such copies are ever taken away, or those whose original lies where it was: nothing that is there
once is removed from the server by us. A folder of an order or a tag that nothing is in any more goes.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field

from imapclient import IMAPClient

from gateway.capture.session import asking
from gateway.errors import Temporary
from gateway.views.flags import merged
from gateway.views.source import SHARED, Mark, Source, chunks, marks_of
from gateway.views.wanted import STANDING, Path

_OURS = b"$DocketCopy"
_UNSAFE = dict.fromkeys(map(ord, '/\\.%*"'), "-")


@dataclass(slots=True)
class _Folder:
    """What was in a folder when it was last looked at."""

    marks: dict[int, Mark] = field(default_factory=dict)
    flags: dict[int, frozenset[bytes]] = field(default_factory=dict)
    keeps_keywords: bool = True


class Copies:
    """Keeps folders below ``top`` as they should be."""

    def __init__(self, top: str) -> None:
        self._top = top
        self._applied: dict[str, frozenset[Mark]] = {}
        self._agreed: dict[int, frozenset[bytes]] = {}  # the flags that a message and its copies had last

    def keep(
        self,
        client: IMAPClient,
        source: Source,
        folders: Mapping[Path, frozenset[int]],
        *,
        thorough: bool = False,
    ) -> None:
        """Make the folders hold just these messages. What has not changed is looked at where ``thorough`` says so.

        Raises Temporary where the server does not do what it is asked; the next time goes on from there.
        """
        names = Names(client, self._top)
        wanted: dict[str, set[int]] = {}
        for path, those in folders.items():
            wanted.setdefault(names.of(path), set()).update(those)
        standing = {names.of(path) for path in STANDING}
        there = names.below()
        copies: dict[int, list[tuple[str, int, frozenset[bytes]]]] = {}
        for name in sorted({*wanted, *there} - {names.top}):
            seqs = {seq for seq in wanted.get(name, ()) if seq in source.marks}
            marks = frozenset(source.marks[seq] for seq in seqs)
            if not thorough and name not in standing and self._applied.get(name) == marks:
                continue
            if name not in there:
                if not seqs and name not in standing:
                    continue
                _create(client, name)
            folder = self._filled(client, name, source, seqs)
            self._applied[name] = marks
            if not folder.marks and name not in standing:
                _delete(client, name)
                self._applied.pop(name, None)
            by_mark = {source.marks[seq]: seq for seq in seqs}
            for uid, mark in folder.marks.items():
                if mark in by_mark:
                    copies.setdefault(by_mark[mark], []).append((name, uid, folder.flags[uid]))
        self._share_flags(client, source, copies)

    def _filled(self, client: IMAPClient, name: str, source: Source, seqs: set[int]) -> _Folder:
        """Add what is missing to a folder and take away what is too much; return what is in it then."""
        folder = _look(client, name)
        marks = {source.marks[seq] for seq in seqs}
        originals = {source.marks[seq] for seq in source.uids}
        extra = [
            uid
            for uid, mark in folder.marks.items()
            if mark not in marks and (_OURS in folder.flags[uid] or mark in originals)
        ]
        if extra:
            _remove(client, name, extra, folder)
        missing = {
            seq for seq in seqs if seq in source.uids and source.marks[seq] not in folder.marks.values()
        }
        if not missing:
            return _look(client, name) if extra else folder
        if source.open(client, readonly=True):
            with asking(client, f"copying into {name} failed"):
                for chunk in chunks(source.uids[seq] for seq in missing):
                    client.copy(chunk, name)
        folder = _look(client, name)
        if missing and not {source.marks[seq] for seq in missing} & set(folder.marks.values()):
            raise Temporary(f"the server changes what it copies into {name}; set kind = none under views")
        new = [uid for uid, mark in folder.marks.items() if mark in marks and _OURS not in folder.flags[uid]]
        if new and folder.keeps_keywords:
            with asking(client, f"marking the copies in {name} failed"):
                for chunk in chunks(new):
                    client.add_flags(chunk, [_OURS], silent=True)
            folder = _look(client, name)
        return folder

    def _share_flags(
        self,
        client: IMAPClient,
        source: Source,
        copies: Mapping[int, Iterable[tuple[str, int, frozenset[bytes]]]],
    ) -> None:
        """Carry over what somebody did to a copy or to its original."""
        if not source.open(client, readonly=False):
            return
        changes: dict[str, list[tuple[int, frozenset[bytes], frozenset[bytes]]]] = {}
        for seq, own in source.flags(client, copies).items():
            here = [(source.folder, source.uids[seq], own), *copies[seq]]
            carried = [flags & SHARED for _, _, flags in here]
            now = merged(self._agreed.get(seq, carried[0]), carried)
            self._agreed[seq] = now
            for (name, uid, _), had in zip(here, carried, strict=True):
                if had != now:
                    changes.setdefault(name, []).append((uid, now - had, had - now))
        for name, those in changes.items():
            with asking(client, f"the flags in {name} cannot be set"):
                if name != source.folder:
                    client.select_folder(name)
                elif not source.open(client, readonly=False):
                    continue
                for uid, added, taken in those:
                    if added:
                        client.add_flags([uid], sorted(added), silent=True)
                    if taken:
                        client.remove_flags([uid], sorted(taken), silent=True)


class Names:
    """What folders are called on a server: below its prefix for a person's own, with its separator."""

    def __init__(self, client: IMAPClient, top: str) -> None:
        with asking(client, "the list of folders failed"):
            personal = client.namespace().personal if client.has_capability("NAMESPACE") else None
            prefix, separator = personal[0] if personal else ("", "")
            self._separator = str(separator or "/")
            self.top = f"{prefix}{top.replace('/', self._separator)}"
            self._listed = [
                str(name)
                for flags, _, name in client.list_folders(pattern=f"{self.top}*")
                if b"\\Noselect" not in flags and b"\\NonExistent" not in flags
            ]

    def of(self, path: Path) -> str:
        """Return a folder's name; what mail may hold must not end in another folder."""
        return self._separator.join([self.top, *map(_plain, path)])

    def below(self) -> set[str]:
        """Return the folders that are there."""
        return {name for name in self._listed if name.startswith(self.top + self._separator)}


def _plain(part: str) -> str:
    text = "".join(one if one.isprintable() else "-" for one in part.translate(_UNSAFE)).strip()
    return text[:80] or "-"


def _look(client: IMAPClient, name: str) -> _Folder:
    with asking(client, f"the folder {name} cannot be read"):
        answer = client.select_folder(name)
        uids = client.search("ALL") if answer[b"EXISTS"] else []
        marks = marks_of(client, uids)
        flags: dict[int, frozenset[bytes]] = {}
        for chunk in chunks(marks):
            told = client.fetch(chunk, ["FLAGS"])
            flags |= {uid: frozenset(one.get(b"FLAGS", ())) for uid, one in told.items()}
        keeps = {b"\\*", _OURS} & set(answer.get(b"PERMANENTFLAGS", ()))
    return _Folder({uid: mark for uid, mark in marks.items() if uid in flags}, flags, bool(keeps))


def _remove(client: IMAPClient, name: str, uids: list[int], folder: _Folder) -> None:
    """Take messages out of the open folder; without UIDPLUS only while nobody else has marked any there."""
    others = [uid for uid, flags in folder.flags.items() if b"\\Deleted" in flags and uid not in uids]
    exact = client.has_capability("UIDPLUS")
    if others and not exact:
        return
    with asking(client, f"taking copies out of {name} failed"):
        for chunk in chunks(uids):
            client.add_flags(chunk, [b"\\Deleted"], silent=True)
            client.expunge(chunk if exact else None)


def _create(client: IMAPClient, name: str) -> None:
    with asking(client, f"the folder {name} cannot be made"):
        client.create_folder(name)
        client.subscribe_folder(name)


def _delete(client: IMAPClient, name: str) -> None:
    with asking(client, f"the empty folder {name} cannot be taken away"):
        if client.select_folder(name, readonly=True)[b"EXISTS"]:
            return
        client.close_folder()
        client.unsubscribe_folder(name)
        client.delete_folder(name)
