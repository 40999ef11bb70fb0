"""Who may come in, and how often: connections counted by peer, failed logins counted by peer and by name."""

import ipaddress
import time
from collections import Counter, OrderedDict, deque
from collections.abc import Callable

from gateway.door.limits import Limits

_KEYS = 10_000  # a stranger chooses names and, with IPv6, addresses: the oldest are forgotten first


def peer_key(address: str) -> str:
    """Return what counts as one client: an IPv4 address or an IPv6 /64, which one customer holds whole."""
    try:
        ip = ipaddress.ip_address(address.partition("%")[0])
    except ValueError:
        return address
    if isinstance(ip, ipaddress.IPv6Address):
        return str(ip.ipv4_mapped or ipaddress.ip_network((ip, 64), strict=False))
    return address


class Gate:
    """Counts open connections over all listeners of one process."""

    def __init__(self, limits: Limits) -> None:
        self._limits = limits
        self._open: Counter[str] = Counter()
        self._total = 0

    def enter(self, key: str) -> str:
        """Count a connection in and return "", or leave it out and return why, in words for the client."""
        if self._total >= self._limits.connections:
            return "Too many connections; try again later"
        if self._open[key] >= self._limits.connections_per_peer:
            return "Too many connections from your address; try again later"
        self._open[key] += 1
        self._total += 1
        return ""

    def leave(self, key: str) -> None:
        self._total -= 1
        self._open[key] -= 1
        if not self._open[key]:
            del self._open[key]


class LoginThrottle:
    """Counts failed logins in a sliding window, by peer and by name, of which each is given in one spelling alone.

    An attempt is charged before its password is checked and refunded when it was right; guesses made in parallel
    are so counted like guesses made in turn.
    """

    def __init__(self, limits: Limits, now: Callable[[], float] = time.monotonic) -> None:
        self._window_s = limits.login_window_s
        self._caps = {"peer": limits.login_failures_per_peer, "name": limits.login_failures_per_name}
        self._charges: OrderedDict[tuple[str, str], deque[float]] = OrderedDict()
        self._now = now

    def charge(self, peer: str, name: str) -> bool:
        """Count an attempt; False, and nothing counted, when peer or name has failed too often."""
        keys = (("peer", peer), ("name", name))
        if any(len(self._recent(key)) >= self._caps[key[0]] for key in keys):
            return False
        for key in keys:
            self._charges.setdefault(key, deque()).append(self._now())
            self._charges.move_to_end(key)
        while len(self._charges) > _KEYS:
            self._charges.popitem(last=False)
        return True

    def refund(self, peer: str, name: str) -> None:
        for key in (("peer", peer), ("name", name)):
            charges = self._charges.get(key)
            if charges:
                charges.pop()

    def _recent(self, key: tuple[str, str]) -> deque[float]:
        charges = self._charges.get(key, deque())
        while charges and charges[0] <= self._now() - self._window_s:
            charges.popleft()
        return charges
