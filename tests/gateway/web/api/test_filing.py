"""Files and parcels by calls, and what services that watch parcels post."""

import base64
import hashlib
import hmac
import json
from dataclasses import replace

import httpx
import pytest

from gateway.store.orders import parcels_of
from gateway.store.tokens import SCOPES
from gateway.web.site import Tracker
from rules.facts import OrderRef
from tests.gateway.web.api.conftest import token
from tests.gateway.web.api.test_service import DOSSIER, entries, is_problem
from tests.small_house import ORDER, PIXEL, on_a_port

REF = OrderRef(marketplace="amazon", value=ORDER)
PARCEL = "1Z999AA10123456784"
KEY = b"the service's secret"
TRACKERS = {
    "aftership": Tracker(shape="aftership", secret=lambda: KEY),
    "seventeen": Tracker(shape="17track", secret=lambda: KEY),
}


@pytest.fixture(scope="module")
def site(house):
    watched = replace(house.site, trackers=TRACKERS, carriers=lambda: ("dhl", "ups"))
    headers = {"authorization": f"Bearer {token(house, *SCOPES)[1]}"}
    with on_a_port(watched) as url, httpx.Client(base_url=f"{url}/api/v1", headers=headers) as client:
        yield client


@pytest.fixture(scope="module")
def service(site):
    """A service that watches parcels; it has no token."""
    with httpx.Client(base_url=site.base_url) as client:
        yield client


DEEP = b'{"x":' + b"[" * 100_000


def aftership(**more):
    last = {
        "message": "Delivered, neighbour",
        "location": "Bonn",
        "checkpoint_time": "2026-11-25T10:00:00+01:00",
    }
    first = {"message": "Picked up", "checkpoint_time": "2026-11-24T10:00:00+01:00"}
    told = {"tracking_number": PARCEL, "slug": "ups", "tag": "Delivered", "checkpoints": [last, first]}
    return json.dumps({"event": "tracking_update", "msg": told | more}).encode()


def seventeen(**more):
    track = {
        "latest_status": {"status": "Delivered"},
        "latest_event": {"description": "Zugestellt", "location": "BONN", "time_utc": "2026-11-25T09:00:00Z"},
    }
    return json.dumps(
        {
            "event": "TRACKING_UPDATED",
            "data": {"number": PARCEL, "carrier": 100002, "track_info": track} | more,
        }
    ).encode()


def signature(name, body, key=KEY):
    if name == "aftership":
        made = base64.b64encode(hmac.new(key, body, hashlib.sha256).digest()).decode()
        return {"aftership-hmac-sha256": made}
    return {"sign": hashlib.sha256(body + b"/" + key).hexdigest()}


def test_a_file_is_archived_byte_for_byte_and_a_parcel_named(house, site):
    more = {"filename": "../riss.png", "kind": "photo", "text": "the crack"}
    binary = {"content-type": "application/octet-stream"}
    answer = site.post(DOSSIER + "/evidence", params=more, content=PIXEL, headers=binary)
    assert answer.status_code == 201, answer.text
    entry = house.archive.entry(answer.json()["seq"])
    assert (entry.payload, entry.meta["content_type"], entry.meta["kind"]) == (PIXEL, "image/png", "photo")
    assert (entry.meta["agent"], entry.meta["source"]) == ("anna", "api")
    assert (
        site.post(DOSSIER + "/parcels", json={"number": "00340434161094042557", "carrier": "dhl"}).status_code
        == 201
    )
    with house.store.read() as conn:
        assert "00340434161094042557" in {one.number for one in parcels_of(conn, REF)}
    is_problem(site.post(DOSSIER + "/evidence", content=b"", headers=binary), 400)
    is_problem(site.post(DOSSIER + "/evidence", json={}), 415)
    is_problem(site.post(DOSSIER + "/parcels", json={"number": "<script>"}), 400)
    is_problem(site.post(DOSSIER + "/parcels", json={"number": "123456", "carrier": "nobody"}), 400)


@pytest.mark.parametrize(
    "name, body, said",
    [
        ("aftership", aftership(), {"carrier": "ups", "status": "Delivered", "said": "Delivered, neighbour", "place": "Bonn", "at": "2026-11-25T10:00:00+01:00"}),
        ("seventeen", seventeen(), {"carrier": "", "status": "Delivered", "said": "Zugestellt", "place": "BONN", "at": "2026-11-25T09:00:00+00:00"}),
        ("aftership", aftership(tracking_number="JD014600003828", slug="gls", order_number=ORDER), {"carrier": "", "number": "JD014600003828"}),
    ],
)  # fmt: skip
def test_a_carrier_s_word_is_kept_as_it_came_and_stands_in_the_dossier_once(
    house, site, service, name, body, said
):
    posts = [service.post(f"/parcels/{name}", content=body, headers=signature(name, body)) for _ in range(2)]
    assert [one.status_code for one in posts] == [200, 200], posts[0].text
    assert posts[1].json() == {"seq": posts[0].json()["seq"], "existing": True}
    entry = house.archive.entry(posts[0].json()["seq"])
    told = json.loads(entry.payload)
    assert told | said == told
    assert (told["order"]["value"], told["agent"], entry.meta["source"]) == (ORDER, name, "webhook")
    assert [one.payload for one in entries(house, "evidence")].count(body) == 1
    assert told["number"] in json.dumps(site.get(DOSSIER).json()["events"])


@pytest.mark.parametrize(
    "name, body, headers, status",
    [
        ("aftership", aftership(), signature("aftership", aftership(), b"another"), 401),
        ("aftership", aftership(), {}, 401),
        ("aftership", aftership(), signature("seventeen", aftership()), 401),
        ("seventeen", seventeen() + b" ", signature("seventeen", seventeen()), 401),
        ("nobody", aftership(), signature("aftership", aftership()), 401),
        ("aftership", b"{}", signature("aftership", b"{}"), 422),
        ("aftership", DEEP, signature("aftership", DEEP), 422),
        ("seventeen", DEEP, signature("seventeen", DEEP), 422),
        ("seventeen", b"\xff", signature("seventeen", b"\xff"), 422),
        ("aftership", aftership(tracking_number="<b>x"), signature("aftership", aftership(tracking_number="<b>x")), 404),
        ("aftership", aftership(tracking_number="7777777777"), signature("aftership", aftership(tracking_number="7777777777")), 404),
        ("aftership", aftership(tracking_number="<b>", order_number=ORDER), signature("aftership", aftership(tracking_number="<b>", order_number=ORDER)), 422),
    ],
)  # fmt: skip
def test_what_nobody_signed_or_nobody_understands_leaves_no_trace(
    house, service, name, body, headers, status
):
    before = house.archive.head()
    is_problem(service.post(f"/parcels/{name}", content=body, headers=headers), status)
    assert house.archive.head() == before
