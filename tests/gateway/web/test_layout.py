"""Pages at the widths between a telephone and a wide screen, with the long words and the many things that mail brings."""

from collections.abc import Iterator
from datetime import timedelta

import pytest
from selenium import webdriver

from gateway.mail.canonical import canonical
from gateway.mail.entry import Draft
from tests.gateway.web.chromium import chromium, log_in, look
from tests.small_house import BUYER, MAILBOX, ORDER, House, build_house, mail, seed, serving

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
LONG = "302-7777777-7777777"  # an order of several questions, each answered after some hours
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
    for at in range(5):
        house.clock.at += timedelta(minutes=10)
        asked = mail(f"Order {LONG}", f"Where is it, {at}?", message_id=f"asked{at}")
        house.take(asked)
        house.clock.at += timedelta(hours=at + 4)
        answer = mail(f"Re: Order {LONG}", f"There, {at}.", from_=MAILBOX, to=BUYER, message_id=f"told{at}")
        sent = {"source": "submission", "agent": "anna", "mail_from": MAILBOX, "rcpt_to": (BUYER,)}
        house.take(answer, **sent)
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


def test_the_forms_of_the_search_stand_in_line(told, browser):
    look(browser, width=1280, scheme="light")
    browser.get(told.url + "/?q=umbrella")
    for fold in browser.find_elements("css selector", ".byform > summary, .save > summary"):
        fold.click()
    fields = browser.find_elements("css selector", ".byform :is(input, select)")
    assert len({one.rect["height"] for one in fields}) == 1
    lines = {one.rect["y"] for one in fields}
    assert len(lines) == 2
    assert max(one.rect["height"] for one in browser.find_elements("css selector", ".save label")) < 48
    assert (
        max(one.rect["width"] for one in browser.find_elements("css selector", ".save [type=checkbox]")) < 30
    )


def test_on_a_telephone_results_come_before_what_narrows_them(told, browser):
    browser.get(told.url + "/?q=umbrella")
    seen = "return document.querySelector('.facets').checkVisibility()"
    for width, shown in ((1280, True), (360, False)):
        look(browser, width=width, scheme="light")
        assert browser.execute_script(seen) == shown
    assert browser.find_element("css selector", ".row").rect["y"] < 450
    browser.find_element("css selector", ".sift summary").click()
    assert browser.execute_script(seen)
    assert [one.text for one in browser.find_elements("css selector", "h1")] == ["Search the archive"]


def test_escape_closes_the_menu_and_gives_the_focus_back(told, browser):
    look(browser, width=1280, scheme="light")
    browser.get(told.url + "/claims")
    summary = browser.find_element("css selector", ".menu summary")
    summary.click()
    browser.find_element("link text", "Reports").send_keys("\ue00c")
    assert browser.find_element("css selector", ".menu").get_attribute("open") is None
    assert browser.switch_to.active_element == summary


@pytest.mark.parametrize("path", PAGES)
def test_what_is_pressed_is_large_enough(told, browser, path):
    browser.get(told.url + path.format(**told.seqs))
    for width in (360, 1280):
        look(browser, width=width, scheme="light")
        small = "return [...document.querySelectorAll('summary, .stop .time a')].filter(one => one.checkVisibility() && Math.min(one.getBoundingClientRect().width, one.getBoundingClientRect().height) < 24).map(one => one.outerHTML)"
        assert browser.execute_script(small) == [], width


def test_a_long_order_is_short_where_it_can_be_and_its_note_is_a_key_away(told, browser):
    look(browser, width=1280, scheme="light")
    browser.get(f"{told.url}/order/amazon/{LONG}")
    aside = browser.find_element("css selector", ".side").text
    assert "5 in time, 0 late" in aside
    assert "stopped" not in aside.partition("5 in time")[2]
    assert "6 h (median of 5), 8 h at most" in aside
    browser.find_element("css selector", "body").send_keys("n")
    assert browser.switch_to.active_element.get_attribute("id") == "note"
    browser.get(f"{told.url}/order/amazon/{LONG}")
    browser.find_element("link text", "Add note").click()
    assert browser.switch_to.active_element.get_attribute("id") == "note"


def test_an_open_claim_has_one_main_action_and_a_clock_in_its_colour(told, browser):
    main = "return [...document.querySelectorAll('.doors .main')].map(one => one.innerText)"
    browser.get(f"{told.url}/order/amazon/{LONG}")
    assert browser.execute_script(main) == []
    browser.get(f"{told.url}/order/amazon/{ORDER}")
    assert browser.execute_script(main) == ["Claim answer"]
    due = {}
    for one in browser.find_elements("css selector", ".clock"):
        due[one.find_element("css selector", "strong").text] = one.find_element("css selector", ".countdown")
    assert "wait" not in due["Claim answer"].get_attribute("class").split()
    now = told.clock.at
    told.clock.at = now + timedelta(hours=6)  # 11 hours and some before it is due
    browser.refresh()
    colours = {
        one.text.split()[-1]: one.get_attribute("class")
        for one in browser.find_elements("css selector", ".countdown")
    }
    told.clock.at = now
    assert colours == {"left": "countdown wait", "min": "countdown bad"}
