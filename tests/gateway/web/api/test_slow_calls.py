"""Calls whose bodies take their time to come: what counts is what their token may by then."""

from sqlalchemy import update

from gateway.store import accounts_tables as tables
from gateway.store.tokens import Tokens, withdraw
from gateway.web.api import asked
from tests.gateway.web.api.conftest import token
from tests.gateway.web.slowly import posted


def test_a_call_that_takes_its_time_does_what_its_token_may_when_its_body_has_come(house):
    body = b'{"text": "written too late"}'
    path = f"/api/v1/messages/{house.seqs['question']}/notes"
    made = [token(house, "read", "act") for _ in range(2)]
    calls = [
        posted(house.url, path, body, authorization=f"Bearer {text}", content_type="application/json")
        for _, text in made
    ]
    tokens = Tokens(house.accounts.store, house.clock)
    withdraw(tokens, house.act, made[0][0].id, by="boss", source="command")
    with house.accounts.store.write() as tx:
        tx.execute(update(tables.tokens).where(tables.tokens.c.id == made[1][0].id).values(scopes=["read"]))
    head = house.archive.head()
    assert [call().split()[1] for call in calls] == [b"401", b"403"]
    assert house.archive.head() == head


def test_a_body_that_never_comes_is_not_waited_for(house, monkeypatch):
    monkeypatch.setattr(asked.read, "__defaults__", (asked.BODY_BYTES, 0.1))
    _, text = token(house, "act")
    path = f"/api/v1/messages/{house.seqs['question']}/notes"
    call = posted(house.url, path, b"{}", authorization=f"Bearer {text}", content_type="application/json")
    assert call().split()[1] == b"408"
