"""What a person does in each mail client, in plain words."""

from dataclasses import dataclass

from gateway.clients.services import Account


@dataclass(frozen=True, slots=True, kw_only=True)
class Guide:
    """One client's steps; ``code`` and ``file`` say whether its section shows a QR code or a file to open."""

    client: str
    steps: tuple[str, ...]
    code: str = ""  # "thunderbird": the account; "page": the way here
    file: bool = False


def guides(account: Account) -> tuple[Guide, ...]:
    """Return the guides for one account, those clients first that do the most by themselves."""
    address = account.box.address
    enter = "Your password for Docket, or an app password where you were given one for this client."
    if not account.box.own:
        enter = f"The mailbox's own password. For sending, the user name is {account.name} with your password for Docket."
    return (
        Guide(
            client="Thunderbird on a computer",
            steps=(
                "Menu, New Account, Email. At its first start Thunderbird asks by itself.",
                f"Full name: {account.shown}. Email address: {account.typed}",
                "Continue. Thunderbird finds the servers by itself; Continue again.",
                f"Password: {enter}",
                f"Buyers never see the address with the plus sign: what you send leaves as {address}.",
            ),
        ),
        Guide(
            client="Thunderbird or K-9 Mail on Android",
            steps=(
                "In the app: Settings, Import settings, Import from desktop (or: Scan QR code).",
                "Point the camera at this code.",
                f"Password: {enter}",
            ),
            code="thunderbird",
        ),
        Guide(
            client="Mail on iPhone and iPad",
            steps=(
                "Point the camera at this code, open the page and log in.",
                "Tap the profile on the page and allow the download.",
                "Open Settings: Profile Downloaded, Install. It says that the profile is not signed; that is so.",
                f"Password: {enter}",
            ),
            code="page",
            file=True,
        ),
        Guide(
            client="Mail on a Mac",
            steps=(
                "Open the profile; then System Settings, General, Device Management (before macOS 15: Privacy & Security, Profiles).",
                "Install it and enter your password.",
            ),
            file=True,
        ),
        Guide(
            client="Outlook and every other client",
            steps=(
                "Choose to set up the account yourself (Outlook: Advanced options, Let me set up my account manually, IMAP).",
                f"Email address: {address}",
                *_servers(account),
                f"Password: {enter} Authentication: normal password.",
            ),
        ),
    )


def _servers(account: Account) -> tuple[str, ...]:
    imap, smtp = account.box.imap[0], account.smtp[0]
    return (
        f"Incoming mail (IMAP): {imap.host}, port {imap.port}, {imap.security}, user name {account.imap_login}",
        f"Outgoing mail (SMTP): {smtp.host}, port {smtp.port}, {smtp.security}, user name {account.name}",
    )


def complete(account: Account) -> bool:
    """Say whether there is a server to read at and one to send by."""
    return bool(account.box.imap and account.smtp)
