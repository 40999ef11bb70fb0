"""The work of an export on disk: what was chosen, and each entry that is done. An interrupted export goes on from there."""

import fcntl
import hashlib
import os
import shutil
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import msgspec

from gateway.errors import WrongUse
from gateway.evidence.piece import Piece
from gateway.evidence.selection import Request, Selection

_PIECE = msgspec.json.Decoder(Piece)


class Journal:
    """``bag`` is the folder that becomes the pack. ``place`` is gone when the export is done, or there to go on with."""

    def __init__(self, place: Path) -> None:
        self._place = place
        self.bag = place / "bag"
        self._selection = place / "selection.json"
        self._pieces = place / "pieces.jsonl"
        self.done = 0

    @contextmanager
    def hold(self) -> Iterator[None]:
        """Make the folder, readable by its owner only, and keep every other export out of it."""
        self._place.mkdir(mode=0o700, parents=True, exist_ok=True)
        with (self._place / "lock").open("ab") as file:
            try:
                fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError:
                raise WrongUse(f"another export is at work in {self._place}") from None
            try:
                yield
            finally:
                if not self._selection.exists():  # nothing was chosen, so there is nothing to go on with
                    shutil.rmtree(self._place)

    def begin(self, request: Request, choose: Callable[[], Selection]) -> Selection:
        """Return what was chosen when this export began; raises WrongUse where another one lies unfinished here."""
        if self._selection.exists():
            selection = msgspec.json.decode(self._selection.read_bytes(), type=Selection)
            if selection.request != request:
                raise WrongUse(
                    f"{self._place} is an unfinished export of {selection.request.title}: finish it with the same command, or remove it"
                )
            self.done = self._cut()
            return selection
        selection = choose()
        self.restart(selection)
        return selection

    def add(self, pieces: list[Piece]) -> None:
        """Note that these entries' files are written."""
        with self._pieces.open("ab") as file:
            file.write(msgspec.json.Encoder().encode_lines(pieces))
        self.done += len(pieces)

    def restart(self, selection: Selection) -> None:
        """Forget all that is done, delete what was taken out, and note what is to be."""
        if self.bag.exists():
            shutil.rmtree(self.bag)
        self.bag.mkdir(mode=0o700)
        self._pieces.write_bytes(b"")
        self.done = 0
        fresh = self._selection.with_suffix(".new")
        fresh.write_bytes(msgspec.json.encode(selection))
        fresh.replace(self._selection)

    def pieces(self) -> Iterator[tuple[int, Piece]]:
        """Yield what is done, each with its place for ``piece_at``."""
        at = 0
        with self._pieces.open("rb") as file:
            for line in file:
                yield at, _PIECE.decode(line)
                at += len(line)

    def opened(self) -> list[int]:
        """Return the entries that are open in what is done, not only shown to exist."""
        return [piece.seq for _, piece in self.pieces() if piece.line is not None and "payload" in piece.line]

    @contextmanager
    def reading(self) -> Iterator[Callable[[int], Piece]]:
        """Give what returns the piece at a place."""
        with self._pieces.open("rb") as file:

            def piece_at(place: int) -> Piece:
                file.seek(place)
                return _PIECE.decode(file.readline())

            yield piece_at

    def _cut(self) -> int:
        """Forget what was being written when it broke off, and all behind it; return how much is whole."""
        whole = count = 0
        with self._pieces.open("rb") as file:
            for line in file:
                try:
                    if not line.endswith(b"\n") or not self._is_whole(_PIECE.decode(line)):
                        break
                except (msgspec.DecodeError, OSError):
                    break
                whole += len(line)
                count += 1
        os.truncate(self._pieces, whole)
        return count

    def _is_whole(self, piece: Piece) -> bool:
        return all(
            hashlib.sha256((self.bag / path).read_bytes()).hexdigest() == hash_
            for path, hash_ in piece.files.items()
        )
