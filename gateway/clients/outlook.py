"""Outlook's autodiscover (MS-OXDSCLI, the POX schema 2006a): a question in XML from anybody, and its answer."""

from typing import Any
from xml.etree import ElementTree as ET
from xml.parsers import expat

from gateway.clients.services import Box, Server, Services, untagged

BODY_BYTES = 16 * 1024
_ADDRESS = 320  # 64 + 1 + 255, the longest that SMTP allows
_OUTER = "http://schemas.microsoft.com/exchange/autodiscover/responseschema/2006"
_INNER = "http://schemas.microsoft.com/exchange/autodiscover/outlook/responseschema/2006a"


class NoQuestion(ValueError):
    """What came is no autodiscover request; the text says why."""


def asked_for(body: bytes) -> str:
    """Return the address a request asks about. Raises NoQuestion.

    The XML is a stranger's: a document type is refused at its first byte, and with it every entity; no tree is built.
    """
    if len(body) > BODY_BYTES:
        raise NoQuestion("the request is too long")
    found: list[str] = []
    inside = False

    def doctype(*_: Any) -> None:
        raise NoQuestion("a request has no document type")

    def start(name: str, _: Any) -> None:
        nonlocal inside
        inside = name.rpartition(" ")[2] == "EMailAddress"

    def end(_: str) -> None:
        nonlocal inside
        inside = False

    def text(data: str) -> None:
        if inside:
            found.append(data)

    parser = expat.ParserCreate(namespace_separator=" ")
    parser.StartDoctypeDeclHandler = doctype
    parser.StartElementHandler = start
    parser.EndElementHandler = end
    parser.CharacterDataHandler = text
    try:
        parser.Parse(body, True)
    except (expat.ExpatError, LookupError, ValueError) as wrong:
        if isinstance(wrong, NoQuestion):
            raise
        raise NoQuestion("the request is not well-formed XML") from wrong
    address = "".join(found).strip()
    local, at, domain = address.rpartition("@")
    if not (local and at and domain) or len(address) > _ADDRESS or not address.isprintable():
        raise NoQuestion("the request holds no e-mail address")
    return address


def autodiscover(services: Services, box: Box, address: str = "") -> bytes:
    """Return the answer; the same for every address of a mailbox, whoever it is. Without one no login name is in it."""
    root = ET.Element("Autodiscover", xmlns=_OUTER)
    response = ET.SubElement(root, "Response", xmlns=_INNER)
    account = ET.SubElement(response, "Account")
    ET.SubElement(account, "AccountType").text = "email"
    ET.SubElement(account, "Action").text = "settings"
    for server in box.imap[:1]:
        _protocol(account, "IMAP", server, address if box.own else untagged(address))
    for server in services.smtp[:1]:
        _protocol(account, "SMTP", server, address)
    ET.indent(root)
    return bytes(ET.tostring(root, encoding="utf-8", xml_declaration=True)) + b"\n"


def _protocol(account: ET.Element, kind: str, server: Server, login: str) -> None:
    one = ET.SubElement(account, "Protocol")
    values = {
        "Type": kind,
        "Server": server.host,
        "Port": str(server.port),
        "DomainRequired": "off",
        "LoginName": login,
        "SPA": "off",  # Microsoft's own way to log in, which is on by default
        "SSL": "on",
        "Encryption": "SSL" if server.implicit else "TLS",
        "AuthRequired": "on",
    }
    for name, value in values.items():
        if value:
            ET.SubElement(one, name).text = value
