"""What somebody who has only some mailboxes may read of the store: views under the tables' own names.

The database itself looks away: each connection of a narrowed store sees, instead of every table, a temporary view of its
rows, so that no query can forget a condition. A table that has no rule here cannot be read at all.
"""

from collections.abc import Iterable

from sqlalchemy import Table

from gateway.store import clock_tables, report_tables, tables
from gateway.store.columns import key
from gateway.store.dossiers import dossiers
from gateway.store.engine import Store

# Rows of a message, rows of an order, and rows that tell of nobody.
OF_MESSAGE: tuple[Table, ...] = (
    tables.addresses,
    tables.refs,
    tables.attachments,
    tables.tags,
    tables.links,
    tables.verdicts,
    tables.tag_verdicts,
    tables.reviews,
    tables.ties,
    tables.finds,
    tables.authenticity,
    tables.places,
    tables.jobs,
    clock_tables.clocks,
    clock_tables.turns,
)
OF_ORDER: tuple[Table, ...] = (dossiers, report_tables.reported, report_tables.reported_parcels)
OF_NOBODY: tuple[Table, ...] = (report_tables.reported_days,)
OF_BOTH: tuple[Table, ...] = (clock_tables.marks, tables.events)  # of a message, else of an order


def narrowed(store: Store, mailboxes: Iterable[str]) -> Store:
    """Return a store that reads what lies in these mailboxes, and nothing else; it is closed with ``store``.

    An order is seen by who sees a message that is linked to it more surely than by a stranger's quoting its number.
    """
    boxes = ", ".join(_quoted(key(box)) for box in sorted(set(mailboxes)))
    if not boxes:
        raise ValueError("no mailboxes are no sight at all")
    return store.beside(tuple(_views("{schema}", boxes)))


def _views(schema: str, boxes: str) -> Iterable[str]:
    mine = f"m.mailbox IN ({boxes})"
    order = (
        f"t.value <> '' AND EXISTS (SELECT 1 FROM {schema}.links l JOIN {schema}.messages m ON m.log = l.log"  # noqa: S608
        " AND m.seq = l.message WHERE l.log = t.log AND l.marketplace = t.marketplace AND l.value = t.value"
        f" AND l.undone_by IS NULL AND l.confidence <> 'possible' AND {mine})"
    )

    def message(column: str) -> str:
        return f'EXISTS (SELECT 1 FROM {schema}.messages m WHERE m.log = t.log AND m.seq = t."{column}" AND {mine})'  # noqa: S608

    yield _view(schema, tables.messages, f"t.mailbox IN ({boxes})")
    for table in OF_MESSAGE:
        yield _view(schema, table, message("message"))
    for table in OF_ORDER:
        yield _view(schema, table, order)
    for table in OF_NOBODY:
        yield _view(schema, table, "1 = 1")
    yield _view(
        schema,
        clock_tables.marks,
        f'CASE WHEN t."message" IS NOT NULL THEN {message("message")} ELSE {order} END',
    )
    # A gap is everybody's business: who is told that capture was complete must not be told it by our looking away.
    yield _view(
        schema,
        tables.events,
        f"""CASE WHEN t.type LIKE 'mail.%' THEN {message("seq")} WHEN t."of" IS NOT NULL THEN {message("of")}"""
        f""" WHEN t.value <> '' THEN {order} ELSE t.type = 'gap' END""",
    )


def _view(schema: str, table: Table, condition: str) -> str:
    return (
        f'CREATE TEMPORARY VIEW "{table.name}" AS SELECT t.* FROM {schema}."{table.name}" t WHERE {condition}'  # noqa: S608
    )


def _quoted(text: str) -> str:
    return "'" + text.replace("'", "''") + "'"
