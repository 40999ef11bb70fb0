"""The age that rules ask for: how long a message was on its way, the same however late it is taken in or decided again."""

from datetime import UTC, datetime, timedelta

import pytest

from gateway.mail.entry import Envelope
from gateway.mail.parse import parse
from gateway.shape import facts_of

WRITTEN = datetime(2024, 3, 1, 8, 0, tzinfo=UTC)
TAKEN = datetime(2026, 11, 26, 20, 0, tzinfo=UTC)
TRACE = "Received: from a by b; Fri, 01 Mar 2024 10:30:00 +0000\r\n"
DATE = "Date: Fri, 01 Mar 2024 08:00:00 +0000\r\n"


@pytest.mark.parametrize(
    "source, headers, more, hours",
    [
        ("smtp", DATE, {"received_at": WRITTEN + timedelta(hours=3)}, 3),
        ("smtp", "", {}, 0),
        ("smtp", DATE, {"received_at": WRITTEN - timedelta(hours=3)}, 0),  # a clock that is wrong
        ("fetch", TRACE + DATE, {"occurred_at": WRITTEN + timedelta(hours=1), "occurred_from": "internaldate"}, 1),
        ("import", TRACE + DATE, {}, 2.5),
        ("import", DATE, {}, 0),  # nobody knows when it came
        ("import", TRACE, {}, 0),
        ("import", "", {"occurred_at": WRITTEN, "occurred_from": "import"}, 0),
    ],
)  # fmt: skip
def test_how_long_a_message_was_on_its_way(source, headers, more, hours):
    raw = f"{headers}From: a@b.example\r\n\r\nHello\r\n".encode()
    for taken in (TAKEN, TAKEN + timedelta(days=1)):
        envelope = Envelope(source=source, **{"received_at": taken, **more})
        assert facts_of(parse(raw), envelope, outbound=False).age_s == hours * 3600
