"""Rule books: every condition, and errors a person can act on."""

from datetime import UTC, datetime

import msgspec
import pytest

from rules.case import Case
from rules.conditions import condition_of, first_failure, matches
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
    OrderSince,
    Reading,
)
from rules.mistakes import Known, faults_of
from rules.ruleset import load_ruleset
from rules.when import When

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
        reply_to=("abc@marketplace.amazon.de",),
        from_name="Maria Keller",
        subject="Wo bleibt mein Paket?",
        text="Die Lampe ist kaputt",
        headers=(("X-Space-Notification-Type", "BBC_MESSAGE_SENT_TO_MERCHANT"),),
        attachments=(
            AttachmentFact(
                filename="Foto.JPG", content_type="image/jpeg", size_bytes=9, sha256="", text="Rechnung 7"
            ),
        ),
        size_bytes=5000,
        occurred_at=datetime(2026, 11, 23, tzinfo=UTC),
        age_s=7200.0,
        language="de",
    ),
    reading=Reading(
        marketplace="amazon",
        operator="fnac-darty",
        kind="buyer_message",
        alias="abc@marketplace.amazon.de",
        products=(FoundProduct(kind="asin", value="B0ABCDEFGH", where="text"),),
        parcels=(FoundParcel(carrier="ups", number="1Z", where="text"),),
    ),
    context=Context(
        thread=(KnownLink(order=ORDER, seq=1, confidence="likely"),),
        order_since=(OrderSince(order=ORDER, at=datetime(2026, 11, 3, tzinfo=UTC)),),
    ),
    links=(Link(order=ORDER, method="thread", confidence="likely", reason=""),),
    tags=("late",),
    clocks=("reply",),
)
YES = [
    {"marketplace": "amazon"}, {"marketplace": ["ebay", "Amazon"]}, {"kind": "buyer_message"}, {"operator": "fnac-darty"}, {"direction": "inbound"},
    {"mailbox": "Support@brand.example"}, {"agent": "anna"}, {"from": "abc@marketplace.amazon.de"}, {"from": "@amazon.de"},
    {"from": "@marketplace.amazon.de"}, {"to": "support@brand.example"}, {"to": ["x@y.example", "hidden@brand.example"]},
    {"subject": "wo bleibt"}, {"subject": ["x", "paket"]}, {"text": "kaputt$"}, {"attachment": "\\.jpg$"},
    {"header": {"x-space-notification-type": "SENT_TO"}}, {"has_attachment": True}, {"has_order": True}, {"order_known": True},
    {"link_confidence": ["certain", "likely"]}, {"tag": "late"}, {"product": "b0abcdefgh"}, {"has_parcel": True},
    {"larger_than_bytes": 4999}, {"smaller_than_bytes": 5001}, {"trusted": True}, {"historical": False}, {},
    {"authenticity": ["none", "pass"]},
    {"marketplace": "amazon", "subject": "paket", "tag": "late"},
    {"alias": "ABC@marketplace.amazon.de"}, {"reply_to": "@amazon.de"}, {"from_name": "^maria"}, {"language": ["fr", "de"]},
    {"attachment_type": "image/*"}, {"attachment_type": "image/jpeg"}, {"attachment_text": "rechnung \\d"},
    {"attachment_larger_than_bytes": 8}, {"order": "11212345677654321"}, {"order": ["x", "112-1234567-7654321"]},
    {"order_older_than_days": 19.5}, {"order_newer_than_days": 21}, {"link_method": "thread"}, {"in_thread": True},
    {"clock": "reply"}, {"parcel": "1z"}, {"carrier": "UPS"}, {"older_than_hours": 1.9}, {"newer_than_hours": 2.1},
    {"all": [{"marketplace": "amazon"}, {"tag": "late"}]}, {"any": [{"tag": "x"}, {"subject": "paket"}]},
    {"none": [{"tag": "x"}, {"subject": "brief"}]}, {"not": {"marketplace": "ebay"}},
    {"any": [{"all": [{"tag": "late"}, {"not": {"tag": "late"}}]}, {"none": [{"any": [{"tag": "x"}]}]}]},
]  # fmt: skip
NO = [
    {"marketplace": "ebay"}, {"marketplace": []}, {"kind": "claim_opened"}, {"operator": ""}, {"direction": "outbound"}, {"mailbox": "brand.example"},
    {"from": "@mazon.de"}, {"from": "abc@marketplace"}, {"to": "@brand"}, {"subject": "^bleibt"}, {"text": "heil"},
    {"attachment": "pdf"}, {"header": {"x-other": ".*"}}, {"has_attachment": False}, {"has_order": False}, {"order_known": False},
    {"link_confidence": "certain"}, {"tag": "urgent"}, {"product": "B0"}, {"has_parcel": False}, {"larger_than_bytes": 5000},
    {"smaller_than_bytes": 5000}, {"trusted": False}, {"authenticity": "fail"}, {"historical": True}, {"marketplace": "amazon", "tag": "urgent"},
    {"alias": "abc"}, {"reply_to": "@ebay.de"}, {"from_name": "anna"}, {"language": "en"}, {"attachment_type": "application/*"},
    {"attachment_text": "mahnung"}, {"attachment_larger_than_bytes": 9}, {"order": "112-1234567-7654322"},
    {"order_older_than_days": 20}, {"order_newer_than_days": 20}, {"link_method": ["stated"]}, {"in_thread": False},
    {"clock": "claim"}, {"parcel": "1Z9"}, {"carrier": "dhl"}, {"older_than_hours": 2}, {"newer_than_hours": 2},
    {"all": [{"marketplace": "amazon"}, {"tag": "x"}]}, {"any": [{"tag": "x"}, {"subject": "brief"}]},
    {"none": [{"tag": "late"}]}, {"not": {"marketplace": "amazon"}},
]  # fmt: skip


