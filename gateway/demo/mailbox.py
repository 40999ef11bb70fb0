"""The agents' mailbox of a demonstration: a private Dovecot where one is installed, else our own small server."""

import asyncio
import logging
import shutil
import socket
import tempfile
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from gateway.clock import Clock
from gateway.demo.dovecot import Dovecot, find_dovecot
from gateway.demo.imap import ImapServer
from gateway.errors import Temporary

log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True, kw_only=True)
class Mailbox:
    """Where the mailbox answers, in the clear on loopback; ``kind`` says which server it is."""

    kind: Literal["dovecot", "demonstration"]
    host: str
    imap_port: int
    lmtp_port: int = 0  # 0: this server takes no LMTP


@asynccontextmanager
async def open_mailbox(
    users: Mapping[str, str], *, clock: Clock, host: str = "127.0.0.1", dovecot: bool = True
) -> AsyncIterator[Mailbox]:
    """Run a mail server for ``users`` (name to password) while the block lasts; its mail is thrown away afterwards."""
    if dovecot and find_dovecot() is not None:
        # A folder of its own: as root Dovecot becomes another user, who may not enter root's; and paths must be short.
        folder = Path(tempfile.mkdtemp(prefix="docket-dovecot-"))
        server = Dovecot(folder, dict(users), _free_port(host), _free_port(host), host)
        try:
            await asyncio.to_thread(server.start)
        except (Temporary, OSError) as wrong:
            log.warning("dovecot-not-started reason=%s", wrong)
            shutil.rmtree(folder, ignore_errors=True)
        else:
            try:
                yield Mailbox(
                    kind="dovecot", host=host, imap_port=server.imap_port, lmtp_port=server.lmtp_port
                )
            finally:
                await asyncio.to_thread(server.stop)
                shutil.rmtree(folder, ignore_errors=True)
            return
    own = ImapServer(host, 0, users=dict(users), clock=clock)
    await own.start()
    try:
        yield Mailbox(kind="demonstration", host=host, imap_port=own.address[1])
    finally:
        await own.stop()


def _free_port(host: str) -> int:
    with socket.socket() as probe:
        probe.bind((host, 0))
        return int(probe.getsockname()[1])
