"""What a person means who names an order by its number alone."""

import pytest

from rules.facts import Facts, OrderRef
from rules.marketplace import builtin
from rules.named import direction_of, orders_named

NAMED = sorted(
    {
        (market.name, value)
        for market in builtin().marketplaces.values()
        for example in market.file.example
        for value in example.orders
    }
)


@pytest.mark.parametrize("marketplace, value", NAMED)
def test_every_order_of_the_examples_is_found_by_its_number(marketplaces, marketplace, value):
    assert OrderRef(marketplace=marketplace, value=value) in orders_named(value, marketplaces)


def test_a_number_that_only_one_marketplace_has_is_that_one_s(marketplaces):
    assert orders_named("PO-211-02345678901234567", marketplaces) == {
        OrderRef(marketplace="temu", value="PO-211-02345678901234567")
    }


def test_mail_to_a_relay_went_out_unless_a_marketplace_sent_it(marketplaces):
    out = Facts(direction="inbound", from_=("a@brand.example",), to=("b@members.ebay.de",))
    notice = Facts(direction="inbound", from_=("ebay@ebay.de",), to=("b@members.ebay.de",))
    assert direction_of(out, marketplaces) == "outbound"
    assert direction_of(notice, marketplaces) == "inbound"
