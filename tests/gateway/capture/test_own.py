"""Copies that we delivered ourselves, met again in a captured folder; and what only looks like one."""

import re
from datetime import UTC, datetime

import pytest

from gateway.archive.archive import Archive, create_archive
from gateway.capture.own import KnowingOwn
from gateway.clock import FixedClock
from gateway.mail.canonical import canonical
from gateway.mail.entry import Draft, Envelope
from gateway.mail.stamp import Stamp, stamp
from gateway.pipeline import Intake

AT = datetime(2026, 11, 23, 8, 0, tzinfo=UTC)
HOST = "docket.brand.example"
RAW = b"From: buyer@shop.example\r\nX-Docket-Tags: forged\r\nSubject: hello\r\n\r\nWhere is it?\r\nbare\nline\r\n"
ON_TOP = b"Return-Path: <buyer@shop.example>\r\nDelivered-To: shop\r\nReceived: from docket by mx\r\n\twith LMTP\r\n"


@pytest.fixture
def archive(tmp_path):
    urls = f"sqlite:///{tmp_path}/archive.db", f"sqlite:///{tmp_path}/keys.db"
    create_archive(*urls, tmp_path / "secrets", "docket/own", FixedClock(AT))
    archive = Archive(*urls, tmp_path / "secrets", clock=FixedClock(AT))
    yield archive
    archive.close()


@pytest.fixture
def accept(archive):
    return KnowingOwn(archive, Intake(archive).accept, hostname=HOST)


def envelope(uid, source="fetch"):
    return Envelope(source=source, received_at=AT, origin=f"shop/INBOX/7/{uid}" if uid else "")


def delivered(archive, seq, raw=RAW):
    """Return the copy as the worker stamps it, and as an IMAP server gives it back."""
    stamped = stamp(
        raw,
        Stamp(
            id=archive.entry(seq).id,
            seq=seq,
            by=HOST,
            helo="mail.shop.example",
            peer="203.0.113.5:4711",
            protocol="smtp",
            tls="",
            for_="support@brand.example",
            at=AT,
            orders=(("302-1234567-7654321", "certain", "stated"),),
            tags=("claim",),
            marketplace="amazon",
            results=("dkim=pass header.d=shop.example",),
        ),
    )
    return re.sub(rb"\r\n|\n", b"\r\n", stamped)


def types(archive):
    return [entry.type for entry in archive.entries(0, erased=True)]


@pytest.mark.parametrize("on_top", [b"", ON_TOP])
def test_a_copy_of_ours_is_the_original_at_another_place(archive, accept, on_top):
    seq = accept(RAW, envelope(0, "smtp")).result().seq
    copy = on_top + delivered(archive, seq)
    receipt = accept(copy, envelope(3)).result()
    assert (receipt.seq, receipt.existing) == (seq, True)
    accept(copy, envelope(3)).result()  # fetched again after a crash
    assert types(archive) == ["mail.in", "sighting"]
    assert b'"of":0' in archive.entry(1).payload
    assert b'"origin":"shop/INBOX/7/3"' in archive.entry(1).payload


@pytest.mark.parametrize(
    "change",
    [
        lambda copy: copy.replace(b"Where is it?", b"Where is it!"),
        lambda copy: copy.replace(b"seq=0", b"seq=1"),
        lambda copy: copy.replace(b"seq=0", b"seq=999999999"),
        lambda copy: re.sub(rb"X-Docket-ID: \w{26}", b"X-Docket-ID: " + b"0" * 26, copy),
        lambda copy: b"Subject: You owe us\r\n" + copy,
        lambda copy: b"words before the header\r\n" + copy,
        lambda copy: ON_TOP + b"\r\nA whole other mail\r\n\r\n" + copy,
        lambda copy: copy + b"more\r\n",
        lambda copy: b"X-Docket-ID: nonsense\r\n" + copy,
    ],
)
def test_what_differs_in_any_word_is_a_message_of_its_own(archive, accept, change):
    seq = accept(RAW, envelope(0, "smtp")).result().seq
    other = change(delivered(archive, seq))
    receipt = accept(other, envelope(3)).result()
    assert (receipt.seq, receipt.existing) == (1, False)
    assert archive.entry(1).payload == other


@pytest.fixture
def erase(archive):
    def erase(seq):
        payload = {"erased": [[seq, None]], "reason": "asked by the person"}
        by = archive.append(Draft(type="erasure", payload=canonical(payload), meta={})).seq
        assert archive.destroy(by) == 1

    return erase


ASKED = RAW.replace(b"bare\nline", b"\r\nbye").replace(b"X-Docket-Tags: forged\r\n", ON_TOP)


@pytest.mark.parametrize("on_top", [b"", ON_TOP])
def test_what_was_erased_does_not_come_back_by_the_copy_that_was_delivered(archive, accept, erase, on_top):
    seq = accept(ASKED, envelope(0, "smtp")).result().seq
    copy = on_top + delivered(archive, seq, ASKED)
    erase(seq)
    receipt = accept(copy, envelope(3)).result()
    assert (receipt.seq, receipt.existing) == (seq, True)
    assert types(archive) == ["mail.in", "erasure", "sighting"]
    assert b"Where is it" not in b"".join(one.payload for one in archive.entries(0, erased=True))


@pytest.mark.parametrize(
    "change",
    [
        lambda copy: copy.replace(b"Where is it?", b"Where is it!"),
        lambda copy: b"Subject: You owe us\r\n" + copy,
        lambda copy: b"words before the header\r\n" + copy,
        lambda copy: ON_TOP + b"\r\nA whole other mail\r\n\r\n" + copy,
        lambda copy: copy + b"more\r\n",
    ],
)
def test_no_word_hides_behind_an_erased_message(archive, accept, erase, change):
    seq = accept(ASKED, envelope(0, "smtp")).result().seq
    other = change(delivered(archive, seq, ASKED))
    erase(seq)
    receipt = accept(other, envelope(3)).result()
    assert not receipt.existing
    assert archive.entry(receipt.seq).payload == other
