import threading
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from types import SimpleNamespace

import pytest

from gateway.clock import FixedClock
from gateway.errors import Temporary, WrongUse
from gateway.settings import parse_config
from gateway.store.due import ClockRow
from gateway.views.attention import Attention
from gateway.views.flags import merged
from gateway.views.keeper import Keeper
from gateway.views.source import Source
from gateway.views.wanted import CLAIMS, NEEDS_REPLY, OVERDUE, wanted_of
from rules.facts import OrderRef

NOW = datetime(2026, 11, 20, 12, tzinfo=UTC)
ORDER = OrderRef(marketplace="amazon", value="112-1")


def wait(message, name="reply", *, hours=1):
    return ClockRow(
        message=message,
        name=name,
        by=9,
        kind="",
        mailbox="s@x",
        marketplace="amazon",
        orders=(),
        started_at=NOW,
        due_at=NOW + timedelta(hours=hours),
        said="",
    )


def row(seq, *tags):
    return SimpleNamespace(seq=seq, tags=tags, marketplace="amazon", id=str(seq), occurred_at=NOW)


def test_clocks_orders_and_tags_say_where_a_message_stands():
    waits = [wait(1), wait(2, hours=-1), wait(3, "claim_answer")]
    rows = [row(1, "Refund"), row(2), row(3), row(4, "refund", "secret")]
    made = wanted_of(waits, {ORDER: (1, 4)}, rows, NOW, ["refund"])
    assert made.folders == {
        NEEDS_REPLY: {1, 2},
        OVERDUE: {2},
        CLAIMS: {3},
        ("Orders", "112-1"): {1, 4},
        ("Tags", "refund"): {1, 4},
    }
    assert made.keywords == {
        1: {"needs-reply", "amazon", "refund"},
        2: {"needs-reply", "overdue", "amazon"},
        3: {"claim", "amazon"},
        4: {"amazon", "refund"},
    }


READ, STAR = frozenset({b"\\Seen"}), frozenset({b"\\Flagged"})


@pytest.mark.parametrize(
    "last, now, both",
    [
        (frozenset(), [READ, frozenset()], READ),
        (READ, [READ, frozenset()], frozenset()),
        (READ, [READ | STAR, READ], READ | STAR),
        (READ, [STAR, READ | STAR], STAR),
        (frozenset(), [READ, STAR, frozenset()], READ | STAR),
    ],
)
def test_what_somebody_did_to_one_is_done_to_all(last, now, both):
    assert merged(last, now) == both


def test_a_server_that_does_not_answer_ends_nothing():
    stop, tries = threading.Event(), []

    @contextmanager
    def fails():
        tries.append(1)
        if len(tries) == 3:
            stop.set()
        raise Temporary("no IMAP connection")
        yield

    made = Keeper(
        "s@x",
        fails,
        lambda _: Attention(waits=(), orders={}, rows=()),
        Source("INBOX", lambda _: None),
        None,
        clock=FixedClock(NOW),
        days=60,
        every_s=0.001,
    )
    made.run(stop)
    assert len(tries) == 3


IMAP = '\n[mailbox.imap]\nhost = "imap.x"\nuser = "u"\n'


@pytest.mark.parametrize(
    "text, words",
    [
        ('[mailbox.views]\nkind = "copies"', "needs the account"),
        (IMAP + '[mailbox.views]\nkind = "virtual"', "place must be set"),
        (IMAP + '[mailbox.views]\nkind = "copies"\nfolder = "inbox"', "one of its own"),
        (
            IMAP
            + '[mailbox.views]\nkind = "copies"\n[[mailbox.capture]]\nhost = "imap.x"\nuser = "u"\nfolders = ["Docket/Claims"]',
            "captured again",
        ),
    ],
)
def test_settings_that_cannot_work_are_refused(text, words):
    with pytest.raises(WrongUse, match=words):
        parse_config(f'[[mailbox]]\naddress = "s@x.example"\n{text}\n')
