"""From the wire to the link: DNS is asked after the acknowledgement, once, and never by a rebuild."""

import json
import socket
import time
from email import message_from_bytes

import pytest
from msgspec import convert

from gateway.authenticity.checks import Checks
from gateway.authenticity.resolver import Resolver
from gateway.clock import FixedClock
from gateway.mail.authenticity.check import Trust, check
from gateway.mail.authenticity.record import checked_again, record_of
from gateway.mail.authenticity.reported import told_by
from gateway.mail.entry import Envelope
from gateway.store import fold, messages, orders
from gateway.store.authenticity import authentic_of
from index.query import parse_query
from tests import signing
from tests.dnsserver import dns_server, txt
from tests.small_house import Remote, build_house, close

ZONE = signing.zone()
CLOCK = FixedClock(signing.AT)
NOBODY = Trust()


@pytest.fixture
def server():
    with dns_server(txt(ZONE)) as server:
        yield server


@pytest.fixture
def house_at(tmp_path):
    """Give a function that builds the one house of a test over a name server."""
    built = []

    def build(server, *, trust=NOBODY, timeout_s=10.0, deliver=None):
        checks = Checks(clock=CLOCK, resolver=Resolver([server]), trust=trust, timeout_s=timeout_s)
        built.append(build_house(tmp_path, checks=checks, deliver=deliver))
        return built[0]

    yield build
    for house in built:
        close(house)


def arrive(house, raw, *, wait=True, trusted=False, **envelope):
    known = {"source": "smtp", "mail_from": "x@ses.example", "peer": "127.0.0.1:4711", "rcpt_to": ("support@brand.example",), "mailbox": "support@brand.example"}  # fmt: skip
    envelope = Envelope(received_at=house.clock.now(), trusted=trusted, **{**known, **envelope})
    seq = house.gateway.accept(raw, envelope).result().seq
    deadline = time.monotonic() + 20
    while wait and row(house, seq) is None:
        assert time.monotonic() < deadline
        house.settle()
        time.sleep(0.005)
    return seq


def row(house, seq):
    """Return a message once it is decided."""
    house.gateway.process()
    with house.store.read() as conn:
        found = messages.message(conn, seq)
    return found if found is not None and found.decided_by is not None else None


def links(house, seq):
    with house.store.read() as conn:
        return [
            (one.link.order.value, one.link.confidence, one.link.reason) for one in orders.links_of(conn, seq)
        ]


def found(house, query):
    return [hit.seq for hit in house.index.search(parse_query(query)).hits]


def entries(house, type_):
    return [one for one in house.archive.entries(0, house.archive.head()) if one.type == type_]


def test_a_marketplaces_mail_is_certain_a_strangers_possible_and_a_forgers_told(house_at, server):
    house = house_at(server.address)
    real = arrive(house, signing.signed(signing.mail()))
    ((order, confidence, reason),) = links(house, real)
    assert (order, confidence) == ("302-4937261-8841957", "certain")
    assert "which is proven: signed by amazon.de" in reason
    ((_, confidence, reason),) = links(house, arrive(house, signing.mail("Eve <eve@mail.example>")))
    assert (confidence, "nothing proves that" in reason) == ("possible", True)
    forged = arrive(house, signing.signed(signing.mail(), number=1))
    ((_, confidence, reason),) = links(house, forged)
    assert (confidence, "claims to be Amazon, but its signature does not verify" in reason) == (
        "possible",
        True,
    )
    assert row(house, forged).tags == ("not-authentic",)
    house.settle()
    assert (found(house, "auth:pass"), found(house, "auth:fail")) == ([real], [forged])
    assert len(found(house, "auth:none")) == 1
    old = arrive(house, signing.mail(text="old\r\n"), source="import")
    house.settle()
    assert found(house, "auth:unchecked") == [old]


def test_what_was_found_is_an_entry_that_can_be_checked_without_dns(house_at, server):
    house = house_at(server.address)
    seq = arrive(house, signing.signed(signing.mail()))
    (entry,) = entries(house, "authenticity")
    record = record_of(entry.payload)
    assert (record.of, record.results.by) == (seq, "dkim")
    message = house.archive.entry(seq)
    assert checked_again(message.payload, convert(message.meta, Envelope), record) == record.results
    (decision,) = (one for one in entries(house, "decision"))
    assert json.loads(decision.payload)["decision"]["authentic"]["proven"] == [signing.AMAZON]
    assert entry.seq < decision.seq


def test_the_delivered_copy_says_what_was_found_and_its_signature_still_verifies(house_at, server):
    agents = Remote()
    house = house_at(server.address, deliver=agents)
    forgery = b"Authentication-Results: docket.brand.example; dmarc=pass header.from=bank.example\r\n"
    raw = forgery + signing.signed(signing.mail())
    arrive(house, raw)
    house.settle()
    (copy,) = agents.taken
    read = message_from_bytes(copy)
    (ours,) = read.get_all("Authentication-Results")
    told = told_by(ours)
    assert (told.server, told.dkim, told.dmarc) == ("docket.brand.example", (("pass", "amazon.de"),), "pass")
    assert copy.endswith(b"X-Forged-" + raw)
    assert check(copy, signing.wire(), signing.lookup(ZONE), NOBODY).dkim == "pass"


