"""Templates into answers. Everything a stranger wrote is escaped, and characters that deceive the eye are made visible."""

from datetime import UTC, datetime, timedelta, tzinfo
from http import HTTPStatus
from importlib.metadata import version
from typing import Any
from urllib.parse import quote

from jinja2 import Environment, PackageLoader, StrictUndefined
from markupsafe import Markup
from starlette.requests import Request
from starlette.responses import HTMLResponse

from gateway.mail.handled import in_words
from gateway.mail.visible import visible
from gateway.web import tongue, words
from gateway.web.narrowing import between
from rules.facts import OrderRef

_SAID = {
    400: "That request cannot be understood.",
    401: "Log in first.",
    403: "That is not allowed.",
    404: "There is nothing at this address.",
    405: "That cannot be done here.",
    410: "That has been erased.",
    413: "That is too large.",
    429: "Too many tries. Wait a little.",
    500: "Something went wrong on our side. It has been written to the log.",
}


def shown(value: Any) -> Any:
    """Return text with what deceives the eye made visible; other values as they are."""
    return visible(value) if isinstance(value, str) and not isinstance(value, Markup) else value


def size(count: int) -> str:
    """Return a size for people.

    >>> size(900), size(2048), size(3_500_000)
    ('900 bytes', '2.0 KB', '3.3 MB')
    """
    if count < 1024:
        return f"{count} bytes"
    if count < 1024**2:
        return f"{count / 1024:.1f} KB"
    return f"{count / 1024**2:.1f} MB"


def span(length: timedelta) -> str:
    """Return a length of time in its two largest units.

    >>> span(timedelta(hours=3, minutes=12, seconds=5)), span(timedelta(days=2)), span(timedelta(seconds=40))
    ('3 h 12 min', '2 d', '40 s')
    """
    seconds = max(0, int(length.total_seconds()))
    parts = [
        (seconds // 86400, "d"),
        (seconds % 86400 // 3600, "h"),
        (seconds % 3600 // 60, "min"),
        (seconds % 60, "s"),
    ]
    first = next((n for n, (count, _) in enumerate(parts) if count), 3)
    return " ".join(f"{count} {unit}" for count, unit in parts[first : first + 2] if count) or "0 s"


def moment(at: datetime, zone: tzinfo, *, full: bool = False, now: datetime | None = None) -> Markup:
    """Return a time in the viewer's zone, with UTC beside it (``full``) or on hover."""
    local, utc = at.astimezone(zone), at.astimezone(UTC)
    precise = utc.strftime("%Y-%m-%d %H:%M:%S UTC")
    if full:
        shown = f"{local.day} {local:%b %Y, %H:%M:%S} {local.tzname()}"
        also = "" if local.utcoffset() == timedelta(0) else precise
        return Markup(
            '<time class="full" datetime="{}"><span>{}</span> <span class="fine">{}</span></time>'
        ).format(utc.isoformat(), shown, also)
    if now is not None and local.date() == now.astimezone(zone).date():
        shown = f"{local:%H:%M}"
    elif now is not None and local.year == now.astimezone(zone).year:
        shown = f"{local.day} {local:%b %H:%M}"
    else:
        shown = f"{local.day} {local:%b %Y %H:%M}"
    return Markup('<time datetime="{}" title="{}">{}</time>').format(utc.isoformat(), precise, shown)


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
        extensions=["jinja2.ext.i18n"],
    )
    environment.install_gettext_callables(tongue._, tongue.ngettext, newstyle=True)  # type: ignore[attr-defined]
    environment.filters.update(
        {
            "handled": in_words,
            "between": between,
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
        csrf=getattr(state, "csrf", ""),
        counts=getattr(state, "counts", None),
        may=getattr(state, "powers", frozenset()),
        path=request.url.path,
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
        title=code.phrase,
        said=said or _SAID.get(code, ""),
    )
