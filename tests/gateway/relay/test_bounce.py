from datetime import UTC, datetime, timedelta
from email import message_from_bytes
from email.policy import default

import pytest

from gateway.relay.bounce import delay_report, failure_report
from gateway.relay.transport import Deferred, Refused, Unknown

AT = datetime(2026, 11, 23, 9, 30, tzinfo=UTC)
ORIGINAL = (
    "From: Anna <anna@brand.example>\r\nTo: x7k2@marketplace.amazon.com\r\nSubject: Ihr Päckchen\r\n"
    "Message-ID: <m1@laptop.example>\r\n\r\nsecret body\r\n"
).encode()
REFUSED = Refused(
    recipients=("x7k2@marketplace.amazon.com",),
    reply="550 5.7.1 sender not approved",
    remote="mx.amazon.example:25",
)
UNKNOWN = Unknown(
    recipients=("b@x.example", "größe@x.example"),
    reply="451 4.4.2 Docket: mx:25 closed the connection",
    remote="mx:25",
)


def report(outcomes=(REFUSED, UNKNOWN), original=ORIGINAL, **more):
    settings = {
        "original": original,
        "reporting_mta": "docket.example",
        "sender": "postmaster@docket.example",
        "to": "anna@brand.example",
        "outcomes": outcomes,
        "arrived_at": AT,
        "at": AT + timedelta(hours=24),
        "trace": "01ABC",
        "envelope_id": "QQ314159",
    } | more
    return (delay_report if "until" in settings else failure_report)(**settings)


def test_it_is_a_delivery_report_that_answers_nobody():
    raw = report()
    assert b"\n" not in raw.replace(b"\r\n", b"")
    mail = message_from_bytes(raw, policy=default)
    assert mail.get_content_type() == "multipart/report"
    assert mail.get_param("report-type") == "delivery-status"
    assert mail["Auto-Submitted"] == "auto-replied"
    assert mail["In-Reply-To"] == "<m1@laptop.example>"
    assert mail["To"] == "anna@brand.example"
    assert "Ihr Päckchen" in mail["Subject"]
    types = [part.get_content_type() for part in mail.iter_parts()]
    assert types == ["text/plain", "message/delivery-status", "text/rfc822-headers"]


def test_people_read_what_happened_and_what_to_do():
    words = next(message_from_bytes(report(), policy=default).iter_parts()).get_content()
    assert '"Ihr Päckchen"' in words
    assert "x7k2@marketplace.amazon.com" in words
    assert "approved senders" in words
    assert "550 5.7.1 sender not approved" in words
    assert "It may have arrived" in words
    assert "before you send it again" in words


def test_programs_read_one_group_for_the_message_and_one_for_each_recipient():
    status = list(message_from_bytes(report(), policy=default).iter_parts())[1]
    message, *recipients = status.get_payload()
    assert dict(message.items()) == {
        "Original-Envelope-Id": "QQ314159",
        "Reporting-MTA": "dns; docket.example",
        "Arrival-Date": "Mon, 23 Nov 2026 09:30:00 +0000",
    }
    assert [dict(one.items()) for one in recipients] == [
        {
            "Final-Recipient": "rfc822; x7k2@marketplace.amazon.com",
            "Action": "failed",
            "Status": "5.7.1",
            "Remote-MTA": "dns; mx.amazon.example",
            "Diagnostic-Code": "smtp; 550 5.7.1 sender not approved",
        },
        {
            "Final-Recipient": "rfc822; b@x.example",
            "Action": "failed",
            "Status": "4.4.2",
            "Remote-MTA": "dns; mx",
            "Diagnostic-Code": "x-docket; 451 4.4.2 Docket: mx:25 closed the connection",
        },
        {
            "Final-Recipient": "utf-8; gr\\x{F6}\\x{DF}e@x.example",
            "Action": "failed",
            "Status": "4.4.2",
            "Remote-MTA": "dns; mx",
            "Diagnostic-Code": "x-docket; 451 4.4.2 Docket: mx:25 closed the connection",
        },
    ]


def test_the_original_comes_back_by_its_header_alone():
    fields = list(message_from_bytes(report(), policy=default).iter_parts())[2].get_content()
    assert "Message-ID: <m1@laptop.example>" in fields
    assert "Päckchen" in fields
    assert b"secret body" not in report()


def test_a_delay_says_that_nothing_needs_to_be_done_yet():
    waiting = Deferred(recipients=("a@x.example",), reply="451 4.7.1 later", remote="mx:25")
    mail = message_from_bytes(report((waiting,), until=AT + timedelta(hours=24)), policy=default)
    words, status, _ = mail.iter_parts()
    assert "tried again until 2026-11-24 09:30 UTC" in words.get_content()
    assert mail["Subject"].startswith("Not delivered yet: ")
    assert status.get_payload()[1]["Action"] == "delayed"
    assert status.get_payload()[1]["Will-Retry-Until"] == "Tue, 24 Nov 2026 09:30:00 +0000"


def test_the_same_report_has_the_same_id_and_another_has_another():
    def id_of(raw):
        return message_from_bytes(raw)["X-Docket-ID"]

    assert id_of(report()) == id_of(report(at=AT))
    assert len({id_of(report()), id_of(report((REFUSED,))), id_of(report(until=AT))}) == 3


HOSTILE = [
    b"",
    b"\r\n\r\nno header",
    b"Subject: \xff\xfe\x00\r\nMessage-ID: <a\r\n b>\r\n\r\n",
    b"Subject: =?utf-8?q?a=0D=0ABcc:_x@y?=\r\n\r\n",
    b"Message-ID: <=?utf-8?q?=3D=3Futf-8=3Fq=3Fa=0ABcc:x=3F=3D?=>\r\n\r\n",
    b"x" * 200_000,
    b"Subject: " + b"s" * 100_000 + b"\r\n\r\n",
    "Subject: Grüße\nMessage-ID: kein\n\nbare line feeds\n".encode(),
]


@pytest.mark.parametrize("original", HOSTILE, ids=range(len(HOSTILE)))
def test_no_message_keeps_its_report_from_being_made(original):
    hostile = Refused(recipients=("a\r\nBcc: x@y",), reply="550 5.0.0 a\r\nBcc: z@y é", remote="m\r\nx:25")
    raw = report((hostile,), original=original)
    assert b"\n" not in raw.replace(b"\r\n", b"")
    mail = message_from_bytes(raw, policy=default)
    assert mail["Bcc"] is None
    assert mail.get_content_type() == "multipart/report"
    assert len(list(mail.iter_parts())) == 3
    assert all(group["Bcc"] is None for group in list(mail.iter_parts())[1].get_payload())
