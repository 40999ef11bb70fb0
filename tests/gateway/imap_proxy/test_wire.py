"""Both directions of an IMAP connection, read in whatever pieces the network makes of them."""

import itertools
import re
import socket

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from gateway.imap_proxy.wire import Fault, Literal, Octets, Text, Wire
from tests.mailboxes import PASSWORD, USER, mailbox_server

LIMIT = 200


def drain(wire, *, refusing=False):
    """Every event that the wire has, as short tuples; as a server that refuses every literal that waits, if asked."""
    while (event := wire.next_event()) is not None:
        match event:
            case Text(data=data, ends=ends, literal=literal):
                yield ("text", data, ends, literal)
                if refusing and literal is not None and literal.waits:
                    wire.refuse()
            case Octets(data=data, left=left):
                yield ("octets", data, left)
            case Fault(reason=reason):
                yield ("fault", reason)


def events_of(stream, cuts=(), *, from_client=True, refusing=False):
    """The events of a stream that comes cut in these places, with octets that follow each other put together."""
    wire = Wire(from_client=from_client, line_limit=LIMIT)
    together = []
    places = [0, *sorted(cuts), len(stream)]
    for start, end in itertools.pairwise(places):
        wire.receive(stream[start:end])
        for event in drain(wire, refusing=refusing):
            if event[0] == "octets" and together and together[-1][0] == "octets":
                together[-1] = ("octets", together[-1][1] + event[1], event[2])
            else:
                together.append(event)
    return together


words = st.text("abcXYZ0189 ()*:\\\"'+-~", max_size=20).map(str.encode)
line_ends = st.sampled_from([b"\r\n", b"\n"])
literals = st.builds(
    lambda data, plus, tilde: (data, plus, tilde), st.binary(max_size=40), st.booleans(), st.booleans()
)


@st.composite
def conversations(draw):
    """A stream of well-formed commands, with the events it must give."""
    stream, expected = b"", []
    for _ in range(draw(st.integers(0, 5))):
        for data, plus, tilde in draw(st.lists(literals, max_size=3)):
            # A word before the tilde, so that no tilde of the word's own is taken for it.
            text = (
                b"a "
                + draw(words)
                + b" "
                + b"~" * tilde
                + b"{%d%s}" % (len(data), b"+" * plus)
                + draw(line_ends)
            )
            stream += text + data
            expected.append(("text", text, True, Literal(size=len(data), waits=not plus, binary=tilde)))
            expected += [("octets", data, 0)] if data else []
        text = b"a " + draw(words) + draw(line_ends)
        stream += text
        expected.append(("text", text, True, None))
    return stream, expected


@settings(suppress_health_check=[HealthCheck.too_slow])  # a busy machine is no fault
@given(conversations(), st.data(), st.booleans())
def test_a_stream_gives_the_same_events_wherever_it_is_cut(conversation, data, from_client):
    stream, expected = conversation
    cuts = data.draw(st.lists(st.integers(0, len(stream)), max_size=8))
    assert events_of(stream, cuts, from_client=from_client) == expected


@given(
    st.lists(
        st.sampled_from(
            [
                b"a ",
                b"x" * 150,
                b"{3}",
                b"{3+}",
                b"~{2}",
                b"{",
                b"}",
                b"\r",
                b"\n",
                b"\r\n",
                b"\0",
                b"* OK ",
                b"+ ",
            ]
        )
    ).map(b"".join),
    st.data(),
    st.booleans(),
    st.booleans(),
)
def test_nonsense_too_gives_the_same_events_wherever_it_is_cut(stream, data, from_client, refusing):
    whole = events_of(stream, from_client=from_client, refusing=refusing)
    cuts = data.draw(st.lists(st.integers(0, len(stream)), max_size=8))
    assert events_of(stream, cuts, from_client=from_client, refusing=refusing) == whole
    if not from_client:
        # What a server sends is passed on, every byte of it, but for a last line that has not ended.
        assert stream.startswith(b"".join(event[1] for event in whole))
        assert all(event[0] != "fault" for event in whole)


@settings(suppress_health_check=[HealthCheck.too_slow])
@given(
    st.lists(
        st.sampled_from(
            [
                b"* 1 FETCH (UID 1 BODY[] {12}\r\na OK done\r\n {3}",
                b"* 12 FETCH (FLAGS ())\r\n",
                b")\r\n",
                b" BODY[1] {0}\r\n",
                b"* OK [UIDVALIDITY 1] {5}\r\n",
                b"a OK done {5}\r\n",
                b"* SEARCH 1 2\r\n",
                b"* 3 EXISTS\n",
                b"* 1" + b"x" * 300 + b"\r\n",
                b"xyz",
            ]
        )
    ).map(b"".join),
    st.data(),
)
def test_what_is_skimmed_is_what_nobody_need_read(stream, data):
    """Skimming takes whole stretches of message data, and leaves every other event as it is."""
    cuts = [0, *sorted(data.draw(st.lists(st.integers(0, len(stream)), max_size=8))), len(stream)]
    wire, passed, read = Wire(from_client=False, line_limit=LIMIT), [], []
    for start, end in itertools.pairwise(cuts):
        wire.receive(stream[start:end])
        while True:
            passed.append(wire.skim())
            event = wire.next_event()
            if event is None:
                break
            passed.append(event.data)
            read.append(event)
    plain, unskimmed = Wire(from_client=False, line_limit=LIMIT), []
    plain.receive(stream)
    while (event := plain.next_event()) is not None:
        unskimmed.append(event)
    taken = b"".join(passed)
    assert taken.startswith(b"".join(event.data for event in unskimmed))
    assert stream.startswith(taken)
    assert answers(read) == answers(unskimmed)


