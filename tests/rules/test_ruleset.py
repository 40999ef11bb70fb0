"""Rule books: every condition, and errors a person can act on."""

import pytest

from rules.conditions import Case, When, condition_of, first_failure, matches
from rules.errors import BookError
from rules.facts import (
    AttachmentFact,
    Authentic,
    Context,
    Facts,
    FoundParcel,
    FoundProduct,
    KnownLink,
    Link,
    OrderRef,
    Reading,
)
from rules.ruleset import load_ruleset

ORDER = OrderRef(marketplace="amazon", value="112-1234567-7654321")
CASE = Case(
    facts=Facts(
        direction="inbound",
        mailbox="support@brand.example",
        agent="Anna",
        trusted=True,
        authentic=Authentic(result="pass"),
        from_=("abc@marketplace.amazon.de",),
        to=("support@brand.example",),
        rcpt_to=("hidden@brand.example",),
        subject="Wo bleibt mein Paket?",
        text="Die Lampe ist kaputt",
        headers=(("X-Space-Notification-Type", "BBC_MESSAGE_SENT_TO_MERCHANT"),),
        attachments=(
            AttachmentFact(filename="Foto.JPG", content_type="image/jpeg", size_bytes=9, sha256=""),
        ),
        size_bytes=5000,
    ),
    reading=Reading(
        marketplace="amazon",
        kind="buyer_message",
        products=(FoundProduct(kind="asin", value="B0ABCDEFGH", where="text"),),
        parcels=(FoundParcel(carrier="ups", number="1Z", where="text"),),
    ),
    context=Context(thread=(KnownLink(order=ORDER, seq=1, confidence="likely"),)),
    links=(Link(order=ORDER, method="thread", confidence="likely", reason=""),),
    tags=("late",),
)
YES = [
    {"marketplace": "amazon"}, {"marketplace": ["ebay", "Amazon"]}, {"kind": "buyer_message"}, {"direction": "inbound"},
    {"mailbox": "Support@brand.example"}, {"agent": "anna"}, {"from": "abc@marketplace.amazon.de"}, {"from": "@amazon.de"},
    {"from": "@marketplace.amazon.de"}, {"to": "support@brand.example"}, {"to": ["x@y.example", "hidden@brand.example"]},
    {"subject": "wo bleibt"}, {"subject": ["x", "paket"]}, {"text": "kaputt$"}, {"attachment": "\\.jpg$"},
    {"header": {"x-space-notification-type": "SENT_TO"}}, {"has_attachment": True}, {"has_order": True}, {"order_known": True},
    {"link_confidence": ["certain", "likely"]}, {"tag": "late"}, {"product": "b0abcdefgh"}, {"has_parcel": True},
    {"larger_than_bytes": 4999}, {"smaller_than_bytes": 5001}, {"trusted": True}, {"historical": False}, {},
    {"authenticity": ["none", "pass"]},
    {"marketplace": "amazon", "subject": "paket", "tag": "late"},
]  # fmt: skip
NO = [
    {"marketplace": "ebay"}, {"marketplace": []}, {"kind": "claim_opened"}, {"direction": "outbound"}, {"mailbox": "brand.example"},
    {"from": "@mazon.de"}, {"from": "abc@marketplace"}, {"to": "@brand"}, {"subject": "^bleibt"}, {"text": "heil"},
    {"attachment": "pdf"}, {"header": {"x-other": ".*"}}, {"has_attachment": False}, {"has_order": False}, {"order_known": False},
    {"link_confidence": "certain"}, {"tag": "urgent"}, {"product": "B0"}, {"has_parcel": False}, {"larger_than_bytes": 5000},
    {"smaller_than_bytes": 5000}, {"trusted": False}, {"authenticity": "fail"}, {"historical": True}, {"marketplace": "amazon", "tag": "urgent"},
]  # fmt: skip


def condition(fields):
    import msgspec

    return condition_of(msgspec.convert(fields, When), where="a test")


@pytest.mark.parametrize("fields", YES, ids=str)
def test_a_condition_that_matches(fields):
    assert matches(condition(fields), CASE)


@pytest.mark.parametrize("fields", NO, ids=str)
def test_a_condition_that_does_not_match_names_its_field(fields):
    assert not matches(condition(fields), CASE)
    assert first_failure(condition(fields), CASE).partition(".")[0] in fields


def test_every_field_of_when_is_tried_in_these_tables():
    import msgspec

    named = {field.encode_name for field in msgspec.structs.fields(When)}
    assert named == {name for fields in YES for name in fields}


HEAD = '[[rule]]\nname = "first"\n\n# a comment\n[[rule]]\nname = "late"\n'
WRONG = {
    "typo in a condition": (HEAD + 'when = { marketplce = "amazon" }', ["line 5", "rule 2 (late)", "marketplce", "did you mean `marketplace`"]),
    "typo in a rule": (HEAD + "stopp = true", ["rule 2 (late)", "did you mean `stop`"]),
    "unknown action": (HEAD + 'then = [{ do = "delete" }]', ["rule 2 (late)", "'delete'", "$.rule[1].then[0].do"]),
    "action without its field": (HEAD + 'then = [{ do = "tag" }]', ["rule 2", "required field `name`"]),
    "wrong type": (HEAD + "when = { has_attachment = 1 }", ["rule 2", "Expected `bool", "has_attachment"]),
    "look-around": (HEAD + "when = { subject = '(?=x)' }", ["rule 2 (late), when.subject", "look-around"]),
    "wrong header pattern": (HEAD + "when = { header = { X-A = '(' } }", ["when.header.x-a"]),
    "wrong link pattern": (HEAD + "then = [{ do = 'link', marketplace = 'a', pattern = '[' }]", ["then link.pattern"]),
    "same name": (HEAD.replace("first", "late"), ["line 5", "another rule has this name"]),
    "no name": ("[[rule]]\nstop = true", ["line 1", "required field `name`"]),
    "no address": (HEAD + 'then = [{ do = "forward", to = "anna" }]', ["'anna' is no e-mail address"]),
    "a tag of two words": (HEAD + 'then = [{ do = "tag", name = "very late" }]', ["one word", "'very late'"]),
    "wrong mark": (HEAD + 'then = [{ do = "mark", as = "red" }]', ["$.rule[1].then[0].as"]),
    "no TOML": ("rule = ", ["not TOML", "rules.toml"]),
    "wrong table": ("[[rules]]\nname = 'x'", ["did you mean `rule`"]),
    "a rule that is no table": ("rule = [1]", ["$.rule[0]"]),
}  # fmt: skip


@pytest.mark.parametrize("text, words", WRONG.values(), ids=WRONG.keys())
def test_a_wrong_rule_book_says_where_and_what_to_do(text, words):
    with pytest.raises(BookError) as wrong:
        load_ruleset(text)
    for word in words:
        assert word in str(wrong.value)


def test_an_empty_rule_book_is_one():
    assert load_ruleset("").rules == ()
