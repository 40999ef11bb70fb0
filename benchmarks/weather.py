"""Who takes part in a storm: the weather, a mailbox that fills, a mail server, an agent who answers and one who reads."""

import imaplib
import random
import smtplib
import ssl
import threading
import time
from collections import Counter
from collections.abc import Callable

from imapclient import IMAPClient

from benchmarks.cable import Cable
from gateway.demo.dovecot import Dovecot
from tests.installation import AGENT, MAILBOX, PASSWORD, Installation

OUTSIDE, INSIDE, WORD = "outside", "inside", "storm"
BUYER = "a@x.example"


class Storm:
    """All that takes part. ``sent`` are the bytes of each mark, ``marked`` the UIDs that were acknowledged as read."""

    def __init__(
        self, place: Installation, server: Dovecot, cables: dict[str, Cable], seed: int, every_s: float
    ) -> None:
        self.place, self.server, self.cables, self.every_s = place, server, cables, every_s
        self.rng = random.Random(seed)
        self.sent: dict[str, dict[str, bytes]] = {"capture": {}, "smtp": {}, "answer": {}}
        self.marked: set[int] = set()
        self.struck = Counter[str]()
        self.again = Counter[str]()
        self.calm = threading.Event()

    def strike(self) -> None:
        """Break something every few seconds until it is calm."""
        while not self.calm.wait(self.rng.uniform(0.4, 1.6) * self.every_s):
            what = self.rng.choice(("cut", "cut", "cut", "kill", "outage", "server"))
            self.struck[what] += 1
            if what == "cut":
                self.rng.choice(tuple(self.cables.values())).cut()
            elif what == "kill":
                self.place.kill()
                self.place.start()
            elif what == "outage":
                cable = self.rng.choice(tuple(self.cables.values()))
                cable.down = True
                cable.cut()
                self.calm.wait(self.rng.uniform(0.5, 2.0))
                cable.down = False
            else:
                self.server.stop()
                self.server.start()

    def insist(self, name: str, step: Callable[[], None]) -> None:
        """Do something until it is done."""
        while True:
            try:
                step()
            except (OSError, smtplib.SMTPException, imaplib.IMAP4.error, EOFError):
                self.again[name] += 1
                time.sleep(0.05)
            else:
                return

    def arrive(self, mails: dict[str, bytes]) -> None:
        """Put mail into the mailbox that is captured."""
        time.sleep(1.1)  # INTERNALDATE has whole seconds
        for mark, raw in mails.items():
            self.insist("capture", lambda mark=mark, raw=raw: self._append(mark, raw))
            self.sent["capture"][mark] = raw

    def _append(self, mark: str, raw: bytes) -> None:
        with IMAPClient("127.0.0.1", self.server.imap_port, ssl=False, timeout=10) as client:
            client.login(OUTSIDE, WORD)
            client.select_folder("INBOX", readonly=True)
            if not client.search(["HEADER", "X-Storm", mark]):
                client.append("INBOX", raw)

    def write(self, mails: dict[str, bytes]) -> None:
        """Send mail to Docket as a mail server does."""
        for mark, raw in mails.items():
            self.insist("smtp", lambda raw=raw: self._smtp(raw))
            self.sent["smtp"][mark] = raw

    def _smtp(self, raw: bytes) -> None:
        with smtplib.SMTP("127.0.0.1", self.place.ports["smtp"], timeout=20) as client:
            client.sendmail(BUYER, [MAILBOX], raw)

    def answer(self, mails: dict[str, bytes]) -> None:
        """Send answers as an agent's mail client does."""
        for mark, raw in mails.items():
            self.insist("answer", lambda raw=raw: self._submit(raw))
            self.sent["answer"][mark] = raw

    def _submit(self, raw: bytes) -> None:
        with smtplib.SMTP_SSL(
            "127.0.0.1", self.place.ports["submissions"], timeout=20, context=_trusting()
        ) as client:
            client.login(AGENT, PASSWORD)
            client.sendmail(MAILBOX, [BUYER], raw)

    def read(self) -> None:
        """Mark mail as read through Docket, one after the other, for as long as the storm goes on."""
        while not self.calm.is_set():
            try:
                with imaplib.IMAP4_SSL(
                    "127.0.0.1", self.place.ports["imaps"], ssl_context=_trusting(), timeout=20
                ) as client:
                    client.login(AGENT, PASSWORD)
                    client.select("INBOX")
                    for uid in map(int, client.uid("SEARCH", "UNSEEN")[1][0].split()):
                        if client.uid("STORE", str(uid), "+FLAGS", "(\\Seen)")[0] == "OK":
                            self.marked.add(uid)
            except (OSError, imaplib.IMAP4.error):
                self.again["reading"] += 1
            self.calm.wait(0.2)


def _trusting() -> ssl.SSLContext:
    context = ssl.create_default_context()
    context.check_hostname, context.verify_mode = False, ssl.CERT_NONE
    return context
