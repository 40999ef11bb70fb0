"""What every command shares: where the installation is, and how data is printed."""

import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import click
import msgspec

from gateway.app import App
from gateway.clock import when as when  # noqa: PLC0414
from gateway.config import Config
from gateway.errors import WrongUse
from gateway.settings import load_config

json_option = click.option("--json", "as_json", is_flag=True, help="Print one JSON object a line.")


@dataclass(frozen=True, slots=True, kw_only=True)
class Place:
    """Which installation a command works on."""

    config: Path | None
    data: Path | None

    def settings(self) -> Config:
        """Read the settings. A data folder that ``init`` or ``demo`` made holds its own."""
        path = self.config
        if path is None:
            inside = [self.data / "config.toml"] if self.data is not None else []
            path = next((each for each in (*inside, Path("config.toml")) if each.exists()), None)
        if path is None and self.data is not None and (self.data / "secrets").is_dir():
            config = Config()
        elif path is None:
            wanted = self.data or Path()
            raise WrongUse(f"no settings found at {wanted / 'config.toml'}; run: docket init")
        else:
            config = load_config(path)
        if self.data is not None:
            config = msgspec.structs.replace(config, data=str(self.data.resolve()))
        return config

    def app(self) -> App:
        return App(config=self.settings())


def print_json(value: Any) -> None:
    """Print one object on one line; times are RFC 3339 in UTC."""
    sys.stdout.write(msgspec.json.encode(value, enc_hook=_plain).decode() + "\n")
    sys.stdout.flush()


def _plain(value: Any) -> Any:
    if isinstance(value, frozenset | set):
        return sorted(value)
    raise TypeError(type(value).__name__)


pass_place = click.make_pass_decorator(Place)
