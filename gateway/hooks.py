"""Webhooks: other programs are told of new entries, in the log's order, each until its receiver has taken it.

A call says what happened and where to read it, and holds no word of any mail: the receiver asks the API with its own token.
It is signed as https://www.standardwebhooks.com/ has it. An entry is told of only after it is archived and read.
"""

import base64
import hashlib
import hmac
import http.client
import logging
import threading
import urllib.error
import urllib.request
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

import msgspec
from sqlalchemy.exc import SQLAlchemyError

from gateway.clock import Clock
from gateway.errors import DocketError
from gateway.store import fold, messages
from gateway.store.engine import Store
from gateway.store.evidence import events_among
from gateway.store.hooks import HookPlaces, HookRow
from gateway.store.records import EventRow

log = logging.getLogger(__name__)

TOLD = frozenset(
    [
        "mail.in",
        "mail.out",
        "mail.held",
        "mail.refused",
        "decision",
        "outcome",
        "note",
        "tag",
        "link",
        "mark",
        "release",
        "dossier",
        "evidence",
        "parcel",
        "queue",
    ]
)
_BATCH = 200
_LOOK_S = 1.0
_FIRST_S, _LONGEST_S = 5, 3600  # between tries
_ANSWER = 1 << 16


@dataclass(frozen=True, slots=True, kw_only=True)
class Receiver:
    """Who is told: of which types of entries, about mail of which mailboxes (all, where none is named)."""

    name: str
    url: str
    secret: Callable[[], bytes]
    types: frozenset[str] = TOLD
    mailboxes: frozenset[str] = frozenset()
    timeout_s: float = 10.0


class Hooks:
    """Tells the receivers; a thread for each, so that one that is slow delays nobody else."""

    def __init__(
        self, store: Store, places: HookPlaces, clock: Clock, receivers: Sequence[Receiver], api: str
    ) -> None:
        self._store, self._places, self._clock = store, places, clock
        self._receivers = tuple(receivers)
        self._api = api

    def tell(self, one: Receiver) -> bool:
        """Tell a receiver of what is next, up to a batch; return whether there is more to tell now."""
        with self._store.read() as conn:
            head = fold.position(conn)
            place = self._places.place(one.name, head)
            if place.position >= head or (place.next_at and place.next_at > self._clock.now()):
                return False
            last = min(head, place.position + _BATCH)
            events = events_among(conn, range(place.position, last))
            rows = messages.messages(conn, {one.of for one in events.values() if one.of is not None})
        for seq, event in sorted(events.items()):
            row = rows.get(event.of) if event.of is not None else None
            mailbox = row.mailbox if row else ""
            if event.type not in one.types or (one.mailboxes and mailbox not in one.mailboxes):
                continue
            if wrong := self._send(one, seq, self._body(event, mailbox)):
                self._failed(one, place, seq, wrong)
                return False
            self._places.passed(one.name, seq + 1, self._clock.now())
        self._places.passed(one.name, last)
        return last < head

    @contextmanager
    def kept(self) -> Iterator[None]:
        """Tell for as long as the context is open."""
        ended = threading.Event()
        threads = [
            threading.Thread(target=self._keep, args=(one, ended), name=f"hook {one.name}")
            for one in self._receivers
        ]
        for thread in threads:
            thread.start()
        try:
            yield
        finally:
            ended.set()
            for thread in threads:
                thread.join()

    def _keep(self, one: Receiver, ended: threading.Event) -> None:
        more = False
        while not ended.wait(0.0 if more else _LOOK_S):
            try:
                more = self.tell(one)
            except (DocketError, SQLAlchemyError) as wrong:  # a database that is locked or away comes back
                more = False
                log.warning("hook-stopped name=%s error=%s", one.name, wrong)

    def _body(self, event: EventRow, mailbox: str) -> bytes:
        of = f"{self._api}/messages/{event.of}" if event.of is not None else None
        data: dict[str, Any] = {
            "seq": event.seq,
            "of": event.of,
            "order": msgspec.to_builtins(event.order) if event.order else None,
            "agent": event.agent,
            "mailbox": mailbox,
            "message": of,
        }
        return msgspec.json.encode({"type": event.type, "timestamp": event.at, "data": data})

    def _send(self, one: Receiver, seq: int, body: bytes) -> str:
        """Post one call; return what went wrong, "" where it was taken."""
        try:
            request = urllib.request.Request(  # noqa: S310 - http and https only, by the settings
                one.url,
                body,
                {
                    "content-type": "application/json",
                    **signed(one.secret(), f"entry-{seq}", self._clock.now(), body),
                },
            )
            with _OPENER.open(request, timeout=one.timeout_s) as answer:
                answer.read(_ANSWER)
        except urllib.error.HTTPError as wrong:
            with wrong:
                return f"answered {wrong.code}"
        except (OSError, http.client.HTTPException, ValueError) as wrong:
            return str(wrong) or type(wrong).__name__
        return ""

    def _failed(self, one: Receiver, place: HookRow, seq: int, wrong: str) -> None:
        failures = place.failures + 1 if place.position == seq else 1
        pause = min(_LONGEST_S, _FIRST_S * 2 ** min(failures - 1, 20))
        if place.position != seq:
            self._places.passed(one.name, seq)
        self._places.failed(one.name, failures, self._clock.now() + timedelta(seconds=pause), wrong)
        log.warning(
            "hook-failed name=%s seq=%d failures=%d retry_s=%d error=%s",
            one.name,
            seq,
            failures,
            pause,
            wrong,
        )


def signed(secret: bytes, id_: str, at: datetime, body: bytes) -> dict[str, str]:
    """Return the headers that sign a call; a secret that begins with ``whsec_`` is base64 behind that.

    >>> from datetime import UTC
    >>> at = datetime.fromtimestamp(1614265330, UTC)
    >>> signed(b"whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw", "msg_p5jXN8AQM9LWM0D4loKWxJek", at, b'{"test": 2432232314}')["webhook-signature"]
    'v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE='
    """
    key = base64.b64decode(secret.removeprefix(b"whsec_")) if secret.startswith(b"whsec_") else secret
    stamp = str(int(at.timestamp()))
    mac = hmac.new(key, f"{id_}.{stamp}.".encode() + body, hashlib.sha256).digest()
    signature = f"v1,{base64.b64encode(mac).decode()}"
    return {"webhook-id": id_, "webhook-timestamp": stamp, "webhook-signature": signature}


class _NoRedirect(urllib.request.HTTPRedirectHandler):
    """A receiver that sends us elsewhere is one that did not take the call."""

    def redirect_request(self, *_: Any) -> None:
        return None


_OPENER = urllib.request.build_opener(_NoRedirect)
