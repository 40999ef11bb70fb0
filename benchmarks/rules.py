"""What one message costs beyond parsing: read and decided with all that ships, and tried against a thousand rules.

Processor time of the thread, each message once after a first round, so that no automaton is built while the clock runs.
"""

import argparse
import statistics
import time
from collections.abc import Callable, Iterable, Sequence
from itertools import cycle, islice
from pathlib import Path

from benchmarks.labels import Labelled, labelled_in
from benchmarks.negatives import SEED, negatives
from benchmarks.score import CORPUS, REAL, ROOT, envelope
from gateway.mail.parse import parse
from gateway.shape import facts_of
from rules.decide import decide
from rules.examples import facts_of_example
from rules.facts import Context, Facts
from rules.marketplace import builtin
from rules.read import read
from rules.ruleset import load_ruleset

MARKETPLACES = builtin()
BOOK = (ROOT / "rules/example.toml").read_text(encoding="utf-8")
_GENERATED = 500  # business mails that hold order-shaped numbers and no order
_WORDS = ("damaged", "refund", "invoice", "address", "late", "missing", "return", "colour", "size", "battery")


def measure(sort: str, mails: Iterable[Facts]) -> None:
    """Print what reading and deciding costs for one sort of mail."""
    mails, rules = list(mails), load_ruleset(BOOK)
    if not mails:
        return

    def understand(facts: Facts) -> None:
        decide(facts, read(facts, MARKETPLACES), Context(), rules, MARKETPLACES)

    taken = sorted(_timed(understand, mails))
    median, p90, p99 = (1e3 * taken[min(len(taken) - 1, int(len(taken) * part))] for part in (0.5, 0.9, 0.99))
    print(f"{sort}: {len(mails)} messages, median {median:.2f} ms, p90 {p90:.2f}, p99 {p99:.2f}", flush=True)


def _timed(understand: Callable[[Facts], None], mails: Sequence[Facts]) -> list[float]:
    for facts in mails:
        understand(facts)
    taken = []
    for facts in mails:
        began = time.thread_time()
        understand(facts)
        taken.append(time.thread_time() - began)
    return taken


def book_of(count: int) -> str:
    """Return a rule book of so many rules: a third each by kind, by an address, and by words in subject or text."""
    rules = []
    for number in range(count):
        word = f"{_WORDS[number % len(_WORDS)]} {number}"
        conditions = (
            '{ kind = ["claim_opened", "return_request"], marketplace = ["ebay", "amazon"] }',
            f'{{ from = ["buyer{number}@shop.example", "@shop{number}.example"] }}',
            f'{{ any = [{{ subject = "(?:re|aw): .*{word}" }}, {{ text = "\\\\b{word}\\\\b" }}] }}',
        )
        rules.append(
            f'[[rule]]\nname = "{number}"\nwhen = {conditions[number % 3]}\n'
            f'then = [{{ do = "tag", name = "t{number}" }}]\n'
        )
    return "\n".join(rules)


def measure_book(count: int, messages: int, mails: Sequence[Facts]) -> None:
    """Print what deciding costs with a book of many rules, for so many messages that have been read."""
    rules = load_ruleset(book_of(count))
    asked = [(facts, read(facts, MARKETPLACES)) for facts in mails]
    for facts, reading in asked:
        decide(facts, reading, Context(), rules, MARKETPLACES)
    taken, matched = [], 0
    for facts, reading in islice(cycle(asked), messages):
        began = time.thread_time()
        decision = decide(facts, reading, Context(), rules, MARKETPLACES)
        taken.append(time.thread_time() - began)
        matched += len(decision.actions)
    print(
        f"{count} rules x {messages} messages: {sum(taken):.1f} s, median {1e3 * statistics.median(taken):.2f} ms "
        f"a message, {matched} matches"
    )


def _facts(raw: bytes, *, trusted: bool = True, outbound: bool = False) -> Facts:
    return facts_of(parse(raw), envelope(trusted=trusted), outbound=outbound)


def _labelled(mail: Labelled) -> Facts:
    label = mail.label
    return _facts(mail.raw, trusted=label.sender == "authentic", outbound=label.direction == "outbound")


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m benchmarks.rules", description=__doc__)
    parser.add_argument("--rules", type=int, default=1_000)
    parser.add_argument("--messages", type=int, default=10_000)
    parser.add_argument(
        "--real", type=Path, default=REAL, help="a folder of real mail; left out where there is none"
    )
    asked = parser.parse_args()
    labelled = list(labelled_in(CORPUS))
    about_orders = [_labelled(mail) for mail in labelled if mail.label.orders]
    others = [_labelled(mail) for mail in labelled if not mail.label.orders]
    made = [_facts(raw) for _, raw in negatives(_GENERATED, seed=SEED)]
    measure("support mail about orders", about_orders)
    measure("hard negatives", others)
    measure("generated business mail", made)
    markets = MARKETPLACES.marketplaces.values()
    measure("examples", (facts_of_example(one) for market in markets for one in market.file.example))
    measure("real mail", (_facts(path.read_bytes()) for path in sorted(asked.real.rglob("*.eml"))))
    measure_book(asked.rules, asked.messages, [*about_orders, *others, *made])


if __name__ == "__main__":
    main()
