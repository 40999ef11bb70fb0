"""One message against everything that ships: the median stays far below a millisecond of processor time."""

import statistics
import time

from rules.examples import facts_of_example
from rules.read import read


def test_the_shipped_examples_are_each_read_in_well_under_a_millisecond(marketplaces):
    facts = [
        facts_of_example(example)
        for market in marketplaces.marketplaces.values()
        for example in market.file.example
    ]
    for one in facts:  # patterns build their automata on first use
        read(one, marketplaces)
    taken = []
    for one in facts:
        began = time.thread_time()
        read(one, marketplaces)
        taken.append(time.thread_time() - began)
    print(
        f"{len(taken)} examples, median {1e6 * statistics.median(taken):.0f} us, longest {1e6 * max(taken):.0f} us"
    )
    assert len(taken) > 100
    assert statistics.median(taken) < 0.001
