"""Reports as mail servers and marketplaces write them, made up in the shapes of each: raw messages, and what they tell."""

from textwrap import dedent

BUYER = "k3jx9v@marketplace.amazon.de"
SENT = "a1@brand.example"
TRACE = "01M8F4JXNHRY9R274WSRVYE84B"


def _mail(head: str, body: str) -> bytes:
    return (dedent(head).strip() + "\n\n" + dedent(body).strip("\n") + "\n").replace("\n", "\r\n").encode()


def _report(
    *groups: str,
    returned: str = "",
    words: str = "This is the mail system.",
    status: str = "message/delivery-status",
    as_: str = "message/rfc822",
    from_: str = "MAILER-DAEMON@mx.example",
) -> bytes:
    """Return a report in the standard's shape; ``groups`` are the fields about one recipient each."""
    original = (
        returned
        or f"From: support@brand.example\nTo: {BUYER}\nMessage-ID: <{SENT}>\nSubject: Re: lamp\n\nIt left today.\n"
    )
    if as_ == "text/rfc822-headers":
        original = original.partition("\n\n")[0] + "\n"
    fields = "\n\n".join(
        ["Reporting-MTA: dns; mx.example\nArrival-Date: Mon, 23 Nov 2026 08:15:00 +0000", *groups]
    )
    return (
        (
            f"From: {from_}\nTo: support@brand.example\nSubject: Undelivered Mail Returned to Sender\n"
            "MIME-Version: 1.0\nAuto-Submitted: auto-replied\n"
            'Content-Type: multipart/report; report-type=delivery-status; boundary="b"\n\n'
            f"--b\nContent-Type: text/plain\n\n{words}\n\n--b\nContent-Type: {status}\n\n{fields}\n\n"
            f"--b\nContent-Type: {as_}\n\n{original}\n--b--\n"
        )
        .replace("\n", "\r\n")
        .encode()
    )


def _group(
    address: str = BUYER, action: str = "failed", status: str = "5.1.1", why: str = "550 5.1.1 no such user"
) -> str:
    return f"Final-Recipient: rfc822; {address}\nAction: {action}\nStatus: {status}\nDiagnostic-Code: smtp; {why}"


