"""What each mail client is given says the same servers, names nobody, and holds no password."""

import json
import plistlib
import re
from xml.etree import ElementTree as ET

import pytest
import zxingcpp
from PIL import Image

from gateway.clients import apple, codes
from gateway.clients.outlook import autodiscover
from gateway.clients.records import records
from gateway.clients.services import Box, Server, Services, accounts_of, server_of
from gateway.clients.steps import complete, guides
from gateway.clients.thunderbird import autoconfig
from gateway.errors import WrongUse

IMAPS = Server(host="mail.brand.example", port=993, implicit=True)
SMTP = (
    Server(host="mail.brand.example", port=465, implicit=True),
    Server(host="mail.brand.example", port=587, implicit=False),
)
SUPPORT = Box(address="support@brand.example", name="Brand & Söhne", imap=(IMAPS,))
RETURNS = Box(address="returns@brand.example", name="", imap=(IMAPS,))
THEIRS = Box(
    address="shop@other.example",
    name="",
    imap=(Server(host="imap.other.example", port=993, implicit=True),),
    own=False,
)
SERVICES = Services(boxes=(SUPPORT, RETURNS, THEIRS), smtp=SMTP, web="https://docket.brand.example")
(ANNA,) = accounts_of(SERVICES, "anna", "Anna Weber", ("support@brand.example",))


@pytest.mark.parametrize(
    ("address", "box"),
    [
        ("support@brand.example", SUPPORT),
        ("Returns+anna@Brand.example", RETURNS),
        ("nobody@brand.example", SUPPORT),
        ("who@other.example", THEIRS),
        ("who@else.example", SUPPORT),
        ("", SUPPORT),
        ("\0<&>", SUPPORT),
    ],
)
def test_every_address_means_a_mailbox_whoever_it_is(address, box):
    assert SERVICES.box_for(address) is box


def servers_in(xml):
    provider = ET.fromstring(xml).find("emailProvider")
    return [
        (
            one.tag,
            one.get("type"),
            *(one.findtext(name) for name in ("hostname", "port", "socketType", "username")),
        )
        for one in provider
        if one.tag.endswith("Server")
    ]


def test_thunderbird_is_told_every_server_the_best_first():
    assert servers_in(autoconfig(SERVICES, SUPPORT, "support+anna@brand.example")) == [
        ("incomingServer", "imap", "mail.brand.example", "993", "SSL", "%EMAILADDRESS%"),
        ("outgoingServer", "smtp", "mail.brand.example", "465", "SSL", "%EMAILADDRESS%"),
        ("outgoingServer", "smtp", "mail.brand.example", "587", "STARTTLS", "%EMAILADDRESS%"),
    ]


def test_at_anothers_server_a_client_logs_in_as_the_mailbox():
    reading, *sending = servers_in(autoconfig(SERVICES, THEIRS, "shop+anna@other.example"))
    assert reading[2:] == ("imap.other.example", "993", "SSL", "shop@other.example")
    assert {one[-1] for one in sending} == {"%EMAILADDRESS%"}
    assert servers_in(autoconfig(SERVICES, THEIRS, "\0\ud800+x@y"))[0][-1] == "%EMAILADDRESS%"


def test_outlook_is_told_one_server_of_each_kind():
    space = {"a": "http://schemas.microsoft.com/exchange/autodiscover/outlook/responseschema/2006a"}
    root = ET.fromstring(autodiscover(SERVICES, SUPPORT, "a<b@brand.example"))
    told = [
        tuple(
            one.findtext(f"a:{name}", namespaces=space)
            for name in ("Type", "Server", "Port", "LoginName", "SPA", "SSL")
        )
        for one in root.iterfind(".//a:Protocol", space)
    ]
    assert told == [
        ("IMAP", "mail.brand.example", "993", "a<b@brand.example", "off", "on"),
        ("SMTP", "mail.brand.example", "465", "a<b@brand.example", "off", "on"),
    ]
    assert b"LoginName" not in autodiscover(SERVICES, SUPPORT)


