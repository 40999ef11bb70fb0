import pytest

from tests.small_house import MAILBOX, build_house, close, mail

EBAY = "buyer_a1b2c3@members.ebay.com"


@pytest.fixture
def house(tmp_path):
    house = build_house(tmp_path)
    yield house
    close(house)


def submit(house, raw, **changes):
    known = {
        "source": "submission",
        "agent": "anna",
        "mail_from": MAILBOX,
        "rcpt_to": (EBAY,),
        "trusted": False,
    }
    seq = house.take(raw, **{**known, **changes})
    return house.archive.entry(seq)


def test_a_submission_without_a_mailbox_is_refused_with_words_and_brings_no_job(house):
    entry = submit(house, mail(to="x@shop.example"), mailbox="", rcpt_to=("x@shop.example",))
    reply = entry.meta["verdict"]["reply"]
    assert entry.type == "mail.refused"
    assert reply.startswith("550 5.7.1 ")
    assert "no mailbox for this login" in reply
    assert house.remote.taken == []


def test_a_missing_ebay_token_is_refused_in_one_short_ascii_line_that_names_it(house):
    entry = submit(house, mail("Re: Artikel “ä”", "Hallo", to=EBAY))
    reply = entry.meta["verdict"]["reply"]
    assert entry.type == "mail.refused"
    assert reply.startswith("550 ")
    assert reply.isascii()
    assert len(reply) <= 510
    assert "\n" not in reply
    assert "[#...#]" in reply
    assert house.remote.taken == []


def test_an_attached_copy_that_carries_our_stamps_is_refused(house):
    inner = b"X-Docket-Tags: damage\r\nFrom: a@b.example\r\nSubject: x\r\n\r\nhello\r\n"
    raw = mail(to="x@shop.example", files=[("m.eml", "application/octet-stream", inner, "")])
    raw = raw.replace(b"application/octet-stream", b"message/rfc822").replace(b"base64", b"8bit")
    import base64

    raw = raw.replace(base64.encodebytes(inner).replace(b"\r", b""), inner)
    entry = submit(house, raw, rcpt_to=("x@shop.example",))
    assert entry.type == "mail.refused"
    assert "attach the original instead" in entry.meta["verdict"]["reply"]
