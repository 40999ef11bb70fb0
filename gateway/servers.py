"""The servers that Docket talks to, as they stand in the settings."""

from collections.abc import Collection
from pathlib import Path
from typing import Literal, TypeVar

from msgspec import Struct

from gateway.errors import WrongUse
from gateway.relay.tls import TlsPolicy


class Server(Struct, frozen=True, forbid_unknown_fields=True):
    """A server that Docket hands mail to. The password stands in a file of its own, never here."""

    kind: Literal["smtp", "lmtp", "imap", "mx", "none"] = "none"
    host: str = ""
    port: int = 0  # 0 is the kind's usual port
    tls: TlsPolicy = "required"
    ca_file: str = ""
    user: str = ""
    password_file: str = ""
    folder: str = "INBOX"  # imap only
    timeout_s: float = 60.0


class Capture(Struct, frozen=True, forbid_unknown_fields=True):
    """An IMAP account whose folders are captured as they are and as they become."""

    host: str
    user: str
    port: int = 993
    tls: TlsPolicy = "required"
    ca_file: str = ""
    password_file: str = ""
    folders: tuple[str, ...] = ("INBOX",)
    sent: tuple[str, ...] = ()  # folders of what the seller wrote
    agent: str = ""  # who wrote it
    poll_s: float = 60.0
    silence_hours: float = 0.0  # so long without mail is a trouble; 0: never
    timeout_s: float = 60.0

    @property
    def account(self) -> str:
        return f"{self.user}@{self.host}"


Reached = TypeVar("Reached", Server, Capture)


def fault_of(capture: Capture, deliver: Server, others: Collection[str]) -> str:
    """Return what is wrong with an account to capture, or an empty string; ``others`` are captured already."""
    if not capture.host or not capture.user:
        return "host and user must be set"
    if not capture.folders and not capture.sent:
        return "folders and sent name no folder"
    if capture.account in others:
        return "the account is captured twice; name all its folders in one place"
    if capture.silence_hours < 0:
        return f"silence_hours = {capture.silence_hours} is negative; 0 is off"
    if capture.poll_s < 1:
        return f"poll_s = {capture.poll_s} is less than a second"
    same = deliver.kind == "imap" and (deliver.host, deliver.user) == (capture.host, capture.user)
    if same and deliver.folder in capture.folders:
        return f"{deliver.folder} is where deliver puts its copies; they would be captured again"
    return ""


def read_password(file: str, address: str) -> str:
    """Return what stands in a password file of a mailbox; raises WrongUse where it cannot be read."""
    if not file:
        return ""
    try:
        return Path(file).read_text(encoding="utf-8").strip()
    except (OSError, UnicodeDecodeError) as wrong:
        raise WrongUse(f"mailbox {address}: password_file cannot be read: {wrong}") from wrong
