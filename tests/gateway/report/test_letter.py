"""The buyer's copy sent: judged, archived and relayed like every answer, and nothing made for nobody."""

import email
import email.policy
import hashlib

import pytest

from gateway.errors import WrongUse
from gateway.report.audience import Wanted
from gateway.report.letter import addressee, letter_of
from tests.gateway.report.conftest import ASKED, REF, reporter_of
from tests.small_house import BUYER, MAILBOX, ORDER, mail, seed

pytestmark = pytest.mark.needs("pango")
WANTED = Wanted(order=REF, audience="buyer", language="de")


def test_it_leaves_as_an_answer_and_its_acceptance_is_recorded(house):
    seed(house)
    before = len(house.remote.taken)
    reporter = reporter_of(house)
    made = reporter.make(WANTED, ASKED)
    raw, envelope = letter_of(reporter, WANTED, made, "anna")
    receipt = house.gateway.accept(raw, envelope).result()
    house.settle()
    assert receipt.reply == f"250 2.0.0 Archived {receipt.seq}"
    assert house.archive.entry(receipt.seq).type == "mail.out"
    (sent,) = house.remote.taken[before:]
    message = email.message_from_bytes(sent, policy=email.policy.default)
    assert message["From"] == f"Brand Support <{MAILBOX}>"
    assert message["To"] == BUYER
    assert message["Subject"] == "Re: Anfrage"
    assert message["In-Reply-To"] == "<q2@mail.example>"
    assert "anna" not in str(message.items()).lower()
    (file,) = message.iter_attachments()
    assert file.get_filename() == f"report-amazon-{ORDER}.pdf"
    assert hashlib.sha256(file.get_content()).hexdigest() == made.sha256
    assert f"zur Bestellung {ORDER}" in message.get_body().get_content()
    with house.store.read() as conn:
        from gateway.dossier.timeline import timeline_of

        timeline = timeline_of(conn, REF)
    assert [one.answers[0].kind for one in timeline.letters if one.row.seq == receipt.seq] == ["delivered"]


def test_where_no_message_is_surely_the_buyers_there_is_nobody_to_send_it_to(house):
    house.take(mail("Parcel", f"About order {ORDER}", from_="Post <post@parcels.example>"), mail_from="post@parcels.example", trusted=False)  # fmt: skip
    with pytest.raises(WrongUse, match="there is nobody to send it to"):
        addressee(*reporter_of(house).choice(WANTED))
