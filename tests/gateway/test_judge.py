from datetime import timedelta

import pytest

from gateway.traffic import Traffic
from rules.traffic import Caps
from tests.small_house import BUYER, MAILBOX, ORDER, build_house, close, mail

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


def answer(house, agent="anna", **headers):
    raw = mail(f"Re: Anfrage {ORDER}", f"Guten Tag, von {agent}", to=BUYER, **headers)
    return submit(house, raw, agent=agent, rcpt_to=(BUYER,))


def checks(entry):
    return [one["check"] for one in entry.meta["verdict"]["findings"]]


@pytest.mark.parametrize("restart", [False, True])
def test_a_second_answer_by_a_colleague_waits_and_the_same_agent_may_write_again(house, restart):
    house.take(mail(f"Anfrage zur Bestellung {ORDER}", f"Bestellnummer: {ORDER}"))
    house.clock.at += timedelta(minutes=1)
    assert answer(house).type == "mail.out"
    if restart:
        house.gateway._judge._traffic = Traffic(house.store, Caps())
    house.clock.at += timedelta(minutes=59)
    assert answer(house, X_Number="2").type == "mail.out"
    second = answer(house, "ben")
    assert (second.type, checks(second)) == ("mail.held", ["answered"])
    assert "anna answered this message at" in second.meta["verdict"]["findings"][0]["message"]
    house.clock.at += timedelta(minutes=1)
    house.take(mail("Re: Anfrage", f"Noch etwas zur Bestellung {ORDER}"))
    house.clock.at += timedelta(minutes=1)
    assert answer(house, "ben", X_Number="3").type == "mail.out"  # the buyer has asked again


def test_a_program_s_answer_is_refused_whoever_it_goes_to(house):
    raw = mail("Absent", "I am away", to="x@shop.example", Auto_Submitted="auto-replied (vacation)")
    entry = submit(house, raw, rcpt_to=("x@shop.example",))
    assert (entry.type, checks(entry)) == ("mail.refused", ["automatic"])
    assert "Auto-Submitted: auto-replied" in entry.meta["verdict"]["reply"]
    null = submit(house, mail("x", "y", to="x@shop.example"), rcpt_to=("x@shop.example",), mail_from="")
    assert (null.type, checks(null)) == ("mail.refused", ["automatic"])


def test_a_client_that_loops_is_held(house):
    house.gateway._judge._traffic = Traffic(house.store, Caps(agent_per_hour=3, conversation_per_hour=2))
    to = ["a@x.example", "a@x.example", "a@x.example", "b@x.example"]
    kinds = [checks(submit(house, mail("x", str(n), to=one), rcpt_to=(one,))) for n, one in enumerate(to)]
    assert kinds == [[], [], ["rate_conversation"], ["rate_agent"]]
    house.clock.at += timedelta(minutes=61)
    assert checks(submit(house, mail("x", "later", to=to[0]), rcpt_to=(to[0],))) == []


def test_an_attached_copy_that_carries_our_stamps_is_refused(house):
    inner = b"X-Docket-Tags: damage\r\nFrom: a@b.example\r\nSubject: x\r\n\r\nhello\r\n"
    raw = mail(to="x@shop.example", files=[("m.eml", "application/octet-stream", inner, "")])
    raw = raw.replace(b"application/octet-stream", b"message/rfc822").replace(b"base64", b"8bit")
    import base64

    raw = raw.replace(base64.encodebytes(inner).replace(b"\r", b""), inner)
    entry = submit(house, raw, rcpt_to=("x@shop.example",))
    assert entry.type == "mail.refused"
    assert "attach the original instead" in entry.meta["verdict"]["reply"]
