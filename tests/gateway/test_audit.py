"""Past answers against today's policy."""

import pytest

from gateway.audit import audit
from rules.marketplace import builtin
from rules.weights import Settings
from tests.small_house import BUYER, MAILBOX, build_house, close, mail, new_readers, seed


@pytest.fixture
def house(tmp_path):
    house = build_house(tmp_path)
    seed(house)
    yield house
    close(house)


@pytest.fixture
def readers():
    found = new_readers()
    yield found
    found.close()


def test_what_was_sent_is_held_against_todays_policy_with_the_words_found(house, readers):
    sent = {"source": "submission", "agent": "anna", "mail_from": MAILBOX, "rcpt_to": (BUYER,)}
    hidden = '<p>See <a href="https://shop.example/x">here</a></p>'
    clean = house.take(mail("Re: Q", "All is well.", from_=MAILBOX, to=BUYER, message_id="1"), **sent)
    linked = house.take(mail("Re: Q", "Hi", html=hidden, from_=MAILBOX, to=BUYER, message_id="2"), **sent)
    head, start = house.archive.head(), house.clock.now().replace(year=2000)
    strict = {"": (Settings(checks={"links": "refuse"}),)}
    found = {
        one.seq: {finding.check: (finding.action, finding.words) for finding in one.findings}
        for one in audit(house.archive, house.store, readers, builtin(), strict, start, None)
    }
    assert set(found) >= {clean, linked}
    assert found[clean] == {}
    assert found[linked] == {"links": ("refuse", ("https://shop.example/x",))}
    assert house.archive.head() == head
    assert list(audit(house.archive, house.store, readers, builtin(), strict, start, start)) == []