# What each tells: ids that it must name, addresses, status, a word of what the other side said.
BOUNCES: dict[str, tuple[bytes, tuple[str, ...], tuple[str, ...], str, str]] = {
    "postfix, the whole message": (_report(_group()), (SENT,), (BUYER,), "5.1.1", "no such user"),
    "postfix, headers alone": (_report(_group(), as_="text/rfc822-headers"), (SENT,), (BUYER,), "5.1.1", "no such user"),
    "one of two recipients": (
        _report(_group("ann@shop.example", "delivered", "2.0.0", "250 ok"), _group()), (SENT,), (BUYER,), "5.1.1", "no such user"),
    "one late, one lost": (
        _report(_group("ann@shop.example", "delayed", "4.4.1", "timeout"), _group(status="5.2.2", why="552 5.2.2 full")),
        (SENT,), (BUYER,), "5.2.2", "full"),
    "two lost": (_report(_group(), _group("ann@shop.example")), (SENT,), (BUYER, "ann@shop.example"), "5.1.1", "no such"),
    "internationalized (RFC 6533)": (
        _report("Final-Recipient: utf-8; j\\x{F6}rg@shop.example\nAction: failed\nStatus: 5.1.1", status="message/global-delivery-status",
                as_="message/global-headers"), (SENT,), ("jörg@shop.example",), "5.1.1", ""),
    "internationalized, as it is": (
        _report("Final-Recipient: utf-8; jörg@shop.example\nAction: failed\nStatus: 5.1.1", status="message/global-delivery-status",
                as_="message/global"), (SENT,), ("jörg@shop.example",), "5.1.1", ""),
    "folded diagnosis": (
        _report(f"Final-Recipient: rfc822; {BUYER}\nAction: failed\nStatus: 5.7.1\nDiagnostic-Code: smtp; 554 5.7.1 not an\n  approved sender"),
        (SENT,), (BUYER,), "5.7.1", "not an approved sender"),
    "original recipient": (
        _report(f"Original-Recipient: rfc822;{BUYER}\nFinal-Recipient: rfc822;x@backend.example\nAction: failed\nStatus: 5.0.0"),
        (SENT,), (BUYER,), "5.0.0", ""),
    "capitals, no space": (
        _report(f"FINAL-RECIPIENT:RFC822;{BUYER.upper()}\nACTION:FAILED\nSTATUS:5.1.2"), (SENT,), (BUYER,), "5.1.2", ""),
    "our mark alone": (
        _report(_group(), returned=f"From: support@brand.example\nX-Trace: {TRACE}\n\nhello\n", as_="text/rfc822-headers"),
        (TRACE,), (BUYER,), "5.1.1", "no such user"),
    "no groups in it": (_report(words=f"Delivery to {BUYER} failed permanently: 550 5.1.1 unknown"), (SENT,), (BUYER,), "5.1.1", "unknown"),
    "gmail": (
        _report(_group(why="550-5.1.1 The email account that you tried to reach does not exist."), from_="mailer-daemon@googlemail.com",
                words=f"Address not found\nYour message wasn't delivered to {BUYER} because the address couldn't be found."),
        (SENT,), (BUYER,), "5.1.1", "does not exist"),
    "exchange online": (
        _report(_group(status="5.7.133", why="550 5.7.133 RESOLVER.RST.SenderNotAuthenticatedForGroup; authentication required"),
                from_="MicrosoftExchange329e71ec88ae4615bbc36ab6ce41109e@brand.onmicrosoft.com",
                words=f"Your message to {BUYER} couldn't be delivered."), (SENT,), (BUYER,), "5.7.133", "authentication required"),
    "exim": (
        _mail(f"""
            From: Mail Delivery System <Mailer-Daemon@mx.example>
            To: support@brand.example
            X-Failed-Recipients: {BUYER}
            Auto-Submitted: auto-replied
            Subject: Mail delivery failed: returning message to sender
            """, f"""
            This message was created automatically by mail delivery software.

            A message that you sent could not be delivered to one or more of its
            recipients. This is a permanent error. The following address(es) failed:

              {BUYER}
                host inbound-smtp.example [192.0.2.1]
                SMTP error from remote mail server after RCPT TO:<{BUYER}>:
                550 5.1.1 unknown user

            ------ This is a copy of the message, including all the headers. ------

            Message-ID: <{SENT}>
            From: support@brand.example
            """), (SENT,), (BUYER,), "5.1.1", "550 5.1.1 unknown user"),
    "qmail": (
        _mail("""
            From: MAILER-DAEMON@qmail.example
            To: support@brand.example
            Subject: failure notice
            """, f"""
            Hi. This is the qmail-send program at qmail.example.
            I'm afraid I wasn't able to deliver your message to the following addresses.
            This is a permanent error; I've given up. Sorry it didn't work out.

            <{BUYER}>:
            192.0.2.7 does not like recipient.
            Remote host said: 550 5.1.1 mailbox unknown

            --- Below this line is a copy of the message.

            Return-Path: <support@brand.example>
            Message-ID: <{SENT}>
            To: {BUYER}
            """), (SENT,), (BUYER,), "5.1.1", "550 5.1.1 mailbox unknown"),
    "yahoo": (
        _mail("""
            From: MAILER-DAEMON@yahoo.example
            To: support@brand.example
            Subject: Failure Notice
            """, f"""
            Sorry, we were unable to deliver your message to the following address.

            <{BUYER}>:
            554: delivery error: dd This user doesn't have a yahoo.example account

            --- Below this line is a copy of the message.

            Message-ID: <{SENT}>
            """), (SENT,), (BUYER,), "", "delivery error"),
    "sendmail of old": (
        _mail("""
            From: Mail Delivery Subsystem <MAILER-DAEMON@old.example>
            To: support@brand.example
            Subject: Returned mail: User unknown
            """, f"""
               ----- The following addresses had permanent fatal errors -----
            <{BUYER}>

               ----- Transcript of session follows -----
            ... while talking to mx.example.:
            >>> RCPT To:<{BUYER}>
            <<< 550 <{BUYER}>... User unknown

               ----- Original message follows -----
            Message-Id: <{SENT}>
            """), (SENT,), (BUYER,), "", "User unknown"),
    "exchange of old": (
        _mail("""
            From: Postmaster@corp.example
            To: support@brand.example
            Subject: Undeliverable: Re: lamp
            """, f"""
            Your message did not reach some or all of the intended recipients.

                  Subject:  Re: lamp
                  Sent:     11/23/2026 9:15 AM

            The following recipient(s) cannot be reached:

                  {BUYER} on 11/23/2026 9:15 AM
                        There was a SMTP communication problem with the recipient's email server.
                        <mx.corp.example #5.5.0 smtp;550 mailbox not found>
            """), (), (BUYER,), "5.5.0", "550 mailbox not found"),
    "german": (
        _mail("""
            From: mailer-daemon@mx.example
            To: support@brand.example
            Subject: Unzustellbar: Re: Lampe
            """, f"Ihre Nachricht an {BUYER} konnte nicht zugestellt werden: 550 5.1.1 unbekannt"), (), (BUYER,), "5.1.1", "unbekannt"),
    "french": (
        _mail("""
            From: postmaster@mx.example
            To: support@brand.example
            Subject: Non remis : Re: lampe
            """, f"Votre message à {BUYER} n'a pas pu être remis. 550 5.1.1 inconnu"), (), (BUYER,), "5.1.1", "inconnu"),
    "null return path": (
        _mail("""
            Return-Path: <>
            From: Mail Gateway <gateway@corp.example>
            To: support@brand.example
            Subject: Delivery failure
            """, f"Delivery to {BUYER} failed: 554 5.4.7 expired"), (), (BUYER,), "5.4.7", "expired"),
}  # fmt: skip

