"""Where everything stands, as one plain value for the command line and the web view."""

from typing import Any

from gateway import __version__
from gateway.app import App
from gateway.capture.standing import Standing
from gateway.mail.canonical import canonical
from gateway.outlets import witnesses_of
from gateway.shelf import RULES
from gateway.stamping import OUTWARD
from gateway.stating import contradiction, seen_by
from gateway.store import fold, jobs, messages
from gateway.store.evidence import events_of_type
from gateway.store.hooks import HookPlaces
from gateway.store.logins import differences, revived
from gateway.store.tokens import Tokens
from gateway.supervise import is_at_work
from index.backend import Backend

_LATE = 3  # pauses between two stamps after which an authority is late


def status_of(app: App, index: Backend | None = None) -> dict[str, Any]:
    """Return positions, lags and counts; ``index`` is an open one, else it is opened and closed here."""
    backend = index or app.index()
    backend.refresh()
    indexed, documents = backend.position(), backend.count()
    if index is None:
        backend.close()
    shelf, now = (
        app.renew_shelf(),
        app.in_force.now(),
    )  # a page of a running service tells of today's files
    book = now.get(RULES)
    with app.store.read() as conn:
        position = fold.position(conn)
        queue = jobs.counts(conn)
        last = messages.last_received(conn)
        waiting = fold.undecided_count(conn)
        told = {str(one.summary.get("to")): one.summary for one in events_of_type(conn, "witness")}
        stamps = {str(one.summary.get("authority")): one.summary for one in events_of_type(conn, "timestamp")}
    head = app.archive.head()  # asked last: what stands behind it never seems to be ahead of it
    return {
        "version": __version__,
        "archive": {
            "size": head,
            "checkpoint": app.archive.checkpoint() if head else "",
            "fingerprint": app.archive.verifier.fingerprint,
        },
        "witness": {
            "head": str(app.archive.outside.place) if app.archive.outside is not None else "off",
            "rolled_back": contradiction(app.archive),
            "says": list(seen_by(app.archive, witnesses=app.config.witness.named)),
            "kept_by": {one.to: _told(told.get(one.to)) for one in witnesses_of(app.config, "")},
        },
        **({"logins": {"mend": differ}} if (differ := logins_differ(app)) else {}),
        **({"timestamps": _stamps(app, stamps)} if app.config.timestamps.authority else {}),
        "store": {"position": position, "lag": head - position, "undecided": waiting},
        "index": {
            "engine": app.config.index.engine,
            "position": indexed,
            "lag": head - indexed,
            "documents": documents,
        },
        "queue": queue,
        **({"hooks": _hooks(app, head)} if app.config.hook else {}),
        "rules": {
            "rules": len(shelf.book.ruleset.rules),
            "book": shelf.book.ruleset.sha256,
            "since": book.at.isoformat() if book and book.sha256 == shelf.book.ruleset.sha256 else None,
            "entry": book.seq if book and book.sha256 == shelf.book.ruleset.sha256 else None,
            "broken": [one.told(now.get(one.file)) for one in shelf.broken],
        },
        "capture": {
            "at_work": is_at_work(app.config),
            "last_at": last.isoformat() if last else None,
            "mailboxes": sorted(set(app.mailboxes.values())),
            "accounts": {one.account: _account(one) for one in app.standings()},
        },
    }


def _account(standing: Standing) -> dict[str, Any]:
    """Return how the capture of an account stands; ``mend`` says what is wrong and what to do."""
    at = standing.newest_at
    return {
        "mailbox": standing.mailbox,
        "state": standing.state,
        "contact_at": standing.contact_at.isoformat() if standing.contact_at else None,
        "newest_at": at.isoformat() if at else None,
        "behind": standing.behind,
        "folders": {
            name: {"messages": one.messages, "behind": one.behind, "unread": len(one.unread)}
            for name, one in standing.folders.items()
        },
        "mend": standing.troubles,
    }


def logins_differ(app: App) -> list[str]:
    """Return in which points the accounts are not what the log tells: then they are an older copy, or were changed by hand."""
    agents = app.accounts.list()
    ids = {one.name: [each.id for each in app.accounts.app_passwords_of(one.name)] for one in agents}
    tokens = [one.id for one in Tokens(app.accounts.store, app.clock).list()]
    with app.store.read() as conn:
        found = differences(events_of_type(conn, "person"), agents, ids)
        return found + revived(events_of_type(conn, "token"), tokens, agents)


def _stamps(app: App, newest: dict[str, dict[str, Any]]) -> dict[str, Any]:
    """Return how far each time-stamp authority has signed; ``mend`` says what is wrong, and what to do."""
    told, behind = app.config.timestamps, app.archive.tail_of(OUTWARD)
    now = app.clock.now()
    found: dict[str, Any] = {}
    for one in told.authority:
        stamp = newest.get(one.name, {})
        size, off = int(stamp.get("size", 0)), int(stamp.get("off_s", 0))
        mend = []
        waits_since = app.archive.entry(size).at if size < behind else now
        if told.every_minutes and (now - waits_since).total_seconds() > 60 * _LATE * told.every_minutes:
            mend.append(f"it has not signed for what came since {waits_since.isoformat()}; run docket doctor")
        if told.clock_s and abs(off) > told.clock_s:
            side = "ahead of" if off > 0 else "behind"
            mend.append(f"this machine's clock was {abs(off)} s {side} it; let it follow a time server")
        found[one.name] = {"size": size, "at": stamp.get("at"), "off_s": off, "mend": mend}
    return found


def _hooks(app: App, head: int) -> dict[str, Any]:
    """Return how far each receiver of webhooks has been told, and what went wrong last."""
    known = {one.name: one for one in HookPlaces(app.accounts.store).all()}
    stands = {one.name: known.get(one.name) for one in app.config.hook}
    return {
        name: {
            "position": place.position,
            "lag": head - place.position,
            "failures": place.failures,
            "said": place.said,
        }
        for name, place in stands.items()
        if place is not None
    }


def _told(summary: dict[str, Any] | None) -> str:
    return f"{summary.get('size')} entries, at {summary.get('at')}" if summary else "nothing yet"


def software_entry(app: App) -> bytes:
    """Return the payload of the entry that says what runs from now on."""
    return canonical({"version": __version__, "config": app.config_hash})
