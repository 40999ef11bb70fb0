"""What a person does in each mail client, in plain words."""

from dataclasses import dataclass

from gateway.clients.services import Account
from gateway.tongue import _


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
    enter = _("Your password for Docket, or an app password where you were given one for this client.")
    if not account.box.own:
        enter = _(
            "The mailbox's own password. For sending, the user name is %(name)s with your password for Docket."
        ) % {"name": account.name}
    return (
        Guide(
            client=_("Thunderbird on a computer"),
            steps=(
                _("Menu, New Account, Email. At its first start Thunderbird asks by itself."),
                _("Full name: %(shown)s. Email address: %(typed)s")
                % {"shown": account.shown, "typed": account.typed},
                _("Continue. Thunderbird finds the servers by itself; Continue again."),
                f"Password: {enter}",
                _("Buyers never see the address with the plus sign: what you send leaves as %(address)s.")
                % {"address": address},
            ),
        ),
        Guide(
            client=_("Thunderbird or K-9 Mail on Android"),
            steps=(
                _("In the app: Settings, Import settings, Import from desktop (or: Scan QR code)."),
                _("Point the camera at this code."),
                f"Password: {enter}",
            ),
            code="thunderbird",
        ),
        Guide(
            client=_("Mail on iPhone and iPad"),
            steps=(
                _("Point the camera at this code, open the page and log in."),
                _("Tap the profile on the page and allow the download."),
                _(
                    "Open Settings: Profile Downloaded, Install. It says that the profile is not signed; that is so."
                ),
                f"Password: {enter}",
            ),
            code="page",
            file=True,
        ),
        Guide(
            client=_("Mail on a Mac"),
            steps=(
                _(
                    "Open the profile; then System Settings, General, Device Management (before macOS 15: Privacy & Security, Profiles)."
                ),
                _("Install it and enter your password."),
            ),
            file=True,
        ),
        Guide(
            client=_("Outlook and every other client"),
            steps=(
                _(
                    "Choose to set up the account yourself (Outlook: Advanced options, Let me set up my account manually, IMAP)."
                ),
                _("Email address: %(address)s") % {"address": address},
                *_servers(account),
                _("Password: %(enter)s Authentication: normal password.") % {"enter": enter},
            ),
        ),
    )


def _servers(account: Account) -> tuple[str, ...]:
    imap, smtp = account.box.imap[0], account.smtp[0]
    return (
        _("Incoming mail (IMAP): %(host)s, port %(port)s, %(security)s, user name %(imap_login)s")
        % {"host": imap.host, "port": imap.port, "security": imap.security, "imap_login": account.imap_login},
        _("Outgoing mail (SMTP): %(host)s, port %(port)s, %(security)s, user name %(name)s")
        % {"host": smtp.host, "port": smtp.port, "security": smtp.security, "name": account.name},
    )


def complete(account: Account) -> bool:
    """Say whether there is a server to read at and one to send by."""
    return bool(account.box.imap and account.smtp)
