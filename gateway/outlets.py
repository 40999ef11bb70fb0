"""The ways out of the house, made from the settings: one transport for each server that mail is handed to."""

from gateway.relay.imap import ImapTransport
from gateway.relay.lmtp import LmtpTransport
from gateway.relay.mx import MxTransport
from gateway.relay.smtp import SmtpTransport
from gateway.relay.transport import Transport
from gateway.servers import Server, read_password


def transport_of(server: Server, address: str, *, hostname: str) -> Transport | None:
    """Make the way out that a mailbox's settings describe; raises WrongUse where they cannot work."""
    password = read_password(server.password_file, address)
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
