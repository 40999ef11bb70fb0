"""What the web view is given: plain parts, made elsewhere."""

from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, tzinfo
from typing import Any

from gateway.answer.compose import Answer
from gateway.archive.archive import Archive
from gateway.clients.services import Services
from gateway.clock import Clock
from gateway.erasure.desk import Desk
from gateway.evidence.counter import Counter
from gateway.extraction import Extract
from gateway.figures.gathering import Months
from gateway.mail.entry import Appended, Draft
from gateway.receipt import Accept
from gateway.report.making import Reporter
from gateway.rulebook import RuleBook
from gateway.store.accounts import Accounts
from gateway.store.engine import Store
from gateway.store.factors import Factors
from gateway.tracking import Shape
from gateway.verification import Verification
from gateway.web.cleaner import cleaned
from gateway.web.cleaning import Cleaned
from gateway.web.oidc import Provider
from index.backend import Backend
from rules.drop import NO_DROP, DropAddress
from rules.facts import OrderRef


@dataclass(frozen=True, slots=True, kw_only=True)
class Tracker:
    """A service that posts what became of parcels: how its posts look, and the secret they are signed with."""

    shape: Shape
    secret: Callable[[], bytes]


@dataclass(frozen=True, slots=True, kw_only=True)
class Site:
    """The parts of one web view.

    ``act`` appends an action and returns where it stands; ``act_all`` appends several, all of them or none. ``status`` answers with plain sections, as
    ``docket status --json`` prints them. ``clean`` makes the HTML of a hostile message harmless, with its own pictures or without, and may be one that
    does so in a child process; ``draw`` makes a picture of a page of a file in one.
    ``factors`` are what people log in with beside passwords, ``sso`` is where they do so instead. ``mailboxes`` are those
    of the settings. ``clients`` says where agents' mail clients read and send. ``orders_named`` says which marketplaces' orders a number could be, ``carriers`` which carriers are known. ``doors`` are the listeners by kind, and where each is bound. ``zone`` is the viewer's, in which times are
    shown and bare dates are days. ``answer`` writes an order's claim answer in a language from what a store sees, None where nothing is known of it. ``close_needs`` is what a dossier must hold before it may be closed,
    ``refund_needs`` before the tag ``refund`` may be put on one of its messages. ``sees`` says whether an entry may be
    shown, ``sees_all_of`` whether what holds all of an order may be handed out: gateway.web.sight makes both for each person.
    """

    archive: Archive
    store: Store
    index: Backend
    accounts: Accounts
    factors: Factors
    clock: Clock
    packs: Counter
    act: Callable[[Draft], Appended]
    act_all: Callable[[Sequence[Draft]], list[Appended]]
    status: Callable[[], dict[str, Any]]
    sso: Provider | None = None
    origin: str = ""  # where people reach it, as scheme://host:port; "" is this listener, or a proxy with TLS
    mailboxes: Callable[[], Collection[str]] = tuple
    reporter: Reporter | None = None
    submit: Accept | None = None
    verification: Verification | None = None
    months: Months = field(default_factory=Months)
    desk: Desk | None = None
    rules: RuleBook | None = None
    answer: Callable[[OrderRef, str, Store], Answer | None] = lambda *_: None
    sees: Callable[[int], bool] = lambda _: True
    sees_all_of: Callable[[OrderRef], bool] = lambda _: True
    clean: Callable[[bytes, bool], Cleaned] = cleaned
    draw: Callable[[bytes, str, int], Extract] = lambda *_: Extract()
    clients: Callable[[], Services] = Services
    orders_named: Callable[[str], Collection[OrderRef]] = lambda _: ()
    carriers: Callable[[], Collection[str]] = tuple
    doors: Callable[[], Mapping[str, list[str]]] = dict
    drop: DropAddress = NO_DROP
    second_person: bool = False  # who releases a held message is not who wrote it
    zone: tzinfo = UTC
    close_needs: tuple[str, ...] = ()
    refund_needs: tuple[str, ...] = ()
    hosts: tuple[str, ...] = ("127.0.0.1", "localhost")
    secure_cookie: bool = False
    session_hours: float = 12.0
    api_per_minute: int = 600  # calls of one token
    trackers: Mapping[str, Tracker] = field(default_factory=dict)
