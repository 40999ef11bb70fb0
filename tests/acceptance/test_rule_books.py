"""The rule book of a running service: changed while it runs, broken while it runs, mended."""

import smtplib

import pytest

from tests.installation import MAILBOX, wait_for

BOOK = "[[rule]]\nname = '{0}'\nwhen = {{ direction = 'inbound' }}\nthen = [{{ do = 'tag', name = '{0}' }}, {{ do = 'assign', to = 'anna' }}]\n"


@pytest.fixture
def place(new_installation):
    place = new_installation()
    (place.data / "rules.toml").write_text(BOOK.format("first"))
    place.start()
    yield place
    place.stop()


def send(place, subject):
    with smtplib.SMTP("127.0.0.1", place.ports["smtp"], timeout=30) as client:
        raw = f"From: Buyer <b@example.com>\r\nTo: {MAILBOX}\r\nSubject: {subject}\r\n\r\nHello\r\n"
        client.sendmail("b@example.com", [MAILBOX], raw.encode())


def tags_of(place, subject):
    def found():
        return place.json("search", f"subject:{subject}", "--limit", "1")

    (one,) = wait_for(found, seconds=150)
    return one["tags"]


def in_force(place):
    (status,) = place.json("status")
    return status["rules"]


def test_a_change_is_taken_up_a_mistake_stops_no_mail_and_both_are_told(place):
    send(place, "alpha")
    assert tags_of(place, "alpha") == ["assigned:anna", "first"]

    (place.data / "rules.toml").write_text(BOOK.format("second"))
    wait_for(lambda: place.log().count("rules-in-force") >= 2, seconds=150, why=place.log)
    send(place, "beta")
    assert tags_of(place, "beta") == ["assigned:anna", "second"]

    (place.data / "rules.toml").write_text(BOOK.format("third").replace("direction", "drection"))
    wait_for(lambda: "rules-broken" in place.log(), seconds=150, why=place.log)
    send(place, "gamma")
    assert tags_of(place, "gamma") == ["assigned:anna", "second"]
    (said,) = in_force(place)["broken"]
    assert "line 3, rule 1 (third), when.drection" in said
    assert "did you mean `direction`" in said
    assert "its last good version is in force" in said
    checked = place.run("rules", "check")
    assert checked.returncode == 2
    assert "line 3" in checked.stderr

    (place.data / "rules.toml").write_text(BOOK.format("first"))
    wait_for(lambda: place.log().count("rules-in-force") >= 4, seconds=150, why=place.log)
    assert in_force(place)["broken"] == []
    found = place.json("search", "assigned:anna")
    assert len(found) == 3
