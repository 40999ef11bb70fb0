"""Nothing that the rules, the policy and the log can say is unknown to the pages in French and German: by what they say, and by their source."""

import ast
import itertools
import re
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

import pytest

from gateway import tongue
from gateway.evidence.custody import words_of
from gateway.tongue import speak
from gateway.web.sealed.retelling import SENTENCES, retold
from rules.belief import Belief
from rules.clocks import deadlines_of
from rules.decide import decide
from rules.examples import facts_of_example
from rules.explain import explain
from rules.facts import Authentic, Context, Dropped, Facts, KnownLink, OrderRef, Reading, Reported
from rules.marketplace import builtin
from rules.policy import Asked, Finding, check_outgoing
from rules.read import read
from rules.review import Standing, why_review
from rules.ruleset import load_ruleset
from rules.traffic import Caps, Passed, check_traffic
from rules.weights import DEFAULTS, Settings
from tests.rules.test_decide import FACTS, RULES
from tests.rules.test_links import CASES as LINKS
from tests.rules.test_policy import CASES as POLICY

ROOT = Path(__file__).resolve().parents[3]
BUILTIN = builtin()
NOW = datetime(2026, 11, 27, 12, tzinfo=UTC)
ORDERS = [OrderRef(marketplace="amazon", value=f"302-1234567-765432{n}") for n in range(6)]
EXAMPLES = [example for market in BUILTIN.marketplaces.values() for example in market.file.example]


@pytest.fixture(autouse=True)
def bracketed(monkeypatch):
    """Speak a language in which every text of ours stands in brackets, so that what is known is seen to be."""

    class Brackets:
        def gettext(self, text):
            return f"⟦{text}⟧"

    monkeypatch.setattr(tongue, "_catalogue", lambda _: Brackets())
    speak("de")
    yield
    speak("en")


def unknown(sentences):
    return sorted({one for one in sentences if " " in one and "⟦" not in retold(one)})


def known(*numbers, **more):
    return tuple(
        KnownLink(order=ORDERS[n], seq=7, confidence="likely", **{"why": "1Z5R89390357567127", **more})
        for n in numbers
    )


SENDERS = [
    {"trusted": True},
    {},
    {"authentic": Authentic(result="pass", proven=("amazon.de",), reason="signed by amazon.de")},
    {"authentic": Authentic(result="pass", proven=("a.example",), reason="passed on by a.example, which had checked that it is from b.example")},
    {"authentic": Authentic(result="none", reason="nothing proves who sent it")},
    {"authentic": Authentic(result="temperror", reason="DNS gave no answer, so nobody could check who sent it")},
    {"authentic": Authentic(result="permerror", reason="the From field names several domains")},
    {"authentic": Authentic(result="fail", claimed="marketplace.amazon.de", reason="claims to be from marketplace.amazon.de, but its signature does not verify: the body is not the one that was signed")},
    {"authentic": Authentic(result="fail", claimed="x.example", reason="claims to be from x.example, but is neither signed by it nor sent by its servers")},
    {"from_": (), "mail_from": ""},
    {"direction": "outbound", "agent": "anna"},
    {"direction": "outbound"},
]  # fmt: skip
CONTEXTS = [
    {},
    {"thread": known(1)},
    {"thread": known(1, agent="anna", stranger=True)},
    {"alias": known(1)},
    {"alias": known(1, source="report")},
    {"alias": (*known(1), *known(2, open=False))},
    {"alias": known(1, 2, 3, 4, 5)},
    {"alias": known(1, 2, open=False)},
    {"parcel": known(1, 2)},
    {"customer": known(1, why="e-mail address a@b.example")},
    {"customer": known(1, why="telephone number +4917112345678")},
    {"customer": known(1, why="name and postcode jean de la tour, 75001")},
    {"customer": known(1, 2, 3, 4)},
    {"known_orders": frozenset(ORDERS), "covered": frozenset({"amazon"})},
    {"reported": (Reported(order=ORDERS[1]),), "covered": frozenset({"amazon"})},
    {"taken_back": frozenset(ORDERS)},
    {"thread": known(2), "severed": frozenset(ORDERS)},
    {"no_order": True},
    {"retry_of": 7},
    {"dropped": (Dropped(ref="X1"), Dropped(ref="X2", orders=tuple(ORDERS[:2])), Dropped(ref="X3", orders=(ORDERS[3],)), Dropped(ref="X4", orders=(ORDERS[4],), sure=True))},
]  # fmt: skip
MAILS = [
    FACTS,
    replace(FACTS, subject="Where is it?", text=f"Hello\n> order {ORDERS[1].value}"),
    replace(FACTS, subject=f"Order {ORDERS[2].value}", text=f"My order number is {ORDERS[3].value}. 1Z5R89390357567127 by UPS"),
    replace(FACTS, subject="hi", text=f"order {ORDERS[1].value}", html=f"<p>orders {ORDERS[2].value}, {ORDERS[3].value}, {ORDERS[4].value}, {ORDERS[5].value}</p>"),
    replace(FACTS, subject="x", text="\n".join(f"order 302-1234567-76543{n}" for n in range(10, 40))),
    replace(FACTS, historical=True),
    replace(FACTS, errand=True),
]  # fmt: skip


