"""A month in figures: charts with their tables beneath, each table as CSV, and a page that prints as the month's report."""

from collections.abc import Iterable
from http import HTTPStatus
from typing import Any

from markupsafe import Markup
from starlette.concurrency import run_in_threadpool
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from gateway.errors import WrongUse
from gateway.figures.charts import charts_of
from gateway.figures.month import Month
from gateway.figures.period import Period, month_named, month_of
from gateway.figures.tables import Table, csv_of, shown_name, tables_of, tidy_csv
from gateway.tongue import _, marked
from gateway.web.pages.files import disposition
from gateway.web.render import number, page
from gateway.web.site import Site

# What stands together on the page, and what is said of it there.
SECTIONS = (
    (
        marked("Response times"),
        marked(
            "From the first message that waits to the moment at which the other side took the answer. An answer that came back is none."
        ),
        ("responses", "marketplaces", "agents", "weeks", "spread"),
    ),
    (marked("Mail"), "", ("days", "mail_by_marketplace", "mail_by_mailbox")),
    (
        marked("Claims"),
        marked("Deadlines that began in this month, and what became of them up to now."),
        ("claims", "outcomes"),
    ),
    (marked("Tags and policy"), "", ("tags", "policy")),
    (
        marked("Completeness of capture"),
        marked(
            "Of the IMAP folders that are captured: the time in which nothing could be taken, from the log's gap entries."
        ),
        ("capture",),
    ),
)


async def show_reports(request: Request) -> Response:
    site: Site = request.app.state.site
    period = _period(site, request.query_params.get("month", ""))
    month, tables, charts = await run_in_threadpool(_drawn, site, period)
    return page(
        request,
        "reports.html",
        month=month,
        shown_name=shown_name,
        tables=tables,
        charts={name: Markup(svg) for name, svg in charts.items()},  # noqa: S704 - names in it are escaped by what draws it
        sections=SECTIONS,
        tiles=tiles_of(month),
    )


async def download(request: Request) -> Response:
    """Hand out one table of a month as CSV, or with the name ``all`` every figure of it."""
    site: Site = request.app.state.site
    name = request.path_params["table"]
    month = await run_in_threadpool(_figures, site, _period(site, request.path_params["month"]))
    tables = tables_of(month)
    if name != "all" and name not in tables:
        raise HTTPException(HTTPStatus.NOT_FOUND)
    lines: Iterable[bytes] = tidy_csv(month, tables.values()) if name == "all" else csv_of(tables[name])
    headers = {"content-disposition": disposition(f"{month.period.name}-{name}.csv")}
    return Response(b"".join(lines), media_type="text/csv; charset=utf-8", headers=headers)


def tiles_of(month: Month) -> list[dict[str, Any]]:
    """Return the few figures that stand above all others."""
    total = month.responses.total
    # A share of few is not one of all: of how many it is, and how many are not among them, stands beside it.
    beside = _("%(day)s of %(told)s waits; %(open)s open, not 24 h old") % {
        "day": number(total.day),
        "told": number(total.waits - total.young),
        "open": number(total.young),
    }
    return [
        {
            "said": _("answered within 24 h"),
            "value": total.percent,
            "kind": "percent",
            "beside": beside,
        },
        {"said": _("waits for an answer began"), "value": total.waits, "kind": "count"},
        {"said": _("not answered for over 24 h"), "value": total.old, "kind": "count"},
        {"said": _("median time to answer"), "value": total.median_s, "kind": "span"},
        {"said": _("messages received"), "value": sum(one.received for one in month.days), "kind": "count"},
        {"said": _("answers sent"), "value": sum(one.sent for one in month.days), "kind": "count"},
    ]


def _period(site: Site, name: str) -> Period:
    try:
        return month_named(name, site.zone) if name else month_of(site.clock.now(), site.zone)
    except WrongUse as wrong:
        raise HTTPException(HTTPStatus.BAD_REQUEST, f"{wrong}.") from wrong


def _figures(site: Site, period: Period) -> Month:
    return site.months.figures(site.store, period, site.clock.now())


def _drawn(site: Site, period: Period) -> tuple[Month, dict[str, Table], dict[str, str]]:
    month = _figures(site, period)
    tables = tables_of(month)
    return month, tables, charts_of(tables)


ROUTES = [
    Route("/reports", show_reports, methods=["GET"]),
    Route("/reports/{month}/{table}.csv", download, methods=["GET"]),
]
