"""When to try again. Pure: time and randomness are arguments."""

import random
from collections.abc import Sequence
from datetime import datetime, timedelta

MINUTES = (1.0, 5.0, 15.0, 30.0, 60.0)  # the last one repeats
GIVE_UP_HOURS = 24.0
_JITTER = 0.15


def next_try(
    attempts: int,
    now: datetime,
    rng: random.Random,
    *,
    first_at: datetime | None = None,
    minutes: Sequence[float] = MINUTES,
    give_up_hours: float = GIVE_UP_HOURS,
) -> datetime | None:
    """Return when to try next after ``attempts`` failed ones (1 or more), or None when it is time to give up.

    Each wait is moved by up to 15 % either way, so that what failed together does not come back together. Without
    ``first_at``, the time of the first attempt, the time spent so far is counted from the schedule.
    """
    step = timedelta(minutes=_wait(attempts, minutes))
    if first_at is not None:
        spent = now - first_at
    else:
        spent = timedelta(minutes=sum(_wait(number, minutes) for number in range(1, attempts)))
    if spent + step > timedelta(hours=give_up_hours):
        return None
    return now + step * rng.uniform(1 - _JITTER, 1 + _JITTER)


def _wait(attempts: int, minutes: Sequence[float]) -> float:
    return minutes[min(attempts, len(minutes)) - 1]
