"""Messages and their context, read back."""

from datetime import timedelta

import pytest

from gateway.store import messages
from rules.facts import Context, KnownLink, OrderRef

ONE = OrderRef(marketplace="amazon", value="112-1234567-1234567")
TWO = OrderRef(marketplace="amazon", value="026-1111111-1111111")


@pytest.fixture
def ask(store, story):
    """Return a function that folds the story and asks for the context of the message to come."""

    def context(**wanted):
        story.fold(store)
        below = len(story.pairs)
        plain = {
            "refers_to": (),
            "alias": "",
            "orders": (),
            "twin": b"?",
            "at": story.at(below),
            "below": below,
        }
        with store.read() as conn:
            return messages.context_of(conn, **{**plain, **wanted})

    return context


def test_without_anything_before_nothing_is_known(ask):
    assert ask(refers_to=("a@x",), alias="a", orders=(ONE,)) == Context()


def test_the_thread_gives_links_of_messages_answered_and_of_those_beside_them_newest_first(ask, story):
    first = story.mail(message_id="a@x")
    story.decision(first, links=[story.link(confidence="likely")])
    beside = story.mail(refers_to=("gone@x", "other@x"))
    story.decision(beside, links=[story.link(TWO.value)])
    stranger = story.mail(message_id="s@x")
    story.decision(stranger, links=[story.link("999-0000000-0000000")])
    assert ask(refers_to=("a@x", "gone@x")).thread == (
        KnownLink(order=TWO, seq=beside, confidence="certain"),
        KnownLink(order=ONE, seq=first, confidence="likely"),
    )


def test_of_two_links_to_one_order_the_stronger_is_told(ask, story):
    seq = story.mail(message_id="a@x")
    story.decision(seq, links=[story.link(confidence="possible")])
    story.act("link", of=seq, order=story.order(), agent="anna")
    known = KnownLink(order=ONE, seq=seq, confidence="certain", agent="anna")
    assert ask(refers_to=("a@x",)).thread == (known,)


def test_a_link_undone_is_not_known(ask, story):
    seq = story.mail(message_id="a@x")
    story.decision(seq, links=[story.link()], alias="buyer@m")
    story.act("link", of=seq, order=story.order(), undo=True, agent="anna")
    asked = ask(refers_to=("a@x",), alias="buyer@m", orders=(ONE,))
    assert asked == Context(
        severed=frozenset({ONE})
    )  # nor may an answer inherit it from elsewhere in the thread


def test_the_alias_and_known_orders_come_from_messages_below_only(ask, story):
    first = story.mail()
    story.decision(first, links=[story.link()], alias="buyer@m")
    later = story.mail()
    story.decision(later, links=[story.link(TWO.value)], alias="buyer@m")
    asked = {"alias": "buyer@m", "orders": (ONE, TWO, OrderRef(marketplace="ebay", value=ONE.value))}
    known = ask(**asked, below=later)
    assert known.alias == (KnownLink(order=ONE, seq=first, confidence="certain"),)
    assert known.known_orders == {ONE}
    assert ask(**asked).known_orders == {ONE, TWO}


def test_thousands_of_references_are_no_trouble(ask, story):
    seq = story.mail(message_id="a@x", refers_to=tuple(f"{n}@x" for n in range(3000)))
    story.decision(seq, links=[story.link()])
    assert ask(refers_to=("a@x", *(f"{n}@y" for n in range(50_000)))).thread[0].seq == seq


@pytest.mark.parametrize(("hours", "found"), [(0, True), (24, True), (24.01, False), (-1, False)])
def test_a_retry_is_an_identical_message_of_the_day_before(ask, story, hours, found):
    first = story.mail("mail.out", twin=b"same")
    story.mail("mail.out", twin=b"same")
    context = ask(twin=b"same", at=story.at(1) + timedelta(hours=hours) - timedelta(seconds=1))
    assert context.retry_of == (first if found else None)


@pytest.mark.parametrize("type_", ["mail.held", "mail.refused"])
def test_a_message_that_was_held_or_refused_does_not_stand_for_its_retry(ask, story, type_):
    story.mail(type_, twin=b"same")
    assert ask(twin=b"same").retry_of is None


def test_changes_name_the_message_that_each_entry_touched_and_the_size_of_its_text(store, story):
    first, second = story.mail(), story.mail(sealed_text=b"long text")
    story.add("software")
    story.decision(first, tags=["x"])
    story.act("note", of=first, text="she called", agent="anna")
    story.fold(store)
    with store.read() as conn:
        assert messages.changed(conn, 0, 99) == [
            (0, first, 6),
            (1, second, 9),
            (3, first, 6),
            (4, first, 6),
        ]
        assert messages.changed(conn, 2, 4) == [(3, first, 6)]
        assert messages.changed(conn, 2, 3) == []
        assert messages.seqs(conn, 1, 99) == [second]
        assert messages.undecided(conn, 99) == [second]


def test_lists_are_newest_first_and_pages_join(store, story):
    same = story.at(0)
    seqs = [story.mail(occurred_at=same if n < 3 else story.at(n)) for n in range(6)]
    other = story.mail(mailbox="sales@brand.example")
    story.fold(store)
    with store.read() as conn:
        everything = [row.seq for row in messages.recent(conn, 99)]
        assert everything == [other, *reversed(seqs)]
        paged, before = [], None
        while page := messages.recent(conn, 2, before):
            paged += [row.seq for row in page]
            before = (page[-1].occurred_at, page[-1].seq)
        assert paged == everything
        assert [row.seq for row in messages.by_mailbox(conn, "sales@brand.example", 9)] == [other]
        assert messages.counts(conn) == {
            "sales@brand.example": {"waiting": 1},
            "support@brand.example": {"waiting": 6},
        }


def test_the_newest_message_from_an_address_is_found_in_any_spelling(store, story):
    story.mail()
    newest = story.mail(from_=(("", "ANN@market.EXAMPLE"),))
    story.mail("mail.out", from_=(("", "ann@market.example"),))
    story.mail(from_=(("", "b@x"),), cc=(("", "ann@market.example"),))
    story.fold(store)
    with store.read() as conn:
        assert messages.newest_from(conn, ("ann@market.example",)).seq == newest
        assert messages.newest_from(conn, ("nobody@x",)) is None
        assert messages.newest_from(conn, ()) is None


def test_the_last_receipt_leaves_imports_out(store, story):
    with store.read() as conn:
        assert messages.last_received(conn) is None
    seq = story.mail()
    story.mail(source="import")
    story.mail("mail.out")
    story.fold(store)
    with store.read() as conn:
        assert messages.last_received(conn) == story.at(seq)


def test_many_messages_come_in_the_order_asked_for(store, story):
    for _ in range(1100):
        story.mail(attachments=())
    from gateway.store import fold

    with store.write() as tx:
        fold.apply_all(tx, story.pairs)
    wanted = [*range(1099, -1, -1), 5, 7777]
    with store.read() as conn:
        assert list(messages.messages(conn, wanted)) == list(range(1099, -1, -1))
