"""Pages at the widths between a telephone and a wide screen, with the long words and the many things that mail brings."""

from collections.abc import Iterator

import pytest
from selenium import webdriver

from gateway.mail.canonical import canonical
from gateway.mail.entry import Draft
from tests.gateway.web.chromium import chromium, log_in, look
from tests.small_house import BUYER, ORDER, House, build_house, mail, seed, serving

pytestmark = [pytest.mark.needs("chromium", "chromedriver"), pytest.mark.slow]

WORD = "Dampfschifffahrtskapitaensmuetze" * 8


def furnish(place) -> House:
    """Return a house in which strangers have written words without an end, and somebody has tagged without one."""
    house = build_house(place)
    house.seqs = seed(house)
    house.accounts.assign("anna", role="admin", mailboxes=())
    house.seqs["word"] = house.take(
        mail(
            f"{WORD} {ORDER}",
            f"Hello {WORD} umbrella",
            from_=f"{WORD} <{BUYER}>",
            message_id="word",
            files=((f"{WORD}.txt", "text/plain", b"x", ""),),
        )
    )
    for tags in (
        [f"tag-{at:03}" for at in range(100)],
        [f"tag-{at:03}" for at in range(100, 199)],
        ["w" * 64],
    ):
        tag = {"of": house.seqs["word"], "add": tags, "remove": [], "agent": "anna"}
        house.act(Draft(type="tag", payload=canonical(tag), meta={}))
    order = {"marketplace": "amazon", "value": ORDER}
    house.act(Draft(type="note", payload=canonical({"order": order, "text": WORD, "agent": "anna"}), meta={}))
    claim = mail(
        f"Claim received on order {ORDER}",
        "We received a claim. You must respond within 48 hours.",
        from_="atoz-guarantee-no-reply@amazon.de",
        message_id="c1",
        X_Space_Notification_Type="A_Z_CLAIM_RESPONDENT_NOTIFY",
    )
    house.take(claim, mail_from="atoz-guarantee-no-reply@amazon.de")
    return house


@pytest.fixture(scope="module")
def told(tmp_path_factory) -> Iterator[House]:
    with serving(furnish(tmp_path_factory.mktemp("layout"))) as served:
        yield served


@pytest.fixture(scope="module")
def browser(told, tmp_path_factory) -> Iterator[webdriver.Chrome]:
    with chromium(tmp_path_factory.mktemp("profile")) as one:
        log_in(one, told.url)
        yield one


def widths(browser: webdriver.Chrome, css: str) -> list[float]:
    return list(
        browser.execute_script(
            "return [...document.querySelectorAll(arguments[0])].map(one => one.getBoundingClientRect().width)",
            css,
        )
    )


@pytest.mark.parametrize("language", ["en", "fr", "de"])
def test_the_search_box_and_the_boards_keep_their_width(told, browser, language):
    browser.execute_cdp_cmd("Network.enable", {})
    browser.execute_cdp_cmd("Network.setExtraHTTPHeaders", {"headers": {"Accept-Language": language}})
    try:
        browser.get(told.url + "/claims")
        assert browser.execute_script("return document.documentElement.lang") == language
        for width in (600, 640, 680, 768, 820, 900, 1000, 1020, 1280):
            look(browser, width=width, scheme="light")
            assert widths(browser, "#q")[0] >= 256, width  # 16rem
            assert min(widths(browser, ".wait-row .what")) >= 300, width
    finally:
        browser.execute_cdp_cmd("Network.setExtraHTTPHeaders", {"headers": {}})
