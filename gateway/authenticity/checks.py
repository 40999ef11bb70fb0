"""Checks under way: each message's questions to DNS in a thread of its own, beside the path and never in it.

A message waits for its own answers alone, and for so many seconds at most; the time runs from when it was asked about,
so that a thousand messages behind a dead name server wait no longer than one.
"""

import logging
import threading
import time
from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import replace

from gateway.authenticity.resolver import Resolver
from gateway.clock import Clock
from gateway.mail.authenticity.answers import Answer, Kind, Lookup, normal
from gateway.mail.authenticity.check import Trust, check, read_upstream
from gateway.mail.authenticity.record import Record, wire_of
from gateway.mail.authenticity.verdicts import Authenticity
from gateway.mail.entry import Envelope

log = logging.getLogger(__name__)

LOOKUPS_MAX = 100  # of one message: ten signatures, fifty hops, SPF's own bounds, two policies
_THREADS = 32
_PATIENCE_MIN_S = 1.0
_NOBODY = Trust()
_FAULT = "the check itself failed; the log says more"


class Checks:
    """What is being found out. ``resolver`` is None where DNS is never asked; ``wake`` is called with each finding."""

    def __init__(
        self,
        *,
        clock: Clock,
        resolver: Resolver | None = None,
        trust: Trust = _NOBODY,
        timeout_s: float = 10.0,
    ) -> None:
        self._resolver = resolver
        self._trust = trust
        self._timeout_s = self._patience_s = timeout_s
        self._clock = clock
        self._pool = ThreadPoolExecutor(max_workers=_THREADS, thread_name_prefix="check")
        self._under_way: dict[int, Future[Record]] = {}
        self._ended: set[int] = set()  # archived, and not yet folded in
        self._closed = threading.Event()
        self.wake: Callable[[], None] = lambda: None

    def wants(self, type_: str, envelope: Envelope) -> bool:
        """Tell whether a message waits for a check before it is decided. History is never asked about: keys change."""
        if type_ != "mail.in":
            return False
        if envelope.source in {"smtp", "lmtp"}:
            return self._resolver is not None or (envelope.trusted and bool(self._trust.servers))
        return envelope.source == "fetch" and bool(self._trust.servers)

    def begin(self, seq: int, envelope: Envelope, raw_of: Callable[[], bytes]) -> None:
        """Begin a check, unless it is under way or has ended; ``raw_of`` is called in its thread."""
        if seq not in self._under_way and seq not in self._ended:
            until = time.monotonic() + self._patience_s
            self._under_way[seq] = self._pool.submit(self._found, seq, envelope, raw_of, until)

    def ended(self) -> list[Record]:
        """Return what was found since the last call, by message."""
        done = sorted(seq for seq, future in self._under_way.items() if future.done())
        self._ended.update(done)
        return [self._under_way.pop(seq).result() for seq in done]

    def forget(self, seq: int) -> None:
        """Forget a check whose finding is known to whoever decides."""
        self._ended.discard(seq)

    def close(self) -> None:
        """Give up what is under way; it is begun again at the next start."""
        self._closed.set()
        self._pool.shutdown(wait=False, cancel_futures=True)

    def _found(self, seq: int, envelope: Envelope, raw_of: Callable[[], bytes], until: float) -> Record:
        answers: list[Answer] = []
        asked = self._resolver is not None and envelope.source != "fetch"
        trust = (
            self._trust
            if envelope.trusted or envelope.source == "fetch"
            else replace(self._trust, servers=())
        )
        try:
            raw = raw_of()
            if asked:
                results = check(raw, wire_of(envelope), self._asking(answers, until), trust)
            else:
                results = read_upstream(raw, trust) or Authenticity(
                    reason="the server that had it says nothing"
                )
        except Exception:
            # A fault of ours must not stop the mail: it is decided as what nobody has checked, and said so.
            log.exception("check-failed seq=%d", seq)
            answers, results, asked = [], Authenticity(result="temperror", reason=_FAULT), False
        record = Record(
            of=seq,
            checked_at=self._clock.now(),
            asked=asked,
            trust=trust,
            answers=tuple(answers),
            results=results,
        )
        self._learn(answers)
        self.wake()
        return record

    def _asking(self, answers: list[Answer], until: float) -> Lookup:
        """Return a lookup that asks each question once and notes the answer."""
        known: dict[tuple[str, Kind], Answer] = {}

        def look(name: str, kind: Kind) -> Answer:
            asked = (normal(name), kind)
            if asked not in known:
                if len(known) >= LOOKUPS_MAX or self._closed.is_set() or self._resolver is None:
                    return Answer(name=asked[0], type=kind, rcode="TIMEOUT")
                known[asked] = self._resolver.ask(name, kind, until)
                answers.append(known[asked])
            return known[asked]

        return look

    def _learn(self, answers: list[Answer]) -> None:
        """Wait less for a name server that is silent, as long again once it speaks."""
        if any(answer.rcode != "TIMEOUT" for answer in answers):
            self._patience_s = self._timeout_s
        elif answers:
            self._patience_s = max(min(_PATIENCE_MIN_S, self._timeout_s), self._patience_s / 2)
