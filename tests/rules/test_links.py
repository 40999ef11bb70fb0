"""Which order a message belongs to, and how sure that may be at most."""

import pytest

from rules.facts import Context, Facts, FoundOrder, KnownLink, OrderRef, Reading
from rules.links import links_of

A1 = OrderRef(marketplace="amazon", value="112-1234567-0000001")
A2 = OrderRef(marketplace="amazon", value="112-1234567-0000002")
E1 = OrderRef(marketplace="ebay", value="12-34567-00001")


def says(order, confidence="certain", *, quoted=False, where="text"):
    return FoundOrder(
        order=order, where=where, span=(0, 1), confidence=confidence, quoted=quoted, reason="the text says so"
    )


def knows(order, confidence="certain", seq=7):
    return KnownLink(order=order, seq=seq, confidence=confidence)


IN = {"direction": "inbound", "from_": ("abc@marketplace.amazon.de",)}
OUT = {"direction": "outbound", "agent": "anna", "to": ("abc@marketplace.amazon.de",)}
TRUSTED = {**IN, "trusted": True}
CASES = {
    # name: facts, finds, context, {order: (method, confidence)}
    "a stranger states it": (IN, [says(A1)], {}, {A1: ("stated", "possible")}),
    "a stranger states a known one": (IN, [says(A1)], {"known_orders": {A1}}, {A1: ("stated", "possible")}),
    "a checked sender states it": (TRUSTED, [says(A1)], {}, {A1: ("stated", "certain")}),
    "a checked sender quotes it": (TRUSTED, [says(A1, quoted=True)], {}, {A1: ("stated", "likely")}),
    "a checked sender states another marketplace's": (TRUSTED, [says(E1)], {}, {E1: ("stated", "likely")}),
    "a checked sender, weak find": (TRUSTED, [says(A1, "possible")], {}, {A1: ("stated", "possible")}),
    "an agent states it": (OUT, [says(A1)], {}, {A1: ("stated", "likely")}),
    "an agent states the thread's": (OUT, [says(A1, "likely")], {"thread": [A1]}, {A1: ("stated", "certain")}),
    "an agent quotes it": (OUT, [says(A1, "certain", quoted=True)], {}, {A1: ("stated", "likely")}),
    "an agent quotes it, weaker": (OUT, [says(A1, "likely", quoted=True)], {}, {A1: ("stated", "possible")}),
    "an agent quotes the thread's": (OUT, [says(A1, quoted=True)], {"thread": [A1]}, {A1: ("thread", "certain")}),
    "two orders": (TRUSTED, [says(A1), says(A2, "likely")], {}, {A1: ("stated", "certain"), A2: ("stated", "likely")}),
    "own word before a quoted one": (TRUSTED, [says(A1, quoted=True), says(A1, "likely")], {}, {A1: ("stated", "likely")}),
    "the thread's": (TRUSTED, [], {"thread": [A1]}, {A1: ("thread", "certain")}),
    "the thread's, from a stranger": (IN, [], {"thread": [A1]}, {A1: ("thread", "likely")}),
    "the thread's was only possible": (TRUSTED, [], {"thread": [(A1, "possible")]}, {A1: ("thread", "possible")}),
    "the thread's, outbound": (OUT, [], {"thread": [(A1, "likely")]}, {A1: ("thread", "likely")}),
    "names another than the thread's": (TRUSTED, [says(A2)], {"thread": [A1]}, {A2: ("stated", "possible"), A1: ("thread", "possible")}),
    "a stranger names the thread's": (IN, [says(A1)], {"thread": [A1]}, {A1: ("thread", "likely")}),
    "the buyer's only order": (TRUSTED, [], {"alias": [A1]}, {A1: ("alias", "likely")}),
    "the buyer's only order, unchecked": (IN, [], {"alias": [A1]}, {A1: ("alias", "possible")}),
    "the buyer's only order, often": (TRUSTED, [], {"alias": [(A1, "possible"), A1]}, {A1: ("alias", "likely")}),
    "the buyer has two orders": (TRUSTED, [], {"alias": [A1, A2]}, {}),
    "the buyer is not asked where an order stands": (TRUSTED, [says(A2)], {"alias": [A1]}, {A2: ("stated", "certain")}),
    "the buyer is not asked where a thread is": (TRUSTED, [], {"alias": [A1], "thread": [A2]}, {A2: ("thread", "certain")}),
    "a quoted order does not silence the buyer": (TRUSTED, [says(A2, quoted=True)], {"alias": [A1]}, {A2: ("stated", "likely"), A1: ("alias", "likely")}),
    "nothing known": (IN, [], {}, {}),
}  # fmt: skip


def _known(entries):
    return tuple(knows(*entry) if isinstance(entry, tuple) else knows(entry) for entry in entries)


@pytest.mark.parametrize("facts, finds, context, expected", CASES.values(), ids=CASES.keys())
def test_links(facts, finds, context, expected):
    links, _ = links_of(
        Facts(**facts),
        Reading(marketplace="amazon", alias="abc@marketplace.amazon.de", orders=tuple(finds)),
        Context(
            thread=_known(context.get("thread", [])),
            alias=_known(context.get("alias", [])),
            known_orders=frozenset(context.get("known_orders", [])),
        ),
    )
    assert {link.order: (link.method, link.confidence) for link in links} == expected
    assert all(len(link.reason) > 10 for link in links)


def test_a_stranger_never_gets_more_than_possible_by_stating():
    for confidence in ("certain", "likely", "possible"):
        links, _ = links_of(
            Facts(**IN), Reading(marketplace="amazon", orders=(says(A1, confidence),)), Context()
        )
        assert [link.confidence for link in links] == ["possible"]


def test_a_reason_names_the_words_the_place_and_the_sender():
    (link,), _ = links_of(Facts(**TRUSTED), Reading(marketplace="amazon", orders=(says(A1),)), Context())
    assert link.reason == "the text says so; sent by abc@marketplace.amazon.de, checked by a trusted server"


def test_a_buyer_with_several_orders_is_left_to_a_person_with_a_reason():
    links, missed = links_of(
        Facts(**IN), Reading(alias="abc@marketplace.amazon.de"), Context(alias=(knows(A1), knows(A2)))
    )
    assert not links
    assert missed == (
        f"the buyer abc@marketplace.amazon.de has 2 open orders ({A1.value}, {A2.value}); link this message by hand",
    )


def test_a_list_of_orders_is_cut_and_said_so():
    finds = tuple(says(OrderRef(marketplace="amazon", value=str(number))) for number in range(50))
    links, missed = links_of(Facts(**IN), Reading(orders=finds), Context())
    assert len(links) == 20
    assert missed == ("50 orders are named; only the 20 surest are linked",)
