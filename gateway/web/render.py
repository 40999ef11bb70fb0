"""Templates into answers. Everything a stranger wrote is escaped, and characters that deceive the eye are made visible."""

from datetime import UTC, datetime, timedelta, tzinfo
from http import HTTPStatus
from importlib.metadata import version
from typing import Any
from urllib.parse import quote

from babel.dates import format_date
from babel.numbers import format_decimal
from jinja2 import Environment, PackageLoader, StrictUndefined
from markupsafe import Markup, escape
from starlette.requests import Request
from starlette.responses import HTMLResponse

from gateway import tongue
from gateway.mail.handled import in_words
from gateway.mail.visible import visible
from gateway.tongue import _, marked
from gateway.web import words
from gateway.web.browsers import browser_in
from gateway.web.narrowing import between
from gateway.web.once import form_token
from gateway.web.sealed.retelling import retold
from rules.facts import OrderRef

_TITLES = {
    400: marked("Not understood"),
    401: marked("Not logged in"),
    403: marked("Not allowed"),
    404: marked("Not found"),
    405: marked("Not possible here"),
    408: marked("Too slow"),
    409: marked("Not now"),
    410: marked("Erased"),
    413: marked("Too large"),
    414: marked("Too long"),
    429: marked("Too many tries"),
    500: marked("Something went wrong"),
    502: marked("No answer"),
    503: marked("Not now"),
}
_SAID = {
    400: marked("That request cannot be understood."),
    401: marked("Log in first."),
    403: marked("That is not allowed."),
    404: marked("There is nothing at this address."),
    405: marked("That cannot be done here."),
    410: marked("That has been erased."),
    413: marked("That is too large."),
    414: marked("This address is too long: what an auditor asks for is recorded whole. Ask for less."),
    429: marked("Too many tries. Wait a little."),
    500: marked("Something went wrong on our side. It has been written to the log."),
}


def shown(value: Any) -> Any:
    """Return text with what deceives the eye made visible; other values as they are."""
    return visible(value) if isinstance(value, str) and not isinstance(value, Markup) else value


def number(count: float) -> str:
    """Return a number as the request's language writes it."""
    return str(format_decimal(count, locale=tongue.locale()))


def size(count: int) -> str:
    """Return a size for people.

    >>> size(900), size(2048), size(3_500_000)
    ('900 bytes', '2.0 KB', '3.3 MB')
    """
    if count < 1024:
        return tongue.ngettext("%(num)s byte", "%(num)s bytes", count) % {"num": count}
    if count < 1024**2:
        return _("%(num)s KB") % {"num": format_decimal(count / 1024, "0.0", tongue.locale())}
    return _("%(num)s MB") % {"num": format_decimal(count / 1024**2, "0.0", tongue.locale())}