def condition(fields):
    return condition_of(msgspec.convert(fields, When), where="a test")


@pytest.mark.parametrize("fields", YES, ids=str)
def test_a_condition_that_matches(fields):
    assert matches(condition(fields), CASE)


@pytest.mark.parametrize("fields", NO, ids=str)
def test_a_condition_that_does_not_match_names_its_field(fields):
    assert not matches(condition(fields), CASE)
    failed = first_failure(condition(fields), CASE)
    assert failed.partition(".")[0].partition("[")[0] in fields


def test_a_failure_inside_groups_is_named_by_its_path():
    fields = {"all": [{"tag": "late"}, {"all": [{"tag": "late"}, {"subject": "brief"}]}]}
    assert first_failure(condition(fields), CASE) == "all[1].all[1].subject"
    assert first_failure(condition({"none": [{"tag": "x"}, {"tag": "late"}]}), CASE) == "none[1]"


def test_an_age_nobody_knows_is_on_neither_side():
    case = Case(facts=Facts(direction="inbound"), reading=Reading(), context=Context(), links=CASE.links)
    for field in ("order_older_than_days", "order_newer_than_days"):
        assert not matches(condition({field: 0}), case)


def test_every_field_of_when_is_tried_in_these_tables():
    named = {field.encode_name for field in msgspec.structs.fields(When)}
    assert named == {name for fields in YES for name in fields}


HEAD = '[[rule]]\nname = "first"\n\n# a comment\n[[rule]]\nname = "late"\n'
NESTED = (
    HEAD
    + """[rule.when]
direction = "inbound"
any = [
  { tag = "a" },
  { none = [
      { subject = "x" },
      { subjct = "y" },
  ] },
]
"""
)
DEEP = HEAD + "when = " + "{ not = " * 9 + "{ tag = 'x' }" + " }" * 9
WRONG = {
    "typo in a condition": (HEAD + 'when = { marketplce = "amazon" }', 7, "rule[1].when.marketplce", "did you mean `marketplace`"),
    "typo in a nested group": (NESTED, 13, "rule[1].when.any[1].none[1].subjct", "did you mean `subject`"),
    "typo in a rule": (HEAD + "stopp = true", 7, "rule[1].stopp", "did you mean `stop`"),
    "unknown action": (HEAD + 'then = [{ do = "delete" }]', 7, "rule[1].then[0].do", "no action 'delete'"),
    "misspelt action": (HEAD + 'then = [\n  { do = "tag", name = "x" },\n  { do = "asign", to = "anna" },\n]', 9, "rule[1].then[1].do", "did you mean `assign`"),
    "misspelt field of an action": (HEAD + '[[rule.then]]\ndo = "tag"\nnme = "x"', 9, "rule[1].then[0].nme", "did you mean `name`"),
    "action without its field": (HEAD + 'then = [{ do = "tag" }]', 7, "rule[1].then[0]", "required field `name`"),
    "action that is no table": (HEAD + 'then = ["tag"]', 7, "rule[1].then[0]", "an action says what to do"),
    "action in one bracket": (HEAD + '[rule.then]\ndo = "tag"', 7, "rule[1].then", "then is a list"),
    "wrong type": (HEAD + "when = { has_attachment = 1 }", 7, "rule[1].when.has_attachment", "must be true or false, not a whole number"),
    "wrong type in a list": (HEAD + "when = { subject = ['a', 1] }", 7, "rule[1].when.subject", "[1]: must be a text"),
    "look-around": (HEAD + "when = { subject = '(?=x)' }", 7, "rule[1].when.subject", "look-around"),
    "second pattern of a list": (HEAD + "[rule.when]\nsubject = [\n'a',\n'(',\n]", 10, "rule[1].when.subject[1]", "missing )"),
    "regex bomb": (HEAD + "when = { subject = '(?:(?:a{1,30}b){1,30}c){1,30}' }", 7, "rule[1].when.subject", "RE2"),
    "regex bomb that RE2 itself takes": (HEAD + "when = { text = '(?:[ä-ӿ]{1,30}x){1,30}' }", 7, "rule[1].when.text", "Counted repeats"),
    "wrong header pattern": (HEAD + "when = { header = { X-A = '(' } }", 7, "rule[1].when.header.X-A", "missing )"),
    "wrong link pattern": (HEAD + "then = [{ do = 'link', marketplace = 'a', pattern = '[' }]", 7, "rule[1].then[0].pattern", "missing ]"),
    "same name": (HEAD.replace("first", "late"), 5, "rule[1]", "another rule has this name, in line 1"),
    "no name": ("[[rule]]\nstop = true", 1, "rule[0]", "a rule needs a name"),
    "no address": (HEAD + 'then = [{ do = "forward", to = "anna" }]', 7, "rule[1].then[0].to", "'anna' is no e-mail address"),
    "a tag of two words": (HEAD + 'then = [{ do = "tag", name = "very late" }]', 7, "rule[1].then[0].name", "one word"),
    "wrong mark": (HEAD + 'then = [{ do = "mark", as = "red" }]', 7, "rule[1].then[0]", "as: Invalid enum value 'red'"),
    "no TOML": ("\nrule = \n", 2, "", "not TOML"),
    "wrong table": ("[[rules]]\nname = 'x'", 1, "rules", "did you mean `rule`"),
    "a rule that is no table": ("rule = [1]", 1, "rule[0]", "a rule is a table"),
    "rules in one bracket": ("[rule]\nname = 'x'", 1, "rule", "two brackets"),
    "a group that is no list": (HEAD + "when = { any = { tag = 'x' } }", 7, "rule[1].when.any", "any is a list of groups"),
    "an empty group": (HEAD + "when = { any = [{}] }", 7, "rule[1].when.any[0]", "says nothing"),
    "an empty list of groups": (HEAD + "when = { none = [] }", 7, "rule[1].when.none", "none is a list of groups"),
    "too deep": (DEEP, 7, "rule[1].when" + ".not" * 9, "8 deep at most"),
    "misspelt direction": (HEAD + "when = { direction = 'inbond' }", 7, "rule[1].when.direction", "did you mean `inbound`"),
    "a language nobody can detect": (HEAD + "when = { language = 'german' }", 7, "rule[1].when.language", "no language 'german'"),
}  # fmt: skip


