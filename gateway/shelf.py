"""The rule book and marketplace files in force: today's where they are right, else the last good version of each.

A mistake in a file never stops mail. What is broken is named, and what stands in for it comes from the archive, where
every version that decided anything lies.
"""

import time
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

import msgspec

from gateway.archive.archive import Archive
from gateway.deciding import Book
from gateway.mail.canonical import canonical
from gateway.mail.entry import Draft
from rules.errors import BookError
from rules.marketplace import Marketplaces, builtin_texts, load_marketplaces
from rules.ruleset import RuleSet, load_ruleset

RULES = "rules.toml"
_LOOK_S = 1.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Broken:
    """A file that cannot be used, why, and whether an older version of it stands in."""

    file: str
    said: str
    older: bool

    def __str__(self) -> str:
        instead = "its last good version is in force" if self.older else "it is left out"
        return f"{self.said}; {instead}"


@dataclass(frozen=True, slots=True, kw_only=True)
class Files:
    """What lies in the files: the rule book's text, the seller's own data files, and what could not be read at all."""

    rules: str = ""
    own: Mapping[str, str]
    unread: Mapping[str, str]  # name -> why


@dataclass(frozen=True, slots=True, kw_only=True)
class Shelf:
    """What is in force, and what is not."""

    book: Book
    texts: Mapping[str, str]  # of the marketplaces
    broken: tuple[Broken, ...] = ()


def read_files(rules: str, marketplaces: str) -> Files:
    """Read the files that the settings name; what cannot be read is told, not raised."""
    unread: dict[str, str] = {}
    text = _read(Path(rules), RULES, unread) if rules else ""
    own: dict[str, str] = {}
    if marketplaces:
        folder = Path(marketplaces)
        if not folder.is_dir():
            unread["marketplaces"] = f"marketplaces = {marketplaces!r} is no folder"
        for path in own_paths(folder):
            name = path.relative_to(folder).as_posix()
            if (found := _read(path, name, unread)) is not None:
                own[name] = found
    return Files(rules=text or "", own=own, unread=unread)


def own_paths(folder: Path) -> list[Path]:
    """Return a seller's own data files."""
    return sorted((*folder.glob("*.toml"), *folder.glob("carriers/*.toml"), *folder.glob("phrases/*.toml")))


def stock(files: Files, good: Callable[[str], str | None], before: Shelf | None = None) -> Shelf:
    """Put in force what is right; ``good`` gives the last good version of a file, by its name.

    What ``before`` has of the same data files is not read again.
    """
    broken: list[Broken] = []
    if before is not None and not files.unread and before.texts == {**builtin_texts(), **files.own}:
        texts, marketplaces = before.texts, before.book.marketplaces
    else:
        texts, marketplaces = _marketplaces(files, good, broken)
    return Shelf(
        book=Book(ruleset=_ruleset(files, good, broken), marketplaces=marketplaces),
        texts=texts,
        broken=tuple(broken),
    )


def _ruleset(files: Files, good: Callable[[str], str | None], broken: list[Broken]) -> RuleSet:
    said = files.unread.get(RULES)
    if said is None:
        try:
            return load_ruleset(files.rules)
        except BookError as wrong:
            said = str(wrong)
    older = good(RULES)
    broken.append(Broken(file=RULES, said=said, older=older is not None))
    try:
        return load_ruleset(older or "")
    except BookError:  # good once, by a Docket that knew other fields
        return load_ruleset("")