def said_of(facts, context, rules=RULES):
    """Return all that a decision says, and what a page then says of it."""
    reading = read(facts, BUILTIN)
    decision = decide(facts, reading, context, rules, BUILTIN)
    finds = (*reading.orders, *reading.products, *reading.parcels, *reading.references)
    standing = [Standing(link=one) for one in decision.links]
    why = why_review(
        direction=facts.direction,
        kind=reading.kind,
        alias=reading.alias,
        links=standing,
        dropped=tuple(one.ref for one in context.dropped),
    )
    return [
        *explain(decision),
        *(one.reason for one in (*finds, *decision.links)),
        *(one.said for one in (*decision.clocks, *why)),
    ]


def test_what_the_rules_say_of_every_example_is_known():
    facts = [replace(facts_of_example(one), occurred_at=NOW) for one in EXAMPLES]
    said = [line for one in facts for line in said_of(one, Context())]
    assert len(set(said)) > 300
    assert unknown(said) == []


@pytest.mark.parametrize("sender", SENDERS, ids=range(len(SENDERS)))
def test_what_the_rules_say_of_senders_and_of_what_is_known_is_known(sender):
    facts = [replace(mail, occurred_at=NOW, **sender) for mail in MAILS]
    said = [
        line
        for mail, told in itertools.product(facts, CONTEXTS)
        if "alias" not in told or read(mail, BUILTIN).alias
        for line in said_of(mail, Context(**told))
    ]
    assert unknown(said) == []


def test_what_the_rules_say_of_the_cases_of_links_is_known():
    said = []
    for facts, finds, told, _ in LINKS.values():
        context = Context(thread=known(*range(len(told.get("thread", ())))))
        found = tuple(replace(one, reason="the text says “1”, the form of Amazon order IDs") for one in finds)
        reading = replace(read(Facts(**facts), BUILTIN), orders=found)
        said += decide(Facts(**facts), reading, context, RULES, BUILTIN).reasons
    assert unknown(said) == []


def test_what_a_sellers_own_rules_say_is_known():
    rules = load_ruleset(
        """
        [[rule]]
        name = "own; numbers, “of ours”"
        then = [{ do = "link", marketplace = "shop", pattern = 'nothing like it' }, { do = "mark", as = "urgent" }]
        [[rule]]
        name = "twice"
        then = [{ do = "link", marketplace = "shop", pattern = '(ticket)' }, { do = "link", marketplace = "shop", pattern = '(ticket)' }]
        """.replace("“of ours”", "of ours")
    )
    assert unknown(said_of(FACTS, Context(), rules)) == []


@pytest.mark.parametrize("kind", ["buyer_message", "claim_opened", "claim_closed", "chargeback_opened", "return_request"])  # fmt: skip
def test_what_clocks_say_is_known(kind):
    facts = Facts(direction="inbound", occurred_at=NOW)
    said = [
        one.said
        for name in ("", *BUILTIN.marketplaces)
        for one in deadlines_of(facts, Reading(marketplace=name, kind=kind), Belief(), BUILTIN)
    ]
    assert unknown(said) == []


