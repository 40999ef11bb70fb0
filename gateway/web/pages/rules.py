"""The rules: what is in force, and a bench where a draft is checked, tried on a mail, replayed over a time, and put in its place."""

import re
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from http import HTTPStatus

import msgspec
from starlette.concurrency import run_in_threadpool
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import RedirectResponse, Response
from starlette.routing import Route

from gateway.errors import Temporary, WrongUse
from gateway.rulebook import RuleBook, digest
from gateway.shelf import RULES
from gateway.tongue import _
from gateway.trial import Trial
from gateway.web.pages.files import disposition
from gateway.web.render import page
from gateway.web.site import Site
from rules.actions import in_words
from rules.errors import Fault
from rules.explain import explain
from rules.ruleset import Rule

_DAYS = 30
_TAGS = {"tag", "untag", "mark"}  # shown as the tags that come of them
_HEAD = re.compile(r"^\[\[rule\]\]", re.MULTILINE)


@dataclass(frozen=True, slots=True, kw_only=True)
class Written:
    """One rule as it is written, with what it does in words."""

    name: str
    text: str
    then: list[str]
    stop: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Tested:
    """What a button on the bench brought; ``said`` is what went wrong."""

    faults: tuple[Fault, ...] | None = None
    trial: Trial | None = None
    reasons: tuple[str, ...] = ()
    patch: str = ""
    said: str = ""


async def show(request: Request) -> Response:
    desk = _desk(request)
    standing = await run_in_threadpool(desk.standing)
    shelf = standing.shelf
    return page(
        request,
        "rules.html",
        standing=standing,
        rules=_written(shelf.book.ruleset.text, shelf.book.ruleset.rules),
        in_force=standing.versions.get(RULES),
        markets=sorted(shelf.book.marketplaces.marketplaces.values(), key=lambda one: one.title.casefold()),
        carriers=sorted(shelf.book.marketplaces.carriers),
        place=desk.place,
        own=sorted(standing.files.own),
    )


async def show_file(request: Request) -> Response:
    """Show a file that decides as its text stands."""
    name = request.path_params["name"]
    shelf = (await run_in_threadpool(_desk(request).standing)).shelf
    text = {**shelf.texts, RULES: shelf.book.ruleset.text}.get(name)
    if text is None:
        raise HTTPException(HTTPStatus.NOT_FOUND)
    return page(request, "rules_file.html", name=name, text=text)


async def show_bench(request: Request) -> Response:
    """Show the book in force to be changed; with ``draft`` the one that was replayed last, where that is still a draft."""
    desk, asked = _desk(request), request.query_params
    now, run = (await run_in_threadpool(desk.files)).rules, desk.run
    form = {"message": asked.get("message", "")[:20]}
    if "draft" in asked and run is not None and run.draft:
        form["since"] = run.since.astimezone(request.app.state.site.zone).date().isoformat()
        return _bench(request, run.text, run.was, form, Tested())
    return _bench(request, now, digest(now), form, Tested())


async def use_bench(request: Request) -> Response:
    """Check a draft, try it, replay it, give it as a file or a patch, or put it in the place of the rule book."""
    desk, form = _desk(request), request.state.form
    text, was, do = _lines(form.get("book", "")), form.get("was", "")[:64], form.get("do", "")
    if do == "file":
        return _download(text, RULES)
    if do == "patch":
        return _download(await run_in_threadpool(desk.patch, text), "rules.patch")
    try:
        if do == "save":
            return await _save(request, desk, text, was)
        if do == "replay":
            since, until = _span(request.app.state.site, form)
            agent = request.state.agent
            if not await run_in_threadpool(lambda: desk.begin(text, since, until, agent, was=was)):
                raise WrongUse(_("a replay runs already; look at how far it is"))
            return RedirectResponse("/rules/replay", status_code=HTTPStatus.SEE_OTHER)
        tested = await run_in_threadpool(_tested, desk, text, form)
    except (WrongUse, Temporary) as wrong:
        tested = Tested(said=_sentence(wrong))
    return _bench(request, text, was, form, tested)


async def show_replay(request: Request) -> Response:
    return page(request, "rules_replay.html", run=_desk(request).run, place=_desk(request).place)


async def stop_replay(request: Request) -> Response:
    await run_in_threadpool(_desk(request).stop)
    return RedirectResponse("/rules/replay", status_code=HTTPStatus.SEE_OTHER)


