"""Why a message waits for a person's word."""

import pytest

from rules.facts import Link, OrderRef
from rules.review import Standing, why_review

A1 = OrderRef(marketplace="amazon", value="112-1234567-0000001")
A2 = OrderRef(marketplace="amazon", value="112-1234567-0000002")


def link(order=A1, confidence="certain", *, by_hand=False, groundless=False, **more):
    one = Link(order=order, method="stated", confidence=confidence, reason=f"{confidence} because", **more)
    return Standing(link=one, by_hand=by_hand, groundless=groundless)


CASES = {
    # name: what is known, what it waits for
    "a buyer's, linked to nothing": ({"alias": "b@m"}, ["unlinked"]),
    "a claim, linked to nothing": ({"kind": "claim_opened"}, ["unlinked"]),
    "someone said it has no order": ({"alias": "b@m", "belongs_to_none": True}, []),
    "a newsletter": ({"kind": ""}, []),
    "our own answer": ({"direction": "outbound", "alias": "b@m"}, []),
    "to an unknown drop address": ({"dropped": ("9-9",)}, ["unlinked"]),
    "surely linked": ({"links": [link()]}, []),
    "likely linked": ({"links": [link(confidence="likely")]}, []),
    "possibly linked": ({"links": [link(confidence="possible")]}, ["possible"]),
    "possibly, and surely by another way": ({"links": [link(confidence="possible"), link()]}, []),
    "confirmed": ({"links": [link(confidence="possible"), link(by_hand=True)]}, []),
    "one confirmed, one not": ({"links": [link(by_hand=True), link(A2, "possible")]}, ["possible"]),
    "against itself": ({"links": [link(A1, "possible", doubt="contradiction"), link(A2)]}, ["contradiction"]),
    "unknown to the reports": ({"links": [link(confidence="likely", doubt="unknown")]}, ["unknown"]),
    "rests on what was taken back": ({"links": [link(groundless=True)]}, ["ground"]),
    "rests on that and on more": ({"links": [link(groundless=True), link()]}, []),
    "the gravest first": (
        {"links": [link(A2, "possible"), link(A1, "possible", doubt="contradiction")]},
        ["contradiction", "possible"],
    ),
}  # fmt: skip


@pytest.mark.parametrize(("known", "expected"), CASES.values(), ids=CASES.keys())
def test_a_message_waits(known, expected):
    found = why_review(**{"direction": "inbound", "kind": "", "alias": "", "links": [], **known})
    assert [one.why for one in found] == expected
    assert all(len(one.said) > 10 for one in found)