def test_a_rebuild_gives_the_same_state_and_asks_nobody(house_at, server):
    house = house_at(server.address)
    seqs = [arrive(house, signing.signed(signing.mail())), arrive(house, signing.mail("eve@mail.example"))]
    before = [links(house, seq) for seq in seqs]
    with house.store.read() as conn:
        known = authentic_of(conn, seqs)
    asked = len(server.asked)
    house.store.clear()
    house.gateway.resume()
    house.settle()
    with house.store.read() as conn:
        assert authentic_of(conn, seqs) == known
    assert [links(house, seq) for seq in seqs] == before
    assert (len(server.asked), len(entries(house, "authenticity"))) == (asked, 2)


def test_after_a_crash_what_was_found_is_decided_on_and_not_asked_again(house_at, server):
    house = house_at(server.address)
    seq = arrive(house, signing.signed(signing.mail()), wait=False)
    house.gateway.process()
    deadline = time.monotonic() + 20
    while not entries(house, "authenticity"):
        assert time.monotonic() < deadline
        house.gateway._record()
        time.sleep(0.005)
    asked = len(server.asked)
    house.gateway.checks = house.gateway._deciding._checks = Checks(
        clock=CLOCK, resolver=Resolver([server.address])
    )
    house.gateway.resume()  # as the next start does, with nothing in its memory
    house.settle()
    assert links(house, seq)[0][1] == "certain"
    assert len(server.asked) == asked


def test_a_silent_name_server_delays_no_acknowledgement_and_no_mail_of_others(house_at):
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as dead:
        dead.bind(("127.0.0.1", 0))
        house = house_at(dead.getsockname(), timeout_s=6.0)
        started = time.monotonic()
        slow = arrive(house, signing.signed(signing.mail()), wait=False)
        assert time.monotonic() - started < 1.0
        other = signing.mail("a@other.example").replace(b"302-4937261-8841957", b"112-1234567-1234567")
        quick = arrive(house, other.replace(b"<1@mail", b"<2@mail"), source="import")
        assert row(house, slow) is None
        assert row(house, quick) is not None
        deadline = time.monotonic() + 20
        while row(house, slow) is None:
            assert time.monotonic() < deadline
            time.sleep(0.01)
        ((_, confidence, reason),) = links(house, slow)
        assert (confidence, "DNS gave no answer" in reason) == ("possible", True)


def test_what_rests_on_a_message_that_is_being_checked_waits_with_it(house_at, server):
    house = house_at(server.address)
    first = arrive(house, signing.signed(signing.mail()), wait=False)
    more = "In-Reply-To: <1@mail.example>\r\n"
    answer = signing.signed(
        signing.mail(more=more, text="and this\r\n").replace(b"Message-ID: <1@", b"Message-ID: <2@")
    )
    second = arrive(house, answer.replace(b"302-4937261-8841957", b"nothing"), trusted=True)
    assert row(house, first) is not None
    assert [one[1] for one in links(house, second)] == ["certain"]


def listed(raw, *, forged=b""):
    """Return a mail as a mailing list passes it on: from itself, signed, with what it found out about the sender."""
    more = (
        b"X-Original-Sender: k3jx9v@marketplace.amazon.de\r\nX-Original-Authentication-Results: mx.google.com;\r\n"
        b"       dkim=pass header.i=@amazon.de header.s=s1;\r\n       dmarc=pass header.from=marketplace.amazon.de\r\n"
    )
    names = [
        b"from",
        b"to",
        b"subject",
        b"message-id",
        b"x-original-sender",
        b"x-original-authentication-results",
    ]
    return forged + signing.signed(more + raw, "brand.example", number=2, include_headers=names)


def test_who_wrote_to_a_trusted_mailing_list_is_believed_and_recognised(tmp_path):
    zone = signing.zone("brand.example", number=2)
    by_list = signing.mail("'Marie' via Support <support@brand.example>")
    forgery = b"X-Original-Sender: eve@marketplace.amazon.de\r\n"
    with dns_server(txt(zone)) as server:
        checks = Checks(
            clock=CLOCK, resolver=Resolver([server.address]), trust=Trust(lists=("brand.example",))
        )
        house = build_house(tmp_path, checks=checks)
        seqs = [
            arrive(house, raw)
            for raw in (listed(by_list), listed(by_list, forged=forgery), forgery + by_list)
        ]
        real, twice, stranger = (row(house, seq) for seq in seqs)
        ((_, confidence, reason),) = links(house, real.seq)
        with house.store.read() as conn:
            found = authentic_of(conn, seqs)
        close(house)
    assert (real.marketplace, real.kind, real.alias) == (
        "amazon",
        "buyer_message",
        "k3jx9v@marketplace.amazon.de",
    )
    assert confidence == "certain"
    assert "passed on by a list of brand.example" in reason
    assert [found[seq].by for seq in seqs] == ["list", "dkim", ""]
    assert (twice.alias, stranger.alias) == ("", "")


def test_a_trusted_servers_findings_are_read_and_imported_mail_is_not_asked_about(house_at, server):
    trust = Trust(servers=("mx.brand.example",))
    house = house_at(server.address, trust=trust)
    told = b"Authentication-Results: mx.brand.example; dmarc=%b header.from=marketplace.amazon.de\r\n"
    good = arrive(house, told % b"pass" + signing.mail(), trusted=True)
    bad = arrive(house, told % b"fail" + signing.mail(), trusted=True)
    silent = arrive(house, signing.mail(), trusted=True)
    assert [links(house, seq)[0][1] for seq in (good, bad, silent)] == ["certain", "possible", "possible"]
    asked = len(server.asked)
    old = arrive(house, told % b"pass" + signing.mail(text="old\r\n"), source="import")
    with house.store.read() as conn:
        assert authentic_of(conn, [old]) == {}
        assert fold.undecided_count(conn) == 0
    assert len(server.asked) == asked
