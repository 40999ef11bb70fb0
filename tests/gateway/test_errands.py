"""Acts by mail over the whole path: one entry each under the login's name, and nothing that leaves."""

import json

import pytest

from gateway.store.engine import delete_store, open_store
from gateway.store.messages import message
from gateway.store.orders import links_of
from tests.small_house import BUYER, MAILBOX, ORDER, build_house, close, mail, seed


@pytest.fixture
def house(tmp_path):
    house = build_house(tmp_path)
    house.seqs = seed(house)
    house.remote.taken.clear()
    yield house
    close(house)


def ask(house, to, text="", *, rcpt=(), files=(), **headers):
    """Send a mail as an agent whose From says another name."""
    raw = mail("Re: x", text, from_="Boss <boss@brand.example>", to=to, files=files, **headers)
    envelope = {"source": "submission", "agent": "anna", "mail_from": MAILBOX, "trusted": False}
    seq = house.take(raw, **envelope, rcpt_to=tuple(rcpt or [to]))
    return house.archive.entry(seq)


def acts(house):
    found = [one for one in house.archive.entries(0) if one.meta.get("source") == "mail"]
    return [(one.type, json.loads(one.payload)) for one in found]


def refusal(house, entry):
    assert entry.type == "mail.refused"
    assert acts(house) == []
    assert house.remote.taken == []
    return entry.meta["verdict"]["reply"]


def test_a_note_on_an_order_is_the_agent_s_without_quotes(house):
    entry = ask(house, f"note+{ORDER.replace('-', '')}@docket.local", "Call her.\n\n> old words\n-- \nAnna\n")
    assert entry.type == "mail.in"
    order = {"marketplace": "amazon", "value": ORDER}
    assert acts(house) == [
        ("note", {"order": order, "text": "Call her.", "agent": "anna", "mail": entry.seq})
    ]
    assert house.remote.taken == []


def test_a_note_without_an_order_is_on_the_message_that_is_answered(house):
    ask(
        house,
        "note@docket.local",
        "Call her.",
        In_Reply_To="<gone@x> ",
        References="<q1@mail.example> <gone@x>",
    )
    assert [(type_, act["of"]) for type_, act in acts(house)] == [("note", house.seqs["question"])]


def test_a_tag_is_put_on_the_message_that_is_attached_with_our_stamp(house):
    entry = house.archive.entry(house.seqs["thanks"])
    copy = (
        f"X-Docket-ID: {entry.id}; seq={entry.seq}\r\n".encode()
        + b"Subject: changed\r\n\r\nby a mail client\r\n"
    )
    ask(
        house, "tag+Praise@docket.local", "#not-this", files=[("m.eml", "application/octet-stream", copy, "")]
    )
    with house.store.read() as conn:
        assert message(conn, entry.seq).tags == ("praise",)


def test_a_forged_stamp_names_nothing(house):
    copy = b"X-Docket-ID: 01ARZ3NDEKTSV4RRFFQ69G5FAV; seq=1\r\nSubject: x\r\n\r\nx\r\n"
    entry = ask(house, "tag+a@docket.local", files=[("m.eml", "application/octet-stream", copy, "")])
    assert "forward it as an attachment" in refusal(house, entry)


def test_lines_to_docket_alone_are_acts_too(house):
    ask(
        house,
        "docket@docket.local",
        "Hello\n#damage #vip\n[note] Sent a new shade.\n",
        In_Reply_To="<q1@mail.example>",
    )
    assert [(type_, act.get("add") or act["text"]) for type_, act in acts(house)] == [
        ("tag", ["damage"]),
        ("tag", ["vip"]),
        ("note", "Sent a new shade."),
    ]


def test_an_order_takes_the_message_that_is_answered(house):
    ask(house, f"order+{ORDER}@docket.local", In_Reply_To="<s1@mail.example>")
    with house.store.read() as conn:
        (link,) = [one for one in links_of(conn, house.seqs["stranger"]) if one.link.method == "hand"]
    assert (link.link.order.value, link.link.confidence, link.agent) == (ORDER, "certain", "anna")


def test_what_is_attached_and_came_nowhere_else_is_linked_as_the_mail_that_brought_it(house):
    inner = b"From: dhl@post.example\r\nSubject: POD\r\nMessage-ID: <new@post.example>\r\n\r\nsigned\r\n"
    entry = ask(
        house, f"order+{ORDER}@docket.local", files=[("m.eml", "application/octet-stream", inner, "")]
    )
    ((type_, act),) = acts(house)
    assert (type_, act["of"], act["order"]["value"]) == ("link", entry.seq, ORDER)


def test_a_mail_that_asks_is_itself_linked_to_nothing_and_delivered_nowhere(house):
    entry = ask(house, f"note+{ORDER}@docket.local", f"About order {ORDER}.", In_Reply_To="<q1@mail.example>")
    with house.store.read() as conn:
        assert links_of(conn, entry.seq) == []
        assert message(conn, entry.seq).tags == ()
    assert house.remote.taken == []


@pytest.mark.parametrize(
    ("to", "rcpt"),
    [
        (f"note+{ORDER}@docket.local", (f"note+{ORDER}@docket.local", BUYER)),  # the buyer in Bcc
        (f"note+{ORDER}@docket.local, {BUYER}", (BUYER,)),  # the client sends to each alone
        (f"note+{ORDER}@docket.local, {BUYER}", (f"note+{ORDER}@docket.local",)),
    ],
)
def test_a_note_that_a_buyer_would_get_too_is_refused_whole(house, to, rcpt):
    reply = refusal(house, ask(house, to, "She is a fraud.", rcpt=rcpt))
    assert reply.startswith("550 5.7.1 nothing was sent: this mail goes to Docket and to " + BUYER)


@pytest.mark.parametrize(
    ("to", "words"),
    [
        ("note+999@docket.local", "no order '999' is known"),
        ("note@docket.local", "no message in the archive is the one that this note is about"),
        ("tag+x@docket.local", "answer that message, or forward it as an attachment"),
        ("help@docket.local", "write to note+ORDER@docket.local"),
    ],
)
def test_what_cannot_be_done_is_refused_with_what_to_do(house, to, words):
    reply = refusal(house, ask(house, to, "Hello"))
    assert reply.startswith("550 5.7.1 ")
    assert words in reply


def test_the_tag_refund_waits_for_what_the_settings_want(house):
    entry = ask(house, "tag+refund@docket.local", In_Reply_To="<q1@mail.example>")
    assert "lacks a note" in refusal(house, entry)
    ask(house, f"note+{ORDER}@docket.local", "Shade broken, refund agreed.")
    assert ask(house, "tag+refund@docket.local", In_Reply_To="<q1@mail.example>").type == "mail.in"


def test_the_same_mail_sent_again_makes_no_second_act(house):
    for _ in range(2):
        entry = ask(house, f"note+{ORDER}@docket.local", "Once.", message_id="n1")
        assert entry.type == "mail.in"
    assert len(acts(house)) == 1


def test_a_rebuild_gives_the_same_and_acts_no_more(house, tmp_path):
    ask(house, "tag+vip@docket.local", In_Reply_To="<q1@mail.example>")
    before, known = house.archive.head(), acts(house)
    url = f"sqlite:///{tmp_path / 'store.db'}"
    house.store.close()
    delete_store(url)
    house.store = house.gateway.store = open_store(url)
    while house.gateway.process():
        pass
    assert (house.archive.head(), acts(house)) == (before, known)
    with house.store.read() as conn:
        assert "vip" in message(conn, house.seqs["question"]).tags
