"""Mail as Amazon sends it to a seller: its headers, its frame around the buyer's words, its notices.

The shapes follow real messages quoted in public code; where none is known (the bounce to a sender that is not
approved), the words are ours.
"""

from collections.abc import Sequence
from datetime import datetime
from email.message import EmailMessage
from email.policy import SMTP
from email.utils import format_datetime
from html import escape

from gateway.demo.buyers import Order, token_of

_BEGIN = "------------- Begin message -------------"
_END = "------------- End message -------------"
_MARKETPLACE_ID = "ATVPDKIKX0DER"
_PRE = "white-space: -moz-pre-wrap; white-space: -o-pre-wrap; white-space: pre-wrap; word-wrap: break-word;"


def buyer_message(
    order: Order,
    text: str,
    *,
    sender: str,
    to: str,
    at: datetime,
    number: int,
    topic: str = "Product details",
    attachments: Sequence[tuple[str, str, bytes]] = (),
    answers: tuple[str, str] = ("", ""),
) -> EmailMessage:
    """Return what a seller gets when a buyer writes; ``sender`` is the alias with its case.

    ``attachments`` are (file name, content type, bytes); ``answers`` are the Message-ID and text of the seller's mail
    that this one answers by mail: then the buyer's words stand above it, and the frame belongs to the quoted mail.
    """
    token = token_of("message", order.value, str(number), text)
    mail = _mail(token, sender=f'"{order.buyer} - Amazon Marketplace" <{sender}>', to=to, at=at)
    mail["Reply-To"] = sender
    if answers[0]:
        mail["Subject"] = f"Re: {topic} inquiry from Amazon customer {order.buyer} (Order: {order.value})"
        mail["In-Reply-To"] = mail["References"] = answers[0]
    else:
        mail["Subject"] = f"{topic} inquiry from Amazon customer {order.buyer} (Order: {order.value})"
    mail["X-Space-Notification-Type"] = "BBC_MESSAGE_SENT_TO_MERCHANT"
    mail["X-Marketplace-ID"] = _MARKETPLACE_ID
    mail.set_content(_plain(order, text, answers[1], token))
    mail.add_alternative(_html(order, text, answers[1], token), subtype="html")
    for filename, content_type, data in attachments:
        main, _, sub = content_type.partition("/")
        mail.add_attachment(data, maintype=main, subtype=sub, filename=filename)
    return mail


def opted_out(order: Order, *, alias: str, to: str, at: datetime, subject: str) -> EmailMessage:
    """Return the notice that a buyer takes no unasked messages; its body names the alias, its sender does not."""
    token = token_of("opted-out", order.value, str(at))
    mail = _mail(token, sender="Amazon.com <auto-communication@amazon.com>", to=to, at=at)
    mail["Subject"] = "Your message to the buyer was not delivered."
    mail["X-Space-Notification-Type"] = "BUYER_OPTED_OUT_BSM_MESSAGES"
    mail["X-Marketplace-ID"] = _MARKETPLACE_ID
    words = (
        f"Your message could not be delivered because the buyer has opted out of receiving unsolicited messages.\n\n"
        f"Order: {order.value}\nSubject: {subject}\n\n"
        "If your message is critical to completing the order, reply to the buyer's own message or add [Important] to "
        "the subject line. Messages about customisation, delivery dates or addresses are critical; requests for "
        "feedback, confirmations and stock notices are not.\n"
    )
    mail.set_content(f"{words}\nBuyer: mailto:{alias}\n")
    mail.add_alternative(
        f"<html><body><p>{escape(words)}</p><a href='mailto:{alias}'>Buyer</a></body></html>", subtype="html"
    )
    return mail


