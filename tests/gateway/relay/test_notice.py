from dataclasses import replace
from datetime import UTC, datetime
from email import message_from_bytes, policy

import pytest

from gateway.relay.notice import About, Letterhead, Lost, arrival_notice, failure_notice

AT = datetime(2026, 11, 23, 18, tzinfo=UTC)
HEAD = Letterhead(
    web="https://docket.brand.example",
    sender="support@brand.example",
    to=("boss@brand.example", "second@brand.example"),
    hostname="docket.brand.example",
    name="01ARZ3NDEKTSV4RRFFQ69G5FAV-500-notify",
    at=AT,
)


def about(**changes):
    told = {
        "seq": 7,
        "sender": "Maria Keller <b@marketplace.amazon.de>",
        "subject": "A-to-z claim",
        "received_at": AT,
        "marketplace": "amazon",
        "kind": "claim_opened",
        "orders": ("302-4937261-8841957",),
        "tags": ("claim",),
    }
    return About(**{**told, **changes})


def read(raw):
    mail = message_from_bytes(raw, policy=policy.default)
    assert not mail.defects
    return mail


def test_a_notice_says_what_came_and_where_to_read_it_and_that_a_program_wrote_it():
    mail = read(arrival_notice(about(), "Answer within a day.", HEAD))
    assert str(mail["subject"]) == "Docket 7: A-to-z claim (order 302-4937261-8841957)"
    assert str(mail["to"]) == "boss@brand.example, second@brand.example"
    assert mail["from"].addresses[0].addr_spec == "support@brand.example"
    assert (mail["auto-submitted"], mail["x-loop"]) == ("auto-generated", "docket")
    text = mail.get_content()
    for words in (
        "Answer within a day.",
        "Maria Keller <b@marketplace.amazon.de>",
        "302-4937261-8841957",
        "https://docket.brand.example/message/7",
        "amazon claim opened",
    ):
        assert words in text, text


def test_the_same_notice_made_again_has_the_same_name():
    first, second = (read(arrival_notice(about(), "words", HEAD)) for _ in range(2))
    assert first["message-id"] == second["message-id"]
    assert first["x-docket-id"] == second["x-docket-id"]


def test_without_a_web_view_the_command_is_named():
    assert "docket show 7" in read(arrival_notice(about(), "", replace(HEAD, web=""))).get_content()


@pytest.mark.parametrize(
    "subject",
    ["a\r\nBcc: x@evil.example", "a\nb", "=?utf-8?q?x=0D=0ABcc=3A_x=40evil.example?=", "\x00\x1b[31m\u202e", "ü" * 5000, "\ud800"],
    ids=range(6),
)  # fmt: skip
def test_a_strangers_words_add_no_field_and_no_line(subject):
    mail = read(arrival_notice(about(subject=subject, sender=subject), subject, HEAD))
    assert "bcc" not in mail
    assert set(mail.keys()) == set(read(arrival_notice(about(), "", HEAD)).keys())
    assert "\n" not in str(mail["subject"])


def test_an_alert_lists_what_failed_with_its_last_answer_and_counts_the_rest():
    lost = [
        Lost(about=about(seq=n), kind="deliver", recipients=("support@brand.example",), reply=f"552 5.2.3 n{n}")
        for n in range(30)
    ]  # fmt: skip
    mail = read(failure_notice(lost, "support@brand.example", HEAD))
    text = mail.get_content()
    assert str(mail["subject"]) == "Docket: 30 messages could not be delivered"
    assert "552 5.2.3 n19" in text
    assert "552 5.2.3 n20" not in text
    assert "And 10 more" in text
    one = read(failure_notice(lost[:1], "support@brand.example", HEAD))
    assert str(one["subject"]) == "Docket: a message could not be delivered"
    assert (mail["auto-submitted"], mail["x-loop"]) == ("auto-generated", "docket")
