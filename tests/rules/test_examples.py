"""Every example in a data file is a test."""

import pytest

from rules.examples import broken_examples, facts_of_example
from rules.marketplace import builtin, builtin_texts, load_marketplaces
from rules.read import read

BUILTIN = builtin()
EXAMPLES = [
    pytest.param(market, example, id=f"{market.name}: {example.name}")
    for market in BUILTIN.marketplaces.values()
    for example in market.file.example
]


@pytest.mark.parametrize("market, example", EXAMPLES)
def test_what_an_example_says_is_what_is_read(market, example):
    reading = read(facts_of_example(example), BUILTIN)
    mine = [found for found in reading.orders if found.order.marketplace == market.name]
    assert (reading.marketplace, reading.kind, reading.alias) == (
        example.marketplace,
        example.kind,
        example.alias,
    )
    assert sorted({found.order.value for found in mine}) == sorted(example.orders)
    if example.confidence:
        assert {found.confidence for found in mine} == {example.confidence}
    assert sorted(f"{one.kind} {one.value}" for one in reading.products) == sorted(example.products)
    assert sorted(f"{one.carrier} {one.number}" for one in reading.parcels) == sorted(example.parcels)


def test_no_file_breaks_its_promises():
    assert broken_examples(BUILTIN) == []


@pytest.mark.parametrize("market", BUILTIN.marketplaces.values(), ids=lambda market: market.name)
def test_every_marketplace_has_examples_of_what_it_is_and_of_what_it_is_not(market):
    assert any(example.orders for example in market.file.example)
    assert any(not example.orders for example in market.file.example)


@pytest.mark.parametrize("carrier", BUILTIN.carriers.values(), ids=lambda carrier: carrier.name)
def test_every_carrier_has_right_and_wrong_numbers(carrier):
    assert carrier.file.valid
    assert carrier.file.invalid


def test_a_broken_example_is_named_with_what_was_found():
    text = builtin_texts()["etsy.toml"].replace('orders = ["1234567890"]', 'orders = ["1111111111"]')
    (line,) = broken_examples(load_marketplaces({**builtin_texts(), "etsy.toml": text}))
    assert "etsy.toml, example “a sale, among numbers of the same length”" in line
    assert "['1234567890'], not ['1111111111']" in line
