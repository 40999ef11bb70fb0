"""A private Dovecot: its own settings, folders and ports, loopback only, no system users; as root or as anyone.

Dovecot 2.4 reads other settings than 2.3, so the version is asked first (both were run: 2.3.19 and 2.4.1, clear and over TLS).
"""

import contextlib
import grp
import os
import pwd
import re
import shutil
import signal
import socket
import subprocess
import time
from dataclasses import dataclass, field
from pathlib import Path

from gateway.errors import Temporary

_PLACES = ("/usr/sbin", "/usr/local/sbin", "/opt/homebrew/sbin", "/sbin")
_START_S = 20.0
_STOP_S = 2.0
_NO_PENALTY = "  unix_listener anvil-auth-penalty {\n    mode = 0\n  }\n"


def find_dovecot() -> str | None:
    """Return where the program stands, looking in the system folders that a user's PATH leaves out."""
    path = os.pathsep.join([os.environ.get("PATH", ""), *_PLACES])
    return shutil.which("dovecot", path=path)


@dataclass
class Dovecot:
    """A running server; ``users`` maps names to passwords. Mail lies in ``folder``/mail/NAME.

    ``folder`` should be short: the paths of its sockets may have 107 bytes. With a ``certificate`` and its ``key`` (PEM)
    it offers STARTTLS, and TLS from the first byte on ``imaps_port``.
    """

    folder: Path
    users: dict[str, str]
    imap_port: int
    lmtp_port: int
    host: str = "127.0.0.1"
    certificate: Path | None = None
    key: Path | None = None
    imaps_port: int = 0
    more: str = ""  # settings after ours, as they stand in its file
    _process: subprocess.Popen[bytes] | None = field(default=None, repr=False)

    def start(self) -> None:
        """Write the settings, start the server and wait until it answers. Raises Temporary with its own words."""
        program = find_dovecot()
        if program is None:
            raise Temporary("no dovecot is installed")
        for port in (self.imap_port, self.lmtp_port):
            if self._greets(port):  # else that server's greeting would be taken for ours
                raise Temporary(f"dovecot did not start: another server answers on port {port}")
        self._prepare(program)
        log = (self.folder / "dovecot.log").open("ab")
        with log:
            self._process = subprocess.Popen(
                [program, "-F", "-c", str(self.folder / "dovecot.conf")],
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                start_new_session=True,
            )
        deadline = time.monotonic() + _START_S
        while not (self._greets(self.imap_port) and self._greets(self.lmtp_port)):
            if self._process.poll() is not None or time.monotonic() > deadline:
                self.stop()
                raise Temporary(f"dovecot did not start: {self._last_words()}")
            time.sleep(0.05)

    def stop(self) -> None:
        """End the server and every process of it."""
        if self._process is None:
            return
        self._signal(signal.SIGTERM)
        try:
            self._process.wait(_STOP_S)
        except subprocess.TimeoutExpired:
            self._signal(signal.SIGKILL)
            self._process.wait()
        self._process = None

    def _signal(self, number: signal.Signals) -> None:
        """Signal every process of the server at once: the first alone would wait for the others' clients."""
        if self._process is not None:
            with contextlib.suppress(ProcessLookupError, PermissionError):
                os.killpg(self._process.pid, number)

    def _prepare(self, program: str) -> None:
        version = subprocess.run([program, "--version"], capture_output=True, text=True, check=True).stdout
        for name in ("run", "state", "mail"):
            (self.folder / name).mkdir(parents=True, exist_ok=True, mode=0o755)
        self.folder.chmod(0o755)  # Dovecot's own processes run as its own users when started by root
        passwords = self.folder / "users"
        passwords.touch(mode=0o600)
        passwords.write_text("".join(f"{name}:{{PLAIN}}{word}\n" for name, word in self.users.items()))
        owner, group = _mail_owner()
        if os.geteuid() == 0:
            shutil.chown(self.folder / "mail", owner, group)
            shutil.chown(passwords, "dovecot", "dovecot")
        settings = settings_of(self, owner, group, new=is_new(version))
        (self.folder / "dovecot.conf").write_text(settings)

    def _greets(self, port: int) -> bool:
        try:
            with socket.create_connection((self.host, port), timeout=1) as probe:
                return bool(probe.recv(1))
        except OSError:
            return False

    def _last_words(self) -> str:
        lines = (self.folder / "dovecot.log").read_text(errors="replace").strip().splitlines()
        return " / ".join(lines[-3:]) or "it said nothing"


