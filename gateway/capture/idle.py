"""Waiting until a server tells of new mail in the open folder (IDLE, RFC 2177)."""

import threading
import time

from imapclient import IMAPClient

from gateway.capture.session import asking

SLICE_S = 0.5  # between two looks at whether to stop


def is_told(client: IMAPClient, account: str, stop: threading.Event, until: float) -> bool:
    """Wait until the server tells of a message; False when ``until`` has come, on the monotonic clock, or ``stop``."""
    with asking(client, f"the connection to {account} ended"):
        client.idle()
        told: list[tuple[object, ...]] = []
        while not stop.is_set() and time.monotonic() < until and not _has_mail(told):
            began = time.monotonic()
            told = client.idle_check(timeout=SLICE_S)
            if not told and time.monotonic() - began < SLICE_S / 2:
                break  # imapclient takes the end of a connection for an answer without words
        _, more = client.idle_done()
        return _has_mail([*told, *more])


def _has_mail(told: list[tuple[object, ...]]) -> bool:
    return any(len(one) > 1 and one[1] in {b"EXISTS", b"RECENT"} for one in told)
