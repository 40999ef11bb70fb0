"""The servers that Docket talks to, as they stand in the settings."""

from collections.abc import Collection
from pathlib import Path
from typing import Annotated, Literal, TypeVar
from urllib.parse import urlsplit

from msgspec import Meta, Struct, field

from gateway.errors import WrongUse
from gateway.ranges import Port, Seconds
from gateway.relay.tls import TlsPolicy, is_loopback


class Server(Struct, frozen=True, forbid_unknown_fields=True):
    """A server that Docket hands mail to. The password stands in a file of its own, never here."""

    kind: Literal["smtp", "lmtp", "imap", "mx", "none"] = "none"
    host: str = ""
    port: Port = 0  # 0 is the kind's usual port
    tls: TlsPolicy = "required"
    ca_file: str = ""
    user: str = ""
    password_file: str = ""
    folder: str = "INBOX"  # imap only
    unknown: Literal["retry", "ask"] = "retry"  # relay only: where nobody can say whether an answer was taken
    timeout_s: Seconds = 60.0


class OAuth(Struct, frozen=True, forbid_unknown_fields=True):
    """How an account's tokens are had, for providers that take no password; off without ``client_id``."""

    client_id: str = ""
    client_secret_file: str = ""
    tenant: str = "organizations"  # Microsoft's word for whose accounts may sign in
    device_url: str = ""  # default: Microsoft's
    auth_url: str = (
        ""  # for providers that want a browser on a way back to us (RFC 8252), instead of device_url
    )
    token_url: str = ""
    scope: str = "https://outlook.office.com/IMAP.AccessAsUser.All offline_access"


class Capture(Struct, frozen=True, forbid_unknown_fields=True):
    """An IMAP account whose folders are captured as they are and as they become."""

    host: str
    user: str
    port: Port = 993
    tls: TlsPolicy = "required"
    ca_file: str = ""
    password_file: str = ""
    folders: tuple[str, ...] = ("INBOX",)
    sent: tuple[str, ...] = ()  # folders of what the seller wrote
    agent: str = ""  # who wrote it
    poll_s: float = 60.0
    silence_hours: float = 0.0  # so long without mail is a trouble; 0: never
    timeout_s: Seconds = 60.0
    oauth: OAuth = field(default_factory=OAuth)

    @property
    def account(self) -> str:
        return f"{self.user}@{self.host}"


class Imap(Struct, frozen=True, forbid_unknown_fields=True):
    """The IMAP account behind a mailbox, which its agents reach through Docket, each with a name of their own."""

    host: str = ""  # "": agents do not reach this mailbox through Docket
    user: str = ""
    port: Port = 993
    tls: TlsPolicy = "required"
    ca_file: str = ""
    password_file: str = ""
    protected: tuple[str, ...] = ()  # folders that agents can neither rename nor delete
    timeout_s: Seconds = 60.0
    oauth: OAuth = field(default_factory=OAuth)

    @property
    def account(self) -> str:
        return f"{self.user}@{self.host}"


class Views(Struct, frozen=True, forbid_unknown_fields=True):
    """What agents see of orders, deadlines and tags in the mail client, on the account of [mailbox.imap]."""

    kind: Literal["none", "keywords", "copies", "virtual"] = "none"
    source: str = "INBOX"  # the folder that the messages lie in
    folder: str = "Docket"  # below which copies stand
    place: str = ""  # virtual only: the folder on disk that the server's virtual namespace reads
    tags: tuple[str, ...] = ()  # those that have a folder of their own
    days: Annotated[int, Meta(ge=1, le=3650)] = 60
    every_s: Seconds = 30.0


Reached = TypeVar("Reached", Server, Capture, Imap)


def fault_of(capture: Capture, deliver: Server, others: Collection[str]) -> str:
    """Return what is wrong with an account to capture, or an empty string; ``others`` are captured already."""
    if not capture.host or not capture.user:
        return "host and user must be set"
    if not capture.folders and not capture.sent:
        return "folders and sent name no folder"
    if capture.account in others:
        return "the account is captured twice; name all its folders in one place"
    if fault := _fault_of_oauth(capture):
        return fault
    if capture.silence_hours < 0:
        return f"silence_hours = {capture.silence_hours} is negative; 0 is off"
    if capture.poll_s < 1:
        return f"poll_s = {capture.poll_s} is less than a second"
    same = deliver.kind == "imap" and (deliver.host, deliver.user) == (capture.host, capture.user)
    if same and deliver.folder in capture.folders:
        return f"{deliver.folder} is where deliver puts its copies; they would be captured again"
    return ""


def fault_of_imap(imap: Imap) -> str:
    """Return what is wrong with where agents' mail clients get to, or an empty string."""
    if imap.host and not imap.user:
        return "user must be set"
    return _fault_of_oauth(imap)


def fault_of_views(views: Views, imap: Imap, captures: Collection[Capture]) -> str:
    """Return what is wrong with how orders and deadlines are shown, or an empty string."""
    if views.kind == "none":
        return ""
    if not imap.host:
        return "it needs the account of [mailbox.imap]"
    if views.kind == "virtual" and not views.place:
        return 'place must be set for kind = "virtual"'
    if not views.folder.strip("/") or views.folder.strip("/").upper() == "INBOX":
        return f"folder = {views.folder!r} cannot hold copies; name one of its own"
    top = views.folder.strip("/").lower()
    for capture in captures:
        for name in capture.folders if capture.account == imap.account else ():
            if name.lower() == top or name.lower().startswith((f"{top}/", f"{top}.")):
                return f"{name} is where views put copies; they would be captured again"
    return ""


def _fault_of_oauth(capture: Capture | Imap) -> str:
    told = capture.oauth
    if not told.client_id:
        return ""
    if capture.password_file:
        return "it has both oauth and password_file; take one away"
    urls = {"device_url": told.device_url, "auth_url": told.auth_url, "token_url": told.token_url}
    for name, url in urls.items():
        parts = urlsplit(url)
        if (
            url
            and parts.scheme != "https"
            and not (parts.scheme == "http" and is_loopback(parts.hostname or ""))
        ):
            return f"oauth.{name} must begin with https://"
    if told.device_url and told.auth_url:
        return "oauth: set device_url or auth_url, not both"
    if bool(told.device_url or told.auth_url) != bool(told.token_url):
        return "oauth: token_url goes with device_url or auth_url; set both, or neither"
    return ""


def read_password(file: str, address: str) -> str:
    """Return what stands in a password file of a mailbox; raises WrongUse where it cannot be read."""
    if not file:
        return ""
    try:
        return Path(file).read_text(encoding="utf-8").strip()
    except (OSError, UnicodeDecodeError) as wrong:
        raise WrongUse(f"mailbox {address}: password_file cannot be read: {wrong}") from wrong
