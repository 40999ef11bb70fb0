"""A small but real house in a folder: archive, store, index, rules and readers, with mail in it and one remote that answers."""

import base64
import socket
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from email.message import EmailMessage
from functools import cache
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import httpx
import uvicorn
from argon2 import PasswordHasher

from gateway.answer.compose import compose
from gateway.archive.archive import Archive, create_archive
from gateway.clock import FixedClock
from gateway.deciding import Book
from gateway.delivery import Post
from gateway.erasure.deed import Eraser
from gateway.erasure.desk import Desk
from gateway.erasure.requests import Policy
from gateway.erasure.retention import Period
from gateway.evidence.counter import Counter
from gateway.evidence.pack import Exporter
from gateway.indexer import Indexer
from gateway.judge import Current, Judge
from gateway.mail.entry import Envelope
from gateway.pipeline import Gateway
from gateway.previews import Previews
from gateway.readers import Readers, nursery_of
from gateway.relay.transport import Delivered
from gateway.report.making import Reporter
from gateway.rulebook import RuleBook
from gateway.shelf import last_good, read_files, stock
from gateway.store.accounts import Accounts
from gateway.store.engine import Store
from gateway.store.factors import Factors
from gateway.verification import Place, Verification
from gateway.web.app import Site, build_site
from gateway.web.cleaning import Cleaner
from index.backends.memory import MemoryBackend
from rules.drop import DropAddress
from rules.errands import ErrandAddress
from rules.facts import OrderRef
from rules.marketplace import Marketplaces, builtin_texts, load_marketplaces
from rules.mistakes import Known
from rules.named import orders_named
from rules.ruleset import load_ruleset
from rules.weights import Settings
from tests.stores import new_store

PASSWORD = "correct horse battery"
MAILBOX = "support@brand.example"
DROP = DropAddress(address="order@brand.example", senders=("boss@brand.example",))
BUYER = "k3jx9v@marketplace.amazon.de"
ORDER = "302-4937261-8841957"
PIXEL = base64.b64decode(
    "iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk+M9QDwADhgGAWjR9awAAAABJRU5ErkJggg=="
)
RULES = """
[[rule]]
name = "damage"
when = { text = "damaged|beschädigt" }
then = [{ do = "tag", name = "damage" }]
"""


@dataclass
class Remote:
    """The other side: takes everything and says so as a marketplace's server would."""

    taken: list[bytes] = field(default_factory=list)

    def send(self, raw, mail_from, recipients):
        self.taken.append(raw)
        reply = "250 2.0.0 Ok: queued as 4ZqK1m7Vz9"
        return (Delivered(recipients=recipients, reply=reply, queue_id="4ZqK1m7Vz9", remote="mx.amazon.example:25", tls="TLSv1.3"),)  # fmt: skip

    def close(self):
        pass


@dataclass
class House:
    """The parts, and the few moves a test makes with them."""

    archive: Archive
    store: Store
    index: MemoryBackend
    accounts: Accounts
    clock: FixedClock
    gateway: Gateway
    indexer: Indexer
    site: Site
    remote: Remote
    url: str = ""
    seqs: dict[str, int] = field(default_factory=dict)

    def take(self, raw: bytes, **envelope) -> int:
        """Take one message in along the whole path and return its entry."""
        known = {
            "source": "smtp",
            "mail_from": BUYER,
            "rcpt_to": (MAILBOX,),
            "mailbox": MAILBOX,
            "trusted": True,
        }
        seq = (
            self.gateway.accept(raw, Envelope(received_at=self.clock.now(), **{**known, **envelope}))
            .result()
            .seq
        )
        self.settle()
        return seq

    def settle(self) -> None:
        """Decide, index and send until nothing is left to do."""
        while self.gateway.process() + self.indexer.advance():
            pass
        for job, known in self.gateway.claim(10, "test"):
            self.gateway.run(job, known)
        while self.gateway.process() + self.indexer.advance():
            pass

    def act(self, draft):
        appended = self.archive.append(draft)
        self.settle()
        return appended

    def act_all(self, drafts):
        appended = self.archive.append_many(drafts)
        self.settle()
        return appended

    @contextmanager
    def client(self, name: str = "anna") -> Iterator[httpx.Client]:
        """Give a browser of sorts, on a real server, with an agent logged in."""
        with httpx.Client(base_url=self.url, timeout=20) as browser:
            form = {"name": name, "password": PASSWORD, "csrf": csrf_in(browser.get("/login").text)}
            done = browser.post("/login", data=form)
            assert done.status_code == 303, done.text
            yield browser


