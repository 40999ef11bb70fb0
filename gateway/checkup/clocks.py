"""Whether this machine's clock is right, by what others say: evidence rests on the time that it writes."""

import re
from datetime import datetime
from email.utils import parsedate_to_datetime

from gateway.checkup.finding import Finding

_MOST_S = 30.0
_DATE = re.compile(
    r"\b(?:Mon|Tue|Wed|Thu|Fri|Sat|Sun), \d{1,2} [A-Z][a-z]{2} \d{4} \d{2}:\d{2}:\d{2} [+-]\d{4}"
)


def compared(said: datetime, now: datetime, who: str) -> Finding:
    """Return what a time from elsewhere makes of ours."""
    off = (now - said).total_seconds()
    what = f"clock against {who}"
    if abs(off) <= _MOST_S:
        return Finding(what=what, mend=f"within {abs(off):.0f} s")
    side = "ahead of" if off > 0 else "behind"
    return Finding(
        what=what,
        ok=False,
        mend=f"this machine is {abs(off):.0f} s {side} it; let it follow a time server (timedatectl set-ntp true)",
    )


def against_log(newest: datetime, now: datetime) -> Finding:
    """Return whether the clock has gone back behind the log's last entry."""
    back = (newest - now).total_seconds()
    what = "clock against the log's last entry"
    if back <= _MOST_S:
        return Finding(what=what, mend="not before it")
    return Finding(
        what=what, ok=False, mend=f"the clock was set back: the last entry is {back:.0f} s ahead of it"
    )


def date_in(greeting: str) -> datetime | None:
    """Return the time that some servers put into their greeting, None where there is none.

    >>> date_in("220 mx.example ESMTP Sendmail; Fri, 27 Nov 2026 04:16:00 +0000").isoformat()
    '2026-11-27T04:16:00+00:00'
    """
    found = _DATE.search(greeting)
    try:
        return parsedate_to_datetime(found[0]) if found else None
    except ValueError:
        return None
