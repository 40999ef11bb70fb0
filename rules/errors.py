"""What is wrong with a file that rules are read from, in words for the person who wrote it."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class Fault:
    """One thing that is wrong: in which file and line (0 where none can be named), at which path, and what to do."""

    file: str
    line: int = 0
    path: str = ""  # "rule[1].when.any[0].subject"
    rule: str = ""  # "rule 2 (late)"
    message: str = ""

    def __str__(self) -> str:
        inside = self.path.partition("].")[2] if self.rule else self.path
        where = [self.file, f"line {self.line}" if self.line else "", self.rule, inside]
        return f"{', '.join(part for part in where if part)}: {self.message}"


class BookError(ValueError):
    """A rule book or data file cannot be used: the text says which file, which place in it, and how to mend it."""

    def __init__(self, said: str, faults: tuple[Fault, ...] = ()) -> None:
        super().__init__(said)
        self.faults = faults

    @classmethod
    def of(cls, faults: tuple[Fault, ...]) -> "BookError":
        """Make one error of all faults; its text is the first, and how many there are more."""
        more = f" (and {len(faults) - 1} more: docket rules check)" if len(faults) > 1 else ""
        return cls(f"{faults[0]}{more}", faults)
