"""Where a listing goes on: the token that a page hands out and takes back.

By date the token is the rank of the last hit, so mail that comes or goes meanwhile shifts nothing. By relevance it is
how many hits came before, and the newest message that there was: what comes meanwhile is left out of the pages to come.
"""

import re

from index.backend import Sort
from index.document import Hit, Page
from index.terms import seq_of

RELEVANT_HITS = 10_000  # a listing by relevance ends here; by date it goes on to the last message
_TOKEN = re.compile(r"([no])(\d{1,19})")
_RELEVANT = re.compile(r"r(\d{1,5})\.(\d{1,19})")


def mark_of(after: str | None, sort: Sort) -> int | None:
    """Return the rank in a token of a listing by date; raise ``ValueError`` when it is none, or one of another order."""
    if after is None:
        return None
    found = _TOKEN.fullmatch(after)
    if found is None or found[1] != sort[0]:
        raise _not_of(after, sort)
    return int(found[2])


def start_of(after: str | None) -> tuple[int, int | None]:
    """Return, of a listing by relevance, how many hits came before and the newest message that is in it; None for all."""
    if after is None:
        return 0, None
    found = _RELEVANT.fullmatch(after)
    if found is None:
        raise _not_of(after, "relevance")
    return int(found[1]), int(found[2])


def page_by_date(ranks: list[int], *, limit: int, total: int, sort: Sort) -> Page:
    """Return a page by date, given the ranks of its hits in order and, where there is one, of the hit after it."""
    shown = ranks[:limit]
    more = len(ranks) > limit and bool(shown)
    return Page(
        hits=tuple(Hit(seq=seq_of(ranked)) for ranked in shown),
        total=total,
        after=f"{sort[0]}{shown[-1]}" if more else None,
    )


def page_by_relevance(hits: list[Hit], *, start: int, newest: int, total: int) -> Page:
    """Return a page by relevance, given its hits in order, how many came before and the newest message of the listing."""
    stop = start + len(hits)
    more = bool(hits) and stop < min(total, RELEVANT_HITS)
    return Page(hits=tuple(hits), total=total, after=f"r{stop}.{newest}" if more else None)


def _not_of(after: str, sort: Sort) -> ValueError:
    return ValueError(f"{after[:40]!r} does not continue a listing by {sort}; start it again without it")
