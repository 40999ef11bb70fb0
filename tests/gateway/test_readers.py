import hashlib
from datetime import UTC, datetime

from gateway.mail.entry import Envelope
from gateway.readers import UNREAD, Item, Readers
from rules.marketplace import builtin_texts

AT = datetime(2026, 11, 23, 8, tzinfo=UTC)


def item(key, raw):
    return Item(key=key, raw=raw, envelope=Envelope(source="smtp", received_at=AT))


def test_answers_come_in_order_and_messages_larger_than_a_pipe_pass_both_ways(tmp_path):
    journal = tmp_path / "reading.json"
    readers = Readers(builtin_texts(), count=2, journal=journal)
    items = [
        item(n, b"Subject: %d\r\n\r\n" % n + b"word " * (60_000 if n % 5 == 0 else 1)) for n in range(20)
    ]
    answers = readers.understand(items)
    children = [reader.child for reader in readers._idle]
    nursery = readers._nursery._process
    readers.close()
    assert [answer.mail.subject for answer in answers] == [str(n) for n in range(20)]
    assert len(answers[0].mail.text) > 200_000
    assert journal.read_text() == "{}"
    assert children
    assert all(child.read() is None for child in children)
    assert nursery is not None
    assert nursery.poll() is not None


def test_a_message_that_ended_two_processes_is_shown_by_its_header_alone_and_its_neighbours_whole(tmp_path):
    journal = tmp_path / "reading.json"
    journal.write_text('{"1": 1}', encoding="ascii")  # left by a crash, the second one
    readers = Readers(builtin_texts(), count=1, journal=journal)
    raws = [b"Subject: %d\r\n\r\nbody %d\r\n" % (n, n) for n in range(3)]
    answers = readers.understand([item(n, raw) for n, raw in enumerate(raws)])
    readers.close()
    assert [UNREAD in answer.mail.defects for answer in answers] == [False, True, False]
    assert [answer.mail.text.strip() for answer in answers] == ["body 0", "", "body 2"]
    assert answers[1].mail.subject == "1"
    assert answers[1].mail.sha256 == hashlib.sha256(raws[1]).hexdigest()
    assert answers[1].mail.size_bytes == len(raws[1])
