"""What a page costs: ``docket serve`` over a large archive, asked as browsers ask, first one at a time, then by many at once.

``python -m benchmarks.seller /tmp/seller && python -m benchmarks.pages /tmp/seller --users 50 --seconds 120``. Times are from the
first byte of the question to the last of the answer, on loopback, with a session, as ``docket serve`` runs for anybody. Users think for
ten seconds on average; each second page they open is a dossier. Load is the machine's own, before and after.
"""

import argparse
import contextlib
import http.client
import os
import random
import re
import signal
import statistics
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import urlencode

from benchmarks.accept import free_port, wait_for
from benchmarks.addresses import Page, pages
from benchmarks.corpus import SEED

AGENT, PASSWORD = "bench-admin", "a long word for a benchmark"
TARGET_MS = 100.0
WEIGHT = 150_000
_PARTS = re.compile(r'(?:src|href)="(/static/[^"]+)"')


class Browser:
    """Somebody logged in, on one connection."""

    def __init__(self, port: int) -> None:
        self._host = f"127.0.0.1:{port}"
        self._connection = http.client.HTTPConnection(self._host, timeout=60)
        self._cookies: dict[str, str] = {}
        token = re.search(r'name="csrf" value="([^"]+)"', self.get("/login")[1].decode())
        assert token is not None
        form = urlencode({"name": AGENT, "password": PASSWORD, "csrf": token[1]})
        status, _ = self._ask("POST", "/login", form, {"content-type": "application/x-www-form-urlencoded"})
        if status != 303:
            raise SystemExit(f"nobody can log in: {status}")

    def rest(self) -> None:
        """Let the connection go, as a server does of one that is idle; the next question opens another."""
        self._connection.close()

    def get(self, path: str) -> tuple[int, bytes]:
        return self._ask("GET", path, None, {})

    def _ask(self, method: str, path: str, body: str | None, headers: dict[str, str]) -> tuple[int, bytes]:
        cookies = "; ".join(f"{name}={value}" for name, value in self._cookies.items())
        self._connection.request(method, path, body, {**headers, "cookie": cookies})
        answer = self._connection.getresponse()
        for line in answer.headers.get_all("set-cookie") or ():
            name, _, value = line.partition(";")[0].partition("=")
            self._cookies[name] = value
        return answer.status, answer.read()


