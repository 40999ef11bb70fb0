"""A house with one order's story and a second mailbox, called by programs with tokens."""

import httpx
import pytest

from gateway.store.tokens import SCOPES, Tokens, issue
from tests.small_house import build_house, mail, seed, serving

OTHER = "returns@brand.example"


@pytest.fixture(scope="module")
def house(tmp_path_factory):
    built = build_house(tmp_path_factory.mktemp("called"))
    built.seqs = seed(built)
    secret = mail("About your return", "The samovar of the other mailbox", to=OTHER, message_id="o1")
    built.seqs["other"] = built.take(secret, mailbox=OTHER, rcpt_to=(OTHER,))
    with serving(built) as served:
        yield served


@pytest.fixture(scope="module")
def caller(house):
    """Return what makes a program with a token."""
    made = []

    def make(*scopes, **more) -> httpx.Client:
        made.append(program_with(house.url, token(house, *scopes, **more)[1]))
        return made[-1]

    yield make
    for one in made:
        one.close()


@pytest.fixture(scope="module")
def program(caller):
    """A program that may do everything."""
    return caller(*SCOPES)


def token(house, *scopes, mailboxes=(), agent="anna", **more):
    tokens = Tokens(house.accounts.store, house.clock)
    return issue(
        tokens, house.act, agent, "a program", scopes, mailboxes, by="boss", source="command", **more
    )


def program_with(url, text):
    return httpx.Client(base_url=f"{url}/api/v1", headers={"authorization": f"Bearer {text}"}, timeout=20)
