import pytest

from rules.marketplace import Marketplaces, builtin


@pytest.fixture(scope="session")
def marketplaces() -> Marketplaces:
    return builtin()
