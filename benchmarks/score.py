"""``make score``: how often the linking is right, on the labelled corpus, generated negatives and real mail.

Each mail goes the real way: read in the readers' child processes, then decided with an empty context and an empty rule
book. Exit code 1 where a floor is not held.
"""

import argparse
import sys
import time
from collections.abc import Iterable, Iterator
from datetime import UTC, datetime
from itertools import count, islice
from pathlib import Path

from benchmarks.labels import Label, Labelled, labelled_in
from benchmarks.negatives import SEED, negatives
from benchmarks.tally import Tally
from gateway.mail.entry import Envelope
from gateway.readers import Item, Readers
from gateway.shape import facts_of
from rules.confidence import RANK
from rules.decide import decide
from rules.facts import Context, Decision, OrderRef
from rules.marketplace import builtin, builtin_texts
from rules.ruleset import load_ruleset

ROOT = Path(__file__).resolve().parents[1]
CORPUS = ROOT / "tests/corpus/linking"
HELD_OUT = ROOT / "tests/corpus/linking-held-out"  # written blind, in three rounds
CORPORA = (CORPUS, HELD_OUT / "1", HELD_OUT / "2", HELD_OUT / "3")
REAL = ROOT.parent / "shared/data/mail"

ORDER_PRECISION = 0.999
ORDER_RECALL = 0.995
RECOGNITION = 0.999
MAILBOX = "support@brand.example"
_BATCH = 128
FALSE_PER_10000 = 2.0  # on real mail; on generated negatives none at all


class Scorer:
    """The shipped rules and the readers' own children, so that mail goes the way it goes when it comes in."""

    def __init__(self) -> None:
        self.marketplaces = builtin()
        self._ruleset = load_ruleset("")
        self._readers = Readers(builtin_texts())

    def decisions(self, mails: Iterable[tuple[bytes, bool, bool]]) -> Iterator[Decision]:
        """Yield what Docket decides for each mail as if it came first of all: (bytes, trusted, outbound)."""
        keys = count()
        while batch := list(islice(mails := iter(mails), _BATCH)):
            items = [
                Item(key=next(keys), raw=raw, envelope=envelope(trusted=trusted), outbound=outbound)
                for raw, trusted, outbound in batch
            ]
            for item, understood in zip(items, self._readers.understand(items), strict=True):
                facts = facts_of(understood.mail, item.envelope, outbound=item.outbound)
                yield decide(facts, understood.reading, Context(), self._ruleset, self.marketplaces)

    def close(self) -> None:
        self._readers.close()


def envelope(*, trusted: bool) -> Envelope:
    return Envelope(
        source="smtp",
        rcpt_to=(MAILBOX,),
        mailbox=MAILBOX,
        trusted=trusted,
        received_at=datetime(2026, 11, 23, 12, tzinfo=UTC),
    )


def score(mails: Iterable[Labelled], scorer: Scorer) -> Tally:
    """Return what was found in labelled mails, against their labels."""
    tally, labelled = Tally(), list(mails)
    asked = [
        (one.raw, one.label.sender == "authentic", one.label.direction == "outbound") for one in labelled
    ]
    for mail, decision in zip(labelled, scorer.decisions(asked), strict=True):
        _compare(tally, mail.name, mail.label, decision)
    return tally


def _compare(tally: Tally, name: str, label: Label, decision: Decision) -> None:
    reading = decision.reading
    tally.compare(
        "order links",
        name,
        {_same(one.ref): one.marketplace for one in label.orders},
        {_same(one.order): one.order.marketplace for one in decision.links},
    )
    for what, wanted, found in (
        ("marketplace", label.marketplace, reading.marketplace),
        ("operator", label.operator, reading.operator),
        ("kind of notice", label.kind, reading.kind),
    ):
        if wanted is not None:
            group = label.marketplace or "none"
            tally.compare(what, name, {wanted or "none": group}, {found or "none": group})
    tally.compare(
        "products",
        name,
        {f"{one.kind} {one.value}": one.kind for one in label.products},
        {f"{one.kind} {one.value}": one.kind for one in reading.products},
    )
    tally.compare(
        "parcels",
        name,
        {one.number: one.carrier for one in label.parcels},
        {one.number: one.carrier for one in reading.parcels},
    )
    for what, of, kinds in (
        ("returns", label.returns, ("return", "rma")),
        ("claims", label.claims, ("claim", "case")),
    ):
        if of:  # a label lists them where the mail states one; others are not asked
            wanted = {value.casefold() for value in of}
            found = {one.value.casefold() for one in reading.references if one.kind in kinds}
            tally.compare(what, name, dict.fromkeys(wanted, "all"), dict.fromkeys(found & wanted, "all"))
    carriers = {one.number: one.carrier for one in reading.parcels}
    same = [one for one in label.parcels if one.carrier and one.number in carriers]
    tally.compare(
        "carriers of parcels found",
        name,
        {f"{one.number} {one.carrier}": one.carrier for one in same},
        {f"{one.number} {carriers[one.number]}": carriers[one.number] for one in same},
    )
    _confidence(tally, name, label, decision)


