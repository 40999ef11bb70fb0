"""What agents sent in the last hours: looked up in the store once, then kept up as they send.

The store may be some entries behind; two agents who answer one buyer within a second are told apart all the same.
"""

from collections import deque
from datetime import datetime, timedelta

from gateway.mail.entry import Draft, Envelope
from gateway.store import messages
from gateway.store.engine import Store
from rules.traffic import Caps, Passed

_KEPT_MAX = 20_000


class Traffic:
    """One judge's memory; one thread at a time."""

    def __init__(self, store: Store, caps: Caps) -> None:
        self._store = store
        self.caps = caps
        self._window = timedelta(minutes=max(60.0, caps.answered_minutes))
        self._passed: deque[Passed] | None = None

    def before(self, now: datetime) -> tuple[Passed, ...]:
        """Return what agents sent before, the oldest first."""
        passed = self._known(now)
        while passed and now - passed[0].at > self._window:
            passed.popleft()
        return tuple(passed)

    def add(self, draft: Draft, envelope: Envelope) -> None:
        """Remember what was judged; a refused message went nowhere."""
        if draft.type in {"mail.out", "mail.held"}:
            to = frozenset(one.lower() for one in envelope.rcpt_to)
            self._known(envelope.received_at).append(
                Passed(at=envelope.received_at, agent=envelope.agent, to=to, left=draft.type == "mail.out")
            )

    def _known(self, now: datetime) -> deque[Passed]:
        if self._passed is None:
            with self._store.read() as conn:
                rows = messages.submitted_since(conn, now - self._window, _KEPT_MAX)
            self._passed = deque(
                (
                    Passed(
                        at=row.received_at,
                        agent=row.agent,
                        to=frozenset(address.lower() for _, address in (*row.to, *row.cc)),
                        left=row.type == "mail.out",
                    )
                    for row in rows
                ),
                maxlen=_KEPT_MAX,
            )
        return self._passed
