"""A real installation: the real command in processes of its own, as a person or a service manager runs it."""

import contextlib
import json
import os
import random
import re
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from gateway.app import App
from gateway.archive.archive import Archive
from gateway.clock import SystemClock
from gateway.settings import load_config
from gateway.status import status_of
from tests import ready

ROOT = Path(__file__).resolve().parents[1]
MAILBOX = "support@brand.example"
AGENT, PASSWORD = "anna", "correct horse battery"
LISTENERS = ("smtp", "lmtp", "submission", "submissions", "web")
ENVIRONMENT = {
    **{name: value for name, value in os.environ.items() if not name.startswith("DOCKET_")},
    "PYTHONPATH": str(ROOT),
    "PYTHONFAULTHANDLER": "1",
}


def command(*arguments: object) -> list[str]:
    return [sys.executable, "-m", "gateway.cli", *map(str, arguments)]


def docket(
    *arguments: object,
    input: str | bytes | None = None,  # noqa: A002 - as subprocess.run names it
    text: bool = True,
    timeout: float = 120,
    **more: Any,
) -> subprocess.CompletedProcess[Any]:
    """Run one command to its end, outside of any installation's folder; with anything special, loaded anew."""
    if not more:
        words = [str(one) for one in arguments]
        return ready.run(words, env=ENVIRONMENT, said=input, text=text, timeout=timeout)
    settings = {"capture_output": True, "env": ENVIRONMENT, "cwd": "/", **more}
    return subprocess.run(command(*arguments), input=input, text=text, timeout=timeout, **settings)


def free_ports() -> dict[str, int]:
    """Return a port for each listener, below those the system gives to clients: it stays free over a restart."""
    ports: set[int] = set()
    while len(ports) < len(LISTENERS):
        port = random.randint(12_000, 32_000)
        with contextlib.suppress(OSError), socket.socket() as probe:
            probe.bind(("127.0.0.1", port))
            ports.add(port)
    return dict(zip(LISTENERS, ports, strict=True))


def wait_for(what, *, seconds: float = 30.0, why=lambda: ""):
    """Return the first true value of ``what``, asked again and again until the deadline; a dear question less often."""
    deadline = time.monotonic() + seconds
    asked = time.monotonic()
    while not (value := what()):
        now = time.monotonic()
        assert now < deadline, why() or "it did not happen in time"
        time.sleep(max(0.02, now - asked))
        asked = time.monotonic()
    return value


def answers(port: int) -> bool:
    with contextlib.suppress(OSError), socket.create_connection(("127.0.0.1", port), timeout=5):
        return True
    return False


@dataclass
class Installation:
    """A data folder and what runs over it. ``ports`` names the port of each listener."""

    data: Path
    ports: dict[str, int] = field(default_factory=free_ports)
    service: subprocess.Popen[bytes] | None = None

    def create(self, *, deliver: str = "", relay: str = "", more: str = "") -> "Installation":
        """Make it with ``docket init``; ``deliver`` and ``relay`` are the mailbox's TOML, ``more`` is any other."""
        made = docket(
            "--data",
            self.data,
            "init",
            "--yes",
            "--address",
            MAILBOX,
            "--hostname",
            "docket.brand.example",
            timeout=60,
        )
        assert made.returncode == 0, made.stderr
        settings = self.data / "config.toml"
        text = settings.read_text()
        for name, toml in (("deliver", deliver), ("relay", relay)):
            if toml:
                text = re.sub(rf"(\[mailbox\.{name}\]\n).*", rf"\1{toml}", text)
        listen = "".join(
            f'{name} = ["127.0.0.1:{port}"]\n' for name, port in self.ports.items() if name != "web"
        )
        web = f'web = "127.0.0.1:{self.ports["web"]}"\n'
        dns = "" if "[authenticity]" in more else '[authenticity]\ndns = "off"\n'  # nobody outside is asked
        settings.write_text(f"{text}\n{dns}[listen]\n{listen}{web}\n{more}\n")
        return self

    def run(self, *arguments: object, **more: Any) -> subprocess.CompletedProcess[Any]:
        return docket("--data", self.data, *arguments, **more)

    def json(self, *arguments: object, code: int = 0) -> list[dict[str, Any]]:
        """Run a command with --json; return the objects it prints, one a line."""
        done = self.run(*arguments, "--json")
        assert done.returncode == code, done.stderr
        return [json.loads(line) for line in done.stdout.splitlines()]

    def start(self) -> None:
        """Start the service and wait until every listener answers."""
        log = (self.data / "serve.log").open("ab")
        with log:
            self.service = subprocess.Popen(
                command("--data", self.data, "serve"),
                stdout=log,
                stderr=log,
                env=ENVIRONMENT,
                cwd="/",
            )
        for port in self.ports.values():
            wait_for(lambda port=port: answers(port) or self.ended(), why=self.log)
        assert not self.ended(), self.log()

    def ended(self) -> bool:
        return self.service is None or self.service.poll() is not None

    def stop(self, number: int = signal.SIGTERM) -> int:
        """End the service as a service manager does; return its exit code."""
        assert self.service is not None
        self.service.send_signal(number)
        try:
            code = self.service.wait(30)
        except subprocess.TimeoutExpired:
            for pid in self.processes():
                os.kill(pid, signal.SIGABRT)  # it writes where it stands into the log
            self.service.wait(30)
            raise AssertionError(self.log()) from None
        self.service = None
        return code

    def kill(self) -> None:
        """SIGKILL the service, its worker and its readers, all at the same moment."""
        assert self.service is not None
        for pid in self.processes():
            with contextlib.suppress(ProcessLookupError):  # a reader ends by itself when its worker is gone
                os.kill(pid, signal.SIGKILL)
        self.service.wait(60)
        self.service = None

    def processes(self) -> list[int]:
        """Return the service's process and all that it has started, the first first."""
        assert self.service is not None
        found = [self.service.pid]
        for pid in found:
            with contextlib.suppress(FileNotFoundError):
                found += map(int, Path(f"/proc/{pid}/task/{pid}/children").read_text().split())
        return found

    def log(self) -> str:
        return (self.data / "serve.log").read_text()[-8000:]

    def settled(self, *, seconds: float = 60.0) -> dict[str, Any]:
        """Wait until everything is decided, indexed and sent; return the status that says so."""
        app = App(config=load_config(self.data / "config.toml"))  # a command for each look would be too slow

        def quiet():
            status = status_of(app)
            lags = status["store"]["lag"], status["store"]["undecided"], status["index"]["lag"]
            waiting = status["queue"]["ready"] + status["queue"]["leased"]
            return status if not any(lags) and not waiting else None

        try:
            return wait_for(quiet, seconds=seconds, why=self.log)
        finally:
            app.archive.close()
            app.store.close()

    @contextlib.contextmanager
    def archive(self) -> Iterator[Archive]:
        """Open the archive beside whatever runs."""
        urls = (f"sqlite:///{self.data}/{name}.db" for name in ("archive", "keys"))
        archive = Archive(*urls, self.data / "secrets", clock=SystemClock())
        try:
            yield archive
        finally:
            archive.close()

    def raw(self, seq: int) -> bytes:
        done = self.run("show", seq, "--raw", text=False)
        assert done.returncode == 0, done.stderr
        return done.stdout

    def is_clean(self) -> dict[str, Any]:
        (report,) = self.json("verify")
        assert (report["ok"], report["bad"]) == (True, [])
        return report