def _same(order: OrderRef) -> str:
    """Return what two writings of one order ID have in common: a mail may write its letters either way."""
    return f"{order.marketplace} {order.value.casefold()}"


def _confidence(tally: Tally, name: str, label: Label, decision: Decision) -> None:
    """Hold that a stranger's link waits for a person, that a clear one is sure, and that a quoted ID is marked."""
    wanted = {_same(one.ref): one for one in label.orders}
    quoted = {_same(found.order) for found in decision.reading.orders if found.quoted}
    quoted -= {_same(found.order) for found in decision.reading.orders if not found.quoted}
    for link in decision.links:
        order = _same(link.order)
        if order not in wanted:
            continue
        sure = RANK[link.confidence]
        text = f"{link.order.value} ({link.confidence})"
        if label.sender == "stranger":
            held = sure == RANK["possible"]
            tally.compare("stranger's link waits", name, {text: "all"}, {text: "all"} if held else {})
        elif label.confidence is not None:
            held = sure >= RANK[label.confidence]
            tally.compare("sure enough", name, {text: "all"}, {text: "all"} if held else {})
        if wanted[order].quoted != (order in quoted):
            tally.mistakes.append(
                (name, f"quote: {link.order.value} is {'' if order in quoted else 'not '}marked")
            )


def false_links(mails: Iterable[tuple[str, bytes]], scorer: Scorer) -> tuple[int, list[tuple[str, str]]]:
    """Return how many mails were read, and each link found in them, with its reason: all of them are wrong."""
    names: list[str] = []

    def asked() -> Iterator[tuple[bytes, bool, bool]]:
        for name, raw in mails:
            names.append(name)
            yield raw, True, False

    found = [
        (place, f"{link.order.marketplace} {link.order.value} ({link.confidence}): {link.reason}")
        for place, decision in enumerate(scorer.decisions(asked()))
        for link in decision.links
    ]
    return len(names), [(names[place], words) for place, words in found]


def print_tally(tally: Tally) -> None:
    for what, groups in tally.counts.items():
        print(f"\n{what}")
        for group in sorted(groups):
            print(f"  {group:<18} {groups[group].line()}")
        if len(groups) > 1:
            print(f"  {'ALL':<18} {tally.whole(what).line()}")
    print(f"\n{len(tally.mistakes)} mistakes")
    for name, words in tally.mistakes:
        print(f"  {name}: {words}")


def below_floors(tally: Tally) -> list[str]:
    """Return the floors of the labelled mails that are not held."""
    links, named = tally.whole("order links"), tally.whole("marketplace")
    held = (
        ("precision of order links", links.precision, ORDER_PRECISION),
        ("recall of order links", links.recall, ORDER_RECALL),
        ("recognition of the marketplace", named.recall, RECOGNITION),
        ("strangers' links that wait for a person", tally.whole("stranger's link waits").recall, 1.0),
    )
    return [f"{what}: {value:.4f}, floor {floor}" for what, value, floor in held if value < floor]


def _per_10000(title: str, count: int, found: list[tuple[str, str]]) -> float:
    rate = 10_000 * len(found) / count if count else 0.0
    print(f"\n{title}: {len(found)} false order links in {count} mails, {rate:.2f} per 10,000")
    for name, words in found:
        print(f"  {name}: {words}")
    return rate


def main(arguments: list[str]) -> int:
    parser = argparse.ArgumentParser(prog="python -m benchmarks.score", description=__doc__)
    parser.add_argument("--corpus", type=Path, action="append", help="a folder of labelled mails, repeatable")
    parser.add_argument("--negatives", type=int, default=10_000, help="how many business mails to generate")
    parser.add_argument("--seed", type=int, default=SEED, help="which ones")
    parser.add_argument(
        "--real", type=Path, nargs="?", const=REAL, help="a folder of real mail about no order"
    )
    asked = parser.parse_args(arguments)
    scorer, begun = Scorer(), time.monotonic()
    mails = [mail for folder in asked.corpus or CORPORA for mail in labelled_in(folder)]
    tally = score(mails, scorer)
    print(f"{len(mails)} labelled mails")
    print_tally(tally)
    below = below_floors(tally)
    if asked.negatives:
        made = negatives(asked.negatives, seed=asked.seed)
        if _per_10000("generated business mails", *false_links(made, scorer)) > 0:
            below.append("generated business mails: there are false order links, floor none")
    if asked.real:
        files = sorted(path for path in asked.real.rglob("*") if path.is_file())
        real = ((str(path.relative_to(asked.real)), path.read_bytes()) for path in files)
        if _per_10000("real mail", *false_links(real, scorer)) > FALSE_PER_10000:
            below.append(f"real mail: floor {FALSE_PER_10000} per 10,000")
    scorer.close()
    print(f"\n{time.monotonic() - begun:.0f} s")
    for line in below:
        print(f"BELOW THE FLOOR  {line}")
    return 1 if below else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
