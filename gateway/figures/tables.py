"""A month's figures as tables: one shape for pages, CSV files and what other programs read. Pure."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Literal

from gateway.evidence.sheet import csv_line
from gateway.figures.month import Month, Volume
from gateway.figures.responses import NO_MARKETPLACE, NOBODY, ON_SITE, UNKNOWN, Share
from gateway.tongue import _, marked

_WORDED = frozenset({"responses", "spread", "outcomes"})  # tables whose rows are all named by us
Kind = Literal["name", "count", "percent", "span", "moment"]  # a span is in whole seconds
Cell = str | int | float | datetime | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Column:
    """A column's ``name`` is for programs and CSV files, its ``title`` for people."""

    name: str
    title: str
    kind: Kind


@dataclass(frozen=True, slots=True, kw_only=True)
class Table:
    """One table; the first cell of each row names it, None says that there is nothing to say."""

    name: str
    title: str
    columns: tuple[Column, ...]
    rows: tuple[tuple[Cell, ...], ...]


def tables_of(month: Month) -> dict[str, Table]:
    """Return all tables of a month by name, in the order in which people read them."""
    told = month.responses
    found = (
        _shares("responses", _("Response times"), _("What"), (told.total,)),
        _shares("marketplaces", _("Response times by marketplace"), _("Marketplace"), told.by_marketplace),
        _shares("agents", _("Response times by who answered"), _("Agent"), told.by_agent),
        _shares("weeks", _("Response times by week"), _("Week"), told.by_week),
        _counts("spread", _("How long answers took"), _("Answered in"), "answers", _("Answers"), told.spread),
        _volumes("days", _("Mail by day"), _("Day"), month.days),
        _volumes("mail_by_marketplace", _("Mail by marketplace"), _("Marketplace"), month.by_marketplace),
        _volumes("mail_by_mailbox", _("Mail by mailbox"), _("Mailbox"), month.by_mailbox),
        _claims(month),
        _counts(
            "outcomes",
            _("What became of disputes and answers"),
            _("What"),
            "count",
            _("Count"),
            _outcomes(month),
        ),
        _counts("tags", _("Tags"), _("Tag"), "messages", _("Messages"), month.tags),
        _policy(month),
        _capture(month),
    )
    return {table.name: table for table in found}


def shown_name(table: Table, name: object) -> str:
    """Return a row's name as people read it: where it is one of ours, in their language. Files keep the names as they are."""
    ours = table.name in _WORDED or name in {ON_SITE, NOBODY, UNKNOWN, NO_MARKETPLACE}
    return _(str(name)) if ours else str(name)


def csv_of(table: Table) -> Iterator[bytes]:
    """Yield a table's lines as CSV that no spreadsheet runs; spans are in seconds, times RFC 3339 in UTC."""
    yield csv_line([column.name.upper() for column in table.columns])
    for row in table.rows:
        yield csv_line([_written(cell) for cell in row])


def tidy_csv(month: Month, tables: Iterable[Table]) -> Iterator[bytes]:
    """Yield every figure of a month as one line: the table, the row's name, which figure, and its value."""
    yield csv_line(("MONTH", "TABLE", "ROW", "FIGURE", "VALUE"))
    for table in tables:
        for row in table.rows:
            for column, cell in zip(table.columns[1:], row[1:], strict=True):
                yield csv_line((month.period.name, table.name, row[0], column.name, _written(cell)))


def plain(month: Month, tables: Iterable[Table]) -> dict[str, object]:
    """Return a month as other programs may rely on it: each table a list of objects."""
    return {
        "month": month.period.name,
        "zone": str(month.period.zone),
        "since": _written(month.period.since),
        "until": _written(month.period.until),
        "at": _written(month.now),
        "over": month.is_over,
        "tables": {
            table.name: [
                {
                    column.name: _written(cell) if isinstance(cell, datetime) else cell
                    for column, cell in zip(table.columns, row, strict=True)
                }
                for row in table.rows
            ]
            for table in tables
        },
    }