def _marketplaces(
    files: Files, good: Callable[[str], str | None], broken: list[Broken]
) -> tuple[Mapping[str, str], Marketplaces]:
    texts = builtin_texts()
    broken.extend(
        Broken(file=name, said=said, older=False)
        for name, said in files.unread.items()
        if name == "marketplaces"
    )
    unread = [name for name in files.unread if name not in {RULES, "marketplaces"}]
    if not unread:
        try:
            whole = {**texts, **files.own}
            return whole, load_marketplaces(whole)
        except BookError:
            pass  # which one it is shows when they are added one by one
    made = load_marketplaces(texts)
    for name in sorted({*files.own, *unread}):
        said = files.unread.get(name, "")
        tries = [files.own[name]] if name in files.own else []
        if (older := good(name)) is not None and older != builtin_texts().get(name):
            tries.append(older)
        for text in tries:
            try:
                made = load_marketplaces({**texts, name: text})
            except BookError as wrong:
                said = said or str(wrong)
            else:
                texts[name] = text
                break
        if said:
            broken.append(Broken(file=name, said=said, older=texts.get(name) == older is not None))
    return texts, made


def last_good(archive: Archive, name: str) -> str | None:
    """Return the version of a file that was last in force, or None where the file was not."""
    found = in_force(archive).get(name)
    return None if found is None else archive.entry(found.seq).payload.decode()


@dataclass(frozen=True, slots=True, kw_only=True)
class Since:
    """A version of a file in force: its SHA-256, the entry that keeps its text, and when it came in force last."""

    sha256: str
    seq: int
    at: datetime


def in_force(archive: Archive) -> dict[str, Since]:
    """Return what is in force by the archive's word: the version of each file, by its name."""
    kept: dict[str, int] = {}
    now: dict[str, Since] = {}
    for entry in archive.entries(0, types=["rules", "book"]):
        if entry.type == "rules":
            digest = _sha256(entry.payload.decode())
            kept[digest] = entry.seq
            now[str(entry.meta.get("name", ""))] = Since(sha256=digest, seq=entry.seq, at=entry.at)
            continue
        before = now
        now = {
            name: before[name]
            if name in before and before[name].sha256 == digest
            else Since(sha256=digest, seq=kept[digest], at=entry.at)
            for name, digest in msgspec.json.decode(entry.payload, type=_Books).books.items()
            if digest in kept
        }
    return now


def put_in_force(archive: Archive, book: Book) -> None:
    """Archive every version of a file that decides from now on, and that it does.

    A new version is in force with its own entry. Whatever else changes, an earlier version that is in force again or a
    file that is gone, is told by an entry ``book``, so that the log says at any time which versions were in force.
    """
    archive.append_many(book.drafts())
    wanted = {name: _sha256(text) for name, text in book.texts().items()}
    if {name: one.sha256 for name, one in in_force(archive).items()} != wanted:
        archive.append(Draft(type="book", payload=canonical({"books": wanted}), meta={}))


class _Books(msgspec.Struct):
    books: dict[str, str] = {}


class Watch:
    """Says when a file has changed. Looks once a second at most."""

    def __init__(self, paths: Callable[[], Iterable[Path]]) -> None:
        self._paths = paths
        self._seen = self._look()
        self._next = time.monotonic() + _LOOK_S

    def changed(self) -> bool:
        """Tell whether anything is other than when this was last asked."""
        if time.monotonic() < self._next:
            return False
        self._next = time.monotonic() + _LOOK_S
        before, self._seen = self._seen, self._look()
        return before != self._seen

    def _look(self) -> tuple[tuple[str, int, int], ...]:
        return tuple(_signature(path) for path in self._paths())


def watch_over(rules: str, marketplaces: str) -> Watch:
    """Return what says when the rule book or a data file of the seller's own has changed."""
    folder = Path(marketplaces)
    return Watch(lambda: (*([Path(rules)] if rules else []), *(own_paths(folder) if marketplaces else [])))


def _signature(path: Path) -> tuple[str, int, int]:
    try:
        found = path.stat()
    except OSError:
        return str(path), -1, -1
    return str(path), found.st_mtime_ns, found.st_size


def _read(path: Path, name: str, unread: dict[str, str]) -> str | None:
    try:
        return path.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as wrong:
        unread[name] = f"{path} cannot be read: {wrong}"
        return None


def _sha256(text: str) -> str:
    return RuleSet(text=text).sha256
