"""``docket demo``: the whole way of a message on one machine, with a simulated marketplace and a mailbox to read.

Everything listens on loopback, on free ports, in a folder of its own. The conversation is real: a buyer's mail comes in by
SMTP, an agent answers over authenticated submission, the marketplace takes the answer, and the buyer writes back.
"""

import asyncio
import contextlib
import secrets
import signal
import socket
from collections.abc import Callable
from pathlib import Path
from typing import Any

import click

from gateway.app import App
from gateway.clock import SystemClock
from gateway.demo.buyers import Order
from gateway.demo.conversation import MUG, TEAPOT, Agent, hold_conversation
from gateway.demo.mailbox import Mailbox, open_mailbox
from gateway.demo.marketplace import Marketplace
from gateway.demo.nameserver import NameServer
from gateway.demo.signing import Signer
from gateway.door.address import split_address
from gateway.errors import Temporary
from gateway.serve import Running, running
from gateway.setup import install
from gateway.store import orders
from rules.facts import OrderRef

ADDRESS = "support@brand.example"
AGENT = "anna"
_PATIENCE_S = 180.0  # a busy machine gives the worker little
_SERVERS = {"dovecot": "a private Dovecot", "demonstration": "the demonstration's own small IMAP server"}


async def demonstrate(folder: Path, say: Callable[[Any], None] | None, *, engine: str) -> None:
    """Run until SIGTERM or SIGINT. ``say`` prints JSON; without it the story is told in words."""
    tell = click.echo if say is None else _silent
    password = secrets.token_urlsafe(9)
    stop = asyncio.Event()
    loop = asyncio.get_running_loop()
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, stop.set)
    smtp = _free_port()
    async with open_mailbox({AGENT: password}, clock=SystemClock()) as mailbox:
        signer = Signer()
        names = NameServer(signer.records)
        market = Marketplace(
            deliver_to=("127.0.0.1", smtp),
            seller=ADDRESS,
            approved={ADDRESS},
            clock=SystemClock(),
            sign=signer.signed,
        )
        await names.start()
        await market.start()
        try:
            app = _install(folder, mailbox, market, names, smtp, password, engine)
            async with running(app, quiet=True) as service:
                tell("Docket runs on this machine alone. The first conversation:")
                await _converse(app, market, service, password, tell)
                ready = _ready(service, mailbox, market, password, folder)
                if say is None:
                    _explain(ready, tell)
                else:
                    say(ready)
                await stop.wait()
        finally:
            await market.stop()
            await names.stop()


async def _converse(
    app: App,
    market: Marketplace,
    service: Running,
    password: str,
    tell: Callable[[str], Any],
) -> None:
    agent = Agent(
        address=ADDRESS,
        imap=split_address(service.bound["imap"][0]),
        imap_user=AGENT,
        imap_password=password,
        submission=split_address(service.bound["submission"][0]),
        user=AGENT,
        password=password,
        ca_file=app.config.tls.certificate,
    )
    await hold_conversation(market, agent, clock=app.clock, say=lambda line: tell(f"  {line}"))
    await _linked(app, MUG, 3)
    await market.opens_claim(TEAPOT)
    await _linked(app, TEAPOT, 1)
    tell(f"  A claim is opened on order {TEAPOT.value}: its clock runs, and its dossier is held.")


async def _linked(app: App, order: Order, count: int) -> list[int]:
    """Wait until so many messages are linked to an order and none of them waits any more."""
    ref = OrderRef(marketplace=order.marketplace, value=order.value)
    for _ in range(int(_PATIENCE_S / 0.05)):
        with app.store.read() as conn:
            rows = orders.messages_of(conn, ref)
        if len(rows) >= count and all(row.state in {"delivered", "relayed"} for row in rows):
            return [row.seq for row in rows]
        await asyncio.sleep(0.05)
    raise Temporary(f"the demonstration's mail did not arrive within {_PATIENCE_S:.0f} s; its log says more")