# What looks like one and is none.
NONE: dict[str, bytes] = {
    "delayed": _report(_group(action="delayed", status="4.4.1", why="timed out")),
    "delivered": _report(_group(action="delivered", status="2.0.0", why="250 ok")),
    "relayed and expanded": _report(
        _group(action="relayed", status="2.0.0"), _group("list@x.example", "expanded", "2.0.0")
    ),
    "a warning of Exim's": _mail(
        "From: Mailer-Daemon@mx.example\nTo: support@brand.example\nSubject: Warning: message 1a2b delayed 24 hours",
        f"A message that you sent has not yet been delivered to one or more of its recipients.\n\n  {BUYER}\n\nNo action is required; you do not need to resend it.",
    ),
    "a delay of Gmail's": _mail(
        "From: mailer-daemon@googlemail.com\nTo: support@brand.example\nSubject: Delivery Status Notification (Delay)",
        f"There was a temporary problem delivering your message to {BUYER}. Gmail will keep trying for 46 more hours. It wasn't delivered yet.",
    ),
    "an absence": _mail(
        f"From: {BUYER}\nTo: support@brand.example\nSubject: Out of office\nAuto-Submitted: auto-replied",
        "I am away. Your message was not delivered to my colleague.",
    ),
    "a buyer who complains": _mail(
        f"From: {BUYER}\nTo: support@brand.example\nSubject: Parcel not delivered",
        "My parcel was not delivered, delivery failed twice! Action: failed\n\nFinal-Recipient: rfc822; me@x.example\nAction: failed\n",
    ),
    "a challenge": _mail(
        "From: challenge@spamfree.example\nTo: support@brand.example\nSubject: Please confirm your message\nAuto-Submitted: auto-replied",
        "Click here and your mail is delivered.",
    ),
    "a read receipt": _report(_group()).replace(
        b"report-type=delivery-status", b"report-type=disposition-notification"
    ),
    "an abuse report": _report(_group()).replace(
        b"report-type=delivery-status", b"report-type=feedback-report"
    ),
    "a postmaster's letter": _mail(
        "From: postmaster@mx.example\nTo: support@brand.example\nSubject: Maintenance on Sunday",
        "We move servers on Sunday.",
    ),
}
