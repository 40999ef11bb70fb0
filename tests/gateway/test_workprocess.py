"""The worker's own loop over an installation's files: what changes in them is in force before the next message."""

import threading
import time
from datetime import UTC, datetime
from pathlib import Path

import msgspec
import pytest

from gateway.app import App
from gateway.archive.archive import create_archive
from gateway.clock import SystemClock
from gateway.mail.entry import Draft, Envelope
from gateway.settings import load_config
from gateway.store import messages
from gateway.workprocess import work

BOOK = "[[rule]]\nname = '{0}'\nwhen = {{ direction = 'inbound' }}\nthen = [{{ do = 'tag', name = '{0}' }}]\n"
SETTINGS = """
hostname = "docket.brand.example"
rules = "rules.toml"
marketplaces = "own"
[[mailbox]]
address = "support@brand.example"
[authenticity]
dns = "off"
"""
SHOP = 'name = "lamps"\ntitle = "Lamps"\n'


@pytest.fixture
def app(tmp_path):
    (tmp_path / "own").mkdir()
    (tmp_path / "config.toml").write_text(SETTINGS)
    (tmp_path / "rules.toml").write_text(BOOK.format("first"))
    app = App(config=load_config(tmp_path / "config.toml"))
    urls = app.config.url("archive"), app.config.url("keys")
    create_archive(*urls, app.config.secrets, "docket/brand.example", SystemClock())
    stop = threading.Event()
    thread = threading.Thread(target=lambda: work(app, stop, wake=None))
    thread.start()
    yield app
    stop.set()
    thread.join()
    app.archive.close()
    app.store.close()


def decided(app, number):
    """Take one message in and return its tags and what read it."""
    envelope = Envelope(source="smtp", received_at=datetime.now(UTC), rcpt_to=("support@brand.example",))
    raw = f"From: b@example.com\r\nSubject: {number}\r\nMessage-ID: <{number}@example.com>\r\n\r\nHello\r\n"
    draft = Draft(type="mail.in", payload=raw.encode(), meta=msgspec.to_builtins(envelope))
    seq = app.archive.append(draft).seq
    until = time.monotonic() + 120
    while True:
        with app.store.read() as conn:
            row = messages.message(conn, seq)
        if row is not None and row.decided_by is not None:
            return row.tags
        assert time.monotonic() < until
        time.sleep(0.02)


def taken_up(app, tag):
    """Send mail until one is decided by the new book; say after how many seconds that was."""
    begun = time.monotonic()
    number = 0
    while decided(app, f"{tag}{number}") != (tag,):
        number += 1
        assert time.monotonic() < begun + 120
    return time.monotonic() - begun


def test_what_changes_in_the_files_is_in_force_for_the_next_message_and_a_mistake_changes_nothing(app):
    rules = Path(app.config.rules)
    assert decided(app, "alpha") == ("first",)
    for tag in ("second", "third", "first"):
        rules.write_text(BOOK.format(tag))
        taken_up(app, tag)
    marketplaces = app.marketplaces
    rules.write_text("[[rule]]\nname = 1")
    until = time.monotonic() + 120
    while not app.shelf.broken:
        assert decided(app, f"broken{time.monotonic()}") == ("first",)
        assert time.monotonic() < until
    assert decided(app, "gamma") == ("first",)
    assert app.marketplaces is marketplaces
    (Path(app.config.marketplaces) / "lamps.toml").write_text(SHOP)
    while app.marketplaces.get("lamps") is None:
        assert decided(app, f"shop{time.monotonic()}") == ("first",)
        assert time.monotonic() < until + 120
    assert decided(app, "delta") == ("first",)
