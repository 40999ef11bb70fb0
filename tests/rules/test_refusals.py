"""Refusals in the words of marketplaces and mail servers, and what people are told of them."""

import pytest

from gateway.relay.advice import mend
from rules.refusals import refusal_in

SAID = {
    "BUYER_OPTED_OUT_BSM_MESSAGES": "opted_out",
    "The buyer has opted out of unsolicited messages.": "opted_out",
    "L'acheteur a choisi de ne plus recevoir de messages": "opted_out",
    "554 5.7.1 shop@brand.example is not an approved sender of your account": "sender",
    "sent from a@b.example, which is not an approved sender": "sender",
    "550 expéditeur non autorisé": "sender",
    "it does not contain the email reference id of the buyer's message": "reference",
    "This conversation has been closed": "closed",
    "Your attachment manual.exe was removed": "attachment",
    "La pièce jointe a été supprimée": "attachment",
    "did not meet our communication guidelines": "guidelines",
    "552 5.3.4 Message size exceeds fixed limit": "size",
    "552 5.2.2 mailbox full": "full",
    "550 5.1.1 <k3@marketplace.amazon.de>: Recipient address rejected: no such user": "unknown",
    "the address couldn't be found": "unknown",
    "550 5.7.26 blocked: DMARC policy of brand.example": "spam",
}


@pytest.mark.parametrize("said", SAID)
def test_a_refusal_is_known_by_its_words(said):
    found = refusal_in(said)
    assert found is not None
    assert found.name == SAID[said]
    assert mend(said) == found.mend


def test_what_nobody_has_told_us_of_is_told_by_its_status():
    assert refusal_in("554 5.1.2 something new") is None
    assert "domain" in mend("554 5.1.2 something new")
    assert "Read the answer above" in mend("")
    assert refusal_in("\udce4" * 3000) is None


@pytest.mark.parametrize(
    "said",
    [
        "553 5.1.8 <x@brand.example> sender domain does not exist",
        "550 sender verify failed: sender address unknown user",
        "550 5.1.0 <support@brand.example> sender rejected: unknown user account",
    ],
)
def test_what_is_said_of_the_sender_does_not_blame_the_buyer(said):
    assert refusal_in(said).name == "sender"


def test_a_colleagues_words_are_no_marketplaces():
    assert refusal_in("554 5.7.1 Dropped by anna: the address has expired") is None
