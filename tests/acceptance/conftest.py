"""Installations of the real command, made with ``docket init``; whatever they run ends with the test."""

import pytest

from tests.installation import AGENT, PASSWORD, Installation
from tests.sink import sink


@pytest.fixture(scope="module")
def new_installation(tmp_path_factory):
    """Return a function that makes an installation with one agent and settings of its own."""
    made = []

    def make(**settings):
        place = Installation(tmp_path_factory.mktemp("docket") / "data").create(**settings)
        made.append(place)
        added = place.run("agent", "add", AGENT, "--password-stdin", input=PASSWORD + "\n")
        assert added.returncode == 0, added.stderr
        return place

    yield make
    for place in made:
        if not place.ended():
            place.kill()


@pytest.fixture
def installation(new_installation):
    """Return an installation that nobody has started yet."""
    return new_installation()


@pytest.fixture(scope="module")
def delivered():
    """Return the server that the agents' mail is delivered to."""
    with sink(lmtp=True) as keeper:
        yield keeper


@pytest.fixture(scope="module")
def service(new_installation, delivered):
    """Return a running installation that the tests of one file share."""
    place = new_installation(deliver=f'kind = "lmtp"\nhost = "127.0.0.1"\nport = {delivered.port}')
    place.start()
    yield place
    assert place.stop() == 0, place.log()