@contextlib.contextmanager
def served(place: Path) -> Iterator[tuple[int, int]]:
    """Run ``docket serve`` over a data folder, with nothing open but the web; give its port and its process."""
    port = free_port()
    command = [sys.executable, "-m", "gateway.cli", "--data", str(place)]
    settings = place / "config.toml"
    kept = settings.read_text()
    shut = "".join(f"{name} = []\n" for name in ("smtp", "lmtp", "submission", "submissions"))
    settings.write_text(f'{kept}\n[listen]\n{shut}web = "127.0.0.1:{port}"\n')
    subprocess.run(
        [*command, "agent", "add", AGENT, "--role", "admin", "--password-stdin"],
        input=PASSWORD.encode(),
        capture_output=True,
    )
    process = subprocess.Popen([*command, "serve"], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    try:
        wait_for(port)
        yield port, process.pid
    finally:
        process.send_signal(signal.SIGTERM)
        process.wait(120)
        settings.write_text(kept)


def _entry_offset(browser: Browser) -> int:
    """Return the first message's entry: what ``init`` wrote comes before it."""
    found = re.search(r'href="/message/(\d+)"', browser.get("/?sort=oldest")[1].decode())
    assert found is not None
    return int(found[1])


def alone(port: int, pid: int, known: dict[str, Page], times: int, offset: int) -> None:
    """Ask each page many times, one after the other."""
    browser, rng = Browser(port), random.Random(SEED)
    print(f"one at a time, {times} of each; load {_load()}")
    for name, address in known.items():
        taken, sizes, wrong, spent = [], [], 0, 0.0
        for turn in range(times + 3):
            path = _shifted(address(rng), offset)
            spent = spent or (cpu_ms(pid) if turn == 3 else 0.0)
            began = time.perf_counter()
            status, body = browser.get(path)
            if turn >= 3:
                taken.append((time.perf_counter() - began) * 1000)
                sizes.append(len(body))
                wrong += status not in {200, 303}
        cuts = statistics.quantiles(taken, n=20)
        busy = (cpu_ms(pid) - spent) / times
        verdict = "" if cuts[18] < TARGET_MS else "   over the target"
        print(
            f"  {name:30} p50 {cuts[9]:7.1f} ms   p95 {cuts[18]:7.1f} ms   processor {busy:6.1f} ms   {statistics.median(sizes) / 1000:6.1f} kB"
            f"{f'   {wrong} not 200' if wrong else ''}{verdict}",
            flush=True,
        )
    browser.rest()


def together(port: int, known: dict[str, Page], users: int, think_s: float, seconds: float) -> None:
    """Let many work at once and print what each of them waits."""
    kinds = {
        "search": [one for name, one in known.items() if name.startswith("search")],
        "dossier": [known["an order"]],
    }
    taken: dict[str, list[float]] = {kind: [] for kind in kinds}
    lock, wrong = threading.Lock(), 0
    browsers = [Browser(port) for _ in range(users)]
    before, end = _load(), time.monotonic() + seconds

    def work(number: int) -> None:
        nonlocal wrong
        rng = random.Random(number)
        browser = browsers[number]
        while (left := end - time.monotonic()) > 0:
            browser.rest()
            time.sleep(min(left, rng.expovariate(1 / think_s)))
            if time.monotonic() >= end:  # else all who still think would ask at this one moment
                break
            kind = rng.choice(list(kinds))
            path = rng.choice(kinds[kind])(rng)
            began = time.perf_counter()
            status, _ = browser.get(path)
            with lock:
                taken[kind].append((time.perf_counter() - began) * 1000)
                wrong += status not in {200, 303}
        browser.rest()

    threads = [threading.Thread(target=work, args=(number,)) for number in range(users)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    print(
        f"{users} users, {think_s:.0f} s to think, {seconds:.0f} s; load before {before}, after {_load()}; {wrong} not 200"
    )
    for kind, times in taken.items():
        cuts = statistics.quantiles(times, n=100)
        print(
            f"  {kind:10} {len(times):5} pages   p50 {cuts[49]:7.1f} ms   p95 {cuts[94]:7.1f} ms   longest {max(times):7.1f} ms"
        )


def weigh(port: int) -> None:
    """Print what the first load of the front page weighs, with all that it asks for."""
    browser = Browser(port)
    whole = browser.get("/")[1]
    parts = {path: len(browser.get(path)[1]) for path in dict.fromkeys(_PARTS.findall(whole.decode()))}
    total = len(whole) + sum(parts.values())
    said = ", ".join(f"{Path(path).name} {size / 1000:.1f}" for path, size in parts.items())
    print(
        f"first load {total / 1000:.1f} kB (the page {len(whole) / 1000:.1f}, {said}){'' if total < WEIGHT else '   over the target'}"
    )
    browser.rest()


def cpu_ms(pid: int) -> float:
    """Return the processor time of a process and all below it, in milliseconds, in steps of ten."""
    spent, parents = dict[int, int](), dict[int, int]()
    for stat in Path("/proc").glob("[0-9]*/stat"):
        with contextlib.suppress(OSError):
            fields = stat.read_text().rpartition(")")[2].split()
            number = int(stat.parent.name)
            parents[number], spent[number] = int(fields[1]), int(fields[11]) + int(fields[12])
    total = 0
    for number, ticks in spent.items():
        above: int | None = number
        while above is not None and above != pid:
            above = parents.get(above)
        total += ticks if above == pid else 0
    return total * 1000 / os.sysconf("SC_CLK_TCK")


def _shifted(path: str, offset: int) -> str:
    return re.sub(r"^/message/(\d+)", lambda found: f"/message/{int(found[1]) + offset}", path)


def _load() -> str:
    return f"{os.getloadavg()[0]:.1f}"


def main() -> None:
    asked = argparse.ArgumentParser(description=__doc__)
    asked.add_argument("folder", type=Path, help="a data folder that benchmarks.seller filled")
    asked.add_argument("--messages", type=int, default=200_000)
    asked.add_argument("--orders", type=int, default=10_000)
    asked.add_argument("--times", type=int, default=60)
    asked.add_argument("--users", type=int, default=50)
    asked.add_argument("--think", type=float, default=10.0)
    asked.add_argument("--seconds", type=float, default=120.0)
    given = asked.parse_args()
    known = pages(given.orders, given.messages * 2)
    with served(given.folder) as (port, pid):
        browser = Browser(port)
        offset = _entry_offset(browser)
        browser.rest()
        weigh(port)
        alone(port, pid, known, given.times, offset)
        if given.users:
            together(port, known, given.users, given.think, given.seconds)


if __name__ == "__main__":
    main()
