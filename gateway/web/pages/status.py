"""Where everything stands: the archive, how far behind the store and the index are, and what is stuck."""

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from gateway.store import jobs
from gateway.store.records import JobRow
from gateway.tongue import _
from gateway.web.render import page
from gateway.web.site import Site

_DEAD = 50


@dataclass(frozen=True, slots=True, kw_only=True)
class Standing:
    """The plain status, what in it is wrong, the jobs that ended in failure, and the accounts that are captured."""

    facts: dict[str, Any]
    dead: list[JobRow]
    troubles: list[str]
    accounts: dict[str, Any]


async def show_status(request: Request) -> Response:
    standing = await run_in_threadpool(_standing, request.app.state.site)
    return page(request, "status.html", standing=standing)


def _standing(site: Site) -> Standing:
    with site.store.read() as conn:
        dead = jobs.dead_jobs(conn)[:_DEAD]
    facts = site.status()
    troubles = troubles_in(facts)
    accounts: dict[str, Any] = {}
    if isinstance(facts.get("capture"), dict):
        capture = _with_times(facts["capture"])
        accounts = {name: _with_times(one) for name, one in capture.pop("accounts", {}).items()}
        facts = {**facts, "capture": capture}
    if "timestamps" in facts:
        signed = {
            name: _("%(what)s entries, %(one)s")
            % {"what": format(one["size"], ","), "one": one["at"] or "never"}
            for name, one in facts["timestamps"].items()
        }
        facts = {**facts, "timestamps": signed}
    if since := (facts.get("rules") or {}).get("since"):
        facts = {**facts, "rules": {**facts["rules"], "since": datetime.fromisoformat(since)}}
    return Standing(facts=facts, dead=dead, troubles=troubles, accounts=accounts)


def _with_times(facts: dict[str, Any]) -> dict[str, Any]:
    """Return facts with the times in them as times, which the page shows in the viewer's zone."""
    return {
        name: datetime.fromisoformat(value) if name.endswith("_at") and isinstance(value, str) else value
        for name, value in facts.items()
    }


def troubles_in(facts: dict[str, Any]) -> list[str]:
    """Return what a person should know of a status before its numbers, the worst first."""

    def number(part: str, name: str) -> int:
        value = (facts.get(part) or {}).get(name, 0)
        return value if isinstance(value, int) else 0

    troubles = []
    if (facts.get("capture") or {}).get("at_work") is False:
        troubles.append(
            _("The worker is not running: mail is archived, but not delivered, relayed or indexed.")
        )
    if said := (facts.get("witness") or {}).get("rolled_back"):
        troubles.append(_("The archive is not what was signed last: %(said)s.") % {"said": said})
    troubles.extend((facts.get("rules") or {}).get("broken") or ())
    accounts = (facts.get("capture") or {}).get("accounts") or {}
    troubles.extend(f"{name}: {said}" for name, one in accounts.items() for said in one["mend"])
    troubles.extend(
        _("The program %(name)s has not taken entry %(one)s %(one2)s times: %(one3)s.")
        % {"name": name, "one": one["position"], "one2": one["failures"], "one3": one["said"]}
        for name, one in (facts.get("hooks") or {}).items()
        if one["failures"]
    )
    if differ := (facts.get("logins") or {}).get("mend"):
        troubles.append(
            _("The logins are not those that the log tells of; is accounts.db an older copy? %(what)s.")
            % {"what": "; ".join(differ)}
        )
    stamps = facts.get("timestamps") or {}
    troubles.extend(
        _("Time-stamp authority %(name)s: %(said)s.") % {"name": name, "said": said}
        for name, one in stamps.items()
        for said in one["mend"]
    )
    if number("queue", "dead"):
        troubles.append(
            _("%(number)s jobs have failed for good; they are listed below.")
            % {"number": number("queue", "dead")}
        )
    if number("store", "lag"):
        troubles.append(
            _("The store is %(number)s entries behind the archive.") % {"number": number("store", "lag")}
        )
    if number("index", "lag"):
        troubles.append(
            _("The search is %(number)s entries behind the archive.") % {"number": number("index", "lag")}
        )
    return troubles


ROUTES = [Route("/status", show_status, methods=["GET"])]