async def _save(request: Request, desk: RuleBook, text: str, was: str) -> Response:
    site: Site = request.app.state.site
    who = await run_in_threadpool(site.accounts.agent, request.state.agent)
    if who is None or who.role != "admin":
        said = _(
            "Only an admin changes the rule book here. Take the draft as a file or a patch, for whoever keeps it."
        )
        raise HTTPException(HTTPStatus.FORBIDDEN, said)
    reason = request.state.form.get("reason", "").strip()
    done = await run_in_threadpool(lambda: desk.save(text, was, agent=who.name, reason=reason))
    return RedirectResponse(f"/rules?saved={done.seq}", status_code=HTTPStatus.SEE_OTHER)


def _tested(desk: RuleBook, text: str, form: dict[str, str]) -> Tested:
    faults, patch = desk.faults(text), desk.patch(text)
    number, mail = form.get("message", "").strip(), form.get("mail", "")
    if faults or form.get("do") != "try":
        return Tested(faults=faults, patch=patch)
    if number:
        if not (number.isascii() and number.isdigit() and len(number) < 16):
            raise WrongUse(_("say which message: its page shows its number"))
        trial = desk.try_archived(text, int(number))
    elif mail.strip():
        raw = _lines(mail).lstrip("\n").replace("\n", "\r\n").encode("utf-8", "replace")
        trial = desk.try_raw(text, raw, trusted=form.get("trusted") == "yes")
    else:
        raise WrongUse(_("paste a mail with its headers, or give the number of an archived message"))
    return Tested(faults=(), trial=trial, reasons=tuple(explain(trial.decision)), patch=patch)


def _bench(request: Request, text: str, was: str, form: dict[str, str], tested: Tested) -> Response:
    site: Site = request.app.state.site
    today = site.clock.now().astimezone(site.zone).date()
    since = form.get("since", "") or (today - timedelta(days=_DAYS)).isoformat()
    asked = tested.trial.decision.actions if tested.trial else ()
    actions = [in_words(one) for one in asked if one.get("do") not in _TAGS]
    return page(
        request,
        "rules_bench.html",
        status=HTTPStatus.BAD_REQUEST if tested.said else HTTPStatus.OK,
        text=text,
        was=was,
        form=form,
        since=since,
        tested=tested,
        actions=actions,
        place=_desk(request).place,
    )


def _written(text: str, rules: tuple[Rule, ...]) -> list[Written]:
    """Return the rules, each with the lines it is written in."""
    starts = [found.start() for found in _HEAD.finditer(text)]
    texts = [text[at:end].strip() for at, end in zip(starts, [*starts[1:], len(text)], strict=True)]
    if len(texts) != len(rules):
        texts = [""] * len(rules)
    return [
        Written(
            name=one.name,
            text=written,
            then=[in_words(msgspec.to_builtins(action)) for action in one.then],
            stop=one.stop,
        )
        for one, written in zip(rules, texts, strict=True)
    ]


def _desk(request: Request) -> RuleBook:
    site: Site = request.app.state.site
    if site.rules is None:
        raise HTTPException(HTTPStatus.NOT_FOUND)
    return site.rules


def _span(site: Site, form: dict[str, str]) -> tuple[datetime, datetime | None]:
    """Return the days asked for, in the viewer's zone; the last one is within."""
    try:
        since = date.fromisoformat(form.get("since", ""))
        until = date.fromisoformat(form["until"]) + timedelta(days=1) if form.get("until") else None
    except (ValueError, OverflowError) as wrong:
        raise WrongUse(_("say from which day on, such as 2026-01-31")) from wrong
    begin = datetime.combine(since, time(), site.zone)
    return begin, datetime.combine(until, time(), site.zone) if until else None


def _download(text: str, name: str) -> Response:
    headers = {
        "content-disposition": disposition(name),
        "content-security-policy": "sandbox; default-src 'none'",
    }
    return Response(text, media_type="text/plain; charset=utf-8", headers=headers)


def _lines(text: str) -> str:
    return text.replace("\r\n", "\n").replace("\r", "\n")


def _sentence(wrong: Exception) -> str:
    return f"{str(wrong)[:1].upper()}{str(wrong)[1:]}."


ROUTES = [
    Route("/rules", show, methods=["GET"]),
    Route("/rules/file/{name:path}", show_file, methods=["GET"]),
    Route("/rules/bench", show_bench, methods=["GET"]),
    Route("/rules/bench", use_bench, methods=["POST"]),
    Route("/rules/replay", show_replay, methods=["GET"]),
    Route("/rules/replay", stop_replay, methods=["POST"]),
]
