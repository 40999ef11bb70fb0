"""A private Postfix: own settings, queue and port, loopback only. Needs root, as Postfix does."""

import contextlib
import os
import shutil
import socket
import subprocess
import tempfile
import time
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

import pytest

_MASTER = """\
{port}     inet  n       -       n       -       -       smtpd
pickup    unix  n       -       n       60      1       pickup
cleanup   unix  n       -       n       -       0       cleanup
qmgr      unix  n       -       n       300     1       qmgr
tlsmgr    unix  -       -       n       1000?   1       tlsmgr
rewrite   unix  -       -       n       -       -       trivial-rewrite
bounce    unix  -       -       n       -       0       bounce
defer     unix  -       -       n       -       0       bounce
trace     unix  -       -       n       -       0       bounce
verify    unix  -       -       n       -       1       verify
flush     unix  n       -       n       1000?   0       flush
proxymap  unix  -       -       n       -       -       proxymap
smtp      unix  -       -       n       -       -       smtp
lmtp      unix  -       -       n       -       -       lmtp
error     unix  -       -       n       -       -       error
retry     unix  -       -       n       -       -       error
discard   unix  -       -       n       -       -       discard
local     unix  -       n       n       -       -       local
virtual   unix  -       n       n       -       -       virtual
anvil     unix  -       -       n       -       1       anvil
scache    unix  -       -       n       -       1       scache
postlog   unix-dgram n  -       n       -       1       postlogd
"""


@dataclass
class Postfix:
    """``mailboxes`` holds a maildir for each user of the domain x.example; anyone else there is unknown."""

    folder: Path
    port: int

    def mail(self, user: str, mark: bytes, wait_s: float = 10.0) -> list[bytes]:
        """Return what has come for a user and holds ``mark``, waiting for the first of it."""
        place = self.folder / "mailboxes" / user / "new"
        deadline = time.monotonic() + wait_s
        while True:
            mails = [file.read_bytes() for file in place.iterdir()] if place.is_dir() else []
            found = [mail for mail in mails if mark in mail]
            if found:
                return found
            if time.monotonic() > deadline:
                raise TimeoutError(_log(self.folder))
            time.sleep(0.05)


@contextlib.contextmanager
def postfix(
    port: int,
    *,
    certificate: Path | None = None,
    key: Path | None = None,
    more: Mapping[str, object] | None = None,
) -> Iterator[Postfix]:
    """Run Postfix until the block ends; with a certificate it offers STARTTLS, and ``more`` settings come last."""
    if os.geteuid() != 0:
        pytest.skip("needs root to run postfix")
    folder = Path(tempfile.mkdtemp(prefix="docket-postfix-"))
    folder.chmod(0o755)
    for name in ("etc", "queue", "data", "mailboxes"):
        (folder / name).mkdir()
    shutil.chown(folder / "data", "postfix")
    shutil.chown(folder / "mailboxes", "nobody")
    nobody = os.stat(folder / "mailboxes").st_uid
    settings = {
        "compatibility_level": "3.6",
        "queue_directory": folder / "queue",
        "data_directory": folder / "data",
        "maillog_file": folder / "maillog",
        "maillog_file_prefixes": folder,
        "inet_interfaces": "127.0.0.1",
        "inet_protocols": "ipv4",
        "mynetworks": "127.0.0.0/8",
        "myhostname": "postfix.example",
        "mydestination": "",
        "virtual_mailbox_domains": "x.example",
        "virtual_mailbox_base": folder / "mailboxes",
        "virtual_mailbox_maps": "inline:{a@x.example=a/ b@x.example=b/}",
        "virtual_uid_maps": f"static:{nobody}",
        "virtual_gid_maps": f"static:{nobody}",
        "virtual_minimum_uid": 1,
        "smtpd_recipient_restrictions": "reject_unauth_destination, reject_unlisted_recipient",
        "smtpd_sender_restrictions": "check_sender_access inline:{stranger@brand.example=REJECT}",
        "local_header_rewrite_clients": "",  # else it adds what it misses
        "smtp_dns_support_level": "disabled",
        "message_size_limit": 1_000_000,
    }
    settings |= more or {}
    if certificate is not None:
        settings |= {
            "smtpd_tls_cert_file": certificate,
            "smtpd_tls_key_file": key,
            "smtpd_tls_security_level": "may",
        }
    (folder / "etc" / "main.cf").write_text(
        "".join(f"{name} = {value}\n" for name, value in settings.items())
    )
    (folder / "etc" / "master.cf").write_text(_MASTER.format(port=port))
    control = ["/usr/sbin/postfix", "-c", str(folder / "etc")]
    started = subprocess.run([*control, "start"], capture_output=True, text=True, check=False)
    try:
        assert started.returncode == 0, started.stderr + _log(folder)
        _wait_for_greeting(port, folder)
        yield Postfix(folder, port)
    finally:
        subprocess.run([*control, "stop"], capture_output=True, check=False)
        shutil.rmtree(folder, ignore_errors=True)


def _wait_for_greeting(port: int, folder: Path) -> None:
    deadline = time.monotonic() + 15
    while True:
        with contextlib.suppress(OSError), socket.create_connection(("127.0.0.1", port), timeout=2) as probe:
            if probe.recv(3) == b"220":
                probe.sendall(b"QUIT\r\n")
                return
        assert time.monotonic() < deadline, _log(folder)
        time.sleep(0.05)


def _log(folder: Path) -> str:
    log = folder / "maillog"
    return log.read_text()[-2000:] if log.exists() else ""
