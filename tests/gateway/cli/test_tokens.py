"""``docket token``: made, listed with its last use, taken back."""

import json

import pytest
from click.testing import CliRunner

from gateway.app import App
from gateway.cli import docket
from gateway.settings import load_config
from gateway.store.tokens import Tokens


@pytest.fixture
def run(tmp_path):
    def run(*arguments, code=0, **more):
        done = CliRunner().invoke(docket, ["--data", str(tmp_path / "data"), *arguments], **more)
        assert done.exit_code == code, done.output + repr(done.exception)
        return done

    run("init", "--yes")
    run("agent", "add", "anna", "--password-stdin", input="correct horse\n")
    return run


def test_a_token_is_printed_once_listed_and_taken_back(run, tmp_path):
    made = json.loads(
        run("token", "add", "anna", "--scope", "act", "--label", "ERP", "--by", "boss", "--json").stdout
    )
    app = App(config=load_config(tmp_path / "data" / "config.toml"))
    tokens = Tokens(app.accounts.store, app.clock)
    assert tokens.bearer(made["token"]).token.scopes == ("act",)
    listed = run("token", "list", "--json").stdout
    assert made["token"] not in listed
    assert json.loads(listed)["used"] is not None
    assert "ERP" in run("token", "list").stdout
    assert "opens nothing" in run("token", "revoke", made["id"], "--agent", "boss").stdout
    assert tokens.bearer(made["token"]) is None
    told = [json.loads(one.payload) for one in app.archive.entries(0) if one.type == "token"]
    assert [(one["did"], one["agent"], one["for"]) for one in told] == [
        ("made", "boss", "anna"),
        ("revoked", "boss", "anna"),
    ]
    app.accounts.close()
    app.archive.close()


def test_what_is_wrong_is_said(run):
    assert "no agent" in str(run("token", "add", "nobody", code=1).exception)
    assert "no mailbox" in str(run("token", "add", "anna", "--mailbox", "x@y.example", code=1).exception)
    assert "no token" in str(run("token", "revoke", "12345678", code=1).exception)
