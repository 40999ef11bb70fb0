"""Addresses, trust and what cannot be bound."""

import pytest

from gateway.door.address import split_address
from gateway.errors import WrongUse
from gateway.ingest.listener import trust


@pytest.mark.parametrize(
    "address, expected",
    [("127.0.0.1:25", ("127.0.0.1", 25)), ("[::1]:0", ("::1", 0)), ("mx.example:25", ("mx.example", 25))],
)
def test_an_address_is_host_and_port(address, expected):
    assert split_address(address) == expected


@pytest.mark.parametrize("address", ["", "25", "host", "host:", "host:x", "host:70000", "host:-1", "host:²"])
def test_what_is_no_address_says_how_to_write_one(address):
    with pytest.raises(WrongUse, match="HOST:PORT"):
        split_address(address)


def test_an_address_in_use_is_the_users_affair(house):
    address = house.smtp()
    with pytest.raises(WrongUse, match="cannot listen on"):
        house.listen(lambda: None, address)


def test_ipv6_works_and_is_written_in_brackets(house, connect):
    from gateway.ingest.smtp import SmtpConnection

    service = house.service()
    address = house.listen(lambda: SmtpConnection(service, knows=lambda _: "support@shop.example"), "[::1]:0")
    assert address.startswith("[::1]:")
    client = connect(address.replace("[::1]", "::1")).open().begin()
    client.say(".")
    assert house.archive.kept[0][1].peer.startswith("[::1]:")


TRUST = [
    (["192.0.2.0/24"], "192.0.2.9", True),
    (["192.0.2.0/24"], "192.0.3.9", False),
    (["192.0.2.9"], "::ffff:192.0.2.9", True),
    (["2001:db8::/32"], "2001:db8::1", True),
    (["2001:db8::/32"], "192.0.2.9", False),
    (["fe80::/10"], "fe80::1%eth0", True),
    (["unix"], "unix", True),
    (["192.0.2.0/24"], "unix", False),
    (["unix"], "127.0.0.1", False),
    ([], "127.0.0.1", False),
]


@pytest.mark.parametrize("peers, peer, expected", TRUST)
def test_trust_is_by_network(peers, peer, expected):
    assert trust(peers)(peer) is expected


def test_a_wrong_network_is_named():
    with pytest.raises(WrongUse, match=r"300\.0\.0\.1"):
        trust(["300.0.0.1"])