def is_new(version: str) -> bool:
    """Tell whether a version speaks the settings of 2.4."""
    match = re.match(r"(\d+)\.(\d+)", version)
    return match is not None and (int(match[1]), int(match[2])) >= (2, 4)


def _mail_owner() -> tuple[str, str]:
    """Return the user and group that own the mail: ourselves, or nobody when root asks."""
    if os.geteuid() == 0:
        nobody = pwd.getpwnam("nobody")
        return "nobody", grp.getgrgid(nobody.pw_gid).gr_name
    return pwd.getpwuid(os.geteuid()).pw_name, grp.getgrgid(os.getegid()).gr_name


def settings_of(server: Dovecot, owner: str, group: str, *, new: bool) -> str:
    """Return the settings file for a server; ``owner`` and ``group`` are who its mail belongs to."""
    folder = server.folder
    lines = [
        *(("dovecot_config_version = 2.4.0", "dovecot_storage_version = 2.4.0") if new else ()),
        f"base_dir = {folder}/run",
        f"state_dir = {folder}/state",
        f"log_path = {folder}/dovecot.log",
        "protocols = imap lmtp",
        f"listen = {server.host}",
        *_protection(server, new=new),
        "auth_allow_cleartext = yes" if new else "disable_plaintext_auth = no",
        "auth_mechanisms = plain login",
        "first_valid_uid = 0" if os.geteuid() != 0 else "first_valid_uid = 1",
        "first_valid_gid = 1",
        "mail_fsync = optimized",
        # A mail client may open many connections, and so may Docket.
        "mail_max_userip_connections = 100",
        "namespace inbox {\n  inbox = yes\n  separator = /",
        "  mailbox Sent {\n    auto = subscribe\n    special_use = \\Sent\n  }",
        "  mailbox Drafts {\n    auto = subscribe\n    special_use = \\Drafts\n  }",
        "  mailbox Trash {\n    auto = subscribe\n    special_use = \\Trash\n  }\n}",
    ]
    if new:
        lines += [
            "mail_driver = mdbox",
            f"mail_path = {folder}/mail/%{{user}}",
            f"passdb passwd-file {{\n  passwd_file_path = {folder}/users\n}}",
            f"userdb static {{\n  fields {{\n    uid = {owner}\n    gid = {group}\n    home = {folder}/mail/%{{user}}\n  }}\n}}",
        ]
    else:
        lines += [
            f"mail_location = mdbox:{folder}/mail/%u",
            f"passdb {{\n  driver = passwd-file\n  args = {folder}/users\n}}",
            f"userdb {{\n  driver = static\n  args = uid={owner} gid={group} home={folder}/mail/%u\n}}",
        ]
    if os.geteuid() != 0:  # no other user to become, and no prison to enter
        lines += [
            f"default_internal_user = {owner}",
            f"default_internal_group = {group}",
            f"default_login_user = {owner}",
        ]
    prison = "" if os.geteuid() == 0 else "  chroot =\n"
    lines += [
        f"service imap-login {{\n{prison}  inet_listener imap {{\n    port = {server.imap_port}\n  }}",
        f"  inet_listener imaps {{\n    port = {server.imaps_port}\n    ssl = yes\n  }}\n}}",
        # Everyone is on one machine: a mistyped password must not slow the others down.
        f"service anvil {{\n{prison}{'' if new else _NO_PENALTY}}}",
        f"service lmtp {{\n  inet_listener lmtp {{\n    port = {server.lmtp_port}\n  }}\n}}",
        "protocol lmtp {\n  lmtp_save_to_detail_mailbox = no\n}",
        server.more,
    ]
    return "\n".join(lines) + "\n"


def _protection(server: Dovecot, *, new: bool) -> list[str]:
    if server.certificate is None or server.key is None:
        return ["ssl = no"]
    if new:
        return [
            "ssl = yes",
            f"ssl_server_cert_file = {server.certificate}",
            f"ssl_server_key_file = {server.key}",
        ]
    return ["ssl = yes", f"ssl_cert = <{server.certificate}", f"ssl_key = <{server.key}"]
