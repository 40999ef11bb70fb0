"""The HTTP API held against its description, at length: schemathesis with all its checks on a small house with mail in it.

`make contract` prints how many calls were made and what was found. The house's clock stands still, and its mail is made up.
"""

import argparse
import subprocess
import sys
import tempfile
from dataclasses import replace
from pathlib import Path

from gateway.store.tokens import SCOPES, Tokens, issue
from gateway.web.api.service import BASE
from tests.small_house import ORDER, build_house, close, on_a_port, seed

_SETTINGS = """
[checks.positive_data_acceptance]
expected-statuses = [400, 404, 409, 503, "2xx"]  # 400: of the right type, and means nothing; 503: another pack is being made
"""


def main() -> int:
    """Serve a house and call it, at addresses that mean nothing and at those of its mail; return what schemathesis returns."""
    asked = argparse.ArgumentParser(description=__doc__)
    asked.add_argument("--examples", type=int, default=100, help="calls to each operation in each phase")
    wanted = asked.parse_args()
    with tempfile.TemporaryDirectory() as place:
        house = build_house(Path(place))
        seqs = seed(house)
        at_home = f'[parameters]\n"path.seq" = {seqs["question"]}\n"path.marketplace" = "amazon"\n"path.value" = "{ORDER}"\n'
        tokens = Tokens(house.accounts.store, house.clock)
        _, text = issue(tokens, house.act, "anna", "contract", SCOPES, by="anna", source="command")
        try:
            with on_a_port(replace(house.site, api_per_minute=10_000_000)) as url:
                return max(
                    _call(url, text, Path(place) / "settings.toml", settings, wanted.examples)
                    for settings in (_SETTINGS, at_home + _SETTINGS)
                )
        finally:
            close(house)


def _call(url: str, token: str, place: Path, settings: str, examples: int) -> int:
    place.write_text(settings, encoding="utf-8")
    command = [
        Path(sys.executable).with_name("schemathesis"),
        f"--config-file={place}",
        "run",
        f"{url}{BASE}/openapi.json",
        f"--header=Authorization: Bearer {token}",
        f"--max-examples={examples}",
        "--continue-on-failure",
        "--request-timeout=120",
        "--seed=1",
    ]
    return subprocess.run(command, check=False).returncode


if __name__ == "__main__":
    raise SystemExit(main())
