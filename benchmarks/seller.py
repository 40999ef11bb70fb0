"""The archive of a seller with many orders, from a seed: buyers ask through Amazon's relay, the seller answers, notices come.

``python -m benchmarks.seller --messages 200000 --orders 10000 FOLDER`` fills a data folder: archived and sealed entries, each
with its decision, folded and indexed by the product's own code. Only reading and deciding are left out, since they would take
most of the time and a page sees nothing of them. The newest 4,000 are live: their reply clocks run or were stopped.
"""

import argparse
import random
import subprocess
import sys
import time
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path

import msgspec

from benchmarks.corpus import SEED, Corpus
from gateway.app import App
from gateway.mail.canonical import canonical
from gateway.mail.entry import Draft, Entry, Envelope
from gateway.settings import load_config
from gateway.shape import document_of
from gateway.store import fold, messages
from gateway.store.findable import findables
from gateway.store.records import AttachmentRow, MessageRow
from index.analyzer import Analysis, analyze
from index.document import Document
from index.rebuild import rebuild

BOXES = tuple(f"support{number}@brand.example" for number in range(4))
_BATCH = 1000
_LIVE = 4000
_TEXTS = 2000
_STORY = (
    ("buyer", "buyer_message", "Order inquiry from Amazon customer {name} (Order: {order})"),
    ("seller", "answer", "Re: Order inquiry from Amazon customer {name} (Order: {order})"),
    ("buyer", "return_request", "Return authorisation request for order {order}"),
    ("seller", "answer", "Re: Return authorisation request for order {order}"),
    ("notice", "refund_notice", "Refund initiated for order {order}"),
)
_TAGS = ("claim", "refund", "return", "vip", "invoice", "late", "damaged", "question")


def order_of(number: int) -> str:
    """Return the ID of one of the seller's orders.

    >>> order_of(7)
    '112-0055433-1000007'
    """
    return f"112-{number * 7919 % 10_000_000:07}-{1_000_000 + number % 9_000_000:07}"


@dataclass(frozen=True, slots=True, kw_only=True)
class Mail:
    """One message to be archived, and what is decided of it."""

    type: str
    kind: str
    number: int  # of its order
    box: str
    alias: str
    subject: str
    text: int  # which of the texts
    at: datetime
    live: bool


def mails(count: int, orders: int, now: datetime) -> Iterator[Mail]:
    """Yield messages, the oldest first; every order has about as many."""
    rng = random.Random(SEED)
    begin = now - timedelta(seconds=count * 300)
    for place in range(count):
        number = rng.randrange(orders)
        who, kind, subject = _STORY[rng.randrange(len(_STORY))]
        name = f"Buyer{number}"
        yield Mail(
            type="mail.out" if who == "seller" else "mail.in",
            kind=kind,
            number=number,
            box=BOXES[number % len(BOXES)],
            alias="donotreply@amazon.com" if who == "notice" else f"b{number:x}q@marketplace.amazon.com",
            subject=subject.format(name=name, order=order_of(number)),
            text=rng.randrange(_TEXTS),
            at=begin + timedelta(seconds=place * 300),
            live=place >= count - _LIVE,
        )


def fill(app: App, count: int, orders: int, texts: list[str]) -> None:
    """Archive and fold messages and their decisions."""
    began = time.monotonic()
    wanted = list(mails(count, orders, datetime.now(UTC).replace(microsecond=0)))
    for start in range(0, count, _BATCH):
        batch = wanted[start : start + _BATCH]
        raws = [_raw(one, texts[one.text]) for one in batch]
        envelopes = [_envelope(one) for one in batch]
        drafts = [
            Draft(type=one.type, payload=raw, meta=msgspec.to_builtins(envelope))
            for one, raw, envelope in zip(batch, raws, envelopes, strict=True)
        ]
        seqs = [one.seq for one in app.archive.append_many(drafts)]
        rows = [
            _row(app, seq, one, raw, texts[one.text]) for seq, one, raw in zip(seqs, batch, raws, strict=True)
        ]
        ruled = [
            Draft(type="decision", payload=_ruling(seq, one), meta={})
            for seq, one in zip(seqs, batch, strict=True)
        ]
        decided = [one.seq for one in app.archive.append_many(ruled)]
        pairs = [
            (_entry(seq, draft, one), row)
            for seq, draft, one, row in zip(seqs, drafts, batch, rows, strict=True)
        ]
        pairs += [
            (_entry(seq, draft, one), None) for seq, draft, one in zip(decided, ruled, batch, strict=True)
        ]
        with app.store.write() as tx:
            fold.apply_all(tx, pairs)
        if start % (10 * _BATCH) == 0:
            print(f"{start + len(batch):,} messages after {time.monotonic() - began:.0f} s", flush=True)


def index(app: App, analyses: list[Analysis]) -> None:
    """Build the index, by the analyses of the texts that were chosen."""
    with app.store.read() as conn:
        position = fold.position(conn)

    def documents() -> Iterator[Document]:
        for start in range(0, position, _BATCH * 2):
            with app.store.read() as conn:
                found = findables(conn, messages.seqs(conn, start, min(start + _BATCH * 2, position)))
            for row in found.values():
                place = int(row.message_id.partition(".")[0])
                yield document_of(row, analyses[place])

    rebuild(app.index_place, app.config.index.engine, documents(), position)


