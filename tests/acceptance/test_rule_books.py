"""The rule book of a running service: changed while it runs, broken while it runs, mended."""

import smtplib
from itertools import count

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

    (one,) = wait_for(found, seconds=400, why=place.log)
    return one["tags"]


def settles_to(place, tag):
    """Send mail until the change has been taken up: the next one is decided by the new book, none after it by the old."""
    numbers = count()
    wait_for(lambda: tagged_by(place, f"{tag}{next(numbers)}") == tag, seconds=400, why=place.log)
    assert tagged_by(place, f"{tag}again") == tag


def tagged_by(place, subject):
    send(place, subject)
    assigned, tag = tags_of(place, subject)
    assert assigned == "assigned:anna"
    return tag


def in_force(place):
    (status,) = place.json("status")
    return status["rules"]


def test_a_change_is_taken_up_a_mistake_stops_no_mail_and_both_are_told(place):
    assert tagged_by(place, "alpha") == "first"

    (place.data / "rules.toml").write_text(BOOK.format("second"))
    settles_to(place, "second")

    (place.data / "rules.toml").write_text(BOOK.format("third").replace("direction", "drection"))
    wait_for(lambda: "rules-broken" in place.log(), seconds=400, why=place.log)
    assert tagged_by(place, "gamma") == "second"
    (said,) = in_force(place)["broken"]
    assert f"{place.data}/rules.toml:3: rule 1 (third), when.drection" in said
    assert "did you mean `direction`" in said
    assert "its last good version is in force: version " in said
    checked = place.run("rules", "check")
    assert checked.returncode == 2
    assert "rules.toml:3: " in checked.stderr
    assert "In force: rules.toml, version " in checked.stdout

    (place.data / "rules.toml").write_text(BOOK.format("first"))
    settles_to(place, "first")
    assert in_force(place)["broken"] == []


def test_history_is_decided_again_beside_a_running_service_and_nothing_is_sent(place):
    assert tagged_by(place, "alpha") == "first"
    seqs = [one["seq"] for one in place.json("search", "subject:alpha")]
    place.run("tag", seqs[0], "--add", "kept", "--remove", "first")
    queue = place.json("status")[0]["queue"]
    notify = "then = [{{ do = 'notify', to = 'boss@brand.example' }}, "
    (place.data / "rules.toml").write_text(BOOK.replace("then = [", notify).format("second"))
    *changes, total = place.json("rules", "replay", "--since", "2000-01-01")
    assert [one["seq"] for one in changes] == seqs
    assert changes[0]["changes"]["tags"] == {"gone": ["first"], "come": ["second"]}
    *applied, total_applied = place.json(
        "rules", "replay", "--since", "2000-01-01", "--apply", "--agent", "anna"
    )
    assert (applied, total_applied) == (changes, total)
    (found,) = place.json("search", "tag:second")
    assert found["tags"] == ["assigned:anna", "kept", "second"]
    assert place.json("rules", "replay", "--since", "2000-01-01", "--apply")[-1]["changed"] == 0
    assert place.json("status")[0]["queue"] == queue
    (said,) = place.json("rules", "explain", seqs[0])
    assert said["same_again"] is True
    place.run("rebuild")
    assert place.json("search", "tag:second") == [found]

    (place.data / "rules.toml").write_text(BOOK.format("third").replace("direction", "drection"))
    refused = place.run("rules", "replay", "--since", "2000-01-01", "--apply")
    assert refused.returncode == 2
    assert "rules.toml:3: " in refused.stderr