def csrf_in(page: str) -> str:
    """Return the form token that a page carries."""
    return page.partition('name="csrf" value="')[2].partition('"')[0]


def mail(
    subject="Question",
    text="Hello",
    *,
    html="",
    from_=f"Maria Keller <{BUYER}>",
    to=MAILBOX,
    message_id="",
    files=(),
    **headers,
) -> bytes:
    """Return one message as a client would write it; ``files`` are (name, type, bytes, content-id)."""
    message = EmailMessage()
    message["From"], message["To"], message["Subject"] = from_, to, subject
    message["Date"] = "Mon, 23 Nov 2026 08:15:00 +0000"
    message["Message-ID"] = f"<{message_id or abs(hash((subject, text)))}@mail.example>"
    for name, value in headers.items():
        message[name.replace("_", "-")] = value
    message.set_content(text)
    if html:
        message.add_alternative(html, subtype="html")
    for name, type_, data, content_id in files:
        main, _, sub = type_.partition("/")
        extra = {"cid": f"<{content_id}>", "disposition": "inline"} if content_id else {}
        message.add_attachment(data, maintype=main, subtype=sub, filename=name, **extra)
    return message.as_bytes()


def once(current: Current) -> Callable[[], Current | None]:
    """Return what gives the judge what it needs at its first call; nothing changes after that."""
    given = [current]
    return lambda: given.pop() if given else None


_marketplaces = cache(lambda: load_marketplaces(builtin_texts()))
_nursery = cache(lambda: nursery_of(builtin_texts()))


_previews = cache(Previews)
_cleaner = cache(Cleaner)


def new_readers() -> Readers:
    """Return a reader for one user; all are born in one place, which loads what they need once."""
    return Readers(builtin_texts(), count=1, nursery=_nursery())


