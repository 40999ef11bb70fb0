"""What the connections of one process share, as one value."""

from collections.abc import Callable
from dataclasses import dataclass

from gateway.clock import Clock
from gateway.door.limits import Limits
from gateway.door.throttle import Gate
from gateway.errors import ArchiveBroken
from gateway.receipt import Accept


@dataclass(frozen=True, slots=True, kw_only=True)
class Service:
    """``is_trusted`` is asked with the peer's IP address, or "unix"; ``on_broken`` must end the taking of mail."""

    accept: Accept
    limits: Limits
    clock: Clock
    hostname: str
    gate: Gate
    is_trusted: Callable[[str], bool]
    on_broken: Callable[[ArchiveBroken], None]
