"""Starts the OpenID provider that stands in ``openid_provider.mjs``: where ``.ci/run`` has put the package."""

import contextlib
import subprocess
from collections.abc import Iterator
from pathlib import Path

from tests.conftest import PROVIDER, program

SECRET = "s3cret:+/ of the shop"


@contextlib.contextmanager
def running(port: int, redirect: str) -> Iterator[str]:
    """Run it for one client and yield its issuer."""
    script = Path(__file__).with_suffix(".mjs")
    node = subprocess.Popen(
        [program("node"), script, PROVIDER, str(port), redirect],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    try:
        line = node.stdout.readline()
        assert line.startswith(("ready", "oidc")), line + node.stderr.read()
        yield f"http://localhost:{port}"
    finally:
        node.kill()
        node.communicate()
