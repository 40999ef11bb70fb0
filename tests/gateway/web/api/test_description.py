"""The description says what is served: it is held against real calls by schemathesis, right ones and wrong ones."""

from dataclasses import replace

import pytest
import requests
import schemathesis
from hypothesis import HealthCheck, settings
from schemathesis.config import SchemathesisConfig

from gateway.store.tokens import SCOPES
from gateway.web.api.description import describe
from gateway.web.api.service import BASE, OPERATIONS
from tests.gateway.web.api.conftest import token
from tests.small_house import ORDER, on_a_port

_CONFIG = SchemathesisConfig.from_dict(
    {
        "generation": {"mode": "all"},
        "phases": {"coverage": {"enabled": False}, "examples": {"enabled": False}},
        "checks": {
            "ignored_auth": {"enabled": False},  # it does not see our header; test_service has a table of it
            # a query or a note of the right type may still mean nothing: that is answered 400
            "positive_data_acceptance": {"expected-statuses": [400, 404, 409, "2xx"]},
        },
    }
)
SCHEMA = schemathesis.openapi.from_dict(describe(OPERATIONS, BASE), config=_CONFIG)
QUICK = SCHEMA.exclude(operation_id=["report", "pack"])  # seconds each: `make contract` calls them too


@pytest.fixture(scope="module")
def called(house):
    """Where the API is, and a connection with a token that may do everything as often as it likes."""
    with on_a_port(replace(house.site, api_per_minute=1_000_000)) as url, requests.Session() as session:
        yield url + BASE, session, {"authorization": f"Bearer {token(house, *SCOPES)[1]}"}


@QUICK.parametrize()
@settings(
    max_examples=4,
    deadline=None,
    derandomize=True,
    database=None,
    suppress_health_check=list(HealthCheck),
)
def test_what_is_answered_is_what_is_described(house, called, case):
    url, session, headers = called
    _at_home(case.path_parameters, house)
    case.call_and_validate(base_url=url, session=session, headers=headers)


def _at_home(names, house):
    """Have every second call meet a message and an order that are there."""
    if isinstance(seq := names.get("seq"), int) and seq % 2 and seq > 0:
        names["seq"] = list(house.seqs.values())[seq % len(house.seqs)]
    if len(str(names.get("value", ""))) % 2:
        names |= {"marketplace": "amazon", "value": ORDER}
