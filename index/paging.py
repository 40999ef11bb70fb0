"""Where a listing goes on: the token that a page hands out and takes back.

By date the token is the rank of the last hit, so mail that comes or goes meanwhile shifts nothing. By relevance it is
how many hits came before: stable as long as the index stands still.
"""

import re

from index.backend import Sort
from index.document import Hit, Page
from index.terms import seq_of

RELEVANT_HITS = 10_000  # a listing by relevance ends here; by date it goes on to the last message
_TOKEN = re.compile(r"([nor])(\d{1,19})")


def mark_of(after: str | None, sort: Sort) -> int | None:
    """Return the number in a token: the last rank by date, the hits before by relevance.

    Raise ``ValueError`` when it is no token, or one of another order.
    """
    if after is None:
        return None
    found = _TOKEN.fullmatch(after)
    if found is None or found[1] != sort[0]:
        raise ValueError(f"{after[:40]!r} does not continue a listing by {sort}; start it again without it")
    return int(found[2])


def page_by_date(ranks: list[int], *, limit: int, total: int, sort: Sort) -> Page:
    """Return a page by date, given the ranks of its hits in order and, where there is one, of the hit after it."""
    shown = ranks[:limit]
    more = len(ranks) > limit and bool(shown)
    return Page(
        hits=tuple(Hit(seq=seq_of(ranked)) for ranked in shown),
        total=total,
        after=f"{sort[0]}{shown[-1]}" if more else None,
    )


def page_by_relevance(hits: list[Hit], *, start: int, total: int) -> Page:
    """Return a page by relevance, given its hits in order and how many came before."""
    stop = start + len(hits)
    more = bool(hits) and stop < min(total, RELEVANT_HITS)
    return Page(hits=tuple(hits), total=total, after=f"r{stop}" if more else None)
