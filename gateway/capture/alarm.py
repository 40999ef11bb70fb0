"""When people are told that an account is not captured as it should be: it cannot be read, or no mail comes any more.

Told once for each trouble, again after a day while it lasts, and by an entry where mail stays away: a mailbox that always
gets mail and gets none is as bad as one that cannot be read, and looks like a quiet day.
"""

import logging
from collections.abc import Callable
from datetime import datetime, timedelta

from gateway.capture.standing import Standing
from gateway.clock import Clock

log = logging.getLogger(__name__)

_PATIENCE = timedelta(minutes=15)  # an outage that ends by itself is nobody's work
_AGAIN = timedelta(days=1)

Tell = Callable[[str, str], bool]  # a subject and what to say; whether it was sent


class Alarm:
    """Looks at one account's standing. ``note`` archives a silence: since when, and after how many hours it is one."""

    def __init__(
        self,
        standing: Standing,
        tell: Tell,
        note: Callable[[datetime, float], None],
        *,
        silence_hours: float,
        clock: Clock,
    ) -> None:
        self._standing, self._tell, self._note, self._clock = standing, tell, note, clock
        self._silence_hours = silence_hours

    def look(self) -> None:
        """Tell what must be told now. A notice that cannot be sent is tried again at the next look."""
        self._look_for_silence()
        self._look_for_failure()

    def _look_for_silence(self) -> None:
        newest = self._standing.newest_at
        hours = self._silence_hours
        silent = hours > 0 and newest is not None and self._clock.now() - newest > timedelta(hours=hours)
        if not silent or newest is None:
            self._standing.silent_since = None
            self._standing.told.pop("silence", None)
            return
        if self._standing.silent_since != newest:
            self._standing.silent_since = newest
            self._note(newest, hours)
            log.warning("capture-silent account=%s since=%s", self._standing.account, newest.isoformat())
        self._say(
            "silence",
            f"no mail for {self._standing.mailbox}",
            f"The last mail in {self._standing.account} came on {newest:%Y-%m-%d at %H:%M} UTC. It is read without a fault,"
            f" and {hours:g} hours without mail are more than you set (silence_hours).\n\n"
            "What to do: write a mail to the address, from outside. If it does not come, look at forwarding rules, filters,"
            " the quota, and the domain's MX records.",
        )

    def _look_for_failure(self) -> None:
        standing, now = self._standing, self._clock.now()
        if standing.state != "failing":
            standing.told.pop("failure", None)
            return
        if standing.failing_since is not None and now - standing.failing_since >= _PATIENCE:
            self._say(
                "failure",
                f"mail of {standing.mailbox} is not captured",
                f"The account {standing.account} cannot be read since {standing.failing_since:%Y-%m-%d %H:%M} UTC:\n\n"
                f"  {standing.error}\n\n"
                "The mail waits on the server and is fetched when this is mended. What to do: run `docket doctor`.",
            )

    def _say(self, what: str, subject: str, words: str) -> None:
        now, before = self._clock.now(), self._standing.told.get(what)
        if (before is None or now - before >= _AGAIN) and self._tell(subject, words):
            self._standing.told[what] = now
