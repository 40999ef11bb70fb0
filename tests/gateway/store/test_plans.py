"""Every question that is asked often is answered from an index, however large the store has become (SQLite's plans)."""

import re

import pytest
from sqlalchemy import event

from gateway.store import context, erasures, fold, jobs, messages, orders, reports, reviews
from gateway.store.engine import open_store
from rules.facts import OrderRef

ORDER = OrderRef(marketplace="amazon", value="112-1234567-1234567")
# A whole log read through: a scan, or a key of which only the log (and an open range of seq) is given.
_WHOLE = re.compile(r"^SCAN (?!CONSTANT|due|named|beside|\()|\(log=\?( AND (seq|message)[<>]\?)?\)$")


@pytest.mark.parametrize(
    "ask",
    [
        lambda conn, at: messages.context_of(
            conn,
            refers_to=("a@x", "b@x"),
            alias="a",
            orders=(ORDER,),
            twin=b"x",
            at=at,
            below=9,
            senders=("ann@market.example",),
            tokens=("t",),
            people=("phone +1",),
            parcels=("1Z",),
        ),
        lambda conn, _: context.orders_like(conn, ORDER.value, below=9),
        lambda conn, _: context.orders_of_alias(conn, "a", below=9),
        lambda conn, _: reports.facts_of(conn, [ORDER]),
        lambda conn, _: reports.reported_orders(conn, ORDER.value),
        lambda conn, _: reviews.refresh(conn, 0, [0, 1], dependants=True),
        lambda conn, _: messages.messages(conn, [1, 2, 3]),
        lambda conn, _: messages.undecided(conn, 9),
        lambda conn, _: messages.changed(conn, 3, 9),
        lambda conn, _: messages.newest_from(conn, ("ann@market.example", "b@x")),
        lambda conn, _: messages.exact_terms(conn, [1, 2]),
        lambda conn, _: messages.last_received(conn),
        lambda conn, _: fold.undecided_count(conn),
        lambda conn, _: orders.find_orders(conn, ORDER.value),
        lambda conn, _: orders.messages_of(conn, ORDER),
        lambda conn, _: orders.events_of(conn, order=ORDER, message=3),
        lambda conn, _: orders.parcels_of(conn, ORDER),
        lambda conn, at: jobs.claim(conn, limit=3, now=at, lease_s=9, token="t"),
        jobs.oldest_due,
        lambda conn, _: erasures.forget(conn, 0),
    ],
)
def test_no_question_reads_the_whole_log(tmp_path, story, ask):
    store = open_store(f"sqlite:///{tmp_path / 'store.db'}")
    for _ in range(3):
        seq = story.mail()
        story.decision(seq, links=[story.link()], jobs=[story.job()])
    story.fold(store)
    asked = []
    with store.write() as tx:
        event.listen(tx.engine, "before_cursor_execute", lambda *call: asked.append((call[2], call[3])))
        ask(tx, story.at(99))
        plans = [
            (row[3], statement)
            for statement, values in list(asked)
            if "max(events.seq)" not in statement  # the end of the key: one step, which the plan does not say
            for row in tx.exec_driver_sql(f"EXPLAIN QUERY PLAN {statement}", values)
        ]
    store.close()
    assert plans
    assert [plan for plan in plans if _WHOLE.search(plan[0])] == []
