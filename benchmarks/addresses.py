"""The addresses of every page that people open, chosen anew each time: for ``benchmarks.pages``."""

import random
from collections.abc import Callable
from datetime import UTC, datetime
from itertools import cycle
from urllib.parse import quote, urlencode

from benchmarks.corpus import Corpus
from benchmarks.seller import order_of
from gateway.figures.period import month_named, month_of

Page = Callable[[random.Random], str]
_FIXED = [
    "/waiting",
    "/claims",
    "/review",
    "/outbox",
    "/reports",
    "/capture",
    "/status",
    "/clients",
    "/rules",
    "/rules/bench",
    "/rules/replay",
    "/custody",
    "/custody/keepers",
    "/custody/holds",
    "/custody/retention",
    "/custody/erasures",
    "/custody/verify",
    "/people",
    "/account",
    "/tokens",
    "/searches",
]


def pages(orders: int, entries: int) -> dict[str, Page]:
    """Return every page, as addresses chosen anew each time."""
    words = Corpus().words["en"]

    lately = [month_of(datetime.now(UTC), UTC)]
    while len(lately) < 20:  # more than are kept once they are counted
        lately.append(month_named(lately[-1].before, UTC))
    months = cycle(lately)

    def find(*texts: str) -> Page:
        return lambda rng: "/?" + urlencode({"q": rng.choice(texts)})

    def fixed(path: str) -> Page:
        return lambda _: path

    def order(rng: random.Random) -> str:
        return f"/order/amazon/{quote(order_of(rng.randrange(orders)))}"

    def message(rng: random.Random) -> str:
        return f"/message/{rng.randrange(entries // 2000) * 2000 + rng.randrange(1000)}"

    return {
        "search, empty box": lambda _: "/",
        "search, a common word": find(*words[:20]),
        "search, two words and a tag": lambda rng: (
            "/?" + urlencode({"q": f"{' '.join(rng.sample(words[:100], 2))} tag:claim"})
        ),
        "search, a phrase": find('"order refund"', '"the order"', '"please refund"'),
        "search, an order ID": lambda rng: "/?" + urlencode({"q": order_of(rng.randrange(orders))}),
        "search, clocks": find("is:overdue", "is:unanswered refund", "is:answered", "due:<4h"),
        "search, by relevance": lambda rng: (
            "/?" + urlencode({"q": rng.choice(words[:50]), "sort": "relevance"})
        ),
        "suggestions": lambda rng: (
            "/suggest?word=" + rng.choice(["tag:", "kind:re", "mailbox:sup", "fr", "agent:"])
        ),
        "an order": order,
        "a message": message,
        **{path[1:]: fixed(path) for path in _FIXED},
        "an order's pack": lambda rng: order(rng).replace("/order/", "/pack/"),
        "an order's answer": lambda rng: order(rng).replace("/order/", "/answer/"),
        "a message's words": lambda rng: f"{message(rng)}/html",
        "a message, raw": lambda rng: f"{message(rng)}/raw",
        "orders found": lambda rng: f"/order?ref={order_of(rng.randrange(orders))}",
        "reports, counted anew": lambda _: f"/reports?month={next(months).name}",
        "a month's table": fixed(f"/reports/{datetime.now(UTC):%Y-%m}/days.csv"),
    }
