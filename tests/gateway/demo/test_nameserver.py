"""The demonstration's name server, asked by hand: what it knows, what it does not, and what is no question."""

import dns.flags
import dns.message
import dns.query
import dns.rcode
import pytest

from gateway.demo.nameserver import NameServer
from tests.dnsserver import dns_server

RECORDS = {
    ("a.example", "TXT"): ["x" * 600],
    ("mail.b.example", "A"): ["192.0.2.1"],
    ("c.example", "TXT"): ["y" * 2000],
}


@pytest.fixture(scope="module")
def server():
    with dns_server(RECORDS) as server:
        yield server


@pytest.mark.parametrize(
    ("name", "kind", "rcode", "answers"),
    [
        ("a.example", "TXT", "NOERROR", 1),
        ("A.EXAMPLE", "TXT", "NOERROR", 1),
        ("a.example", "A", "NOERROR", 0),
        ("mail.b.example", "A", "NOERROR", 1),
        ("b.example", "A", "NOERROR", 0),
        ("d.example", "TXT", "NXDOMAIN", 0),
    ],
)
def test_a_question_is_answered(server, name, kind, rcode, answers):
    host, port = server.address
    response = dns.query.udp(dns.message.make_query(name, kind), host, port=port, timeout=5)
    assert (dns.rcode.to_text(response.rcode()), len(response.answer)) == (rcode, answers)
    assert response.flags & dns.flags.AA


def test_what_is_too_long_for_a_datagram_is_asked_for_over_tcp(server):
    host, port = server.address
    query = dns.message.make_query("c.example", "TXT")
    assert dns.query.udp(query, host, port=port, timeout=5).flags & dns.flags.TC
    response = dns.query.tcp(query, host, port=port, timeout=5)
    assert b"".join(response.answer[0][0].strings) == b"y" * 2000


def test_what_is_no_question_gets_no_answer_or_a_refusal():
    server = NameServer(RECORDS)
    query = dns.message.make_query("a.example", "TXT")
    assert server.answer(b"", 512) == server.answer(b"no query at all", 512) == b""
    assert server.answer(dns.message.make_response(query).to_wire(), 512) == b""
    query.question.clear()
    assert dns.message.from_wire(server.answer(query.to_wire(), 512)).rcode() == dns.rcode.NOTIMP
