"""The accounts held against the log: an older copy of them shows in who is there, what they may, and which app passwords open."""

from dataclasses import replace
from types import SimpleNamespace

import pytest

from gateway.store.agents import Agent
from gateway.store.logins import differences, revived


def said(*acts):
    return [
        SimpleNamespace(seq=number, summary={"did": did, "for": name, **more})
        for number, (did, name, more) in enumerate(acts)
    ]


def agent(name, role="agent", mailboxes=()):
    return Agent(name=name, full_name="", mailboxes=mailboxes, role=role, disabled=False)


STORY = said(
    ("added", "anna", {"role": "agent"}),
    ("added", "ben", {"role": "agent"}),
    ("app password made", "anna", {"what": "aa11"}),
    ("app password made", "anna", {"what": "bb22"}),
    ("changed", "anna", {"role": "supervisor", "mailboxes": ["a@b.example"]}),
    ("app password revoked", "anna", {"what": "aa11"}),
    ("removed", "ben", {}),
    ("password changed", "anna", {}),
)
NOW = agent("anna", "supervisor", ("a@b.example",))


@pytest.mark.parametrize(
    ("agents", "ids", "words"),
    [
        ([NOW], {"anna": ["bb22"]}, []),
        ([NOW, agent("old")], {"anna": ["bb22"]}, []),  # of whom the log has never spoken
        ([NOW, agent("ben")], {"anna": ["bb22"]}, ["ben was removed (entry 6) and is there again"]),
        ([agent("anna")], {"anna": ["bb22"]}, ["anna may do something else than entry 4 says"]),
        ([NOW], {"anna": ["aa11", "bb22"]}, ["the app password aa11 of anna was taken back (entry 5) and opens again"]),
        ([NOW], {}, ["the app password bb22 of anna was made (entry 3) and is not there"]),
        ([], {}, ["anna was made (entry 4) and is not there", "the app password bb22 of anna was made (entry 3) and is not there"]),
    ],
)  # fmt: skip
def test_what_is_not_as_the_log_says_is_named(agents, ids, words):
    assert differences(STORY, agents, ids) == words


def test_who_was_removed_and_made_again_is_there_without_the_old_app_passwords():
    again = [
        *STORY,
        *said(
            ("app password made", "ben", {"what": "cc33"}),
            ("removed", "ben", {}),
            ("added", "ben", {"role": "agent"}),
        ),
    ]
    for number, one in enumerate(again):
        one.seq = number
    assert differences(again, [NOW, agent("ben")], {"anna": ["bb22"]}) == []
    assert differences(again, [NOW, agent("ben")], {"anna": ["bb22"], "ben": ["cc33"]}) != []


@pytest.mark.parametrize(
    ("acts", "disabled", "words"),
    [
        (["shut out"], True, []),
        (["shut out"], False, ["anna was shut out (entry 8) and may log in again"]),
        (["shut out", "let in"], False, []),
        (["shut out", "let in"], True, ["anna was let in again (entry 9) and is shut out"]),
    ],
)
def test_who_was_shut_out_may_not_be_let_in_by_an_older_copy(acts, disabled, words):
    story = [*STORY, *said(*((did, "anna", {}) for did in acts))]
    for number, one in enumerate(story):
        one.seq = number
    assert differences(story, [replace(NOW, disabled=disabled)], {"anna": ["bb22"]}) == words


@pytest.mark.parametrize(
    ("acts", "there", "words"),
    [
        ([("made", "t1", "anna")], ["t1"], []),
        ([("made", "t1", "anna"), ("revoked", "t1", "anna")], [], []),
        ([("made", "t1", "anna"), ("revoked", "t1", "anna")], ["t1"], ["the token t1 was taken back (entry 1) and opens again"]),
        ([], ["t9"], ["the token t9 is there, and the log does not know it"]),
        ([("made", "t1", "ben")], ["t1"], ["the token t1 is ben's, who is not there"]),
    ],
)  # fmt: skip
def test_a_token_that_was_taken_back_or_never_made_is_named(acts, there, words):
    events = [
        SimpleNamespace(seq=n, summary={"did": did, "token": id_, "for": name})
        for n, (did, id_, name) in enumerate(acts)
    ]
    assert revived(events, there, [NOW]) == words
