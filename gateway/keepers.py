"""The views of an installation: one keeper for each mailbox whose settings ask for them."""

from collections.abc import Collection, Mapping
from datetime import datetime
from pathlib import Path

from imapclient import IMAPClient

from gateway.app import App
from gateway.inlets import session_of, tokens_of
from gateway.servers import Capture, Imap, Views
from gateway.store import places
from gateway.views.attention import Attention, attention_of
from gateway.views.copies import Copies
from gateway.views.keeper import Keeper, Show
from gateway.views.source import Source
from gateway.views.virtual import write_views
from gateway.views.wanted import Wanted


def keepers_of(app: App) -> list[Keeper]:
    """Make what keeps each mailbox's views."""
    return [
        _keeper(app, box.address, box.imap, box.views, box.capture)
        for box in app.config.mailbox
        if box.views.kind != "none"
    ]


def _keeper(app: App, name: str, imap: Imap, views: Views, captures: Collection[Capture]) -> Keeper:
    address = name.lower()

    def read(since: datetime) -> Attention:
        with app.store.read() as conn:
            return attention_of(conn, address, since)

    return Keeper(
        address,
        session_of(imap, address, tokens_of(imap, name, app.config.secrets, app.clock)),
        read,
        source_of(app, views.source, imap, captures),
        _show(views),
        clock=app.clock,
        days=views.days,
        tags=views.tags,
        every_s=views.every_s,
    )


def source_of(app: App, folder: str, imap: Imap, captures: Collection[Capture]) -> Source:
    """Make what knows the folder that a mailbox's messages lie in, which may be captured itself."""
    captured = any(one.account == imap.account and folder in (*one.folders, *one.sent) for one in captures)

    def known(uidvalidity: int) -> Mapping[int, int] | None:
        if not captured:
            return None
        with app.store.read() as conn:
            return places.messages_at(conn, f"{imap.account}/{folder}", uidvalidity)

    return Source(folder, known)


def _show(views: Views) -> Show | None:
    if views.kind == "copies":
        copies = Copies(views.folder)

        def keep(client: IMAPClient, source: Source, wanted: Wanted, thorough: bool) -> None:
            copies.keep(client, source, wanted.folders, thorough=thorough)

        return keep
    if views.kind == "virtual":
        return lambda _client, source, wanted, _thorough: write_views(
            Path(views.place), source, wanted.folders
        )
    return None
