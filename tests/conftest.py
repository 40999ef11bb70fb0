"""What every test may ask for: a free port, real mail, a private PostgreSQL."""

import atexit
import os
import shutil
import socket
import subprocess
import tempfile
import uuid
from collections.abc import Callable, Iterator
from ctypes.util import find_library
from pathlib import Path

import pytest

from gateway.births import collect_seldom

_PROGRAM_PATHS = [*os.environ.get("PATH", "").split(os.pathsep), "/usr/sbin", "/sbin", "/usr/lib/dovecot"]
PROVIDER = Path(__file__).resolve().parents[1] / ".venv" / "node"  # an OpenID provider, where somebody put it
# What is kept outside of data folders must not be the user's own: here and in every process that a test starts.
os.environ["XDG_STATE_HOME"] = tempfile.mkdtemp(prefix="docket-state-")
atexit.register(shutil.rmtree, os.environ["XDG_STATE_HOME"], ignore_errors=True)


def program(name: str) -> str | None:
    """Return where a program stands, looking in the system folders that a user's PATH leaves out."""
    return shutil.which(name, path=os.pathsep.join(_PROGRAM_PATHS))


def postgres_bin() -> Path | None:
    found = sorted(Path("/usr/lib/postgresql").glob("*/bin/initdb"))
    return found[-1].parent if found else None


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    for item in items:
        for mark in item.iter_markers("needs"):
            for name in mark.args:
                present = _is_here(name)
                if not present:
                    item.add_marker(pytest.mark.skip(reason=f"needs {name}, which is not installed"))


def _is_here(name: str) -> bool:
    if name == "postgres":
        return postgres_bin() is not None
    if name == "oidc-provider":
        return program("node") is not None and (PROVIDER / "node_modules" / name).is_dir()
    return find_library("pango-1.0") is not None if name == "pango" else program(name) is not None


def pytest_collection_finish() -> None:
    """Nine thousand collected tests are never garbage: looking through them at every turn takes a tenth of the time."""
    collect_seldom()


@pytest.fixture
def free_port() -> Callable[[], int]:
    """Return a function that names a TCP port free on loopback at this moment."""

    def free() -> int:
        with socket.socket() as probe:
            probe.bind(("127.0.0.1", 0))
            return int(probe.getsockname()[1])

    return free


@pytest.fixture(scope="session")
def shared_data() -> Path:
    """Return the folder of real mail and public suites; skip where it is absent."""
    place = Path(__file__).resolve().parents[2] / "shared" / "data"
    if not place.is_dir():
        pytest.skip("needs the folder of real mail beside the checkout")
    return place


@pytest.fixture(scope="session")
def _postgres_cluster(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """Start a private cluster that listens on a Unix socket only."""
    bin_ = postgres_bin()
    if bin_ is None:
        pytest.skip("needs postgres, which is not installed")
    place = Path(f"/tmp/docket-pg-{uuid.uuid4().hex[:8]}")  # a socket path must stay under 108 bytes
    place.mkdir(mode=0o700)
    as_owner: list[str] = []
    if os.geteuid() == 0:  # PostgreSQL refuses to run as root
        shutil.chown(place, "postgres", "postgres")
        as_owner = ["setpriv", "--reuid=postgres", "--regid=postgres", "--clear-groups"]
    run = {"check": True, "capture_output": True, "cwd": "/"}
    data = place / "data"
    subprocess.run(
        [*as_owner, bin_ / "initdb", "-D", data, "-A", "trust", "-U", "docket", "-E", "UTF8", "--locale=C"],
        **run,
    )
    options = f"-c listen_addresses='' -c unix_socket_directories={place} -c fsync=off"
    subprocess.run(
        [*as_owner, bin_ / "pg_ctl", "-D", data, "-w", "-l", place / "log", "-o", options, "start"], **run
    )
    yield str(place)
    subprocess.run([*as_owner, bin_ / "pg_ctl", "-D", data, "-w", "-m", "immediate", "stop"], **run)
    shutil.rmtree(place)


@pytest.fixture
def postgres(_postgres_cluster: str) -> Callable[[], str]:
    """Return a function that makes an empty database and names its SQLAlchemy URL."""
    import psycopg

    def fresh() -> str:
        name = f"t{uuid.uuid4().hex[:12]}"
        with psycopg.connect(
            host=_postgres_cluster, user="docket", dbname="postgres", autocommit=True
        ) as link:
            link.execute(f'CREATE DATABASE "{name}"')
        return f"postgresql+psycopg://docket@/{name}?host={_postgres_cluster}"

    return fresh
