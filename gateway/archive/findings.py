"""What a check finds: the first thousand findings in words, the rest as a number."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field

from gateway.archive.faults import Damaged, reading
from gateway.errors import Temporary

Finding = tuple[int | None, str]  # the entry's seq, None where no single entry is meant
MOST = 1000


@dataclass(slots=True)
class Findings:
    kept: list[Finding] = field(default_factory=list)
    more: int = 0

    def add(self, seq: int | None, what: str) -> None:
        if len(self.kept) < MOST:
            self.kept.append((seq, what))
        else:
            self.more += 1

    def all(self) -> tuple[Finding, ...]:
        rest = [(None, f"and {self.more} more findings")] if self.more else []
        return (*self.kept, *rest)

    @contextmanager
    def catch(self, seq: int | None = None) -> Iterator[None]:
        """Note what is raised below as a finding: damage, and also what could not be read and so was not checked."""
        try:
            with reading():
                yield
        except Damaged as wrong:
            self.add(wrong.seq if wrong.seq is not None else seq, wrong.what)
        except Temporary as wrong:
            self.add(seq, f"not checked: {wrong}")
