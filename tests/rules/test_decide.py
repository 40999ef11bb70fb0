"""Decisions: repeatable, replayable, and without effects where nothing may happen."""

import hashlib
from dataclasses import replace

import msgspec
import pytest

from rules.decide import decide, explain_rules
from rules.explain import explain
from rules.facts import Authentic, Context, Decision, Facts, KnownLink, OrderRef
from rules.read import read
from rules.ruleset import load_ruleset

ORDER = OrderRef(marketplace="amazon", value="302-1234567-7654321")
RULES = load_ruleset("""
[[rule]]
name = "late"
when = { marketplace = "amazon", direction = "inbound", subject = ["wo bleibt", "where is"] }
then = [{ do = "tag", name = "late" }, { do = "mark", as = "urgent" }, { do = "forward", to = "boss@shop.example" }, { do = "notify", to = "boss@shop.example" }]

[[rule]]
name = "ours"
when = { tag = "late" }
then = [{ do = "link", marketplace = "shop", pattern = 'ticket (\\w+)' }, { do = "assign", to = "anna" }, { do = "hold" }]
stop = true

[[rule]]
name = "never"
then = [{ do = "tag", name = "never" }]
""")  # fmt: skip
FACTS = Facts(
    direction="inbound",
    trusted=True,
    from_=("abc123def456ghi@marketplace.amazon.de",),
    subject="Wo bleibt mein Paket? (Bestellung: 302-1234567-7654321) ticket ab12",
)


@pytest.fixture
def decided(marketplaces):
    def run(facts=FACTS, context=None, ruleset=RULES):
        return decide(facts, read(facts, marketplaces), context or Context(), ruleset, marketplaces)

    return run


def test_rules_add_tags_actions_and_links_in_their_order(decided):
    decision = decided()
    assert decision.tags == ("late", "urgent", "assigned:anna")
    assert [action["do"] for action in decision.actions] == [
        "tag",
        "mark",
        "forward",
        "notify",
        "link",
        "assign",
        "hold",
    ]
    assert decision.actions[1] == {"do": "mark", "as": "urgent"}
    assert [(link.order.value, link.method, link.confidence) for link in decision.links] == [
        ("302-1234567-7654321", "stated", "certain"),
        ("AB12", "rule", "likely"),
    ]


@pytest.mark.parametrize(
    ("said", "agent", "tags"),
    [
        ("Late parcel, DE!", "anna", ("template/late-parcel-de",)),
        ("x" * 100, "anna", (f"template/{'x' * 40}",)),
        (" ", "anna", ()),
        ("Late", "", ()),
    ],
)
def test_the_template_that_an_agent_s_client_names_is_a_tag(marketplaces, said, agent, tags):
    facts = Facts(direction="outbound", agent=agent, headers=(("X-Template", said),))
    assert decide(facts, read(facts, marketplaces), Context(), load_ruleset(""), marketplaces).tags == tags
    inbound = replace(facts, direction="inbound")
    assert decide(inbound, read(inbound, marketplaces), Context(), load_ruleset(""), marketplaces).tags == ()


def test_the_same_arguments_give_the_same_decision_and_it_survives_json(decided):
    context = Context(
        thread=(KnownLink(order=ORDER, seq=3, confidence="likely"),),
        known_orders=frozenset(OrderRef(marketplace="amazon", value=str(number)) for number in range(20)),
    )
    first, second = decided(context=context), decided(context=context)
    assert first == second
    as_json = msgspec.json.encode(first, order="sorted")
    assert as_json == msgspec.json.encode(second, order="sorted")
    assert msgspec.json.decode(as_json, type=Decision) == first
    assert msgspec.convert(msgspec.to_builtins(first), Decision) == first


def test_an_identical_retry_is_linked_but_nothing_is_done(decided):
    decision = decided(context=Context(retry_of=5))
    assert [link.order for link in decision.links] == [ORDER]
    assert (decision.tags, decision.actions) == ((), ())
    assert "the same message as 5 came again: no rule is tried" in decision.reasons


def test_history_is_tagged_but_nothing_leaves_the_house(decided):
    decision = decided(facts=replace(FACTS, historical=True))
    assert decision.tags == ("late", "urgent")
    assert [action["do"] for action in decision.actions] == ["tag", "mark", "link"]
    assert "rule “late” would forward, but this message is history" in decision.reasons


