"""Which of a server's capabilities a client is told of: those that leave the conversation readable and the login ours. Pure."""

import re

# COMPRESS makes the bytes opaque. TLS and login are settled with us, not with the server behind. The others send
# clients elsewhere, or put commands and messages together in ways that are not followed.
_WITHHELD = re.compile(
    rb"(?:COMPRESS=.*|STARTTLS|LOGINDISABLED|AUTH=.*|SASL-IR|LOGIN-REFERRALS|MAILBOX-REFERRALS|URLAUTH.*|URL-PARTIAL"
    rb"|CATENATE|REPLACE|NOTIFY|UNAUTHENTICATE|UIDONLY)",
    re.IGNORECASE,
)
# RFC 9051 sections 7.2.2 and 7.1: a response of its own, or a code at the beginning of a status response.
_LISTS = re.compile(rb"(\* CAPABILITY |[^ ]+ (?:OK|PREAUTH) \[CAPABILITY )([^\]\r\n]*)", re.IGNORECASE)

# The commands that belong to what is withheld, and those of the login, which is over: the server never sees them.
WITHHELD_COMMANDS = frozenset(
    b"COMPRESS STARTTLS AUTHENTICATE LOGIN UNAUTHENTICATE NOTIFY REPLACE GENURLAUTH URLFETCH RESETKEY".split()
)


def withhold(line: bytes) -> bytes:
    """Return a line from a server without the capabilities that are withheld; every other line comes back as it is.

    >>> withhold(b"* CAPABILITY IMAP4rev1 COMPRESS=DEFLATE IDLE")
    b'* CAPABILITY IMAP4rev1 IDLE'
    """
    found = _LISTS.match(line)
    if found is None:
        return line
    told = [name for name in found[2].split(b" ") if not _WITHHELD.fullmatch(name)]
    return found[1] + b" ".join(told) + line[found.end() :]
