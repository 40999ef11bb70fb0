"""Strangers on the way back from the company's login: the provider is asked nothing for what they made up, and pages go on."""

import threading
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field, replace

import httpx
import pytest

from gateway.web.oidc import NotThem, Started
from tests.gateway.web.test_second_step import stranger
from tests.small_house import build_house, serving

BACK = "/login/sso/back?state=s&code=c"


@dataclass
class Slow:
    """A provider that refuses everybody, and not before it is let."""

    title: str = "Brand login"
    issuer: str = "https://login.example"
    only: bool = False
    asked: int = 0
    let: threading.Event = field(default_factory=threading.Event)

    def begin(self, back):
        return Started(url="https://login.example/auth", state="s", nonce="n", verifier="v")

    def finish(self, *_):
        self.asked += 1
        self.let.wait(20)
        raise NotThem("nobody")


@pytest.fixture
def house(tmp_path):
    built = build_house(tmp_path)
    built.site = replace(built.site, sso=Slow())
    with serving(built) as served:
        yield served


def test_what_was_not_begun_here_asks_the_provider_nothing(house):
    with stranger(house) as browser:
        browser.get("/login/sso")
        kept = browser.cookies["docket-sso"]
    seal = kept.partition(".")[0]
    for forged in ("s.n.v./", f"{seal}.s.other.v./", f".{kept}", seal, "", "\xe9.s.n.v./"):
        headers = {"cookie": f"docket-sso={forged}".encode("latin-1")}
        assert httpx.get(house.url + BACK, headers=headers).status_code == 400, forged
    assert not house.site.sso.asked


def test_who_comes_back_again_and_again_waits(house):
    house.site.sso.let.set()
    with stranger(house) as browser:
        browser.get("/login/sso")
        answers = [browser.get(BACK) for _ in range(22)]
    assert [one.status_code for one in answers] == [403] * 20 + [429] * 2
    assert answers[-1].headers["retry-after"] == "300"
    assert house.site.sso.asked == 20


def test_a_provider_that_takes_its_time_holds_nobody_elses_page(house):
    with house.client() as anna, stranger(house) as browser, ThreadPoolExecutor(20) as many:
        browser.get("/login/sso")
        cookies = dict(browser.cookies)
        waiting = [many.submit(httpx.get, house.url + BACK, cookies=cookies, timeout=40) for _ in range(20)]
        try:
            assert anna.get("/account").status_code == 200
            assert house.site.sso.asked <= 4
        finally:
            house.site.sso.let.set()
        assert {one.result().status_code for one in waiting} == {403}