def answers(events):
    """The responses that say something of a command, by how they begin."""
    texts = [one for one in events if isinstance(one, Text) and one.begins]
    return [one.data for one in texts if not re.match(rb"\* [0-9]", one.data)]


def test_a_literal_is_never_held():
    wire = Wire(from_client=True)
    wire.receive(b"a APPEND INBOX {1073741824}\r\n")
    assert [event[0] for event in drain(wire)] == ["text"]
    for piece in range(1024):
        wire.receive(bytes(65536))
        assert [(e[0], len(e[1]), e[2]) for e in drain(wire)] == [
            ("octets", 65536, 2**30 - (piece + 1) * 65536)
        ]


def test_a_line_is_held_only_up_to_its_limit():
    wire = Wire(from_client=False, line_limit=LIMIT)
    for _ in range(1000):
        wire.receive(b"* SEARCH" + b" 12345" * 20)
        assert all(len(event[1]) <= LIMIT and not event[2] for event in drain(wire))


def test_a_literal_after_a_line_too_long_to_hold_is_seen_wherever_the_limit_cuts_its_marker():
    for length in range(LIMIT - 12, LIMIT + 12):
        start = b"* 1 FETCH (X " + b"x" * (length - 13)
        events = events_of(start + b"{11}\r\n) a OK {3}\r\n)\r\n", from_client=False)
        assert ("octets", b") a OK {3}\r\n"[:11], 0) in events


REFUSED = {
    "a NUL": (b"a NOOP\0\r\n", "NUL"),
    "a bare carriage return": (b"a NOOP\rb DELETE x\r\n", "carriage return"),
    "two carriage returns": (b"a NOOP\r\r\n", "carriage return"),
    "a marker and a space": (b"a X {5} \r\n", "brace"),
    "a marker with a minus": (b"a X {5-}\r\n", "brace"),
    "a marker without a number": (b"a X {}\r\n", "brace"),
    "a number below nothing": (b"a X {-5}\r\n", "brace"),
    "a number of too many digits": (b"a X {00000000000000000005+}\r\n", "brace"),
    "a line without an end": (b"a" * LIMIT, "200 bytes"),
}


@pytest.mark.parametrize("case", REFUSED)
def test_a_client_line_that_servers_read_in_two_ways_ends_the_stream(case):
    stream, words = REFUSED[case]
    events = events_of(stream + b"b DELETE Sent\r\n")
    assert [event[0] for event in events] == ["fault"]
    assert words in events[0][1]


STATUS = [b"* OK done {5}", b"a1 NO [CANNOT] {5}", b"* BYE {5+}", b"+ {5}", b"a bad {5}", b"* PREAUTH {5}"]


@pytest.mark.parametrize("line", STATUS, ids=bytes.decode)
def test_text_for_people_announces_nothing(line):
    events = events_of(line + b"\r\n* 1 EXPUNGE\r\n", from_client=False)
    assert [event[1] for event in events] == [line + b"\r\n", b"* 1 EXPUNGE\r\n"]


def test_a_client_whose_literal_was_refused_begins_a_new_command():
    stream = b"a APPEND INBOX {99}\r\nb NOOP\r\n"
    assert [event[1] for event in events_of(stream, refusing=True)] == [
        b"a APPEND INBOX {99}\r\n",
        b"b NOOP\r\n",
    ]


@pytest.mark.needs("dovecot")
def test_what_dovecot_sends_is_read_as_it_was_stored_in_pieces_of_any_size():
    # The message looks like the protocol around it, in every way a reader could fall for.
    mail = b"Subject: {7}\r\n\r\na OK done\r\n* 1 FETCH (BODY[] {3}\r\n)\r\nb BAD {9+}\r\n"
    with (
        mailbox_server(dovecot=True) as box,
        socket.create_connection((box.host, box.imap_port), timeout=20) as link,
    ):
        wire = Wire(from_client=False, line_limit=65536)

        def ask(command, until):
            link.sendall(command)
            while True:
                while (event := wire.next_event()) is not None:
                    if isinstance(event, Text) and event.data.startswith(until):
                        return
                    seen.append(event)
                wire.receive(link.recv(7))

        seen = []
        ask(b'l LOGIN "%s" "%s"\r\n' % (USER.encode(), PASSWORD.encode()), b"l OK")
        ask(b"p APPEND INBOX {%d}\r\n" % len(mail), b"+ ")
        ask(mail + b"\r\n", b"p OK")
        ask(b"s SELECT INBOX\r\n", b"s OK")
        seen.clear()
        ask(b"f FETCH 1 (UID BODY[])\r\n", b"f OK")
        assert b"".join(event.data for event in seen if isinstance(event, Octets)) == mail
        assert [event.line for event in seen if isinstance(event, Text)][-1] == b")"
