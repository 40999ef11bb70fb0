"""Import: history taken in along the same path as live mail, byte for byte, with a sum that adds up."""

from collections import deque
from collections.abc import Iterable, Iterator
from concurrent.futures import Future
from dataclasses import dataclass, field
from email.utils import getaddresses
from pathlib import Path

from gateway.clock import Clock
from gateway.ingest.files import Found, read_mail
from gateway.mail.entry import Envelope
from gateway.mail.header_block import header_block_of
from gateway.pipeline import Intake
from gateway.receipt import Receipt

_UNDER_WAY = 512
_UNDER_WAY_BYTES = 64 * 1024 * 1024
_HEADER = 64 * 1024


@dataclass(slots=True)
class ImportReport:
    """``read`` is always ``archived + duplicate + len(skipped)``."""

    archived: int = 0
    duplicate: int = 0
    skipped: list[tuple[str, str]] = field(default_factory=list)

    @property
    def read(self) -> int:
        return self.archived + self.duplicate + len(self.skipped)


class Import:
    """One run over files. ``ours`` are the support addresses: mail from one of them was written by us."""

    def __init__(
        self, intake: Intake, clock: Clock, *, mailbox: str, ours: frozenset[str], message_bytes: int
    ) -> None:
        self._intake = intake
        self._clock = clock
        self._mailbox = mailbox
        self._message_bytes = message_bytes
        self._ours = {address.lower() for address in ours}
        self._waiting: deque[tuple[Future[Receipt], int]] = deque()
        self._bytes = 0
        self.report = ImportReport()

    def take(self, paths: Iterable[Path]) -> Iterator[ImportReport]:
        """Archive everything below ``paths``; yields the report as it grows. Raises only when the archive fails."""
        for one in read_mail(tuple(paths), message_bytes=self._message_bytes):
            if not isinstance(one, Found):
                self.report.skipped.append((one.path, one.reason))
                continue
            envelope = Envelope(
                source="import",
                mailbox=self._mailbox,
                received_at=self._clock.now(),
                occurred_at=one.occurred_at,
                occurred_from="import",
                origin=one.origin,
                flags=one.flags,
                sent=self._is_ours(one.raw),
            )
            self._waiting.append((self._intake.accept(one.raw, envelope), len(one.raw)))
            self._bytes += len(one.raw)
            while len(self._waiting) > _UNDER_WAY or self._bytes > _UNDER_WAY_BYTES:
                self._count()
            yield self.report
        while self._waiting:
            self._count()
            yield self.report

    def _count(self) -> None:
        done, size = self._waiting.popleft()
        receipt = done.result()
        self._bytes -= size
        if receipt.existing:
            self.report.duplicate += 1
        else:
            self.report.archived += 1

    def _is_ours(self, raw: bytes) -> bool:
        head = raw[:_HEADER].lower()
        if not any(address.encode() in head for address in self._ours):
            return False  # most history was written by others, and reading its headers can wait
        values = header_block_of(raw[:_HEADER]).values("from")
        wrote = getaddresses([value.decode("ascii", "replace") for value in values])
        return any(address.lower() in self._ours for _, address in wrote)
