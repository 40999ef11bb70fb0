"""What agents' mail clients are told, from the settings and, where the service runs, from where it listens."""

from collections.abc import Mapping, Sequence

from gateway.app import App
from gateway.clients.services import Account, Box, Server, Services, accounts_of, server_of
from gateway.door.address import split_address
from gateway.door.names import Names
from gateway.errors import WrongUse
from gateway.relay.tls import is_implicit
from gateway.store.spelling import folded

_USUAL = 993


def services_of(app: App, bound: Mapping[str, Sequence[str]] | None = None) -> Services:
    """Return every server that an agent may be sent to; ``bound`` says where each kind of listener really is."""
    told, listen = app.config.clients, app.config.listen
    host = told.host or app.config.hostname
    where = bound or {
        "imaps": listen.imaps,
        "imap": listen.imap,
        "submissions": listen.submissions,
        "submission": listen.submission,
    }

    def servers(implicit: str, starttls: str) -> tuple[Server, ...]:
        """TLS from the first byte goes first (RFC 8314 section 3.3); a port that nobody can know yet is left out."""
        ports = [
            (split_address(one)[1], kind == implicit)
            for kind in (implicit, starttls)
            for one in where.get(kind, ())
        ]
        return tuple(Server(host=host, port=port, implicit=tls) for port, tls in ports if port)

    smtp = (server_of(told.smtp, "smtp"),) if told.smtp else servers("submissions", "submission")
    own = (server_of(told.imap, "imap"),) if told.imap else servers("imaps", "imap")
    boxes = []
    for box in app.config.mailbox:
        imap, through = own, bool(box.imap.host)
        if not through:
            there = box.deliver
            port = there.port or _USUAL
            other = Server(host=there.host, port=port, implicit=is_implicit(there.tls, port))
            imap = (other,) if there.kind == "imap" and there.host else ()
        boxes.append(Box(address=box.address, name=box.name, imap=imap, own=through))
    return Services(boxes=tuple(boxes), smtp=smtp, web=_web(app, bound))


def _web(app: App, bound: Mapping[str, Sequence[str]] | None) -> str:
    if app.config.web.url or not bound or not bound.get("web"):
        return app.config.web_url
    return f"http://{bound['web'][0]}"


def accounts(app: App, services: Services, name: str) -> tuple[Account, ...]:
    """Return an agent's accounts. Raises WrongUse for a name that is no agent's."""
    agent = app.accounts.agent(name)
    if agent is None:
        raise WrongUse(f"there is no agent {name!r}; to see them all: docket agent list")
    return accounts_of(services, agent.name, agent.full_name, agent.mailboxes)


def names_of(app: App) -> Names:
    """Return what reads the names that mail clients log in with."""
    return Names(
        is_agent=lambda name: app.accounts.agent(name) is not None,
        mailbox_of=app.mailbox_of,
        domains=frozenset(address.rpartition("@")[2] for address in app.mailboxes),
        folded=folded,
    )
