"""What a message's decision rests on, and what later messages ask of it: the keys by which messages touch each other."""

from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field

from sqlalchemy import Connection

from gateway.store.prospects import worth
from gateway.store.spelling import bare
from gateway.store.tied import COMMON, how_many
from rules.customers import key_of_address
from rules.facts import OrderRef, Reading

Key = str | bytes | OrderRef


@dataclass(frozen=True, slots=True, kw_only=True)
class Grounds:
    """``asks`` is what the decision looks up, ``told`` what it may answer to those that come later."""

    asks: frozenset[Key]
    told: frozenset[Key]


def grounds_of(
    reading: Reading, *, refers_to: Iterable[str], message_id: str, twin: bytes, drop_refs: Iterable[str]
) -> Grounds:
    """Return the keys of one message, but for those of its customer, which count only while they are rare."""
    orders = [found.order for found in reading.orders]
    asks: set[Key] = {*refers_to, reading.alias, twin, *reading.tokens, *orders}
    asks.update(parcel.number for parcel in reading.parcels)
    told = asks | {message_id, *reading.people}
    told.update(bare(order.value) for order in orders)
    asks.update(bare(ref) for ref in drop_refs)
    nothing: set[Key] = {"", b""}
    return Grounds(asks=frozenset(asks - nothing), told=frozenset(told - nothing))


@dataclass(slots=True)
class Customers:
    """Which of a message's customer keys tell anybody apart; asked of one message after another, in seq order.

    A number or address of our own, or one that stands in very many messages (the shop's, in each order's notice), is
    nobody's. Only messages before this one count, decided or not, so that a batch sees what each alone would have seen.
    """

    ours: frozenset[str]
    _known: dict[int, tuple[str, ...]] = field(default_factory=dict)
    _behind: Counter[str] = field(default_factory=Counter)

    @classmethod
    def of(cls, mailboxes: Iterable[str]) -> "Customers":
        return cls(ours=frozenset(map(key_of_address, mailboxes)))

    def begin(self, waiting: Mapping[int, object]) -> None:
        """Begin with the first message again; what was found out about those that wait still stands."""
        self._behind.clear()
        self._known = {seq: keys for seq, keys in self._known.items() if seq in waiting}

    def asked(
        self, conn: Connection, seq: int, people: tuple[str, ...], earliest: Mapping[str, int]
    ) -> tuple[str, ...]:
        """Return the keys that few earlier messages have; ``earliest`` names those that the store knows at all."""
        if (found := self._known.get(seq)) is None:
            known = worth(people, earliest, seq)
            found = tuple(one for one in people if self._tells(conn, one, seq, known))
            self._known[seq] = found
        self.passed(people)
        return found

    def passed(self, people: Iterable[str]) -> None:
        """Count a message that the store knows nothing of yet."""
        self._behind.update(people)

    def _tells(self, conn: Connection, key: str, below: int, known: list[str]) -> bool:
        if key in self.ours or (behind := self._behind[key]) > COMMON:
            return False
        return key not in known or behind + how_many(conn, key, below=below) <= COMMON