def build_house(place: Path, *, rules: str = RULES, deliver: Any = None, **gateway_settings: Any) -> House:
    """Make a new house in a folder, with one agent and no mail; ``deliver`` is where its mailbox's mail goes."""
    urls = {name: f"sqlite:///{place / (name + '.db')}" for name in ("archive", "keys", "store", "accounts")}
    clock = FixedClock(datetime(2026, 11, 23, 8, 16, 30, tzinfo=UTC))
    create_archive(urls["archive"], urls["keys"], place / "secrets", "docket/brand.example", clock)
    archive = Archive(urls["archive"], urls["keys"], place / "secrets", clock=clock)
    store, index = new_store(place / "store.db"), MemoryBackend()
    accounts = Accounts(urls["accounts"], clock=clock, hasher=PasswordHasher(1, 8, 1))
    accounts.add("anna", PASSWORD, full_name="Anna Brandt", role="supervisor")
    marketplaces = _marketplaces()
    remote = Remote()
    gateway = Gateway(
        archive=archive,
        store=store,
        readers=new_readers(),
        judge=Judge(
            archive=archive,
            store=store,
            current=once(Current(marketplaces=marketplaces, readers=new_readers())),
            senders={MAILBOX: (MAILBOX, "Brand Support")},
            settings={"": (Settings(checks={"email_address": "hold", "links": "hold"}),)},
            drop=DROP,
            errands=ErrandAddress(domain="docket.local"),
            refund_needs=("note",),
        ),
        book=Book(ruleset=load_ruleset(rules), marketplaces=marketplaces, drop=DROP),
        mailboxes={MAILBOX: MAILBOX},
        posts={
            MAILBOX: Post(
                address=MAILBOX, name="Brand Support", sender=MAILBOX, deliver=deliver, relay=remote
            )
        },
        clock=clock,
        hostname="docket.brand.example",
        **gateway_settings,
    )
    gateway.resume()
    indexer = Indexer(archive=archive, store=store, backend=index)
    house = House(archive, store, index, accounts, clock, gateway, indexer, None, remote)
    house.site = Site(
        archive=archive,
        store=store,
        index=index,
        accounts=accounts,
        factors=Factors(accounts.store, clock, b"k" * 32),
        mailboxes=lambda: (MAILBOX,),
        clock=clock,
        packs=Counter(Exporter(archive, store, clock), place / "packs"),
        reporter=Reporter(
            archive=archive,
            store=store,
            clock=clock,
            zone=ZoneInfo("Europe/Berlin"),
            titles={"amazon": "Amazon"},
            senders={MAILBOX: "Brand Support"},
        ),
        submit=gateway.accept,
        verification=Verification(
            place=Place(archive=urls["archive"], keys=urls["keys"], secrets=str(place / "secrets")),
            clock=clock,
            record=archive.append,
        ),
        desk=Desk(
            eraser=Eraser(archive=archive, store=store, clock=clock, certificates=place / "certificates"),
            policy=Policy(cooling=timedelta(hours=24)),
            periods={"mail": Period(days=30)},
            default="mail",
            is_ours=lambda address: address == MAILBOX,
            clean=lambda: house.site.desk.eraser.finish(house.settle),
        ),
        rules=_desk(house, place, rules, marketplaces),
        act=house.act,
        act_all=house.act_all,
        status=lambda: _status(house),
        orders_named=lambda value: orders_named(value, marketplaces),
        carriers=lambda: marketplaces.carriers,
        answer=lambda order, language, sight: _answer(house, order, language, sight),
        clean=_cleaner().clean,
        draw=_previews().draw,
        zone=ZoneInfo("Europe/Berlin"),
        hosts=("127.0.0.1", "localhost", "::1"),
    )
    house.settle()
    return house


def _desk(house: House, place: Path, rules: str, marketplaces: Marketplaces) -> RuleBook:
    """Put the rule book on a desk; what is saved there is for the next house to read."""
    (place / "rules.toml").write_text(rules, encoding="utf-8")

    def files():
        return read_files(str(place / "rules.toml"), "")

    def shelf():
        return stock(files(), lambda name: last_good(house.archive, name))

    return RuleBook(
        archive=house.archive,
        store=house.store,
        clock=house.clock,
        place=place / "rules.toml",
        files=files,
        shelf=shelf,
        book=lambda: Book(ruleset=shelf().book.ruleset, marketplaces=marketplaces),
        readers=new_readers,
        known=lambda: Known(
            marketplaces=frozenset(marketplaces.marketplaces), mailboxes=frozenset({MAILBOX})
        ),
        record=house.act,
    )


def _answer(house: House, order: OrderRef, language: str, sight: Store):
    with house.store.read() as whole, sight.read() as conn:
        return compose(
            conn,
            order,
            whole=whole,
            title="Amazon",
            senders={MAILBOX: "Brand Support"},
            zone=ZoneInfo("Europe/Berlin"),
            now=house.clock.now(),
            language=language,
        )


def _status(house: House) -> dict:
    head = house.archive.head()
    return {
        "version": "0.1.0",
        "archive": {"size": head, "checkpoint": house.archive.checkpoint() if head else ""},
        "store": {"position": head, "lag": 0, "undecided": 0},
        "index": {
            "engine": "memory",
            "position": house.index.position(),
            "lag": 0,
            "documents": house.index.count(),
        },
        "queue": {"ready": 0, "leased": 0, "done": 4, "dead": 0},
        "rules": {
            "rules": 1,
            "book": "12ab",
            "since": house.clock.now().isoformat(),
            "entry": 7,
            "broken": [],
        },
        "capture": {
            "at_work": True,
            "last_at": house.clock.now().isoformat(),
            "mailboxes": [MAILBOX],
            "accounts": {
                "shop@imap.example": {
                    "mailbox": MAILBOX,
                    "state": "watching",
                    "contact_at": house.clock.now().isoformat(),
                    "newest_at": None,
                    "behind": 1200,
                    "folders": {"INBOX": {"messages": 7, "behind": 1200, "unread": 0}},
                    "mend": [],
                }
            },
        },
    }


