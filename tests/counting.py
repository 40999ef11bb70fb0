"""Work counted in calls, which are the same on any machine, however busy; and a limit for what must end at all.

How long things take is a benchmark's to say (``python -m benchmarks.rules``).
"""

import signal
import sys
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from types import FrameType

_CPU_S = 300.0  # of processor time, some hundred times what any of it takes


def calls_of(work: Callable[[], object]) -> int:
    """Return how many functions are called, RE2's searches among them; what is made ready once is ready before."""
    count: Counter[str] = Counter()

    def note(_frame: FrameType, event: str, _function: object) -> None:
        count[event] += 1

    work()
    sys.setprofile(note)
    try:
        work()
    finally:
        sys.setprofile(None)
    return count["call"] + count["c_call"]


@contextmanager
def must_end() -> Iterator[None]:
    """Fail what would go on for ever: far from any time that a slow machine takes."""

    def over(_number: int, _frame: FrameType | None) -> None:
        raise AssertionError(f"it took more than {_CPU_S:.0f} s of processor time: it may never end")

    before = signal.signal(signal.SIGVTALRM, over)
    signal.setitimer(signal.ITIMER_VIRTUAL, _CPU_S)
    try:
        yield
    finally:
        signal.setitimer(signal.ITIMER_VIRTUAL, 0)
        signal.signal(signal.SIGVTALRM, before)
