"""What tells a customer on any channel, and what tells nothing."""

import pytest

from rules.conversation import tokens_of
from rules.customers import people_of
from rules.facts import Context, Facts, KnownLink, OrderRef, Reading
from rules.links import links_of
from rules.marketplace import builtin

MARKETS = builtin()
SHIP = "Order #1001\n\nShipping address:\nMaria Keller\nHauptstr. 5\n10115 Berlin\n+49 30 901820\nmaria@real.example\n\nThanks"


@pytest.mark.parametrize(
    ("facts", "alias", "has_order", "expected"),
    [
        ({"text": SHIP}, "x@marketplace.amazon.de", True, {"name and postcode maria keller, 10115", "telephone number +4930901820", "e-mail address maria@real.example"}),
        ({"text": SHIP.replace("Shipping address:", "Lieferadresse")}, "x@m", True, {"name and postcode maria keller, 10115", "telephone number +4930901820", "e-mail address maria@real.example"}),
        ({"text": SHIP}, "x@m", False, set()),
        ({"text": "call +49 30 901820"}, "x@m", True, set()),
        ({"from_": ("Maria@Real.example",)}, "", False, {"e-mail address maria@real.example"}),
        ({"from_": ("k3jx9v@marketplace.amazon.de",)}, "k3jx9v@marketplace.amazon.de", False, set()),
        ({"from_": ("donotreply@amazon.com",)}, "", False, set()),
        ({"from_": ("jo@brand.example",), "rcpt_to": ("support@brand.example",)}, "", False, set()),
        ({"direction": "outbound", "from_": ("maria@real.example",), "text": SHIP}, "", True, set()),
        ({"text": "Ship to:\n" * 9999}, "x@m", True, set()),
    ],
    ids=["English", "German", "no order", "no block", "a person", "a relay", "a notice", "ours", "outbound", "hostile"],
)  # fmt: skip
def test_what_tells_a_customer(facts, alias, has_order, expected):
    found = people_of(Facts(**{"direction": "inbound", **facts}), MARKETS, alias=alias, has_order=has_order)
    assert set(found) == expected


def test_the_same_customer_elsewhere_is_proposed_and_no_more():
    shop, amazon = (OrderRef(marketplace=name, value=name) for name in ("shopify", "amazon"))
    known = KnownLink(order=shop, seq=7, confidence="certain", why="telephone number +4930901820")
    (link,), _ = links_of(Facts(direction="inbound"), Reading(), Context(customer=(known,)))
    assert (link.method, link.confidence, link.via) == ("customer", "possible", 7)
    assert "+4930901820" in link.reason
    many = tuple(
        KnownLink(order=OrderRef(marketplace="amazon", value=str(n)), seq=n, confidence="certain")
        for n in range(9)
    )
    links, missed = links_of(Facts(direction="inbound"), Reading(), Context(customer=many))
    assert links == ()
    assert len(missed) == 1
    closed = KnownLink(order=amazon, seq=7, confidence="certain", open=False)
    assert links_of(Facts(direction="inbound"), Reading(), Context(customer=(closed,)))[0] == ()


def test_a_relay_address_says_the_conversation_and_a_reference_id_too():
    amazon, ebay = MARKETS["amazon"], MARKETS["ebay"]
    case = "a1b2c3d4-0000-1111-2222-333344445555"
    address = f"k3jx9v2m4n5p6q7+{case}@marketplace.amazon.de"
    inbound = Facts(direction="inbound", from_=(address,))
    assert tokens_of(inbound, amazon, MARKETS) == (f"amazon {case}",)
    assert tokens_of(Facts(direction="outbound", to=(address,)), amazon, MARKETS) == (f"amazon {case}",)
    assert (
        tokens_of(Facts(direction="inbound", from_=("k3jx9v@marketplace.amazon.de",)), amazon, MARKETS) == ()
    )
    said = Facts(direction="inbound", text="Email reference id: [#a05-xyz123#]_[#99]")
    assert tokens_of(said, ebay, MARKETS) == ("ebay [#a05-xyz123#]",)
    assert tokens_of(said, None, MARKETS) == ()


def test_the_mark_at_the_foot_of_amazons_mail_says_the_conversation_and_a_stranger_cannot_say_it():
    amazon, mark = MARKETS["amazon"], "[commMgrTok:A1B2C3D4E5F6G7]"
    said = Facts(direction="inbound", from_=("k3jx9v@marketplace.amazon.de",), text=f"Hello\n\n{mark}\n")
    assert tokens_of(said, amazon, MARKETS) == (f"amazon {mark}",)
    assert tokens_of(Facts(direction="outbound", text=f"> {mark}"), amazon, MARKETS) == (f"amazon {mark}",)
    assert tokens_of(said, None, MARKETS) == ()  # who is nobody's buyer says nothing by it
    for text in ("[commMgrTok:]", "commMgrTok:A1B2C3D4E5F6G7", "[commMgrTok:a b c d e f g h]"):
        assert tokens_of(Facts(direction="inbound", text=text), amazon, MARKETS) == ()
