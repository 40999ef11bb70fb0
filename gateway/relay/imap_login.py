"""A logged-in IMAP connection: connect, protect, authenticate; each failure says which step and what to do."""

import socket
import ssl
from imaplib import IMAP4

from imapclient import IMAPClient, SocketTimeout
from imapclient.exceptions import LoginError

from gateway.errors import Temporary
from gateway.relay.reply import readable
from gateway.relay.tls import TlsPolicy, check_password_is_safe, is_implicit, tls_context

# The parsers of imaplib and imapclient trust servers to keep to the grammar; this is how they fail where one does not.
NONSENSE = (
    ValueError,
    TypeError,
    LookupError,
    AttributeError,
    AssertionError,
    ArithmeticError,
    RecursionError,
)


class LoginRefused(Temporary):
    """The server does not take this name with this password or token."""


def log_in(
    host: str,
    port: int,
    *,
    tls: TlsPolicy,
    user: str,
    password: str,
    timeout_s: float,
    ca_file: str = "",
    token: str = "",
) -> IMAPClient:
    """Return a connection that has logged in; the caller logs out. With a ``token`` (OAuth 2) no password is asked for.

    Raises LoginRefused, and Temporary for all else, whose text says what failed: settings and servers are mended, messages are not at fault.
    Raises WrongUse where the password would travel unprotected.
    """
    check_password_is_safe(tls, host, user)
    context = tls_context(tls, ca_file)
    remote = f"{host}:{port}"
    try:
        client = IMAPClient(
            host,
            port,
            ssl=is_implicit(tls, port),
            ssl_context=context,
            timeout=SocketTimeout(connect=timeout_s, read=timeout_s),
        )
    except ssl.SSLCertVerificationError as wrong:
        raise _untrusted(remote, wrong) from wrong
    except (OSError, IMAP4.error) as wrong:
        raise Temporary(f"no IMAP connection to {remote}: {wrong}") from wrong
    except NONSENSE as wrong:
        raise _senseless(remote, wrong) from wrong
    try:
        # Without this the end of a literal waits for an acknowledgement that the server delays by 40 ms.
        client.socket().setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        _protect(client, tls, context, remote)
        if token:
            _show_token(client, user, token)
        else:
            _authenticate(client, user, password)
    except BaseException as wrong:
        leave(client)
        if isinstance(wrong, ssl.SSLCertVerificationError):
            raise _untrusted(remote, wrong) from wrong
        if isinstance(wrong, LoginError):
            settings = "its OAuth token" if token else "settings user, password_file"
            raise LoginRefused(f"{remote} refused the login of {user!r} ({settings}): {wrong}") from wrong
        if isinstance(wrong, OSError | IMAP4.error):
            raise Temporary(f"the IMAP login at {remote} failed: {wrong}") from wrong
        if isinstance(wrong, NONSENSE):
            raise _senseless(remote, wrong) from wrong
        raise
    return client


def _senseless(remote: str, wrong: BaseException) -> Temporary:
    return Temporary(f"the server at {remote} answers what makes no sense ({type(wrong).__name__})")


def _untrusted(remote: str, wrong: ssl.SSLCertVerificationError) -> Temporary:
    return Temporary(f"the certificate of {remote} is not trusted: {wrong.verify_message} (setting ca_file)")


def leave(client: IMAPClient) -> None:
    """Close a connection, in whatever state it is."""
    try:
        client.shutdown()
    except (OSError, IMAP4.error):
        return  # it was gone already


def _protect(client: IMAPClient, tls: TlsPolicy, context: ssl.SSLContext | None, remote: str) -> None:
    if context is None or isinstance(client.socket(), ssl.SSLSocket):
        return
    if client.has_capability("STARTTLS"):
        client.starttls(context)
    elif tls != "opportunistic":
        raise Temporary(f"{remote} offers no STARTTLS and the setting is tls = {tls!r}; nothing was sent")


def _authenticate(client: IMAPClient, user: str, password: str) -> None:
    """Log in by SASL PLAIN, which carries every character, where it is offered; else by LOGIN."""
    if client.has_capability("AUTH=PLAIN"):
        client.plain_login(user, password)
    else:
        client.login(user, password)


def _show_token(client: IMAPClient, user: str, token: str) -> None:
    """Log in with a token by OAUTHBEARER (RFC 7628) where it is offered; else by XOAUTH2, which came before it."""
    standard = client.has_capability("AUTH=OAUTHBEARER")
    name = user.replace("=", "=3D").replace(",", "=2C")
    first = f"n,a={name},\1auth=Bearer {token}\1\1" if standard else f"user={user}\1auth=Bearer {token}\1\1"
    asked: list[bytes] = []

    def answer(challenge: bytes) -> bytes:
        asked.append(challenge)
        # A second question says what is wrong with the token, and wants no more than a word that we have read it.
        return first.encode() if len(asked) == 1 else b"\1" if standard else b""

    try:
        client.sasl_login("OAUTHBEARER" if standard else "XOAUTH2", answer)
    except LoginError as refused:
        raise LoginError(" ".join([str(refused), *(readable(one)[:200] for one in asked[1:])])) from refused