def test_the_books_are_the_hashes_of_every_text_that_took_part(decided, marketplaces):
    books = decided().books
    assert hashlib.sha256(RULES.text.encode()).hexdigest() == books[-1]
    for text in marketplaces.texts.values():
        assert hashlib.sha256(text.encode()).hexdigest() in books
    assert len(books) == len(marketplaces.texts) + 1


def test_a_rule_cannot_weaken_a_link(decided):
    ruleset = load_ruleset("""
[[rule]]
name = "again"
then = [{ do = "link", marketplace = "amazon", pattern = '302-\\d+-\\d+' }]
""")
    (link,) = decided(ruleset=ruleset).links
    assert (link.method, link.confidence) == ("stated", "certain")


def test_without_rules_there_are_links_and_reasons_alone(decided):
    decision = decided(ruleset=load_ruleset(""))
    assert decision.links
    assert decision.actions == ()


def test_explain_rules_says_which_field_failed_and_what_was_not_tried(marketplaces):
    facts = Facts(direction="inbound", subject="hello")
    tried = explain_rules(facts, read(facts, marketplaces), Context(), RULES, marketplaces)
    assert [(one.rule, one.matched, one.failed) for one in tried] == [
        ("late", False, "marketplace"),
        ("ours", False, "tag"),
        ("never", True, ""),
    ]
    tried = explain_rules(FACTS, read(FACTS, marketplaces), Context(), RULES, marketplaces)
    assert [(one.matched, one.skipped) for one in tried] == [(True, False), (True, False), (False, True)]


def test_a_decision_is_explained_in_lines(decided):
    lines = explain(decided())
    assert lines[0] == "amazon, buyer message, from or to the buyer abc123def456ghi@marketplace.amazon.de"
    assert lines[1] == (
        "amazon order 302-1234567-7654321: certain, the subject says “302-1234567-7654321”, the form of Amazon order IDs, "
        "after “Bestellung”, in mail from or to Amazon; sent by abc123def456ghi@marketplace.amazon.de, checked by a trusted server"
    )
    assert "rule “late”: tag late" in lines
    nothing = explain(decided(facts=Facts(direction="inbound"), ruleset=load_ruleset("")))
    assert nothing == ["no marketplace recognised by its addresses", "linked to no order"]


def test_a_notice_is_explained_with_its_shop_its_term_and_who_wrote_it(decided):
    facts = Facts(
        direction="inbound",
        trusted=True,
        from_=("atoz-guarantee-no-reply@amazon.de",),
        subject="Neuer A-bis-z-Garantieantrag für Bestellung 302-1234567-7654321",
        text="Bitte antworten Sie innerhalb von 3 Kalendertagen.",
    )
    lines = explain(decided(facts=facts, ruleset=load_ruleset("")))
    assert lines[:2] == [
        "amazon, claim opened",
        "an answer is wanted “innerhalb von 3 Kalendertagen”, says the text",
    ]
    shop = Facts(direction="inbound", from_=("a.b@notification.mirakl.net",), from_name="Fnac Darty")
    assert explain(decided(facts=shop, ruleset=load_ruleset("")))[0].startswith(
        "mirakl (fnac-darty), buyer message"
    )
    copy = Facts(
        direction="inbound", trusted=True, from_=("donotreply@amazon.de",), subject="Seu e-mail para Maria"
    )
    assert "written by somebody of ours" in explain(decided(facts=copy, ruleset=load_ruleset("")))[1]


COPY = Facts(direction="inbound", from_=("donotreply@amazon.com",), subject="Seu e-mail para Maria")


@pytest.mark.parametrize(
    "facts, direction",
    [
        (replace(COPY, trusted=True), "outbound"),
        (replace(COPY, authentic=Authentic(result="pass", proven=("amazon.com",))), "outbound"),
        (replace(COPY, authentic=Authentic(result="pass", proven=("mail.example",))), ""),
        (replace(COPY, authentic=Authentic(result="fail", claimed="amazon.com")), ""),
        (COPY, ""),
    ],
)
def test_the_copy_of_our_answer_is_outbound_only_where_the_marketplace_is_shown_to_have_sent_it(
    decided, facts, direction
):
    reading = decided(facts=facts, ruleset=load_ruleset("")).reading
    assert (reading.kind, reading.direction) == ("own_answer_copy", direction)