def _install(
    folder: Path,
    mailbox: Mailbox,
    market: Marketplace,
    names: NameServer,
    smtp: int,
    password: str,
    engine: str,
) -> App:
    (folder / "imap.password").write_text(password, encoding="utf-8")
    (folder / "imap.password").chmod(0o600)
    text = f"""# The settings of the demonstration.
data = "{folder}"
hostname = "docket.brand.example"
rules = "{folder / "rules.toml"}"

[authenticity]
dns = ["{names.address[0]}:{names.address[1]}"]  # the simulated marketplace's own: its mail is signed, and nobody's word is taken

[witness]
head = "off"

[listen]
smtp = ["127.0.0.1:{smtp}"]
lmtp = ["127.0.0.1:0"]
submission = ["127.0.0.1:0"]
submissions = ["127.0.0.1:0"]
imap = ["127.0.0.1:0"]
imaps = ["127.0.0.1:0"]
web = "127.0.0.1:0"

[tls]
certificate = "{folder / "tls" / "certificate.pem"}"
key = "{folder / "tls" / "key.pem"}"

[clients]
host = "localhost"

[index]
engine = "{engine}"

[[mailbox]]
address = "{ADDRESS}"
name = "Brand Support"

[mailbox.deliver]
kind = "imap"
host = "{mailbox.host}"
port = {mailbox.imap_port}
tls = "none"
user = "{AGENT}"
password_file = "{folder / "imap.password"}"

[mailbox.imap]
host = "{mailbox.host}"
port = {mailbox.imap_port}
tls = "none"
user = "{AGENT}"
password_file = "{folder / "imap.password"}"

[mailbox.relay]
kind = "smtp"
host = "127.0.0.1"
port = {market.address[1]}
tls = "none"
"""
    app = install(text, folder / "config.toml", names=("docket.brand.example", "localhost", "127.0.0.1"))
    app.accounts.add(AGENT, password, full_name="Anna Weber", role="admin")
    return app


def _ready(
    service: Running, mailbox: Mailbox, market: Marketplace, password: str, folder: Path
) -> dict[str, Any]:
    return {
        "ready": True,
        "web": service.bound["web"][0],
        "smtp": service.bound["smtp"][0],
        "lmtp": service.bound["lmtp"][0],
        "submission": service.bound["submission"][0],
        "submissions": service.bound["submissions"][0],
        "imap": service.bound["imap"][0],
        "imaps": service.bound["imaps"][0],
        "imap_server": _SERVERS[mailbox.kind],
        "marketplace": "{}:{}".format(*market.address),
        "mailbox": ADDRESS,
        "agent": {"name": AGENT, "password": password},
        "buyer": market.alias(MUG),
        "order": MUG.value,
        "claim": TEAPOT.value,
        "data": str(folder),
    }


def _explain(ready: dict[str, Any], tell: Callable[[str], Any]) -> None:
    agent = ready["agent"]
    tell(f"  web view     http://{ready['web']}/order/amazon/{ready['order']}")
    tell(f"  log in as    {agent['name']}   password {agent['password']}")
    tell("")
    tell("With your own mail client:")
    tell(
        f"  IMAP         {ready['imap']} STARTTLS or none, or {ready['imaps']} TLS   (behind it {ready['imap_server']})"
    )
    tell(
        f"  SMTP         {ready['submission']} STARTTLS, or {ready['submissions']} TLS   (a self-signed certificate)"
    )
    tell(f"  write to     {ready['buyer']}, as {ready['mailbox']}")
    tell("As a buyer, from anywhere on this machine:")
    tell(f"  SMTP         {ready['smtp']}   to {ready['mailbox']}")
    tell("")
    tell(f"Commands work beside it: docket --data {ready['data']} search mug")
    tell(f"Claims and their clocks:  docket --data {ready['data']} claims")
    tell(f"Proof for a claim:       docket --data {ready['data']} export {ready['order']} -o pack")
    tell("Ready. Ctrl-C ends it; a folder that was not named is thrown away.")


def _silent(_text: str) -> None:
    """Say nothing: a program reads our output."""


def _free_port() -> int:
    with contextlib.closing(socket.socket()) as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])
