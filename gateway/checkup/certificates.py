"""Certificates as mail clients and browsers get them: from the port itself, not from the file."""

import contextlib
import imaplib
import smtplib
import socket
import ssl
from datetime import datetime
from typing import Literal

from cryptography import x509

from gateway.checkup.finding import Finding

SOON_DAYS = 21
Way = Literal["tls", "smtp", "imap"]  # TLS from the first byte, or STARTTLS in one of two protocols


def served_at(host: str, port: int, way: Way, timeout_s: float) -> x509.Certificate:
    """Return the certificate that is served; raises OSError where none is. Nobody is trusted, nothing is sent."""
    context = ssl.create_default_context()
    context.check_hostname, context.verify_mode = False, ssl.CERT_NONE
    with contextlib.ExitStack() as stack:
        try:
            sock: socket.socket | None
            if way == "tls":
                plain = stack.enter_context(socket.create_connection((host, port), timeout=timeout_s))
                sock = stack.enter_context(context.wrap_socket(plain, server_hostname=host))
            elif way == "smtp":
                smtp = stack.enter_context(smtplib.SMTP(host, port, timeout=timeout_s))
                smtp.starttls(context=context)
                sock = smtp.sock
            else:
                imap = stack.enter_context(imaplib.IMAP4(host, port, timeout=timeout_s))
                imap.starttls(context)
                sock = imap.sock
        except (smtplib.SMTPException, imaplib.IMAP4.error) as wrong:
            raise OSError(str(wrong)) from wrong
        der = sock.getpeercert(binary_form=True) if isinstance(sock, ssl.SSLSocket) else None
    if der is None:
        raise OSError("no certificate was served")
    return x509.load_der_x509_certificate(der)


def judged(served: x509.Certificate, own: x509.Certificate | None, what: str, now: datetime) -> Finding:
    """Return what a served certificate is worth; ``own`` is the one in the file, None where it is another's."""
    days = (served.not_valid_after_utc - now).days
    if own is not None and served != own:
        return Finding(
            what=what, ok=False, mend="an older certificate than the file's is served; restart docket serve"
        )
    if days < SOON_DAYS:
        return Finding(what=what, ok=False, mend=f"ends in {days} days; renew it")
    return Finding(what=what, mend=f"valid for {days} days")


def names_in(certificate: x509.Certificate) -> tuple[str, ...]:
    try:
        names = certificate.extensions.get_extension_for_class(x509.SubjectAlternativeName).value
    except x509.ExtensionNotFound:
        return ()
    return (*names.get_values_for_type(x509.DNSName), *map(str, names.get_values_for_type(x509.IPAddress)))


def is_for(name: str, certificate: x509.Certificate) -> bool:
    """Say whether a certificate is for a name (RFC 6125: a star stands for one label)."""
    wanted = name.lower()
    held = [one.lower() for one in names_in(certificate)]
    return wanted in held or f"*.{wanted.partition('.')[2]}" in held
