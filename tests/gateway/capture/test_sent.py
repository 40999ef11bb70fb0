"""A client's own copy of an answer in a captured Sent folder: one message with a sighting, never two."""

import json

import pytest

from gateway.capture.sent import KnowingSent
from gateway.mail.canonical import canonical
from gateway.mail.entry import Draft, Envelope
from tests.small_house import BUYER, MAILBOX, build_house, close, mail


@pytest.fixture
def house(tmp_path):
    house = build_house(tmp_path)
    yield house
    close(house)


SUBMITTED = mail(
    "Re: Schöne Grüße zur Bestellung",
    "Guten Tag,\n\nder Schirm ist unterwegs.\n",
    html="<p>Guten Tag</p>",
    from_=f"Anna <{MAILBOX}>",
    to=BUYER,
    message_id="a1",
).replace(b"\n", b"\r\n")


def submit(house, raw=SUBMITTED, settle=True):
    envelope = Envelope(
        source="submission",
        agent="anna",
        mail_from=MAILBOX,
        rcpt_to=(BUYER,),
        mailbox=MAILBOX,
        received_at=house.clock.now(),
    )
    seq = house.gateway.accept(raw, envelope).result().seq
    if settle:
        house.settle()
    return seq


def fetch(house, raw, uid=7, sent=True):
    """Capture a copy as the process that watches the account does."""
    accept = KnowingSent(house.archive, house.store, house.gateway.accept)
    origin = f"shop/Sent/1/{uid}"
    envelope = Envelope(
        source="fetch", sent=sent, mailbox=MAILBOX, received_at=house.clock.now(), origin=origin, live=True
    )
    return accept(raw, envelope).result()


def copied(raw=SUBMITTED):
    """Return what a mail client keeps: with its marks and a Bcc, folded otherwise, with boundaries of its own."""
    boundary = raw.partition(b'boundary="')[2].partition(b'"')[0]
    kept = raw.replace(boundary, b"----=_NextPart_000")
    return b"X-Mozilla-Status: 0001\r\nBcc: boss@brand.example\r\n" + kept.replace(
        b"\r\nTo: ", b"\r\nTo:\r\n "
    )


def mails(house):
    return [one.seq for one in house.archive.entries(0) if one.type.startswith("mail.")]


@pytest.mark.parametrize("settle", [True, False], ids=["folded", "not yet folded"])
def test_a_copy_in_the_sent_folder_is_the_submission_at_another_place(house, settle):
    seq = submit(house, settle=settle)
    receipt = fetch(house, copied())
    assert (receipt.seq, receipt.existing) == (seq, True)
    fetch(house, copied())  # once more after a crash
    house.settle()
    assert mails(house) == [seq]
    (sighting,) = [json.loads(one.payload) for one in house.archive.entries(0) if one.type == "sighting"]
    assert (sighting["of"], sighting["origin"]) == (seq, "shop/Sent/1/7")
    assert len(house.remote.taken) == 1


@pytest.mark.parametrize(
    "change",
    [
        lambda raw: raw.replace(b"der Schirm", b"ein Schirm"),
        lambda raw: raw.replace(b"Message-ID: <a1", b"Message-ID: <a2"),
        lambda raw: raw.replace(b"Subject: ", b"Subject: Re: "),
        lambda raw: raw.replace(b"<p>Guten Tag</p>", b"<p>Guten Abend</p>"),
        lambda raw: raw.replace(b"Message-ID: <a1@mail.example>\r\n", b""),
    ],
)
def test_what_differs_in_any_word_is_a_message_of_its_own(house, change):
    seq = submit(house)
    other = change(copied())
    assert other != copied()
    assert fetch(house, other).seq != seq
    assert len(mails(house)) == 2


def test_an_erased_submission_that_is_not_folded_stops_no_other_capture(house):
    seq = submit(house, settle=False)
    payload = {"erased": [[seq, None]], "reason": "asked by the person"}
    by = house.archive.append(Draft(type="erasure", payload=canonical(payload), meta={})).seq
    assert house.archive.destroy(by) == 1
    other = copied().replace(b"a1@mail", b"a2@mail")
    assert fetch(house, other).seq > by


def test_only_a_sent_folder_holds_such_copies(house):
    seq = submit(house)
    assert fetch(house, copied(), sent=False).seq != seq
