"""Connections that carry one message after the other, against a scripted server."""

from contextlib import closing

import pytest

from gateway.relay.lmtp import LmtpTransport
from gateway.relay.smtp import SmtpTransport
from gateway.relay.transport import Deferred, Delivered, Unknown
from tests.scripted import DROP, scripted

MAIL = b"From: shop@brand.example\r\nTo: a@x.example\r\nSubject: x\r\n\r\nHello\r\n"


def keeping(port, **settings):
    settings = {"tls": "none", "timeout_s": 2, "final_timeout_s": 2, "idle_s": 30} | settings
    return closing(SmtpTransport("127.0.0.1", port, **settings))


def send(way, to="a@x.example"):
    (one,) = way.send(MAIL, "shop@brand.example", (to,))
    return one


def greetings(server):
    return sum(one.startswith(("EHLO", "LHLO")) for one in server.commands)


def test_messages_share_a_connection_that_is_asked_before_each():
    with scripted() as server, keeping(server.port) as way:
        assert [type(send(way)) for _ in range(3)] == [Delivered] * 3
        assert (greetings(server), server.commands.count("RSET"), len(server.bodies)) == (1, 2, 3)
    assert server.commands[-1] == "QUIT"


def test_what_was_refused_leaves_the_connection_good_for_the_next():
    with scripted(script={"rcpt": ["550 5.1.1 no", "250 ok"]}) as server, keeping(server.port) as way:
        send(way)
        assert isinstance(send(way), Delivered)
        assert greetings(server) == 1


@pytest.mark.parametrize(
    "script, first",
    [
        ({"dot": [DROP, "250 ok"]}, Unknown),
        ({"dot": ["354 what", "250 ok"]}, Unknown),
        ({"mail": ["421 4.3.2 closing", "250 ok"]}, Deferred),
        ({"rcpt": [DROP, "250 ok"]}, Deferred),
    ],
    ids=str,
)
def test_a_connection_that_went_wrong_is_not_kept(script, first):
    with scripted(script=script) as server, keeping(server.port) as way:
        assert isinstance(send(way), first)
        assert isinstance(send(way), Delivered)
        assert greetings(server) == 2


@pytest.mark.parametrize("answer", [DROP, "421 4.4.2 idle for too long", "502 5.5.1 what"])
def test_a_server_that_has_closed_meanwhile_costs_a_connection_and_no_message(answer):
    with scripted(script={"rset": answer}) as server, keeping(server.port) as way:
        assert [type(send(way)) for _ in range(2)] == [Delivered] * 2
        assert (greetings(server), len(server.bodies)) == (2, 2)


def test_an_idle_connection_ends_with_a_goodbye():
    with scripted() as server, keeping(server.port, idle_s=0.05) as way:
        send(way)
        server.left.wait(5)
        assert server.commands[-1] == "QUIT"


def test_a_mailbox_server_keeps_them_too():
    with scripted(lmtp=True) as server, closing(LmtpTransport("127.0.0.1", server.port, idle_s=30)) as way:
        assert [type(send(way)) for _ in range(2)] == [Delivered] * 2
        assert greetings(server) == 1