def claim_opened(order: Order, *, to: str, at: datetime) -> EmailMessage:
    """Return the notice that a buyer asks for the money back and that the seller has three days to answer."""
    sender = "Amazon.com <atoz-guarantee-no-reply@amazon.com>"
    mail = _mail(token_of("claim", order.value, str(at)), sender=sender, to=to, at=at)
    mail["Subject"] = f"Action required: Claim received on order {order.value}"
    mail["X-Space-Notification-Type"] = "A_Z_CLAIM_RESPONDENT_NOTIFY"
    mail["X-Marketplace-ID"] = _MARKETPLACE_ID
    mail.set_content(
        f"Hello,\n\nWe have received an A-to-z Guarantee claim on order {order.value}.\n\n"
        f"Reason: package did not arrive\nProduct: {order.title} [ASIN: {order.product}]\n\n"
        "You must respond within 3 calendar days, or the claim will be granted and debited from your account. The reply"
        " box in Seller Central does not take attachments; send documents to the buyer by Buyer-Seller Messages.\n"
    )
    return mail


def not_approved(*, sender: str, alias: str, to: str, at: datetime, subject: str) -> EmailMessage:
    """Return the later bounce to a sender that is not on the account's list of approved senders."""
    mail = _mail(
        token_of("not-approved", sender, str(at)), sender="Amazon.com <donotreply@amazon.com>", to=to, at=at
    )
    mail["Subject"] = "Your message to the buyer was not delivered."
    mail["X-Marketplace-ID"] = _MARKETPLACE_ID
    mail.set_content(
        f"Your message was rejected because it was sent from {sender}, which is not an approved sender of your"
        f" account.\n\nSubject: {subject}\nBuyer: mailto:{alias}\n\nAdd the address to your approved senders in Seller"
        " Central and send the message again.\n"
    )
    return mail


def _mail(token: str, *, sender: str, to: str, at: datetime) -> EmailMessage:
    mail = EmailMessage(policy=SMTP)
    mail["Date"] = format_datetime(at)
    mail["From"] = sender
    mail["To"] = to
    mail["Message-ID"] = (
        f"<0100{token[:12]}-{token[12:20]}-{token[20:24]}-{token[24:36]}-000000@us-east-1.amazonses.com>"
    )
    return mail


def _plain(order: Order, text: str, quoted: str, token: str) -> str:
    frame = f"# {order.value}:\n{order.quantity} / {order.title} [ASIN: {order.product}]\n\n"
    if quoted:
        return f"{text}\n\n{frame}{_BEGIN}\n\n{quoted}\n\n{_END}\n\n{_footer(token)}"
    return f"You have received a message.\n\n{frame}{_BEGIN}\n\n{text}\n\n{_END}\n\n{_footer(token)}"


def _footer(token: str) -> str:
    return (
        "For Your Information: To help arbitrate disputes and preserve trust and safety, we retain all messages buyers"
        " and sellers send through Amazon.com for two years. This includes your response to the message above.\n\n"
        f"Mark as no response needed: {_no_response_needed(token)}\n\n"
        f"[commMgrTok:A{token[:20].upper()}]\nSPC-USAmazon-{int(token[:13], 16) % 10**16:016d}\n"
    )


def _html(order: Order, text: str, quoted: str, token: str) -> str:
    message = f"<pre style='{_PRE}'>{escape(text)}</pre>"
    if quoted:
        message += f"<p>{_BEGIN}</p><blockquote>{escape(quoted)}</blockquote><p>{_END}</p>"
    return (
        "<html><body style='font-family:Arial'><p>You have received a message.</p>"
        f"<p># {order.value}:</p><table><tr><td>{order.quantity} / {escape(order.title)}"
        f" [ASIN: {order.product}]</td></tr></table><h3>Message:</h3>{message}"
        f"<p><a href='{escape(_no_response_needed(token))}'>No response needed</a></p>"
        f"<p style='color:#fff'>[commMgrTok:A{token[:20].upper()}]</p></body></html>"
    )


def _no_response_needed(token: str) -> str:
    return f"https://sellercentral.amazon.com/messaging/no-response-needed?t={token[:10]}&m={token[10:24]}&mp={_MARKETPLACE_ID}&c={token[24:40]}&h={token[:40]}&s=1"
