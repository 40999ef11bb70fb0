import random

import pytest

from gateway.relay.mx import MxTransport, NoServer, mail_hosts
from gateway.relay.transport import Deferred, Delivered, Refused
from tests.nameserver import nameserver
from tests.scripted import DROP, scripted

MAIL = b"Subject: x\r\n\r\nhi\r\n"


def hosts(domain, resolver):
    return mail_hosts(domain, resolver, rng=random.Random(1), timeout_s=2)


def test_hosts_come_in_their_order_of_preference():
    records = {"x.example": [(20, "c.example"), (10, "a.example"), (10, "b.example")]}
    with nameserver(records) as resolver:
        found = hosts("x.example", resolver)
    assert set(found[:2]) == {"a.example", "b.example"}
    assert found[2] == "c.example"


def test_equal_hosts_share_the_load():
    with nameserver({"x.example": [(10, "a.example"), (10, "b.example")]}) as resolver:
        rng = random.Random(3)
        firsts = {mail_hosts("x.example", resolver, rng=rng, timeout_s=2)[0] for _ in range(20)}
    assert firsts == {"a.example", "b.example"}


@pytest.mark.parametrize(
    "domain, reply",
    [("none.example", "554 5.1.2"), ("null.example", "554 5.1.10"), ("broken.example", "451 4.4.3")],
)
def test_a_domain_without_a_server_says_why(domain, reply):
    records = {"null.example": [(0, ".")]}
    with nameserver(records, failing=["broken.example"]) as resolver, pytest.raises(NoServer) as none:
        hosts(domain, resolver)
    assert none.value.reply.startswith(reply)
    assert domain in none.value.reply


def test_a_domain_without_mx_is_its_own_host_and_a_literal_needs_no_question():
    with nameserver({"bare.example": []}) as resolver:
        assert hosts("bare.example", resolver) == ("bare.example",)
        assert hosts("[192.0.2.1]", resolver) == ("192.0.2.1",)
        assert hosts("[IPv6:2001:db8::1]", resolver) == ("2001:db8::1",)


def test_each_domain_is_sent_to_by_itself_and_every_recipient_is_told_of():
    records = {"x.example": [(10, "localhost")], "null.example": [(0, ".")]}
    to = ("a@x.example", "b@null.example", "c@X.example", "d@broken.example")
    with nameserver(records, failing=["broken.example"]) as resolver, scripted() as server:
        way = MxTransport(hostname="docket.example", port=server.port, resolver=resolver, timeout_s=2)
        outcomes = way.send(MAIL, "s@brand.example", to)
    assert {type(one): one.recipients for one in outcomes} == {
        Delivered: ("a@x.example", "c@X.example"),
        Refused: ("b@null.example",),
        Deferred: ("d@broken.example",),
    }
    assert len(server.bodies) == 1


def test_the_next_host_is_tried_with_whoever_was_deferred():
    records = {"x.example": [(10, "localhost"), (20, "127.0.0.1")]}
    script = {"connect": ["421 4.3.2 busy", "220 ready"]}
    with nameserver(records) as resolver, scripted(script=script) as server:
        way = MxTransport(hostname="docket.example", port=server.port, resolver=resolver, timeout_s=2)
        (one,) = way.send(MAIL, "s@brand.example", ("a@x.example",))
    assert isinstance(one, Delivered)
    assert one.remote.startswith("127.0.0.1:")


def test_after_an_unknown_end_no_other_host_gets_the_message():
    records = {"x.example": [(10, "localhost"), (20, "127.0.0.1")]}
    with nameserver(records) as resolver, scripted(script={"dot": [DROP, "250 ok"]}) as server:
        way = MxTransport(hostname="docket.example", port=server.port, resolver=resolver, timeout_s=2)
        way.send(MAIL, "s@brand.example", ("a@x.example",))
    assert len(server.bodies) == 1
