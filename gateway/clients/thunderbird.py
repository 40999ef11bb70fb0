"""What Thunderbird, K-9, Evolution, KMail and others ask for: config-v1.1.xml.

The format is https://wiki.mozilla.org/Thunderbird:Autoconfiguration:ConfigFileFormat. Nobody's name is in it: the client
logs in with the address it was given, from which Docket's doors read the agent's name.
"""

from xml.etree import ElementTree as ET

from gateway.clients.services import Box, Server, Services, untagged

_WHOLE = "%EMAILADDRESS%"


def autoconfig(services: Services, box: Box, address: str = "") -> bytes:
    """Return the file for one mailbox; ``address`` is what the client said, and may be anything."""
    root = ET.Element("clientConfig", version="1.1")
    domain = box.address.rpartition("@")[2]
    provider = ET.SubElement(root, "emailProvider", id=domain)
    for each in dict.fromkeys(one.address.rpartition("@")[2] for one in (box, *services.boxes)):
        ET.SubElement(provider, "domain").text = each
    ET.SubElement(provider, "displayName").text = f"{box.name or box.address} (Docket)"
    ET.SubElement(provider, "displayShortName").text = box.name or box.address
    # Another's server knows mailboxes, not agents: what follows the plus sign is ours.
    theirs = not box.own and untagged(address) == box.address.lower()
    reader = box.address if theirs else _WHOLE
    for server in box.imap:
        _server(provider, "incomingServer", "imap", server, reader)
    for server in services.smtp:
        _server(provider, "outgoingServer", "smtp", server, _WHOLE)
    ET.indent(root)
    return bytes(ET.tostring(root, encoding="utf-8", xml_declaration=True)) + b"\n"


def _server(provider: ET.Element, tag: str, kind: str, server: Server, username: str) -> None:
    one = ET.SubElement(provider, tag, type=kind)
    for name, value in (
        ("hostname", server.host),
        ("port", str(server.port)),
        ("socketType", "SSL" if server.implicit else "STARTTLS"),
        ("username", username),
        ("authentication", "password-cleartext"),  # cleartext inside TLS
    ):
        ET.SubElement(one, name).text = value
