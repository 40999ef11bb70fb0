"""The ways out of the house, made from the settings: one transport for each server that mail is handed to."""

from pathlib import Path

from gateway.config import Server
from gateway.errors import WrongUse
from gateway.relay.imap import ImapTransport
from gateway.relay.lmtp import LmtpTransport
from gateway.relay.mx import MxTransport
from gateway.relay.smtp import SmtpTransport
from gateway.relay.transport import Transport


def transport_of(server: Server, address: str, *, hostname: str) -> Transport | None:
    """Make the way out that a mailbox's settings describe; raises WrongUse where they cannot work."""
    password = ""
    if server.password_file:
        try:
            password = Path(server.password_file).read_text(encoding="utf-8").strip()
        except OSError as wrong:
            raise WrongUse(f"mailbox {address}: password_file cannot be read: {wrong}") from wrong
    match server.kind:
        case "none":
            return None
        case "mx":
            # "required" cannot be kept towards servers nobody chose: few of them have a certificate that verifies.
            tls = "opportunistic" if server.tls == "required" else server.tls
            return MxTransport(hostname=hostname, tls=tls, ca_file=server.ca_file, timeout_s=server.timeout_s)
        case "smtp":
            return SmtpTransport(
                server.host,
                server.port or 587,
                tls=server.tls,
                ca_file=server.ca_file,
                user=server.user,
                password=password,
                hostname=hostname,
                timeout_s=server.timeout_s,
            )
        case "lmtp":
            return LmtpTransport(
                server.host, server.port or 24, hostname=hostname, timeout_s=server.timeout_s
            )
        case "imap":
            return ImapTransport(
                server.host,
                server.port or 993,
                tls=server.tls,
                ca_file=server.ca_file,
                user=server.user,
                password=password,
                folder=server.folder,
                timeout_s=server.timeout_s,
            )
