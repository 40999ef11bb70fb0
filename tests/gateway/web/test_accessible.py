"""The pages as axe-core and a narrow screen find it, in light and dark: WCAG 2.2 AA, and a console without errors."""

from collections.abc import Iterator
from importlib.resources import files
from typing import Any

import pytest
from selenium import webdriver

from tests.gateway.web.chromium import chromium, log_in, look
from tests.small_house import BUYER, MAILBOX, ORDER, House, build_house, mail, seed, serving

pytestmark = [pytest.mark.needs("chromium", "chromedriver"), pytest.mark.slow]

_AXE = (files("selenium_axe_python") / "axe-core" / "axe.min.js").read_text("utf-8")
_RUN = """
const [rules, done] = arguments;
const only = rules.length ? {type: "rule", values: rules}
                          : {type: "tag", values: ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"]};
axe.run(document, {runOnly: only, resultTypes: ["violations"], iframes: false}).then(
  found => done(found.violations.filter(one => ["serious", "critical"].includes(one.impact)).flatMap(one =>
    one.nodes.map(node => one.id + ": " + node.target.join(" ") + ": " + node.any.concat(node.all, node.none).map(c => c.message).join("; ")))),
  wrong => done(["axe: " + wrong]));
"""
_NARROW = ["target-size", "scrollable-region-focusable", "color-contrast"]

_ORDER = f"/order/amazon/{ORDER}"
_PATHS = [
    "/",
    "/?q=from:",
    "/?q=zzzz",
    f"/?q=damaged OR {ORDER}",
    "/login",
    "/message/{question}",
    "/message/{question}?view=html",
    "/message/{question}?view=headers",
    "/message/{question}?view=source",
    "/message/{answer}",
    "/message/{question}?view=print",
    "/message/{question}/file/1.2/pages",
    "/message/{held}",
    "/message/99999999",
    "/order?ref=nowhere",
    _ORDER,
    f"{_ORDER}?view=print",
    f"/answer{_ORDER[6:]}",
    f"/pack{_ORDER[6:]}",
    "/reports",
    "/review",
    "/waiting",
    "/outbox",
    "/custody",
    "/custody/keepers",
    "/custody/verify",
    "/status",
    "/clients",
    "/tokens",
    "/claims",
    "/capture",
    "/account",
    "/people",
    "/welcome",
    "/searches",
    "/rules",
    "/rules/bench",
    "/rules/replay",
    "/custody/holds",
    "/custody/retention",
    f"/custody/erasures?target={BUYER}",
    "/nowhere",
]


def furnish(place) -> House:
    """Return a house with something on every page."""
    house = build_house(place)
    house.accounts.assign("anna", role="admin", mailboxes=())
    house.seqs = seed(house)
    house.seqs["held"] = house.take(
        mail("Re: Anfrage", "Write to sales@brand.example", from_=MAILBOX, to=BUYER, message_id="held"),
        source="submission",
        agent="anna",
        mail_from=MAILBOX,
        rcpt_to=(BUYER,),
    )
    house.take(mail(f"Bestellung {ORDER}", "Wo ist mein Paket?", message_id="again"))
    return house


@pytest.fixture(scope="module")
def furnished(tmp_path_factory) -> Iterator[House]:
    with serving(furnish(tmp_path_factory.mktemp("furnished"))) as served:
        yield served


@pytest.fixture(scope="module")
def browser(furnished, tmp_path_factory) -> Iterator[webdriver.Chrome]:
    with chromium(tmp_path_factory.mktemp("profile")) as one:
        log_in(one, furnished.url)
        yield one


def found(browser: webdriver.Chrome, *rules: str) -> list[Any]:
    return list(browser.execute_async_script(_RUN, list(rules)))


@pytest.mark.parametrize("path", _PATHS)
def test_a_page_is_there_for_everybody(furnished, browser, path):
    look(browser, width=1360, scheme="light")
    browser.get_log("browser")
    browser.get(furnished.url + path.format(**furnished.seqs))
    said = [one for one in browser.get_log("browser") if "status of 40" not in one["message"]]
    assert said == []
    browser.execute_script(_AXE)
    assert "\n".join(found(browser)) == ""
    look(browser, width=1360, scheme="dark")
    assert "\n".join(found(browser, "color-contrast")) == ""
    for width in (1360, 768, 320):
        look(browser, width=width, scheme="light")
        wide, inner = browser.execute_script("return [document.documentElement.scrollWidth, innerWidth]")
        assert wide <= inner, width
    assert "\n".join(found(browser, *_NARROW)) == ""
