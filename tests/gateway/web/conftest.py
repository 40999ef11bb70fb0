"""A served house: empty and of its own, or one that a whole module reads in."""

import pytest

from tests.small_house import build_house, seed, serving


@pytest.fixture
def house(tmp_path):
    """A house of its own, with no mail in it."""
    with serving(build_house(tmp_path)) as served:
        yield served


@pytest.fixture(scope="package")
def told(tmp_path_factory):
    """A house with one order's story in it, for tests that change nothing of that story."""
    built = build_house(tmp_path_factory.mktemp("told"))
    built.seqs = seed(built)
    with serving(built) as served:
        yield served


@pytest.fixture
def browser(told):
    """Someone logged in at the house with the story."""
    with told.client() as logged_in:
        yield logged_in
