"""The evidence drop address: what it is, and who files there for sure."""

import pytest

from rules.drop import NO_DROP, DropAddress
from rules.facts import Context, Dropped, Facts, OrderRef, Reading
from rules.links import links_of

DROP = DropAddress(address="order@brand.example", senders=("boss@brand.example", "@warehouse.example"))
A1 = OrderRef(marketplace="amazon", value="112-1234567-0000001")


@pytest.mark.parametrize(
    ("recipient", "ref"),
    [
        ("order+112-1234567-1234567@brand.example", "112-1234567-1234567"),
        ("ORDER+02116_325104572-A@BRAND.example", "02116_325104572-A"),
        ('"order+12 34"@brand.example', "12 34"),
        ("order+a+b@brand.example", "a+b"),
        ("order+@brand.example", None),
        ("order@brand.example", None),
        ("orders+1@brand.example", None),
        ("order+1@evil-brand.example", None),
        ("order+1@brand.example.evil", None),
        ("order+" + "1" * 65 + "@brand.example", None),
        ("order+1\x07@brand.example", None),
        ("", None),
        ("@", None),
    ],
)
def test_a_reference_is_read_from_the_address(recipient, ref):
    assert DROP.ref_of(recipient) == ref
    assert NO_DROP.ref_of(recipient) is None


def test_a_flood_of_references_is_cut():
    assert len(DROP.refs_of(f"order+{n}@brand.example" for n in range(10_000))) == 10


def test_a_message_goes_only_there_or_elsewhere_too():
    assert DROP.is_only(["order+1@brand.example"])
    assert not DROP.is_only(["order+1@brand.example", "support@brand.example"])
    assert not DROP.is_only([])


@pytest.mark.parametrize(
    ("facts", "sure"),
    [
        ({"agent": "anna", "from_": ("x@elsewhere.example",)}, True),
        ({"from_": ("boss@brand.example",), "trusted": True}, True),
        ({"from_": ("jo@dock.warehouse.example",), "trusted": True}, True),
        ({"from_": ("boss@brand.example",)}, False),
        ({"from_": ("jo@evilwarehouse.example",), "trusted": True}, False),
        ({"from_": ("x@elsewhere.example", "boss@brand.example"), "trusted": True}, False),
        ({"trusted": True}, False),
    ],
    ids=["an agent", "on the list", "their domain", "forged", "another domain", "second author", "nobody"],
)
def test_who_files_for_sure(facts, sure):
    assert DROP.may_file(Facts(direction="inbound", **facts)) is sure


@pytest.mark.parametrize(
    ("dropped", "expected"),
    [
        (Dropped(ref="1", orders=(A1,), sure=True), [("drop", "certain")]),
        (Dropped(ref="1", orders=(A1,)), [("drop", "possible")]),
        (Dropped(ref="1", orders=(A1, A1)), []),
        (Dropped(ref="1"), []),
    ],
    ids=["for sure", "as a proposal", "two orders", "none"],
)
def test_what_is_sent_there_is_filed(dropped, expected):
    links, missed = links_of(Facts(direction="inbound"), Reading(), Context(dropped=(dropped,)))
    assert [(link.method, link.confidence) for link in links] == expected
    assert bool(missed) is not bool(expected)