@pytest.mark.parametrize("text, line, path, words", WRONG.values(), ids=WRONG.keys())
def test_a_wrong_rule_book_says_in_which_line_at_which_path_and_what_to_do(text, line, path, words):
    (fault,) = faults_of(text, file="rules.toml")
    assert (fault.line, fault.path) == (line, path)
    assert words in str(fault)
    with pytest.raises(BookError) as wrong:
        load_ruleset(text)
    assert wrong.value.faults == (fault,)


def test_every_fault_is_told_at_once():
    text = (
        HEAD + "stopp = 1\nwhen = { subjct = 'x', any = [{ tg = 'y' }] }\nthen = [{ do = 'tga' }]\n[[rule]]\n"
    )
    assert [fault.line for fault in faults_of(text, file="rules.toml")] == [7, 8, 8, 9, 10]
    with pytest.raises(BookError, match="and 4 more: docket rules check"):
        load_ruleset(text)


def test_names_are_checked_against_what_is_known(marketplaces):
    known = Known(marketplaces=frozenset(marketplaces.marketplaces))
    text = (
        f"{HEAD}when = {{ marketplace = ['ebay', 'amzon', ''], kind = 'claim_open' }}\n"
        "then = [{ do = 'link', marketplace = 'amazn', pattern = 'x' }, { do = 'link', marketplace = 'ours', pattern = 'x' }]"
    )
    assert [
        (fault.path, str(fault).rpartition("; ")[2]) for fault in faults_of(text, file="", known=known)
    ] == [
        ("rule[1].when.marketplace[1]", "did you mean `amazon`?"),
        ("rule[1].when.kind", "did you mean `claim_opened`?"),
        ("rule[1].then[0].marketplace", "did you mean `amazon`?"),
    ]
    assert [fault.path for fault in faults_of(text, file="")] == ["rule[1].when.kind"]


def test_patterns_that_share_a_screen_find_what_each_finds_alone():
    words = ["kaputt", "(?P<id>lampe)", "x{3}", "(?P<id>ist)", "^die", "nichts"] * 12
    rules = "\n".join(
        f"[[rule]]\nname = '{number}'\nwhen = {{ text = '{word}' }}" for number, word in enumerate(words)
    )
    found = [matches(rule.condition, CASE) for rule in load_ruleset(rules).rules]
    assert found == [word not in {"x{3}", "nichts"} for word in words]
    other = Case(facts=Facts(direction="inbound", text="nothing"), reading=Reading(), context=Context())
    assert not any(matches(rule.condition, other) for rule in load_ruleset(rules).rules)


def test_an_empty_rule_book_is_one():
    assert load_ruleset("").rules == ()
    assert load_ruleset("").asks == frozenset()


def test_a_rule_set_says_what_its_rules_ask_for():
    text = "[[rule]]\nname = 'a'\nwhen = { any = [{ none = [{ language = 'de' }] }, { tag = 'x' }] }"
    assert load_ruleset(text).asks == {"any", "none", "language", "tag"}
