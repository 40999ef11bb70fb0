"""Pages at the widths between a telephone and a wide screen, with the long words and the many things that mail brings."""

from collections.abc import Iterator

import pytest
from selenium import webdriver

from gateway.mail.canonical import canonical
from gateway.mail.entry import Draft
from tests.gateway.web.chromium import chromium, log_in, look
from tests.small_house import BUYER, ORDER, House, build_house, mail, seed, serving

pytestmark = [pytest.mark.needs("chromium", "chromedriver"), pytest.mark.slow]

PAGES = (
    "/",
    "/?q=umbrella",
    "/message/{word}",
    "/message/{word}?view=headers",
    f"/order/amazon/{ORDER}",
    f"/order/amazon/{ORDER}?view=print",
    f"/answer/amazon/{ORDER}",
    f"/pack/amazon/{ORDER}",
    "/waiting",
    "/claims",
    "/review",
    "/outbox",
    "/custody",
    "/reports",
    "/account",
    "/people",
    "/searches",
    "/status",
)
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


_SMALL = """
const walk = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT), small = [];
for (let node = walk.nextNode(); node; node = walk.nextNode()) {
  const own = node.parentElement, svg = own.closest("svg.chart"), size = parseFloat(getComputedStyle(own).fontSize);
  const drawn = svg ? size * svg.getBoundingClientRect().width / svg.viewBox.baseVal.width : size;
  if (node.data.trim() && own.checkVisibility() && !/^(SCRIPT|OPTION)$/.test(own.tagName) && drawn < 11.99)
    small.push(drawn + " " + own.className + " " + node.data.trim().slice(0, 40));
}
return small;
"""


@pytest.mark.parametrize("path", PAGES)
def test_no_letter_is_too_small_to_read(told, browser, path):
    browser.get(told.url + path.format(**told.seqs))
    for width in (360, 1280):
        look(browser, width=width, scheme="light")
        assert browser.execute_script(_SMALL) == [], width


@pytest.mark.parametrize("path", PAGES)
def test_a_word_without_an_end_makes_no_page_wider_than_its_window(told, browser, path):
    browser.get(told.url + path.format(**told.seqs))
    for width in (360, 768, 1280):
        look(browser, width=width, scheme="light")
        wide, inner = browser.execute_script("return [document.documentElement.scrollWidth, innerWidth]")
        assert wide <= inner, width


def test_a_message_of_many_tags_can_still_be_opened(told, browser):
    tagged = f".row:has([href='/message/{told.seqs['word']}'])"
    browser.get(told.url + "/?q=umbrella")
    for width in (360, 640, 900, 1100, 1280):
        look(browser, width=width, scheme="light")
        row, subject, time = (
            browser.find_element("css selector", f"{tagged} {part}")
            for part in (".about", ".subject", "time")
        )
        assert subject.rect["width"] >= 100, width
        assert row.rect["x"] + row.rect["width"] <= time.rect["x"] + (0 if width > 560 else width), width
        chips = browser.find_elements("css selector", f"{tagged} .chip")
        assert [chip.text for chip in chips[-1:]] == ["+197"]
        assert max(chip.rect["x"] + chip.rect["width"] for chip in chips) <= row.rect["x"] + row.rect["width"]
    browser.find_element("css selector", f"{tagged} .subject").click()
    assert browser.current_url == f"{told.url}/message/{told.seqs['word']}"
    assert (
        len(browser.find_elements("css selector", ".side .tags .chip.tag")) == 200
    )  # its own page has them all
    browser.get(f"{told.url}/order/amazon/{ORDER}")
    assert len(browser.find_elements("css selector", f"#m{told.seqs['word']} .sub .chip.tag")) == 3
    shown = browser.find_elements("css selector", ".stop .chip.tag")
    assert sum(chip.is_displayed() for chip in shown) < 30


def test_a_line_of_events_says_utc_on_paper_and_the_zone_on_the_screen(told, browser):
    browser.get(f"{told.url}/order/amazon/{ORDER}")
    time = browser.find_element("css selector", ".stop time.full")
    assert time.text.endswith("CET")
    assert time.get_attribute("title").endswith("UTC")
    browser.get(f"{told.url}/order/amazon/{ORDER}?view=print")
    assert browser.find_element("css selector", ".stop time.full").text.endswith("UTC")
