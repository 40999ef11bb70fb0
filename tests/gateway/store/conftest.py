"""A store on each database, and a story: entries that follow each other, ready to be folded."""

import json
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from sqlalchemy import select

from gateway.mail.entry import Entry
from gateway.store import fold, tables
from gateway.store.engine import Store, open_store
from gateway.store.records import AttachmentRow, MessageRow
from tests.stores import new_store

START = datetime(2026, 3, 1, 9, 0, tzinfo=UTC)
ORDER = "112-1234567-1234567"
_VOLATILE = {"lease", "leased_until"}  # of a claimer's life, not of the fold
_PICTURE = AttachmentRow(
    part="2", filename="box.jpg", content_type="image/jpeg", size_bytes=9, sha256="cd" * 32
)


@pytest.fixture(params=["sqlite", "postgresql"])
def url(request, tmp_path):
    if request.param == "sqlite":
        return f"sqlite:///{tmp_path / 'store.db'}"
    return request.getfixturevalue("postgres")()


@pytest.fixture
def store(request, url):
    store = (
        new_store(request.getfixturevalue("tmp_path") / "store.db")
        if url.startswith("sqlite")
        else open_store(url)
    )
    yield store
    store.close()


class Story:
    """Entries one second apart; every method adds one and returns its seq."""

    def __init__(self) -> None:
        self.pairs: list[tuple[Entry, MessageRow | None]] = []

    @staticmethod
    def at(seq: int) -> datetime:
        return START + timedelta(seconds=seq)

    def add(self, type_: str, payload: Any = None, *, raw: bytes | None = None, row=None, meta=None) -> int:
        seq = len(self.pairs)
        body = json.dumps({} if payload is None else payload).encode() if raw is None else raw
        one = Entry(
            log=0,
            seq=seq,
            id=f"ID{seq:024}",
            type=type_,
            at=self.at(seq),
            leaf=b"{}",
            payload=body,
            meta=meta or {},
        )
        self.pairs.append((one, row))
        return seq

    def mail(self, type_: str = "mail.in", **changes: Any) -> int:
        seq = len(self.pairs)
        outbound = type_ != "mail.in"
        plain = {
            "seq": seq,
            "type": type_,
            "id": f"ID{seq:024}",
            "direction": "outbound" if outbound else "inbound",
            "source": "submission" if outbound else "smtp",
            "mailbox": "support@brand.example",
            "agent": "anna" if outbound else "",
            "received_at": self.at(seq),
            "occurred_at": self.at(seq),
            "occurred_from": "smtp",
            "from_": (("Ann Buyer", "Ann@Market.example"),),
            "to": (("Support", "support@brand.example"), ("", "other@brand.example")),
            "cc": (),
            "subject": f"Question {seq}",
            "message_id": f"m{seq}@market.example",
            "refers_to": (),
            "size_bytes": 700,
            "sha256": "ab" * 32,
            "twin": b"twin" + seq.to_bytes(8, "big"),
            "attachments": (_PICTURE,),
            "defects": (),
            "sealed_text": b"sealed",
            "state": "",
        }
        return self.add(type_, raw=b"Subject: x\r\n\r\n", row=MessageRow(**{**plain, **changes}))

    def decision(
        self,
        of,
        *,
        links=(),
        tags=(),
        jobs=(),
        live=True,
        retry_of=None,
        actions=(),
        dropped=(),
        clocks=(),
        bounced=None,
        instead_of=None,
        **reading,
    ) -> int:
        decided = {
            "reading": {
                "marketplace": "amazon",
                "kind": "buyer_message",
                "alias": "",
                "orders": [],
                **reading,
            },
            "links": list(links),
            "tags": list(tags),
            "actions": list(actions),
            "reasons": ["because"],
            "books": ["00" * 32],
            "context": {
                "thread": [],
                "alias": [],
                "known_orders": [],
                "retry_of": retry_of,
                "dropped": list(dropped),
            },
            "clocks": list(clocks),
            "bounced": bounced,
        }
        again = {} if instead_of is None else {"instead_of": instead_of}
        return self.add(
            "decision", {"of": of, "decision": decided, "jobs": list(jobs), "live": live, **again}
        )

    def outcome(self, of, kind="delivered", *, number=0, attempt=1, final=True, failed=False, **more) -> int:
        answer = {"kind": kind, "recipients": ["support@brand.example"], "reply": f"250 {kind}"}
        return self.add(
            "outcome",
            {
                "of": of,
                "number": number,
                "attempt": attempt,
                "outcomes": [answer],
                "final": final,
                "failed": failed,
                "next_at": None,
                "headers": "From: x",
                "sha256": "ef" * 32,
                **more,
            },
        )

    def report(self, *values: str, marketplace="amazon", **more: Any) -> int:
        days = {"first_at": self.at(0).isoformat(), "last_at": (self.at(0) + timedelta(days=30)).isoformat()}
        rows = [
            {
                "order": self.order(value, marketplace),
                "placed_at": self.at(0).isoformat(),
                "alias": "buyer@m",
                "products": [["sku", "LAMP"]],
                "parcels": [["UPS", "1Z999AA10123456784", self.at(9).isoformat()]],
                **more,
            }
            for value in values
        ]
        return self.add("orders", {"orders": rows, "days": [{"marketplace": marketplace, **days}]})

    def act(self, type_: str, **payload: Any) -> int:
        return self.add(type_, payload)

    def fold(self, store: Store) -> None:
        """Fold all of it; what the store has already is given to it again."""
        with store.write() as tx:
            for one, row in self.pairs:
                fold.apply(tx, one, row)

    @staticmethod
    def order(value=ORDER, marketplace="amazon"):
        return {"marketplace": marketplace, "value": value}

    @staticmethod
    def link(value=ORDER, *, confidence="certain", method="stated", marketplace="amazon", **more):
        order = {"marketplace": marketplace, "value": value}
        said = "the subject says so"
        return {"order": order, "method": method, "confidence": confidence, "reason": said, **more}

    def clock(self, name="reply", hours=24):
        start = self.at(len(self.pairs))
        due = start + timedelta(hours=hours)
        return {"name": name, "started_at": start.isoformat(), "due_at": due.isoformat(), "said": "24 hours"}

    @staticmethod
    def job(number=0, kind="deliver", recipients=("support@brand.example",)):
        task = {"mailbox": "support@brand.example", "recipients": list(recipients)}
        return {"number": number, "kind": kind, "task": task}

    @staticmethod
    def dump(store: Store) -> dict[str, list[dict[str, Any]]]:
        """Return every row of the store, leases left out."""
        with store.read() as conn:
            return {
                name: [
                    {column: value for column, value in row._asdict().items() if column not in _VOLATILE}
                    for row in conn.execute(select(table).order_by(*table.primary_key))
                ]
                for name, table in tables.metadata.tables.items()
            }


@pytest.fixture
def story():
    return Story()


@pytest.fixture
def new_story():
    return Story
