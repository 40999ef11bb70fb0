"""Mail clients are told where the servers are before anybody logs in; an agent's own page tells them the rest."""

import plistlib
from dataclasses import replace

import httpx
import pytest

from gateway.clients.services import Box, Server, Services
from tests.small_house import build_house, serving

SERVERS = (Server(host="mail.brand.example", port=993, implicit=True),)
SMTP = (Server(host="mail.brand.example", port=465, implicit=True),)
BOX = Box(address="support@brand.example", name="Brand Support", imap=SERVERS)
OTHER = Box(address="returns@brand.example", name="", imap=SERVERS)
ASKING = "<Autodiscover><Request><EMailAddress>{}</EMailAddress></Request></Autodiscover>"
FILES = ["/.well-known/autoconfig/mail/config-v1.1.xml", "/mail/config-v1.1.xml"]


@pytest.fixture
def made(tmp_path):
    """Return a function that serves a house with what its clients are told."""
    served = []

    def make(**told):
        house = build_house(tmp_path)
        services = Services(**{"boxes": (BOX,), "smtp": SMTP, "web": "https://docket.brand.example", **told})
        house.site = replace(house.site, clients=lambda: services)
        context = serving(house)
        served.append(context)
        return context.__enter__()

    yield make
    for one in served:
        one.__exit__(None, None, None)


@pytest.mark.parametrize("path", FILES)
def test_a_client_finds_the_servers_without_a_login_under_every_name(made, path):
    house = made()
    known = httpx.get(house.url + path, params={"emailaddress": "support+anna@brand.example"}, headers={"host": "autoconfig.brand.example"})  # fmt: skip
    assert known.status_code == 200
    assert known.headers["content-type"].startswith("application/xml")
    assert "<hostname>mail.brand.example</hostname>" in known.text
    for address in ("support+nobody@brand.example", "anna@brand.example", "x", "", "\0" * 9000):
        assert httpx.get(house.url + path, params={"emailaddress": address}).text == known.text


def test_outlook_finds_them_too_and_learns_of_nobody(made):
    house = made()

    def ask(address, path="/autodiscover/autodiscover.xml"):
        return httpx.post(house.url + path, content=ASKING.format(address)).text.replace(address, "ADDRESS")

    assert "mail.brand.example" in ask("anna@brand.example")
    assert ask("anna@brand.example") == ask("nobody@brand.example", "/Autodiscover/Autodiscover.xml")
    for body in (b"", b"<!DOCTYPE a><a/>", b"<a>" * 30_000):
        answer = httpx.post(f"{house.url}/autodiscover/autodiscover.xml", content=body)
        assert answer.status_code == 400
        assert "Traceback" not in answer.text
    assert httpx.get(f"{house.url}/autodiscover/autodiscover.xml").status_code == 405


def test_nothing_else_is_open_because_of_it(made):
    house = made()
    for path in (
        "/mail/",
        "/autodiscover/x.xml",
        "/clients",
        "/clients/docket.mobileconfig",
        "/mail/config-v1.1.xml/..",
    ):
        assert httpx.get(house.url + path, follow_redirects=False).status_code in {303, 404}
    assert httpx.get(f"{house.url}/clients", headers={"host": "autoconfig.brand.example"}).status_code == 400


def test_an_agents_page_shows_servers_steps_codes_and_records(made):
    with made().client() as anna:
        page = anna.get("/clients").text
    assert "support+anna@brand.example" in page
    assert page.count("<svg") == 2
    assert "_imaps._tcp.brand.example. 3600 IN SRV 0 1 993 mail.brand.example." in page


def test_the_profile_is_the_agents_own_and_only_for_their_mailboxes(made):
    house = made(boxes=(BOX, OTHER))
    with house.client() as anna:
        answer = anna.get("/clients/docket.mobileconfig", params={"mailbox": "returns@brand.example"})
        assert answer.headers["content-type"] == "application/x-apple-aspen-config"
        (mail,) = plistlib.loads(answer.content)["PayloadContent"]
        assert mail["IncomingMailServerUsername"] == "anna/returns@brand.example"
        assert anna.get("/clients/docket.mobileconfig?mailbox=none@brand.example").status_code == 404
        assert "not one of yours" in anna.get("/clients?mailbox=none@brand.example").text


def test_what_is_not_set_up_is_said_with_the_setting_that_does_it(made):
    house = made(boxes=(replace(BOX, imap=()),), smtp=(), web="http://127.0.0.1:8025")
    assert httpx.get(house.url + FILES[0]).status_code == 404
    with house.client() as anna:
        page = anna.get("/clients").text
    assert "set [mailbox.imap]" in page
    assert "set submissions under [listen]" in page


def test_a_code_that_leads_nowhere_is_not_drawn(made):
    local = replace(BOX, imap=(Server(host="localhost", port=5993, implicit=True),))
    with made(boxes=(local,), web="http://127.0.0.1:8025").client() as anna:
        page = anna.get("/clients").text
    assert "<svg" not in page
    assert "set host under [clients]" in page
    assert "set url under [web]" in page
