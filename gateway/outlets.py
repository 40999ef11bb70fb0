"""The ways out of the house, made from the settings: one transport for each server that mail is handed to."""

from pathlib import Path

from gateway.config import Config, Mailbox
from gateway.relay.imap import ImapTransport
from gateway.relay.lmtp import LmtpTransport
from gateway.relay.mx import MxTransport
from gateway.relay.smtp import SmtpTransport
from gateway.relay.transport import Transport
from gateway.servers import Server, read_password
from gateway.witnessing import Witness, folder_witness, mail_witness

_IDLE_S = 5.0  # how long a connection waits for another message


def transport_of(server: Server, address: str, *, hostname: str) -> Transport | None:
    """Make the way out that a mailbox's settings describe; raises WrongUse where they cannot work."""
    password = read_password(server.password_file, address)
    match server.kind:
        case "none":
            return None
        case "mx":
            # "required" cannot be kept towards servers nobody chose: few of them have a certificate that verifies.
            tls = "opportunistic" if server.tls == "required" else server.tls
            return MxTransport(
                hostname=hostname,
                tls=tls,
                ca_file=server.ca_file,
                timeout_s=server.timeout_s,
                idle_s=_IDLE_S,
            )
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
                idle_s=_IDLE_S,
            )
        case "lmtp":
            return LmtpTransport(
                server.host,
                server.port or 24,
                hostname=hostname,
                timeout_s=server.timeout_s,
                idle_s=_IDLE_S,
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


def witnesses_of(config: Config, vkey: str) -> tuple[Witness, ...]:
    """Make the witnesses that the settings name: folders, and people who get mail by a mailbox's way out."""
    told = config.witness
    folders = [folder_witness(Path(one), vkey) for one in told.folders]
    if not told.mail:
        return tuple(folders)
    box = _sender_of(config)
    send = transport_of(box.relay, box.address, hostname=config.hostname) if box is not None else None
    sender = box.sender if box is not None else ""
    mailed = [mail_witness(one, send, vkey, sender=sender, hostname=config.hostname) for one in told.mail]
    return (*folders, *mailed)


def _sender_of(config: Config) -> Mailbox | None:
    named = config.witness.mailbox.lower()
    able = (box for box in config.mailbox if box.address.lower() == named or not named)
    return next((box for box in able if box.relay.kind != "none"), None)