def test_the_profile_sets_up_the_mailbox_under_the_agents_name_and_replaces_itself():
    told = plistlib.loads(apple.profile(ANNA))
    (mail,) = told["PayloadContent"]
    assert mail["EmailAddress"] == "support@brand.example"
    assert (mail["IncomingMailServerUsername"], mail["OutgoingMailServerUsername"]) == ("anna", "anna")
    assert (mail["IncomingMailServerPortNumber"], mail["OutgoingMailServerPortNumber"]) == (993, 465)
    assert not [key for key in (*told, *mail) if key.endswith("Password") and isinstance(mail.get(key), str)]
    assert apple.profile(ANNA) == apple.profile(ANNA)
    (other,) = accounts_of(SERVICES, "bert", "", ("support@brand.example",))
    assert plistlib.loads(apple.profile(other))["PayloadUUID"] != told["PayloadUUID"]


def test_thunderbird_on_android_reads_an_account_from_the_picture():
    text = codes.for_thunderbird(ANNA)
    assert json.loads(text) == [
        1,
        [1, 1],
        [0, "mail.brand.example", 993, 3, 1, "anna"],
        [[[0, "mail.brand.example", 465, 3, 1, "anna"], ["support@brand.example", "Brand & Söhne"]]],
    ]
    assert read_back(codes.drawn(text)) == text


def read_back(svg):
    """Draw the squares of an SVG as pixels and read the code in them."""
    root = ET.fromstring(svg)
    size = int(root.get("viewBox").split()[2])
    picture = Image.new("L", (size, size), 255)
    (path,) = root.iter("{http://www.w3.org/2000/svg}path")
    for one in re.findall(r"M(\d+) (\d+)h(\d+)v(\d+)", path.get("d")):
        x, y, width, height = map(int, one)
        picture.paste(0, (x, y, x + width, y + height))
    (found,) = zxingcpp.read_barcodes(picture.resize((size * 4, size * 4), Image.Resampling.NEAREST))
    return found.text


def test_an_agent_with_several_mailboxes_says_which_at_the_login():
    support, returns, theirs = accounts_of(SERVICES, "anna", "", ())
    assert [one.imap_login for one in (support, returns, theirs)] == [
        "anna/support@brand.example",
        "anna/returns@brand.example",
        "shop@other.example",
    ]
    assert (returns.typed, returns.shown) == ("returns+anna@brand.example", "anna")


def test_every_guide_says_what_the_client_cannot_find_by_itself():
    told = " ".join(step for one in guides(ANNA) for step in one.steps)
    for words in (
        "support+anna@brand.example",
        "mail.brand.example, port 993, SSL/TLS, user name anna",
        "port 465",
    ):
        assert words in told
    assert complete(ANNA)
    (bare,) = accounts_of(
        Services(boxes=(Box(address="a@b.example", name="", imap=()),), smtp=SMTP), "anna", "", ()
    )
    assert not complete(bare)


def test_the_records_say_what_is_there_and_what_is_not():
    assert records(Services(boxes=(SUPPORT,), smtp=SMTP, web="https://docket.brand.example")) == [
        "_imaps._tcp.brand.example. 3600 IN SRV 0 1 993 mail.brand.example.",
        "_imap._tcp.brand.example. 3600 IN SRV 0 0 0 .",
        "_submissions._tcp.brand.example. 3600 IN SRV 0 1 465 mail.brand.example.",
        "_submission._tcp.brand.example. 3600 IN SRV 0 1 587 mail.brand.example.",
        "_autodiscover._tcp.brand.example. 3600 IN SRV 0 1 443 docket.brand.example.",
        "autoconfig.brand.example. 3600 IN CNAME docket.brand.example.",
        "autodiscover.brand.example. 3600 IN CNAME docket.brand.example.",
    ]


def test_an_address_without_a_name_becomes_no_record():
    local = Box(address="a@b.example", name="", imap=(Server(host="127.0.0.1", port=993, implicit=True),))
    first, *_ = records(Services(boxes=(local,)))
    assert first.startswith("; _imaps._tcp.b.example. needs a name")


@pytest.mark.parametrize(
    ("url", "what", "server"),
    [
        ("imaps://mail.brand.example", "imap", ("mail.brand.example", 993, True)),
        ("smtp://mail.brand.example:2587", "smtp", ("mail.brand.example", 2587, False)),
    ],
)
def test_a_server_is_written_as_a_url(url, what, server):
    found = server_of(url, what)
    assert (found.host, found.port, found.implicit) == server


@pytest.mark.parametrize(
    "url",
    ["mail.brand.example:993", "https://x", "imaps://", "imaps://x:99999", "imaps://u:p@x", "smtps://x"],
)
def test_what_is_no_server_is_refused_with_what_to_write(url):
    with pytest.raises(WrongUse, match="imaps://HOST:PORT"):
        server_of(url, "imap")