@pytest.mark.parametrize("weight", ["refuse", "hold", "warn"])
def test_what_the_policy_says_is_known(weight):
    settings = (Settings(checks=dict.fromkeys(DEFAULTS, weight)),)
    found: list[Finding] = []
    for to, facts, answered, _ in POLICY.values():
        mail = Facts(
            **{"direction": "outbound", "agent": "anna", "to": (to,), "rcpt_to": (to,), "occurred_at": NOW}
            | facts
        )
        found += check_outgoing(mail, BUILTIN, Asked(text=answered), settings)
        found += check_outgoing(mail, BUILTIN, Asked(ordered_at=datetime(2026, 1, 1, tzinfo=UTC)), settings)
    checks = {one.check for one in found}
    to = frozenset({"a@b.example"})
    passed = [Passed(at=NOW, agent=name, to=to) for name in ("bob", "", "anna", "anna")]
    caps = Caps(agent_per_hour=1, conversation_per_hour=1)
    for one in (passed, passed[1:]):
        for name, value in (("Auto-Submitted", "auto-replied; x"), ("Precedence", "bulk"), ("", "")):
            mail = Facts(direction="outbound", agent="anna", mail_from=name, rcpt_to=tuple(to), headers=((name, value),), occurred_at=NOW)  # fmt: skip
            found += check_traffic(mail, Asked(at=NOW), one, caps, None, settings)
    assert unknown(one.message for one in found) == []
    assert {one.check for one in found} >= {
        *checks,
        "automatic",
        "answered",
        "rate_agent",
        "rate_conversation",
    }


SUMMARIES = [
    ("authenticity", {"result": "pass", "reason": "signed by amazon.de"}),
    ("authenticity", {"result": "none", "reason": "a server of our own handed it over"}),
    ("authenticity", {"result": "temperror", "reason": "the check itself failed; the log says more"}),
    ("decision", {"marketplace": "amazon", "kind": "buyer_message", "links": [{"confidence": "likely", "order": {"value": "302-1"}, "method": "thread"}], "tags": ["a", "b"]}),
    ("decision", {"marketplace": "amazon", "kind": "", "links": [{"confidence": "likely", "order": {"value": "302-1"}, "method": "hand"}], "instead_of": 4}),
    ("decision", {"marketplace": "", "kind": "not_delivered", "tags": ["a"]}),
    ("decision", {"links": [{"confidence": "possible", "order": {"value": "302-1"}, "method": "stated"}]}),
    ("gap", {"account": "shop", "begin": "a", "end": "b"}),
    *(("outcome", {"outcomes": [{"kind": kind, "recipients": ["a@b.example", "c@d.example"], "reply": "250 2.0.0 Ok: queued; as, 4", "remote": "mx:25"}]}) for kind in ("delivered", "deferred", "refused", "unknown")),
    ("link", {"reason": "same buyer; same product"}),
    ("link", {"undo": True, "reason": "confirmed"}),
    ("link", {"none": True, "reason": ""}),
    ("release", {"drop": True}),
    ("release", {}),
    ("sighting", {"source": "fetch"}),
    *(("queue", {"do": do, "reason": "not yet"}) for do in ("retry", "hold", "release", "drop")),
    ("mark", {"clock": "claim_answer", "as": "answered elsewhere"}),
    ("mark", {"clock": "reply", "as": "no answer needed"}),
    ("mark", {"clock": "reply", "undo": True}),
    ("evidence", {"kind": "photo", "filename": "a, b.jpg", "text": "a broken box"}),
    ("parcel", {"carrier": "dhl", "number": "003", "remove": True}),
    ("dossier", {"state": "closed", "owner": "anna", "hold": True, "reason": "court"}),
    ("dossier", {"hold": False, "hold_owner": "anna", "review": "2026-12-01"}),
    *(("export", {"form": form, "audience": "court", "query": "a, b; c", "reason": why}) for form in ("report", "csv", "") for why in ("", "court, audit")),
    ("export", {"form": "report", "audience": "buyer"}),
    ("answer", {"kind": "audit"}),
    ("answer", {"kind": "a-to-z", "language": "de"}),
    ("person", {"did": "shut out", "for": "bob"}),
    ("timestamp", {"authority": "tsa.example", "size": 7, "at": "2026-11-27T12:00:00Z"}),
    ("witness", {"to": "mail to a@b.example", "size": 7}),
    ("keys", {"did": "rotate", "to": "x+1+y"}),
    ("keys", {"did": "rewrap", "to": "2"}),
    ("capture", {"folder": "INBOX", "account": "shop", "mailbox": "a@b.example"}),
    ("gap", {"what": "5 to 9", "reason": "the disk; it broke"}),
    ("gap", {"account": "shop", "begin": "a", "end": "b", "why": "no connection"}),
    ("silence", {"account": "shop", "since": "2026-11-27"}),
    ("reconciliation", {"folder": "INBOX", "account": "shop", "messages": 7, "missing": [1], "elsewhere": 2, "gone": 3, "unread": 4}),
    ("software", {"version": "1.0", "config": "ab" * 32}),
    ("rules", {"name": "rules.toml"}),
    ("verified", {"size": 7, "findings": 2}),
    ("verified", {"size": 7}),
    ("erasure.asked", {"reason": "asked", "ground": "GDPR Art. 17", "approved_by": "bob"}),
    ("erasure.done", {"erasure": 7, "file": "x.pdf"}),
]  # fmt: skip


