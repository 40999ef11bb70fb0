"""A house with a story in it, anew for each test: what is erased is gone."""

import pytest

from tests.small_house import build_house, close, seed


@pytest.fixture
def house(tmp_path):
    house = build_house(tmp_path)
    house.seqs = seed(house)
    yield house
    close(house)