def span(length: timedelta) -> str:
    """Return a length of time in its two largest units.

    >>> span(timedelta(hours=3, minutes=12, seconds=5)), span(timedelta(days=2)), span(timedelta(seconds=40))
    ('3 h 12 min', '2 d', '40 s')
    """
    seconds = max(0, int(length.total_seconds()))
    counts = (seconds // 86400, seconds % 86400 // 3600, seconds % 3600 // 60, seconds % 60)
    parts = list(zip(counts, units(), strict=True))
    first = next((n for n, count in enumerate(counts) if count), 3)
    return (
        " ".join(f"{count} {unit}" for count, unit in parts[first : first + 2] if count) or f"0 {units()[3]}"
    )


def units() -> tuple[str, ...]:
    """Return the signs of days, hours, minutes and seconds."""
    return tuple(_("d h min s").split())


def moment(at: datetime, zone: tzinfo, *, full: bool = False, now: datetime | None = None) -> Markup:
    """Return a time in the viewer's zone, with UTC beside it (``full``) or on hover."""
    local, utc = at.astimezone(zone), at.astimezone(UTC)
    precise = utc.strftime("%Y-%m-%d %H:%M:%S UTC")
    if full:
        shown = f"{_day(local, year=True)}, {local:%H:%M:%S} {local.tzname()}"
        also = "" if local.utcoffset() == timedelta(0) else precise
        return Markup(
            '<time class="full" datetime="{}" title="{}"><span>{}</span> <span class="fine">{}</span></time>'
        ).format(utc.isoformat(), precise, shown, also)
    year = now is None or local.year != now.astimezone(zone).year
    shown = f"{_day(local, year=year)} {local:%H:%M}"  # always with its day: a page is read later, too
    return Markup('<time datetime="{}" title="{}">{}</time>').format(utc.isoformat(), precise, shown)


def _day(local: datetime, *, year: bool) -> str:
    dot = "." if tongue.spoken() == "de" else ""
    return str(format_date(local.date(), f"d{dot} MMM{' y' if year else ''}", tongue.locale()))


def told(text: str, /, **values: Any) -> Markup:
    """Return a text of ours in the request's language, with what strangers wrote made harmless in it."""
    return _filled(tongue._(text), values)


def counted(one: str, many: str, count: int, /, **values: Any) -> Markup:
    """Return the text for so many; ``num`` in it is how many."""
    return _filled(tongue.ngettext(one, many, count), {"num": number(count), **values})


def _filled(text: str, values: dict[str, Any]) -> Markup:
    return escape(text) % {name: shown(value) for name, value in values.items()} if values else escape(text)


def order_path(order: OrderRef) -> str:
    """Return where an order's page is.

    >>> order_path(OrderRef(marketplace="ebay", value="12-34/5"))
    '/order/ebay/12-34%2F5'
    """
    return f"/order/{quote(order.marketplace, safe='')}/{quote(order.value, safe='')}"


def _environment() -> Environment:
    environment = Environment(
        loader=PackageLoader("gateway.web"),
        autoescape=True,
        undefined=StrictUndefined,
        finalize=shown,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.globals.update({"_": told, "ngettext": counted, "number": number})
    environment.globals["month_name"] = lambda day: format_date(day, "LLLL y", tongue.locale())
    environment.globals["strong"] = lambda text: Markup("<strong>{}</strong>").format(text)
    environment.globals["units"] = lambda: " ".join(units())
    environment.filters.update(
        {
            "handled": in_words,
            "between": between,
            "browser": browser_in,
            "size": size,
            "span": span,
            "urlquote": lambda text: quote(str(text).encode("utf-8", "replace"), safe=""),
            "order_path": order_path,
            "language_name": words.language_name,
            "words": words.words,
            "door": words.door,
            "without_command": words.without_command,
            "sender": words.sender,
            "methods": words.methods,
            "state": words.state,
            "told_by": words.told_by,
            "stopped_how": words.stopped_how,
            "report_title": words.report_title,
            "people": words.people,
            "person": words.person,
            "role": words.role,
            "named": words.named,
            "retold": retold,
        }
    )
    environment.globals["seconds"] = lambda count: span(timedelta(seconds=count))
    environment.globals["version"] = version("docket")
    return environment


_TEMPLATES = _environment()


def page(request: Request, template: str, /, *, status: int = 200, **context: Any) -> HTMLResponse:
    """Return a template as an answer; each knows its agent, its form token and the times of its zone."""
    state = request.state
    site = getattr(request.app.state, "site", None) if "app" in request.scope else None
    zone, now = (site.zone, site.clock.now()) if site is not None else (UTC, None)
    body = _TEMPLATES.get_template(template).render(
        agent=getattr(state, "agent", ""),
        csrf=form_token(getattr(state, "csrf", "")),
        counts=getattr(state, "counts", None),
        may=getattr(state, "powers", frozenset()),
        path=request.url.path,
        joined="joined" in request.query_params,
        now=now,
        lang=tongue.spoken(),
        when=lambda at: moment(at, zone, now=now),
        when_full=lambda at: moment(at, zone, full=True),
        **context,
    )
    return HTMLResponse(body, status_code=status, headers={"vary": "HX-Request"})


def problem(request: Request, status: int, said: str = "") -> HTMLResponse:
    """Return a constant error page: what happened and what to do, never what was inside."""
    code = HTTPStatus(status)
    return page(
        request,
        "error.html",
        status=code,
        code=code.value,
        title=_(_TITLES.get(code, code.phrase)),
        said=said or _(_SAID.get(code, "")),
    )
