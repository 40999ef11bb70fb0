"""Who speaks first on held mail: the second is told, however little lies between the two."""

import pytest

from gateway.archive.faults import Grown
from gateway.errors import WrongUse
from gateway.mail.canonical import canonical
from gateway.mail.entry import Draft
from gateway.precedence import append_first
from tests.small_house import build_house, close


@pytest.fixture
def archive(tmp_path):
    house = build_house(tmp_path)
    yield house.archive
    close(house)


def word(of, type_="release", **said):
    return Draft(type=type_, payload=canonical({"of": of, "agent": "anna", **said}), meta={})


def test_a_word_that_comes_between_look_and_entry_is_seen(archive):
    between = [word(7, drop=True)]

    def append(draft):
        if between:
            archive.append(between.pop())
        return archive.append(draft)

    since = archive.head()
    with pytest.raises(WrongUse, match=f"by entry {since}"):
        append_first(archive, word(7), since, append)
    assert archive.seqs_of_type("release") == [since]


def test_what_else_the_log_takes_meanwhile_hinders_nobody(archive):
    between = [word(8), word(7, "note", text="x"), word(7, "queue", number=1, do="hold")]

    def append(draft):
        if between:
            archive.append(between.pop())
        return archive.append(draft)

    since = archive.head()
    assert append_first(archive, word(7), since, append).seq == since + 3
    archive.append(word(7, "queue", number=2, do="hold"))
    append_first(archive, word(7, "queue", number=0, do="drop"), since)
    with pytest.raises(WrongUse):
        append_first(archive, word(7, "queue", number=2, do="drop"), since)


def test_a_draft_is_only_added_to_the_log_that_it_was_meant_for(archive):
    with pytest.raises(Grown):
        archive.append(Draft(type="note", payload=b"{}", meta={}, head=archive.head() - 1))
