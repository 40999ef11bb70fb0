"""Data files as texts: additions merged into what they extend, and faults with place and remedy."""

import pytest

from rules.errors import BookError
from rules.facts import Facts
from rules.marketplace import builtin_texts, load_marketplaces
from rules.read import read
from rules.texts import merge

MORE = """
extends = "amazon"
labels = ["AZ-Ref"]
notice_senders = ["help@seller.example"]
[[relay]]
domains = ["relay.seller.example"]
local = '([a-z]+)'
[[kinds]]
name = "payout"
[kinds.subjects]
de = ['^Verkauft, jetzt auszahlen']
[[clocks]]
name = "reply"
starts_on = ["buyer_message"]
hours = 12
[policy]
attachments_max_bytes = 5
[policy.checks]
links = "refuse"
"""


def loaded(text, name="more.toml"):
    return load_marketplaces({**builtin_texts(), name: text})


def test_an_addition_changes_what_it_says_and_leaves_the_rest():
    made, built = loaded(MORE), load_marketplaces(builtin_texts())
    new, old = made["amazon"].file, built["amazon"].file
    assert new.title == "Amazon"
    assert new.labels == ("AZ-Ref", *old.labels)
    assert len(new.relay) == len(old.relay) + 1
    assert new.kinds[1:] == old.kinds
    assert {clock.name: clock.hours for clock in new.clocks}["reply"] == 12
    assert len(new.clocks) == len(old.clocks)
    assert new.policy.attachments_max_bytes == 5
    assert new.policy.reply_by_mail == old.policy.reply_by_mail
    assert new.policy.checks == {**old.policy.checks, "links": "refuse"}
    assert new.example == old.example


def test_an_addition_is_read_with():
    made = loaded(MORE)
    facts = Facts(direction="inbound", from_=("buyer@relay.seller.example",), subject="112-1234567-7654321")
    reading = read(facts, made)
    assert (reading.marketplace, reading.alias) == ("amazon", "buyer@relay.seller.example")
    facts = Facts(direction="inbound", from_=("help@seller.example",), subject="Verkauft, jetzt auszahlen")
    assert read(facts, made).kind == "payout"


def test_an_addition_takes_part_in_the_books():
    assert len(loaded(MORE).books) == len(load_marketplaces(builtin_texts()).books) + 1


def test_two_additions_both_count():
    texts = {
        **builtin_texts(),
        "a.toml": 'extends = "etsy"\nlabels = ["one"]',
        "b.toml": 'extends = "etsy"\nlabels = ["two"]',
    }
    assert set(load_marketplaces(texts)["etsy"].file.labels) >= {"one", "two"}


def test_lists_join_without_doubles_and_tables_merge():
    assert merge({"a": [1, 3], "t": {"x": 1}}, {"a": [1, 2], "t": {"x": 0, "y": 0}, "z": 9}) == {
        "a": [1, 3, 2],
        "t": {"x": 1, "y": 0},
        "z": 9,
    }


def test_an_addition_cannot_have_the_name_of_what_it_adds_to():
    with pytest.raises(BookError, match=r"takes the place of the one it would add to; .*amazon-more\.toml"):
        loaded('extends = "amazon"', name="amazon.toml")


HEAD = 'name = "a"\ntitle = "A"\n'
WRONG = {
    "unknown base": ('extends = "amazn"', ["more.toml, extends", "'amazn'", "did you mean `amazon`"]),
    "name and base": ('extends = "amazon"\nname = "a"', ["more.toml", "not both"]),
    "fault in an addition": ('extends = "amazon"\n[policy]\nattachment_type = []', ["more.toml, [policy]", "did you mean `attachment_types`"]),
    "pattern in an addition": ('extends = "amazon"\n[[orders]]\npattern = "(?<=x)y"', ["amazon.toml with more.toml, orders.pattern", "look-around"]),
    "kind": (HEAD + '[[kinds]]\nname = "sold"\n[[kinds]]\nname = "claim_opend"', ["more.toml, line 5, [[kinds]] 2", "`claim_opend`", "did you mean `claim_opened`"]),
    "kind in an addition": ('extends = "etsy"\n[[kinds]]\nname = "solt"', ["more.toml, line 2, [[kinds]] 1", "did you mean `sold`"]),
    "kind of a clock": (HEAD + '[[clocks]]\nname = "reply"\nhours = 1\nstarts_on = ["byer_message"]', ["[[clocks]] 1 (reply), starts_on", "did you mean `buyer_message`"]),
    "kind of an example": (HEAD + '[[example]]\nname = "one"\nkind = "answer"', ["[[example]] 1 (one), kind", "known are"]),
    "value": (HEAD + 'basis = "sen"', ["more.toml, basis", "`sen`", "did you mean `seen`"]),
    "value in a table": (HEAD + '[[orders]]\npattern = "x"\nbare = "sure"', ["more.toml, line 3, [[orders]] 1, bare", "`sure`", "known are certain, likely, possible"]),
    "value in a dictionary": (HEAD + '[policy.checks]\nlinks = "wran"', ["more.toml, policy.checks", "`wran`", "did you mean `warn`"] ),
    "type": (HEAD + '[[clocks]]\nname = "x"\nstarts_on = []\nhours = "two"', ["more.toml, line 3, [[clocks]] 1, hours", "must be a number, not a text"]),
    "no title": ('name = "a"', ["more.toml", "required field `title`"]),
}  # fmt: skip


@pytest.mark.parametrize("text, words", WRONG.values(), ids=WRONG.keys())
def test_a_fault_says_which_file_and_table_and_what_to_write_instead(text, words):
    with pytest.raises(BookError) as wrong:
        loaded(text)
    for word in words:
        assert word in str(wrong.value)
