"""The web view, served: its site made from the parts of one installation, on the loop of whoever asks."""

import asyncio
import socket
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from pathlib import Path
from zoneinfo import ZoneInfo

import uvicorn

from gateway.answering import answer_for, reporter_of
from gateway.app import App
from gateway.custodian import desk_of, verification_of
from gateway.door.address import split_address
from gateway.drafting import rulebook_of
from gateway.errors import WrongUse
from gateway.evidence.counter import Counter
from gateway.introduction import services_of
from gateway.previews import Previews
from gateway.receipt import Accept
from gateway.status import status_of
from gateway.store.factor_key import factor_key
from gateway.store.factors import Factors
from gateway.telling import trackers_of
from gateway.web.app import build_site
from gateway.web.cleaning import Cleaner
from gateway.web.oidc import Provider
from gateway.web.site import Site
from rules.named import orders_named


@asynccontextmanager
async def serving_web(app: App, bound: Mapping[str, list[str]], accept: Accept) -> AsyncIterator[str]:
    """Serve the web view on this loop; yields the address it is bound to. ``bound`` says where each listener is."""
    index = app.index()
    verification, rules = verification_of(app), rulebook_of(app)
    cleaner, previews = Cleaner(), Previews()
    site = Site(
        archive=app.archive,
        store=app.store,
        index=index,
        accounts=app.accounts,
        factors=Factors(app.accounts.store, app.clock, factor_key(app.config.secrets)),
        sso=_provider(app),
        mailboxes=lambda: {box.address.lower() for box in app.config.mailbox},
        drop=app.drop,
        second_person=app.config.sending.second_person,
        clock=app.clock,
        packs=Counter(app.exporter, app.config.folder / "packs"),
        reporter=reporter_of(app),
        submit=accept,
        act=app.archive.append,
        act_all=app.archive.append_many,
        status=lambda: status_of(app, index),
        verification=verification,
        desk=desk_of(app),
        rules=rules,
        orders_named=lambda value: orders_named(value, app.marketplaces),
        carriers=lambda: app.marketplaces.carriers,
        doors=lambda: bound,
        answer=lambda order, language, sight: answer_for(app, order, language=language, sight=sight),
        clients=lambda: services_of(app, bound),
        clean=cleaner.clean,
        draw=previews.draw,
        zone=ZoneInfo(app.config.zone),
        close_needs=app.config.dossier.close_needs,
        refund_needs=app.config.dossier.refund_needs,
        hosts=app.config.web.hosts,
        secure_cookie=app.config.web.secure_cookie,
        origin="/".join(app.config.web.url.split("/", 3)[:3]),
        session_hours=app.config.web.session_hours,
        api_per_minute=app.config.api.calls_per_minute,
        trackers=trackers_of(app),
    )
    host, port = split_address(app.config.listen.web)
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    listening = socket.socket(family, socket.SOCK_STREAM)
    listening.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        listening.bind((host, port))
    except OSError as wrong:
        listening.close()
        raise WrongUse(f"listen.web: cannot listen on {app.config.listen.web}: {wrong.strerror}") from wrong
    pages = build_site(site)
    server = uvicorn.Server(
        uvicorn.Config(
            pages,
            log_config=None,
            access_log=False,
            server_header=False,
            proxy_headers=app.config.web.secure_cookie,  # else whoever is on this machine says where they come from
            lifespan="off",
            timeout_graceful_shutdown=5,
        )
    )
    pages.state.ending = lambda: server.should_exit
    serving = asyncio.create_task(server._serve(sockets=[listening]))  # noqa: SLF001 - serve() would take our signals
    try:
        yield "{}:{}".format(*listening.getsockname()[:2])
    finally:
        server.should_exit = True
        await serving
        await asyncio.to_thread(verification.stop, "")
        await asyncio.to_thread(rules.stop)
        await asyncio.to_thread(cleaner.close)
        await asyncio.to_thread(previews.close)
        listening.close()
        index.close()


def _provider(app: App) -> Provider | None:
    """Return where people log in instead, None where nowhere."""
    sso = app.config.web.sso
    if not sso.issuer:
        return None
    return Provider(
        title=sso.title,
        issuer=sso.issuer,
        client_id=sso.client_id,
        client_secret=lambda: Path(sso.client_secret_file).read_text("utf-8").strip(),
        claim=sso.claim,
        clock=app.clock,
        only=sso.only,
    )
