"""From the wire to the archive: wait until a message is durable, and find the words for whatever comes of it."""

import asyncio
import logging
from functools import partial

from gateway.errors import ArchiveBroken, DocketError
from gateway.ingest.service import Service
from gateway.mail.entry import Envelope
from gateway.receipt import Receipt

log = logging.getLogger(__name__)


async def hand_over(service: Service, raw: bytes, envelope: Envelope) -> str:
    """Return the reply to one message; it begins with 250 only when the message is in the archive. Never raises.

    Waiting ends after ``limits.archive_s`` with 451; the append may still succeed, and the client's retry is then a
    second entry, marked as one.
    """
    limit_s = service.limits.archive_s
    future: asyncio.Future[Receipt] | None = None
    try:
        future = asyncio.wrap_future(service.accept(raw, envelope))
        # wait() leaves the future alone when time is up or the client goes: an append is not taken back half-way.
        done, _ = await asyncio.wait((future,), timeout=limit_s)
        if not done:
            log.error("event=archive_slow peer=%s limit_s=%s", envelope.peer, limit_s)
            future.add_done_callback(partial(_unheard, service, envelope))
            return DocketError.reply
        return future.result().reply
    except asyncio.CancelledError:
        if future is not None:
            future.add_done_callback(partial(_unheard, service, envelope))
        raise
    except ArchiveBroken as broken:
        log.critical("event=archive_broken cause=%s", broken)
        service.on_broken(broken)
        return broken.reply
    except DocketError as refused:
        log.warning("event=not_archived peer=%s cause=%s", envelope.peer, refused)
        return refused.reply
    except Exception:
        log.exception("event=not_archived peer=%s", envelope.peer)
        return DocketError.reply


def _unheard(service: Service, envelope: Envelope, future: "asyncio.Future[Receipt]") -> None:
    """Log what came of a message whose client no longer listened; it will be sent again."""
    if future.cancelled():
        return
    failed = future.exception()
    if failed is None:
        log.warning("event=unheard peer=%s seq=%d", envelope.peer, future.result().seq)
        return
    log.warning("event=unheard peer=%s cause=%s", envelope.peer, failed)
    if isinstance(failed, ArchiveBroken):
        service.on_broken(failed)