def _shares(name: str, title: str, of: str, shares: Iterable[Share]) -> Table:
    columns = (
        Column(name="name", title=of, kind="name"),
        Column(name="waits", title=_("Waits"), kind="count"),
        Column(name="within_24h", title=_("Within 24 h"), kind="count"),
        Column(name="later", title=_("Later"), kind="count"),
        Column(name="open", title=_("Open, under 24 h"), kind="count"),
        Column(name="overdue", title=_("Open, over 24 h"), kind="count"),
        Column(name="percent", title=_("Share within 24 h"), kind="percent"),
        Column(name="median_s", title=_("Median"), kind="span"),
        Column(name="nine_in_ten_s", title=_("9 in 10 within"), kind="span"),
        Column(name="longest_s", title=_("Longest"), kind="span"),
    )
    rows = tuple(
        (
            *(one.name, one.waits, one.day, one.later, one.young, one.old),
            *(one.percent, one.median_s, one.slow_s, one.longest_s),
        )
        for one in shares
    )
    return Table(name=name, title=title, columns=columns, rows=rows)


def _counts(name: str, title: str, of: str, what: str, said: str, counts: Iterable[tuple[str, int]]) -> Table:
    columns = (Column(name="name", title=of, kind="name"), Column(name=what, title=said, kind="count"))
    return Table(name=name, title=title, columns=columns, rows=tuple(counts))


def _volumes(name: str, title: str, of: str, volumes: Iterable[Volume]) -> Table:
    columns = (
        Column(name="name", title=of, kind="name"),
        Column(name="received", title=_("Received"), kind="count"),
        Column(name="sent", title=_("Sent"), kind="count"),
    )
    rows = tuple((one.name, one.received, one.sent) for one in volumes)
    return Table(name=name, title=title, columns=columns, rows=rows)


def _claims(month: Month) -> Table:
    columns = (
        Column(name="name", title=_("Deadline"), kind="name"),
        Column(name="begun", title=_("Begun"), kind="count"),
        Column(name="in_time", title=_("Met in time"), kind="count"),
        Column(name="late", title=_("Met late"), kind="count"),
        Column(name="open", title=_("Open"), kind="count"),
        Column(name="overdue", title=_("Overdue"), kind="count"),
        Column(name="median_s", title=_("Median"), kind="span"),
        Column(name="longest_s", title=_("Longest"), kind="span"),
    )
    rows = tuple(
        (
            f"{one.marketplace or NO_MARKETPLACE}: {one.clock.replace('_', ' ')}",
            *(one.begun, one.kept, one.late, one.open, one.overdue),
            *(None if span is None else round(span.total_seconds()) for span in (one.median, one.longest)),
        )
        for one in month.claims
    )
    return Table(name="claims", title=_("Claims and other deadlines"), columns=columns, rows=rows)


def _outcomes(month: Month) -> Iterator[tuple[str, int]]:
    yield marked("disputes that a notice says are decided"), month.closed
    yield marked("answers that came back after they were taken"), month.bounced
    yield marked("answers that no server took"), month.failed


def _policy(month: Month) -> Table:
    columns = (
        Column(name="name", title=_("Check"), kind="name"),
        Column(name="refused", title=_("Refused"), kind="count"),
        Column(name="held", title=_("Held"), kind="count"),
        Column(name="warned", title=_("Warned"), kind="count"),
    )
    rows = tuple((one.check.replace("_", " "), one.refused, one.held, one.warned) for one in month.minded)
    return Table(name="policy", title=_("Answers that the policy minded"), columns=columns, rows=rows)


def _capture(month: Month) -> Table:
    columns = (
        Column(name="name", title=_("Mailbox"), kind="name"),
        Column(name="percent", title=_("Time covered"), kind="percent"),
        Column(name="outages", title=_("Outages"), kind="count"),
        Column(name="missed_s", title=_("Not covered"), kind="span"),
        Column(name="since", title=_("Captured since"), kind="moment"),
        Column(name="compared", title=_("Last found complete"), kind="moment"),
    )
    rows = tuple(
        (one.mailbox, one.percent, one.outages, one.missed_s, one.began, one.compared)
        for one in month.coverage
    )
    return Table(name="capture", title=_("Completeness of capture"), columns=columns, rows=rows)


def _written(cell: Cell) -> str:
    if isinstance(cell, datetime):
        return cell.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
    return "" if cell is None else str(cell)
