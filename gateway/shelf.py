"""The rule book and marketplace files in force: today's where they are right, else the last good version of each.

A mistake in a file never stops mail. What is broken is named, and what stands in for it comes from the archive, where
every version that decided anything lies.
"""

import re
import threading
import time
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path

import msgspec

from gateway.archive.archive import Archive
from gateway.deciding import Book
from gateway.mail.canonical import canonical
from gateway.mail.entry import Draft, Entry
from rules.errors import BookError
from rules.marketplace import Marketplaces, builtin_texts, load_marketplaces
from rules.ruleset import RuleSet, load_ruleset

RULES = "rules.toml"
_LOOK_S = 1.0
_NAMED = re.compile(r"(?P<name>[^\s,:]+\.toml)(?:, line (?P<line>\d+))?[,:] ")


@dataclass(frozen=True, slots=True, kw_only=True)
class Broken:
    """A file that cannot be used, why, and whether an older version of it stands in."""

    file: str
    said: str
    older: bool

    def __str__(self) -> str:
        return self.told(None)

    def told(self, now: "Since | None") -> str:
        """Return it in words; ``now`` is the version in force, if that is known."""
        version = f": {now}" if now is not None else ""
        instead = f"its last good version is in force{version}" if self.older else "it is left out"
        return f"{self.said}; {instead}"


@dataclass(frozen=True, slots=True, kw_only=True)
class Files:
    """What lies in the files: the rule book's text, the seller's own data files, and what could not be read at all."""

    rules: str = ""
    own: Mapping[str, str]
    unread: Mapping[str, str]  # name -> why
    places: Mapping[str, Path] = field(default_factory=dict)  # name -> where it lies

    def located(self, said: str) -> str:
        """Return a fault with the file's whole path and line in front, as editors read them: ``/etc/docket/rules.toml:3: ...``."""
        found = _NAMED.match(said)
        if found is None or found["name"] not in self.places:
            return said
        line = f":{found['line']}" if found["line"] else ""
        return f"{self.places[found['name']]}{line}: {said[found.end() :]}"


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
    places = {RULES: Path(rules)} if rules else {}
    if marketplaces:
        folder = Path(marketplaces)
        if not folder.is_dir():
            unread["marketplaces"] = f"marketplaces = {marketplaces!r} is no folder"
        for path in own_paths(folder):
            name = path.relative_to(folder).as_posix()
            places[name] = path
            if (found := _read(path, name, unread)) is not None:
                own[name] = found
    return Files(rules=text or "", own=own, unread=unread, places=places)


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
            said = files.located(str(wrong))
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
                said = said or files.located(str(wrong))
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

    def __str__(self) -> str:
        since = self.at.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
        return f"version {self.sha256[:16]} since {since}, kept as entry {self.seq}"


class InForce:
    """What is in force by the archive's word; asked again, it reads only what has come since. Safe in threads."""

    def __init__(self, archive: Archive) -> None:
        self._archive = archive
        self._reading = threading.Lock()
        self._upto = 0
        self._now: dict[str, tuple[str, datetime]] = {}
        self._kept: dict[str, int] = {}  # the entry that holds each version that there ever was

    def now(self) -> dict[str, Since]:
        """Return the version of each file that is in force, by its name."""
        with self._reading:
            head = self._archive.head()
            told = sorted(seq for type_ in ("rules", "book") for seq in self._archive.seqs_of_type(type_))
            for seq in told:
                if self._upto <= seq < head:
                    self._take(self._archive.entry(seq))
            self._upto = head
            return {
                name: Since(sha256=digest, seq=self._kept[digest], at=at)
                for name, (digest, at) in self._now.items()
                if digest in self._kept
            }

    def _take(self, entry: Entry) -> None:
        if entry.type == "rules":
            digest = _sha256(entry.payload.decode())
            self._kept[digest] = entry.seq
            self._now[str(entry.meta.get("name", ""))] = digest, entry.at
            return
        before, books = self._now, msgspec.json.decode(entry.payload, type=_Books).books
        self._now = {
            name: before[name] if before.get(name, ("",))[0] == digest else (digest, entry.at)
            for name, digest in books.items()
        }


def in_force(archive: Archive) -> dict[str, Since]:
    """Return what is in force, as ``InForce`` does, for those who ask once."""
    return InForce(archive).now()


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