def main() -> None:
    asked = argparse.ArgumentParser(description=__doc__)
    asked.add_argument("folder", type=Path)
    asked.add_argument("--messages", type=int, default=200_000)
    asked.add_argument("--orders", type=int, default=10_000)
    given = asked.parse_args()
    command = [sys.executable, "-m", "gateway.cli", "--data", str(given.folder)]
    subprocess.run([*command, "init", "--yes", "--address", BOXES[0]], check=True, stdout=subprocess.DEVNULL)
    settings = given.folder / "config.toml"
    more = "".join(f'\n[[mailbox]]\naddress = "{box}"\n' for box in BOXES[1:])
    settings.write_text(settings.read_text() + more + '\n[authenticity]\ndns = "off"\n')
    app = App(config=load_config(settings))
    texts = [document.text for document in Corpus().documents(_TEXTS, words=120)]
    head = app.archive.head()
    with app.store.write() as tx:  # what ``init`` wrote
        fold.apply_all(tx, [(app.archive.entry(seq), None) for seq in range(head)])
    fill(app, given.messages, given.orders, texts)
    index(app, [analyze(text) for text in texts])
    app.archive.close()
    app.store.close()


def _raw(mail: Mail, text: str) -> bytes:
    sender, to = (mail.box, mail.alias) if mail.type == "mail.out" else (mail.alias, mail.box)
    return (
        f"From: {sender}\r\nTo: {to}\r\nSubject: {mail.subject}\r\nDate: {mail.at:%a, %d %b %Y %H:%M:%S} +0000\r\n"
        f"Message-ID: <{_message_id(mail)}>\r\nMIME-Version: 1.0\r\nContent-Type: text/plain; charset=utf-8\r\n"
        f"Content-Transfer-Encoding: 8bit\r\n\r\n{text}\r\n"
    ).encode()


def _envelope(mail: Mail) -> Envelope:
    out = mail.type == "mail.out"
    return Envelope(
        source="submission" if out else "smtp",
        mail_from=mail.box if out else mail.alias,
        rcpt_to=(mail.alias if out else mail.box,),
        mailbox=mail.box,
        agent=_agent(mail),
        received_at=mail.at,
    )


def _agent(mail: Mail) -> str:
    return f"agent{mail.number % 12}" if mail.type == "mail.out" else ""


def _message_id(mail: Mail) -> str:
    return f"{mail.text}.{mail.number}.{int(mail.at.timestamp())}@mail.example"


def _row(app: App, seq: int, mail: Mail, raw: bytes, text: str) -> MessageRow:
    out = mail.type == "mail.out"
    buyer, seller = (f"Buyer{mail.number}", mail.alias), ("Support", mail.box)
    photo = AttachmentRow(
        part="2",
        filename=f"photo-{mail.number}.jpg",
        content_type="image/jpeg",
        size_bytes=600,
        sha256="ab" * 32,
    )
    return MessageRow(
        seq=seq,
        type=mail.type,
        id=f"{seq:026}",
        direction="outbound" if out else "inbound",
        source="submission" if out else "smtp",
        mailbox=mail.box,
        agent=_agent(mail),
        received_at=mail.at,
        occurred_at=mail.at,
        occurred_from="smtp",
        from_=(seller if out else buyer,),
        to=(buyer if out else seller,),
        cc=(),
        subject=mail.subject,
        message_id=_message_id(mail),
        refers_to=(),
        size_bytes=len(raw),
        sha256="cd" * 32,
        twin=seq.to_bytes(16, "big"),
        attachments=(photo,) if mail.number % 10 == 0 and not out else (),
        defects=(),
        sealed_text=app.archive.seal_for(seq, "text", text.encode()),
        state="relayed" if out else "delivered",
    )


def _ruling(seq: int, mail: Mail) -> bytes:
    sure = ("certain", "certain", "likely", "possible")[mail.number % 4]
    order = {"marketplace": "amazon", "value": order_of(mail.number)}
    link = {"order": order, "method": "stated", "confidence": sure, "reason": "the subject names it"}
    asks = mail.live and mail.kind in ("buyer_message", "return_request")
    clock = {
        "name": "reply",
        "started_at": mail.at,
        "due_at": mail.at + timedelta(hours=24 + mail.number % 500),
        "said": "Amazon: within 24 hours",
    }
    decision = {
        "reading": {"marketplace": "amazon", "kind": mail.kind, "alias": mail.alias},
        "links": [link],
        "tags": [_TAGS[mail.number % 8]] if mail.number % 3 == 0 else [],
        "clocks": [msgspec.to_builtins(clock)] if asks else [],
    }
    return canonical({"of": seq, "decision": decision, "jobs": [], "live": asks})


def _entry(seq: int, draft: Draft, mail: Mail) -> Entry:
    return Entry(
        log=0,
        seq=seq,
        id=f"{seq:026}",
        type=draft.type,
        at=mail.at,
        leaf=b"",
        payload=draft.payload,
        meta=draft.meta,
    )


if __name__ == "__main__":
    main()