def seed(house: House) -> dict[str, int]:
    """Fill a house with one order's story; returns the entries by name."""
    later = house.clock
    seqs = {}
    seqs["question"] = house.take(
        mail(
            f"Anfrage zur Bestellung {ORDER}",
            "Guten Tag,\n\ndie Lampe kam beschädigt an, der Schirm hat einen Riss. Was kann ich tun?\n\nMaria Keller\n\n"
            f"Bestellnummer: {ORDER}\nASIN: B07XJ8C8F5\n",
            html=f"<p>Guten Tag,</p><p>die Lampe kam <b>beschädigt</b> an. <img src='cid:riss@mail'></p><p>Bestellnummer: {ORDER}</p>",
            message_id="q1",
            files=[
                ("riss.png", "image/png", PIXEL, "riss@mail"),
                ("Rechnung März.pdf", "application/pdf", b"%PDF-1.7\n%%EOF\n", ""),
            ],
        )
    )
    later.at += timedelta(hours=3, minutes=12)
    seqs["answer"] = house.take(
        mail(
            f"Re: Anfrage zur Bestellung {ORDER}",
            "Guten Tag Frau Keller,\n\nes tut uns leid. Wir senden Ihnen heute einen neuen Schirm; die Sendungsnummer ist "
            "1Z999AA10123456784 (UPS).\n\nFreundliche Grüße\nBrand Support\n\nAm 23.11.2026 schrieb Maria Keller:\n"
            "> Guten Tag,\n>\n> die Lampe kam beschädigt an, der Schirm hat einen Riss.\n> Was kann ich tun?\n",
            from_=f"Anna Brandt <{MAILBOX}>",
            to=BUYER,
            message_id="a1",
            In_Reply_To="<q1@mail.example>",
        ),
        source="submission",
        agent="anna",
        mail_from=MAILBOX,
        rcpt_to=(BUYER,),
    )
    later.at += timedelta(days=2)
    seqs["thanks"] = house.take(
        mail(
            "Re: Anfrage",
            "Danke, der neue Schirm ist angekommen!\n",
            message_id="q2",
            In_Reply_To="<a1@mail.example>",
        )
    )
    later.at += timedelta(minutes=25)
    seqs["stranger"] = house.take(
        mail(
            "Your parcel",
            f"About order {ORDER}: pay customs here",
            from_="Post <post@parcels.example>",
            message_id="s1",
        ),
        mail_from="post@parcels.example",
        trusted=False,
    )
    return seqs


@contextmanager
def serving(house: House, port: int = 0) -> Iterator[House]:
    """Serve a house's pages on a free port or the one given, by the server that the product uses."""
    try:
        with on_a_port(house.site, port) as url:
            house.url = url
            yield house
    finally:
        close(house)


@contextmanager
def on_a_port(site: Site, port: int = 0) -> Iterator[str]:
    """Serve a site's pages, and yield where they are."""
    listening = socket.create_server(("127.0.0.1", port))
    pages = build_site(site)
    server = uvicorn.Server(uvicorn.Config(pages, log_config=None, lifespan="off", server_header=False))
    pages.state.ending = lambda: server.should_exit
    thread = threading.Thread(target=server.run, kwargs={"sockets": [listening]})
    thread.start()
    try:
        yield f"http://127.0.0.1:{listening.getsockname()[1]}"
    finally:
        server.should_exit = True
        thread.join()
        listening.close()


def close(house: House) -> None:
    house.site.verification.stop("")
    house.gateway.close()
    house.archive.close()
    house.store.close()
    house.accounts.close()
