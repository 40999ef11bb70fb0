"""What stands on this machine's disk: secrets, databases, the index, the rule book, and who is told of failures."""

import stat
from collections.abc import Iterator
from functools import partial

from gateway.app import App
from gateway.checkup.finding import Finding
from gateway.errors import DocketError, WrongUse
from gateway.store.agents import Agent
from index.errors import IndexFault


def files(app: App) -> Iterator[Finding]:
    secrets = app.config.secrets
    if not secrets.is_dir():
        yield Finding(
            what=f"archive in {app.config.folder}", ok=False, mend="there is none yet; run: docket init"
        )
        return
    for path in (secrets, *sorted(secrets.iterdir())):
        if path.suffix == ".vkey":
            continue
        open_to_others = path.stat().st_mode & (stat.S_IRWXG | stat.S_IRWXO)
        mend = f"others may read it; run: chmod go= {path}" if open_to_others else ""
        yield Finding(what=f"{path}", ok=not open_to_others, mend=mend)


def parts(app: App) -> Iterator[Finding]:
    for what, part in (
        ("archive", partial(_head, app)),
        ("store", partial(_store, app)),
        ("accounts", partial(_agents, app)),
        ("search index", lambda: app.index().close()),
        ("rule book and marketplaces", partial(_book, app)),
    ):
        if not app.config.secrets.is_dir() and what != "rule book and marketplaces":
            continue
        try:
            part()
        except (DocketError, IndexFault, ValueError, OSError) as wrong:
            yield Finding(what=what, ok=False, mend=str(wrong))
        else:
            yield Finding(what=what)
            if what == "accounts" and not app.accounts.list():
                yield Finding(
                    what="agents", ok=False, mend="nobody can log in yet; run: docket agent add NAME"
                )


def people(app: App) -> Finding:
    told = ", ".join(app.config.alerts)
    return Finding(
        what="who is told of failures", mend=told or "each mailbox itself; alerts = [...] names others"
    )


def _head(app: App) -> int:
    return app.archive.head()


def _agents(app: App) -> list[Agent]:
    return app.accounts.list()


def _store(app: App) -> None:
    app.store.check()


def _book(app: App) -> None:
    """Raise for the first file that is broken: the last good version is in force, and somebody must mend this one."""
    for one in app.shelf.broken:
        raise WrongUse(str(one))
