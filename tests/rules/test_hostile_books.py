"""A seller's own rule book at its worst: what it may say is tried once, in order, and ends; what it may not is told by line."""

import pytest

from rules.decide import decide, explain_rules
from rules.errors import BookError
from rules.facts import Context, Facts, OrderRef
from rules.mistakes import RULES_MAX, faults_of
from rules.read import read
from rules.ruleset import load_ruleset
from tests.counting import calls_of, must_end

SHOP = OrderRef(marketplace="shop", value="T-77")


def rule(name, then, when="{}", more=""):
    return f"[[rule]]\nname = '{name}'\nwhen = {when}\nthen = [{then}]\n{more}\n"


def tag(name):
    return f"{{ do = 'tag', name = '{name}' }}"


def untag(name):
    return f"{{ do = 'untag', name = '{name}' }}"


def file(under):
    return f"{{ do = 'file', under = '{under}' }}"


LINK = "{ do = 'link', marketplace = 'shop', pattern = 'T-[0-9]+' }"
HOSTILE = {
    "put on, taken off, put on": (rule("a", f"{tag('x')}, {untag('x')}, {tag('x')}"), ("x",)),
    "put on and taken off by one rule": (rule("a", f"{tag('x')}, {untag('x')}"), ()),
    "taken off before it is put on": (rule("a", untag("x")) + rule("b", tag("x")), ("x",)),
    "two rules that undo each other": (
        rule("a", untag("x"), "{ tag = 'x' }") + rule("b", tag("x")) + rule("c", untag("x"), "{ tag = 'x' }"), ()),
    "folders that send to each other": (
        rule("start", file("a")) + rule("a to b", file("b"), "{ tag = 'folder:a' }")
        + rule("b to a", file("a"), "{ tag = 'folder:b' }"), ("folder:a",)),
    "a folder inside itself": (rule("a", f"{file('a')}, {file('a/a')}, {file('a')}"), ("folder:a",)),
    "a rule that waits for its own tag": (rule("a", tag("x"), "{ tag = 'x' }"), ()),
    "a rule that forbids its own tag": (rule("a", tag("x"), "{ none = [{ tag = 'x' }] }"), ("x",)),
    "always and never": (rule("a", tag("x"), "{ direction = 'inbound', not = { direction = 'inbound' } }"), ()),
    "everything ends at the first": (rule("a", tag("x"), more="stop = true") + rule("b", tag("y")), ("x",)),
    "one tag in many letters": (rule("a", f"{tag('Größe')}, {tag('返品')}, {tag('☂')}"), ("Größe", "返品", "☂")),
    "a bomb that RE2 walks through": (rule("a", tag("x"), "{ text = '(a*)*(a|aa)+$' }"), ()),
    "a bomb in the condition of a thousand rules": (
        "".join(rule(str(number), tag("x"), f"{{ text = '(x+x+)+y{number}' }}") for number in range(1_000)), ()),
}  # fmt: skip


@pytest.mark.parametrize("book, tags", HOSTILE.values(), ids=HOSTILE.keys())
def test_each_rule_is_tried_once_in_order_and_the_last_word_counts(marketplaces, book, tags):
    facts = Facts(direction="inbound", subject="About T-77", text="a" * 50_000 + "x" * 50_000)
    rules = load_ruleset(book)
    with must_end():
        decision = decide(facts, read(facts, marketplaces), Context(), rules, marketplaces)
    assert decision.tags == tags
    steps = explain_rules(facts, read(facts, marketplaces), Context(), rules, marketplaces)
    assert [step.rule for step in steps] == [one.name for one in rules.rules]


LINKS = {
    "twice": (LINK, Context(), {SHOP}),
    "what a person took back": (LINK, Context(taken_back=frozenset({SHOP})), set()),
    "what a person said is of no order": (LINK, Context(no_order=True), set()),
}


@pytest.mark.parametrize("link, context, orders", LINKS.values(), ids=LINKS.keys())
def test_rules_that_link_link_once_and_never_against_a_persons_word(marketplaces, link, context, orders):
    facts = Facts(direction="inbound", subject="About T-77")
    rules = load_ruleset(rule("a", link) + rule("b", f"{link}, {link}"))
    found = decide(facts, read(facts, marketplaces), context, rules, marketplaces).links
    assert [one.order for one in found] == list(orders)


WRONG = {
    "a name nobody sees": (rule("late\u202e", tag("x")), 2, "rule[0].name", "all of them to be seen"),
    "a name of a book's length": (rule("x" * 1_000_000, tag("x")), 2, "rule[0].name", "1 to 100 characters"),
    "a name with a line break": (rule("x", tag("x")).replace("'x'\nwhen", '"a\\nb"\nwhen'), 2, "rule[0].name", "to be seen"),
    "names that look the same": (rule("Zoë", tag("x")) + rule("Zoe\u0308", tag("y")), 6, "rule[1]", "in line 1"),
    "a tag with what nobody sees": (rule("a", tag("cla\u200bim")), 4, "rule[0].then[0].name", "all of them to be seen"),
    "a folder without end": (rule("a", file("a/" * 100)), 4, "rule[0].then[0]", "1 to 100 characters"),
    "a misspelt name in letters of another alphabet": (rule("a", tag("x"), "{ 'mаrketplace' = 'amazon' }"), 3,
                                                       "rule[0].when.mаrketplace", "did you mean `marketplace`"),
    "a counted bomb": (rule("a", tag("x"), "{ subject = '((a{100}){100}){100}' }"), 3, "rule[0].when.subject", "RE2"),
    "a pattern of a book's length": (rule("a", tag("x"), f"{{ text = '{'a' * 20_000}' }}"), 3, "rule[0].when.text", "10000"),
    "a back-reference": (rule("a", tag("x"), "{ text = '(a)\\1' }"), 3, "rule[0].when.text", "RE2"),
    "an action that is none": (rule("a", "{ do = 'unlink' }"), 4, "rule[0].then[0].do", "did you mean `link`"),
    "one rule too many": ("".join(rule(str(one), "") for one in range(RULES_MAX + 1)), 5 * RULES_MAX + 1, f"rule[{RULES_MAX}]",
                          "10000 are allowed"),
}  # fmt: skip


@pytest.mark.parametrize("book, line, path, words", WRONG.values(), ids=WRONG.keys())
def test_what_a_book_may_not_say_is_told_by_line_and_path_in_a_short_line(book, line, path, words):
    with must_end():
        (fault,) = faults_of(book, file="rules.toml")
    assert (fault.line, fault.path) == (line, path)
    assert words in str(fault)
    assert len(str(fault)) < 600
    assert str(fault).isprintable()
    with pytest.raises(BookError):
        load_ruleset(book)


@pytest.mark.parametrize(
    "when", ["{{ subject = 'word{0} ' }}", "{{ from = ['b{0}@shop.example'] }}", "{{ tag = 't{0}' }}"]
)
def test_ten_thousand_rules_cost_no_more_than_their_number(marketplaces, when):
    facts = Facts(
        direction="inbound", from_=("buyer@web.example",), subject="word", text="Where is it? " * 100
    )
    reading = read(facts, marketplaces)

    def calls(count):
        rules = load_ruleset(
            "".join(rule(str(one), tag(f"t{one}"), when.format(one)) for one in range(count))
        )
        return calls_of(lambda: decide(facts, reading, Context(), rules, marketplaces))

    one, two = calls(RULES_MAX // 2), calls(RULES_MAX)
    assert two < 2.1 * one
    assert two < 60 * RULES_MAX
