"""What one message costs against everything that ships, in calls: they are the same on any machine, however busy.

How long it takes is a benchmark's to say (``python -m benchmarks.rules``).
"""

import statistics

import pytest

from rules.decide import decide
from rules.examples import facts_of_example
from rules.facts import Context, Facts
from rules.read import read
from rules.ruleset import load_ruleset
from tests.counting import calls_of

RULES = load_ruleset("")
SENTENCE = "Hello, where is my parcel? My order 112-{:07d}-1234567 was shipped with UPS 1Z5R8939{:010d}.\n"


def _calls(facts: Facts, marketplaces) -> int:
    """Return what it takes to read a message and decide."""
    return calls_of(lambda: decide(facts, read(facts, marketplaces), Context(), RULES, marketplaces))


def test_an_example_takes_a_few_hundred_calls(marketplaces):
    facts = [
        facts_of_example(example)
        for market in marketplaces.marketplaces.values()
        for example in market.file.example
    ]
    counts = [_calls(one, marketplaces) for one in facts]
    print(f"{len(counts)} examples, median {statistics.median(counts):.0f} calls, most {max(counts)}")
    assert len(counts) > 100
    assert statistics.median(counts) < 800
    assert max(counts) < 2500


def test_a_mail_without_numbers_costs_next_to_nothing(marketplaces):
    text = "Thank you for the quick answer, it works again.\n" * 40
    one, ten = (_calls(Facts(direction="inbound", text=text * size), marketplaces) for size in (1, 10))
    print(one, ten)
    assert one == ten
    assert one < 400


@pytest.mark.parametrize("part", ["text", "html", "subject"])
def test_work_grows_with_the_numbers_in_a_mail_and_no_faster(marketplaces, part):
    def asked(size: int) -> Facts:
        said = "".join(SENTENCE.format(number, number) for number in range(size))
        return Facts(direction="inbound", **{part: said})

    counts = [_calls(asked(size), marketplaces) for size in (10, 20, 40)]
    print(counts)
    assert counts[1] < 2.1 * counts[0]
    assert counts[2] < 2.1 * counts[1]
