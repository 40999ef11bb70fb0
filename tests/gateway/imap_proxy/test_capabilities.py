"""What a client is told that the server can do."""

import pytest

from gateway.imap_proxy.capabilities import withhold

LINES = {
    b"* CAPABILITY IMAP4rev1 COMPRESS=DEFLATE IDLE\r\n": b"* CAPABILITY IMAP4rev1 IDLE\r\n",
    b"* CAPABILITY IMAP4rev1 IDLE NOTIFY\r\n": b"* CAPABILITY IMAP4rev1 IDLE\r\n",
    b"* capability imap4rev1 starttls auth=plain sasl-ir\r\n": b"* capability imap4rev1\r\n",
    b"a1 OK [CAPABILITY IMAP4rev1 AUTH=XOAUTH2 UIDPLUS] Hello\r\n": b"a1 OK [CAPABILITY IMAP4rev1 UIDPLUS] Hello\r\n",
    b"* PREAUTH [CAPABILITY IMAP4rev1 URLAUTH=BINARY] Hi\r\n": b"* PREAUTH [CAPABILITY IMAP4rev1] Hi\r\n",
    b"* OK [CAPABILITY IMAP4rev1 COMPRESS=DEFLATE\r\n": b"* OK [CAPABILITY IMAP4rev1\r\n",
    b"* CAPABILITY IMAP4rev1 XCOMPRESS=A CONDSTORE\r\n": b"* CAPABILITY IMAP4rev1 XCOMPRESS=A CONDSTORE\r\n",
    b"* OK COMPRESS=DEFLATE is what I can\r\n": b"* OK COMPRESS=DEFLATE is what I can\r\n",
    b'* LIST () "/" "CAPABILITY NOTIFY"\r\n': b'* LIST () "/" "CAPABILITY NOTIFY"\r\n',
}


@pytest.mark.parametrize("line", LINES, ids=bytes.decode)
def test_what_would_hide_the_session_is_not_told_of(line):
    assert withhold(line) == LINES[line]
