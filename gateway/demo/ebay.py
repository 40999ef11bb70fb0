"""Mail as eBay sends it to a seller; only an answer that keeps its reference id reaches the buyer.

The address, the reference id and the place of the buyer's words follow public code and eBay's developer guide; the
subject's English form is ours.
"""

from datetime import datetime
from email.message import EmailMessage
from email.policy import SMTP
from email.utils import format_datetime
from html import escape

from gateway.demo.buyers import Order, token_of


def reference_of(order: Order, number: int) -> str:
    """Return the reference id of one message; each message has a new one, and all of a conversation stay good."""
    return f"[#{token_of('reference', order.value, str(number))[:12]}#]"


def buyer_message(
    order: Order, text: str, *, sender: str, to: str, at: datetime, number: int, answers: str = ""
) -> EmailMessage:
    """Return what a seller gets when a buyer writes; ``answers`` is the Message-ID of the mail this one answers."""
    mail = EmailMessage(policy=SMTP)
    mail["Date"] = format_datetime(at)
    mail["From"] = f'"eBay - {order.buyer}" <{sender}>'
    mail["To"] = to
    mail["Reply-To"] = sender
    mail["Message-ID"] = f"<{token_of('ebay', order.value, str(number))[:24]}@starship>"
    mail["Subject"] = f"{order.buyer} sent a message about {order.title} #{order.product}"
    if answers:
        mail["In-Reply-To"] = mail["References"] = answers
    reference = f"Email reference id: {reference_of(order, number)}"
    keep = (
        "Please don't remove this number from your reply. It is how we know which conversation it belongs to."
    )
    mail.set_content(
        f"New message from: {order.buyer}\n\n{text}\n\nOrder number: {order.value}\nItem: {order.title}"
        f" ({order.product})\nQuantity: {order.quantity}\n\n{reference}\n{keep}\n"
    )
    mail.add_alternative(
        f"<html><body><p>New message from: <b>{escape(order.buyer)}</b></p><div id='UserInputtedText'>"
        f"{escape(text)}</div><p>Order number: {order.value}<br>Item: {escape(order.title)} ({order.product})</p>"
        f"<p>{reference}</p><p>{keep}</p></body></html>",
        subtype="html",
    )
    return mail


def not_sent(order: Order, *, to: str, at: datetime, subject: str) -> EmailMessage:
    """Return the bounce to an answer without its reference id."""
    mail = EmailMessage(policy=SMTP)
    mail["Date"] = format_datetime(at)
    mail["From"] = "eBay <ebay@ebay.com>"
    mail["To"] = to
    mail["Message-ID"] = f"<{token_of('not-sent', order.value, str(at))[:24]}@starship>"
    mail["Auto-Submitted"] = "auto-replied"
    mail["Subject"] = f"Your message to {order.buyer} was not sent"
    mail.set_content(
        f"We could not send your message about item {order.product} because it does not contain the email reference"
        f" id of the buyer's message.\n\nSubject: {subject}\n\nReply to the buyer's message and keep the line that"
        " begins with Email reference id.\n"
    )
    return mail
