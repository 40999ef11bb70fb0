"""Pictures that a telephone reads: an account for Thunderbird on Android, and the way to this page."""

import json
import re

import zxingcpp

from gateway.clients.services import Account, Server


def for_thunderbird(account: Account) -> str:
    """Return what Thunderbird for Android takes under "Import from desktop": no password in it, which it asks for.

    It is all ASCII, which every reader of codes agrees about. The format: feature/migration/qrcode/qr-code-format.md in github.com/thunderbird/thunderbird-android.
    """
    smtp = [0, *_server(account.smtp[0]), account.name]
    identity = [account.box.address, account.shown]
    imap = [0, *_server(account.box.imap[0]), account.imap_login]
    return json.dumps([1, [1, 1], imap, [[smtp, identity]]], separators=(",", ":"))


def _server(server: Server) -> list[str | int]:
    security, password = (3 if server.implicit else 2), 1
    return [server.host, server.port, security, password]


def drawn(text: str) -> str:
    """Return a text as a QR code, an SVG that takes any size."""
    code = zxingcpp.create_barcode(text, zxingcpp.BarcodeFormat.QRCode, ec_level="M")
    svg = str(code.to_svg(add_quiet_zones=True))
    return re.sub(r'(?s)^.*?<svg width="(\d+)" height="(\d+)"', r'<svg viewBox="0 0 \1 \2"', svg, count=1)
