"""The buyer's copy: what was between the buyer and the shop, and nothing else."""

import pytest

from gateway.errors import Permanent
from gateway.mail.canonical import canonical
from gateway.mail.entry import Draft
from tests.gateway.report.conftest import note, report
from tests.gateway.report.pdf import embedded, images, text_of
from tests.small_house import MAILBOX, ORDER, PIXEL, mail, seed

pytestmark = pytest.mark.needs("pango")
OTHER = "302-1111111-2222222"


@pytest.fixture
def full(house):
    """An order with everything that a buyer must not see."""
    seed(house)
    note(house, "SECRET-NOTE")
    house.act(
        Draft(type="tag", payload=canonical({"of": 67, "add": ["SECRET-TAG"], "agent": "anna"}), meta={})
    )
    house.take(
        mail(f"Order {ORDER} and {OTHER}", f"SECRET-OTHER my orders {ORDER} and {OTHER}", message_id="two"),
    )
    meta = {
        "order": {"marketplace": "amazon", "value": ORDER}, "content_type": "image/png", "size_bytes": len(PIXEL),
        "sha256": "ab" * 32, "agent": "anna", "source": "command",
    }  # fmt: skip
    for kind, name, text in (
        ("photo", "SECRET-PHOTO.png", "SECRET-WORDS"),
        ("proof-of-delivery", "SECRET-NAME.png", "signed for by M. Keller"),
    ):
        house.act(
            Draft(type="evidence", payload=PIXEL, meta={**meta, "filename": name, "kind": kind, "text": text})
        )
    return house


def test_nothing_internal_and_nobody_elses_is_in_it(full):
    made = report(full, audience="buyer")
    text = text_of(made.pdf)
    for word in ("SECRET", "anna", "Anna Brandt", "pay customs here", MAILBOX, "A-to-z", "damage"):
        assert word not in text, word
    assert embedded(made.pdf) == {}
    for words in (
        "Copy for the buyer",
        "Internal notes, the names of staff, and what concerns other customers are not in it",
        "die Lampe kam beschädigt an",
        "Wir senden Ihnen heute einen neuen Schirm",
        "signed for by M. Keller",
        "From Brand Support To Buyer",
        "1 messages between the marketplace and the seller are not in this copy",
        "1 messages that name other orders too",
    ):
        assert words in text, words
    assert b"SECRET" not in made.pdf


def test_the_complete_report_has_all_of_it(full):
    text = text_of(report(full).pdf)
    for word in (
        "SECRET-NOTE",
        "SECRET-TAG",
        "SECRET-OTHER",
        "SECRET-PHOTO",
        "SECRET-NAME",
        "anna",
        "pay customs here",
    ):
        assert word in text, word


def test_an_answer_that_never_left_is_not_shown(full):
    full.take(
        mail("Re: x", f"SECRET-HELD write to a@b.example about {ORDER}", from_=MAILBOX, to="k3jx9v@marketplace.amazon.de"),
        source="submission", agent="anna", mail_from=MAILBOX, rcpt_to=("k3jx9v@marketplace.amazon.de",),
    )  # fmt: skip
    text = text_of(report(full, audience="buyer").pdf)
    assert "SECRET-HELD" not in text
    assert "1 messages that were never handed over" in text


def test_pages_that_act_for_the_seller_are_not_handed_to_the_buyer(house):
    house.take(
        mail(
            f"Order {ORDER}",
            f"It broke.\n\nOrder {ORDER}\nMark as no response needed: https://sellercentral.example/no-response?t=SECRET1\n"
            "[commMgrTok:SECRET2SECRET2]\n\nOn Monday, Ann wrote:\n> one\n> SECRET3\n> three\n",
        )
    )
    text = text_of(report(house, audience="buyer").pdf)
    assert "It broke." in text
    assert "SECRET" not in text
    assert "Addresses of web pages, and older mail that is quoted, are not shown" in text
    assert "SECRET1" in text_of(report(house).pdf)


def test_a_copy_that_is_too_large_goes_without_pictures_and_else_not_at_all(full):
    whole = report(full, audience="buyer")
    assert images(whole.pdf)
    small = report(full, audience="buyer", buyer_bytes=len(whole.pdf) - 1)
    assert images(small.pdf) == []
    assert "no picture that can be shown" in text_of(small.pdf)
    with pytest.raises(
        Permanent, match=r"even without pictures, and may have 1000 B \(report.buyer_bytes_max\)"
    ):
        report(full, audience="buyer", buyer_bytes=1000)
