"""Whose mail is whose to read and to write: by the settings, the accounts and what the mail client names."""

from datetime import UTC, datetime

import pytest
from argon2 import PasswordHasher

from gateway.app import App
from gateway.clock import FixedClock
from gateway.fronts import route_of
from gateway.serve import _mailbox_for
from gateway.settings import parse_config
from gateway.store.accounts import Accounts

BOX = '[[mailbox]]\naddress = "{0}@brand.example"\n[mailbox.imap]\nhost = "imap.brand.example"\nuser = "{0}"\npassword_file = "x"\n'
SUPPORT, CHEF, GONE = (f"{name}@brand.example" for name in ("support", "chef", "returns"))
AGENTS = {"every": (), "one": (CHEF,), "some": (CHEF, GONE), "none": (GONE,)}
SEES = [
    ("every", SUPPORT, {SUPPORT, CHEF}),
    ("one", CHEF, {CHEF}),
    ("some", CHEF, {CHEF}),
    ("none", "", set()),
    ("nobody", "", set()),
]


@pytest.fixture
def app(tmp_path):
    app = App(
        config=parse_config('hostname = "mail.brand.example"\n' + BOX.format("support") + BOX.format("chef"))
    )
    cheap = PasswordHasher(time_cost=1, memory_cost=8, parallelism=1)
    clock = FixedClock(datetime(2026, 3, 1, tzinfo=UTC))
    accounts = app.__dict__["accounts"] = Accounts(
        f"sqlite:///{tmp_path / 'accounts.db'}", clock, hasher=cheap
    )
    for name, boxes in AGENTS.items():
        accounts.add(name, "sesame open", mailboxes=boxes)
    yield app
    accounts.close()


@pytest.mark.parametrize(("name", "first", "theirs"), SEES)
def test_a_mail_client_reaches_the_mailboxes_of_its_agent_alone(app, name, first, theirs):
    route = route_of(app)
    asked = {wanted: route(name, wanted) for wanted in ("", SUPPORT, CHEF, GONE)}
    assert {wanted for wanted, found in asked.items() if found is not None and wanted} == theirs
    assert (asked[""].address if asked[""] is not None else "") == first


@pytest.mark.parametrize(("name", "first", "theirs"), SEES)
def test_an_agent_writes_from_their_mailboxes_alone(app, name, first, theirs):
    writes = _mailbox_for(app)
    assert writes(name, "", "stranger@elsewhere.example") == first
    for box in (SUPPORT, CHEF, GONE):
        assert writes(name, box, box) == (box if box in theirs else first)
