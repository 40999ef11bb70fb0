"""What the DNS tells mail clients is held against where the servers are: asked of a real name server."""

import time

from gateway.authenticity.resolver import Resolver
from gateway.checkup.discovery import discovered
from gateway.clients.services import Box, Server, Services
from tests.dnsserver import dns_server

HOST = "mail.brand.example"
SERVICES = Services(
    boxes=(
        Box(address="support@brand.example", name="", imap=(Server(host=HOST, port=993, implicit=True),)),
    ),
    smtp=(Server(host=HOST, port=465, implicit=True),),
)


def found(records, services=SERVICES):
    with dns_server(records) as server:
        resolver = Resolver([server.address])

        def lookup(name, kind):
            return resolver.ask(name, kind, time.monotonic() + 20)

        return {one.what: (one.ok, one.mend) for one in discovered(services, lookup)}


def test_records_that_lead_to_the_servers_are_well_and_others_are_to_mend():
    told = found(
        {
            ("_imaps._tcp.brand.example", "SRV"): ["5 1 993 Mail.brand.example."],
            ("_submissions._tcp.brand.example", "SRV"): ["0 1 465 old.brand.example."],
        }
    )
    assert told["_imaps._tcp.brand.example in the DNS"] == (True, "leads to the right server")
    ok, mend = told["_submissions._tcp.brand.example in the DNS"]
    assert not ok
    assert "to 465 old.brand.example., not to 465 mail.brand.example." in mend


def test_without_records_agents_do_more_by_hand_and_that_is_a_remark():
    ok, mend = found({})["mail clients find their servers"]
    assert ok
    assert "no _imaps._tcp.brand.example, _submissions._tcp.brand.example" in mend


def test_servers_without_a_name_are_not_looked_for():
    local = Box(address="a@b.example", name="", imap=(Server(host="127.0.0.1", port=993, implicit=True),))
    assert found({}, Services(boxes=(local,))) == {}