@pytest.mark.parametrize("type_, said", SUMMARIES, ids=[f"{type_} {n}" for n, (type_, _) in enumerate(SUMMARIES)])  # fmt: skip
def test_what_an_entry_says_is_known(type_, said):
    assert unknown([" ".join(words_of(type_, said).split()).strip("; ")]) == []


# Where sentences are written that pages show: each that is new there must be in the table, or exempt for a reason.
WRITTEN = [
    *(f"rules/{name}.py" for name in "orders parcels references tables inherited links decide clocks policy traffic review explain belief places sender".split()),  # noqa: SIM905
    "gateway/evidence/custody.py",
    "gateway/mail/authenticity/check.py",
]  # fmt: skip
EXEMPT = {
    "exe com scr bat cmd ps1 vbs vbe js jse wsf wsh hta msi msp jar lnk reg dll pif cpl apk dmg app iso img",
    "it came through a server of our own, which alone saw who sent it",  # of SPF alone, which no page shows
    *(" or ", " and {} more"),  # between names
    *(
        "plain text",
        "a buyer",
        "the buyer {}",
        "the {} says “{}”; rule “{}” calls that an order",
    ),  # parts of sentences that are all known
    *("by {}", " from {}", "greeted as", "envelope from <{}>", "to "),  # of the wire, in packs alone
}
TITLES = re.compile(r"TITLES = \{.*?^\}", re.DOTALL | re.MULTILINE)


def sentences_in(path):
    """Yield the texts of a file that read like sentences, with ``{}`` where something is filled in."""
    source = TITLES.sub(lambda found: "\n" * found[0].count("\n"), (ROOT / path).read_text("utf-8"))
    tree, skipped = ast.parse(source), set()
    for node in ast.walk(tree):
        match node:
            case ast.Module() | ast.FunctionDef() | ast.ClassDef() if ast.get_docstring(node) is not None:
                skipped.add(node.body[0].value)
            case ast.JoinedStr():
                skipped.update(one for one in node.values if isinstance(one, ast.Constant))
            case ast.FormattedValue(format_spec=ast.JoinedStr() as spec):
                skipped.update(ast.walk(spec))
            case ast.Raise():
                skipped.update(ast.walk(node))
    for node in ast.walk(tree):
        if node in skipped:
            continue
        if isinstance(node, ast.JoinedStr):
            yield "".join(one.value if isinstance(one, ast.Constant) else "{}" for one in node.values)
        elif isinstance(node, ast.Constant) and isinstance(node.value, str):
            yield node.value


@pytest.mark.parametrize("path", WRITTEN)
def test_every_sentence_in_the_source_is_in_the_table(path):
    written = {
        one for one in sentences_in(path) if re.search(r"[a-z]{2} | [a-z]{2}", one) and one not in EXEMPT
    }
    table = "\n".join(re.sub(r"%\(\w+\)s", "{}", one) for one in SENTENCES)
    lacking = []
    for sentence in written:
        for piece in re.split(r"; |, |\. |: ", sentence):
            pattern = re.escape(piece.strip(" ;,.()")).replace(re.escape("{}"), ".*")
            if not re.search(pattern, table):
                lacking.append(sentence)
    assert lacking == []
