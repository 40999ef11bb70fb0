"""How a connection is protected, and what is known of the peer afterwards.

* ``required``: TLS with a verified certificate, in the way the port is known for (from the first byte on 465 and 993).
* ``starttls`` and ``implicit``: the same promise, the way named.
* ``opportunistic``: STARTTLS where it is offered, whoever answers (RFC 7435); else in the clear.
* ``none``: in the clear.
"""

import hashlib
import ipaddress
import socket
import ssl
from typing import Literal

from gateway.errors import WrongUse

TlsPolicy = Literal["required", "starttls", "implicit", "opportunistic", "none"]

_IMPLICIT_PORTS = frozenset({465, 993})


def tls_context(policy: TlsPolicy, ca_file: str = "") -> ssl.SSLContext | None:
    """Return the context for a policy; ``ca_file`` (PEM) replaces the system's authorities.

    Raises WrongUse when the file cannot be read as certificates.
    """
    if policy == "none":
        return None
    try:
        context = ssl.create_default_context(cafile=ca_file or None)
    except OSError as wrong:  # ssl.SSLError is an OSError
        raise WrongUse(f"ca_file = {ca_file!r} holds no readable certificates: {wrong}") from wrong
    if policy == "opportunistic":
        context.check_hostname = False
        context.verify_mode = ssl.CERT_NONE
    return context


def is_implicit(policy: TlsPolicy, port: int) -> bool:
    return policy == "implicit" or (policy == "required" and port in _IMPLICIT_PORTS)


def check_password_is_safe(policy: TlsPolicy, host: str, user: str) -> None:
    """Raise WrongUse when the settings would show a password to whoever listens or answers on the way."""
    if user and policy in {"none", "opportunistic"} and not is_loopback(host):
        raise WrongUse(
            f"tls = {policy!r} would send the password of {user!r} to {host} unprotected;"
            " set tls to required, starttls or implicit"
        )


def is_loopback(host: str) -> bool:
    if host == "localhost" or host.startswith("unix:"):
        return True
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False


def describe_tls(sock: socket.socket) -> str:
    """Return version, cipher and the SHA-256 of the peer's certificate, or "" for a clear connection."""
    if not isinstance(sock, ssl.SSLSocket):
        return ""
    cipher = sock.cipher()
    certificate = sock.getpeercert(binary_form=True) or b""
    return f"{sock.version()} {cipher[0] if cipher else '?'} sha256:{hashlib.sha256(certificate).hexdigest()}"
