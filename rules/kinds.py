"""What a message can be, over all marketplaces: one closed list, so that a rule or a file cannot misspell a kind unnoticed.

``docs/rules.md`` shows the same list to people; a test holds the two together.
"""

KINDS: dict[str, str] = {
    "buyer_message": "a buyer writes, or the marketplace says that one has",
    "own_answer_copy": "the copy of an answer that somebody of ours wrote on the marketplace's own site",
    "sold": "a new order",
    "order_update": "what the marketplace tells of an order's way: dispatch, delivery, confirmation",
    "cancellation_request": "a buyer asks to cancel",
    "order_cancelled": "an order is cancelled",
    "return_request": "a return is asked for or authorised",
    "refund_issued": "money goes back to a buyer",
    "claim_opened": "a dispute that the marketplace decides: A-to-z, case, help request, discussion",
    "claim_updated": "more is asked or said in an open dispute",
    "claim_closed": "a dispute is decided or ends",
    "chargeback_opened": "a buyer's bank takes the money back",
    "chargeback_closed": "a chargeback is decided",
    "negative_feedback": "a bad rating of the seller",
    "not_delivered": "the marketplace did not pass a message of ours on",
    "account_notice": "about the seller's account: health, listings, policies",
    "payout": "about money paid or held",
}

# Mail that comes in, but was written by somebody of ours on the marketplace's site: it answers the buyer, so it stops clocks.
WRITTEN_BY_US = frozenset({"own_answer_copy"})

# Notices that may say until when they want an answer.
ASKS_FOR_AN_ANSWER = frozenset(
    {
        "buyer_message",
        "cancellation_request",
        "return_request",
        "claim_opened",
        "claim_updated",
        "claim_closed",  # it may be appealed
        "chargeback_opened",
        "account_notice",
    }
)
