"""Counting finds against labels: precision and recall as k of n, each with its 95 % interval."""

import math
from collections import defaultdict
from dataclasses import dataclass, field

_Z = 1.959964  # 95 % of a normal distribution lie within so many deviations


def wilson(hits: int, of: int) -> tuple[float, float]:
    """Return the 95 % score interval of a share; unlike the naive one it is right at 0 and at 1.

    >>> tuple(round(end, 3) for end in wilson(400, 400))
    (0.99, 1.0)
    """
    if of == 0:
        return 0.0, 1.0
    share, square = hits / of, _Z * _Z / of
    middle = share + square / 2
    half = _Z * math.sqrt(share * (1 - share) / of + square / (4 * of))
    return max(0.0, (middle - half) / (1 + square)), min(1.0, (middle + half) / (1 + square))


@dataclass(slots=True)
class Count:
    """Found and wanted, found but not wanted, wanted but not found."""

    right: int = 0
    false: int = 0
    missed: int = 0

    @property
    def precision(self) -> float:
        found = self.right + self.false
        return self.right / found if found else 1.0

    @property
    def recall(self) -> float:
        wanted = self.right + self.missed
        return self.right / wanted if wanted else 1.0

    def line(self) -> str:
        return (
            f"precision {_share(self.right, self.right + self.false)}  "
            f"recall {_share(self.right, self.right + self.missed)}"
        )


@dataclass(slots=True)
class Tally:
    """What was counted, by what is looked for and marketplace, and every mistake in words."""

    counts: dict[str, dict[str, Count]] = field(
        default_factory=lambda: defaultdict(lambda: defaultdict(Count))
    )
    mistakes: list[tuple[str, str]] = field(default_factory=list)

    def compare(self, what: str, name: str, wanted: dict[str, str], found: dict[str, str]) -> None:
        """Count one mail's values; both maps say for each value under which marketplace or kind it counts."""
        for value, group in wanted.items():
            if value in found:
                self.counts[what][group].right += 1
            else:
                self.counts[what][group].missed += 1
                self.mistakes.append((name, f"{what}: missed {value}"))
        for value, group in found.items():
            if value not in wanted:
                self.counts[what][group].false += 1
                self.mistakes.append((name, f"{what}: false {value}"))

    def whole(self, what: str) -> Count:
        """Return the sum over all groups."""
        groups = self.counts[what].values()
        return Count(
            right=sum(one.right for one in groups),
            false=sum(one.false for one in groups),
            missed=sum(one.missed for one in groups),
        )


def _share(hits: int, of: int) -> str:
    low, high = wilson(hits, of)
    if of == 0:
        return f"{'none':>11}{'':24}"
    return f"{hits:>5} of {of:<5} {100 * hits / of:6.2f} % [{100 * low:5.1f}, {100 * high:5.1f}]"
