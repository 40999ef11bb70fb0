"""A profile that sets up Mail on iPhone, iPad and Mac. It holds no password: the device asks for it.

The format is https://developer.apple.com/documentation/devicemanagement/mail. Its identifiers come from mailbox and agent alone, so
that a newer profile takes the place of the older one.
"""

import plistlib
import uuid

from gateway.clients.services import Account

_OURS = uuid.uuid5(uuid.NAMESPACE_URL, "urn:docket:mail-profile")
MEDIA_TYPE = "application/x-apple-aspen-config"


def profile(account: Account) -> bytes:
    """Return the profile of one account, which must have a server to read at and one to send by."""
    imap, smtp, address = account.box.imap[0], account.smtp[0], account.box.address
    key = f"{account.name}\n{address}"
    name = ".".join(reversed(address.lower().rpartition("@")[2].split("."))) + ".docket." + _id(key).hex[:12]
    mail = {
        "PayloadType": "com.apple.mail.managed",
        "PayloadVersion": 1,
        "PayloadIdentifier": f"{name}.mail",
        "PayloadUUID": str(_id(f"mail\n{key}")).upper(),
        "PayloadDisplayName": address,
        "EmailAccountDescription": account.box.name or address,
        "EmailAccountName": account.shown,
        "EmailAccountType": "EmailTypeIMAP",
        "EmailAddress": address,
        "IncomingMailServerAuthentication": "EmailAuthPassword",
        "IncomingMailServerHostName": imap.host,
        "IncomingMailServerPortNumber": imap.port,
        "IncomingMailServerUseSSL": True,
        "IncomingMailServerUsername": account.imap_login,
        "OutgoingMailServerAuthentication": "EmailAuthPassword",
        "OutgoingMailServerHostName": smtp.host,
        "OutgoingMailServerPortNumber": smtp.port,
        "OutgoingMailServerUseSSL": True,
        "OutgoingMailServerUsername": account.name,
        "OutgoingPasswordSameAsIncomingPassword": account.box.own,
        "PreventMove": True,  # mail stays in the seller's mailbox
    }
    return plistlib.dumps(
        {
            "PayloadType": "Configuration",
            "PayloadVersion": 1,
            "PayloadIdentifier": name,
            "PayloadUUID": str(_id(key)).upper(),
            "PayloadDisplayName": f"Mail of {address}",
            "PayloadDescription": f"Sets up {address} for {account.name}. It holds no password.",
            "PayloadRemovalDisallowed": False,
            "PayloadContent": [mail],
        }
    )


def _id(key: str) -> uuid.UUID:
    return uuid.uuid5(_OURS, key)
