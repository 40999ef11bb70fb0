"""How kinds are called that marketplaces' files and the rules name: of messages, of clocks, and of numbers in a mail."""

from gateway.tongue import marked

KINDS = {
    "cancellation_request": marked("Cancellation request"),
    "claim_updated": marked("Claim updated"),
    "claim_closed": marked("Claim closed"),
    "chargeback_closed": marked("Chargeback closed"),
    "negative_feedback": marked("Negative feedback"),
    "account_notice": marked("Account notice"),
    "claim_answer": marked("Claim answer"),
    "claim_appeal": marked("Claim appeal"),
    "chargeback_answer": marked("Chargeback answer"),
    "return_answer": marked("Return answer"),
    "case": marked("Case"),
    "transaction": marked("Transaction"),
    "shipment": marked("Shipment"),
    "account": marked("Account"),
    "tracking": marked("Tracking number"),
    "phone": marked("Telephone number"),
    "rma": "RMA",
    "ean": "EAN",
    "chat": marked("Chat"),
}
