"""Quoted mail is folded, and not a line is lost or made up."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gateway.mail.passages import passages

FOLDED = [
    "Hi\n\nOn Mon, 23 Nov 2026 at 09:12, Ann Lee <a@b.example> wrote:\n> a\n> b\n> c",
    "Hi\n\nAm 23.11.2026 schrieb Ann Lee:\n> a\n>\n> c",
    "Hi\n\nLe lun. 23 nov. 2026, Ann a écrit :\n> a\n> b\n> c",
    "Hi\n\n-----Original Message-----\nFrom: x\nTo: y\n\nold words",
    "Hi\n\n________________________________\nFrom: x\nSent: y\nold words",
]


@pytest.mark.parametrize("text", FOLDED)
def test_older_mail_is_folded(text):
    found = passages(text)
    assert [one.quoted for one in found] == [False, True]
    assert found[0].text.strip() == "Hi"


@pytest.mark.parametrize("text", ["On Monday I wrote:\nPlease help", "> one line\nand more", "a > b", ""])
def test_what_is_no_older_mail_stays(text):
    assert not [one for one in passages(text) if one.quoted]


def test_an_answer_between_the_quotes_stays_in_sight():
    text = "> a\n> b\n> c\nmy answer\n> d\n> e\n> f"
    assert [(one.quoted, one.lines) for one in passages(text)] == [(True, 3), (False, 1), (True, 3)]


@given(st.text(alphabet="> ab\n-_:", max_size=200))
def test_all_lines_come_back(text):
    assert "\n".join(one.text for one in passages(text)).splitlines() == text.rstrip().splitlines()
