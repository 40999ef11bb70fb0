"""A real browser before a real server: the search answers while one types, and pages look as they should."""

import pytest
from selenium.webdriver import ActionChains
from selenium.webdriver.common.by import By
from selenium.webdriver.support.ui import WebDriverWait

from tests.gateway.web.chromium import chromium, log_in
from tests.small_house import ORDER, PASSWORD, build_house, seed, serving

pytestmark = [pytest.mark.needs("chromium", "chromedriver"), pytest.mark.slow]


def test_the_search_answers_while_one_types_and_breaks_no_policy(told, tmp_path):

    with chromium(tmp_path) as browser:
        log_in(browser, told.url)
        box = browser.find_element(By.ID, "q")
        browser.execute_script("window.sameDocument = true")

        def rows() -> list[str]:
            return browser.execute_script(
                "return [...document.querySelectorAll('.row .subject')].map(e => e.innerText)"
            )

        assert len(rows()) == 4
        box.send_keys("customs")
        WebDriverWait(browser, 10).until(lambda _: rows() == ["Your parcel"])
        assert browser.current_url == told.url + "/?q=customs&sort=newest"
        box.send_keys(" from:")
        WebDriverWait(browser, 10).until(lambda _: browser.find_elements(By.CSS_SELECTOR, ".alert pre.caret"))
        box.clear()
        box.send_keys(ORDER)
        WebDriverWait(browser, 10).until(lambda _: len(rows()) == 4)
        assert browser.execute_script("return window.sameDocument")
        browser.find_elements(By.CSS_SELECTOR, ".row .order")[0].click()
        WebDriverWait(browser, 10).until(lambda _: f"/order/amazon/{ORDER}" in browser.current_url)
        browser.back()
        WebDriverWait(browser, 10).until(lambda _: len(rows()) == 4)
        assert browser.execute_script("return sessionStorage.getItem('htmx-history-cache')") in (None, "[]")
        assert [line for line in browser.get_log("browser") if line["level"] == "SEVERE"] == []


def test_half_a_word_is_no_question_and_leaves_what_was_found(told, tmp_path):
    with chromium(tmp_path) as browser:
        log_in(browser, told.url)
        box = browser.find_element(By.ID, "q")
        look = "return [...document.querySelectorAll('.row .subject')].map(e => e.innerText).join()"
        busy = "return document.getElementById('results').getAttribute('aria-busy')"
        shown = "return !document.getElementById('suggested').hidden"
        box.send_keys("customs")
        WebDriverWait(browser, 10).until(lambda _: browser.execute_script(look) == "Your parcel")
        box.send_keys(" fr")
        WebDriverWait(browser, 10).until(lambda _: browser.execute_script(shown))
        WebDriverWait(browser, 10).until(lambda _: browser.execute_script(busy) == "true")
        assert browser.execute_script(look) == "Your parcel"
        assert "fr" not in browser.current_url
        box.send_keys("\ue00c")  # Escape: no field is meant, so it is a word
        WebDriverWait(browser, 10).until(lambda _: "Nothing found" in browser.page_source)
        box.send_keys("\ue003\ue003tag:")
        WebDriverWait(browser, 10).until(lambda _: browser.execute_script(shown))
        WebDriverWait(browser, 10).until(lambda _: browser.execute_script(busy) == "true")
        assert not browser.find_elements(By.CSS_SELECTOR, ".alert pre.caret")
        box.send_keys("damage")
        WebDriverWait(browser, 10).until(lambda _: browser.execute_script(busy) is None)
        assert [line for line in browser.get_log("browser") if line["level"] == "SEVERE"] == []


def test_a_own_picture_is_seen_in_the_frame(told, tmp_path):
    with chromium(tmp_path) as browser:
        log_in(browser, told.url)
        browser.get(f"{told.url}/message/{told.seqs['question']}?view=html")
        frame = browser.find_element("css selector", "iframe.html")
        browser.switch_to.frame(frame)
        picture = browser.find_element("css selector", "img")
        assert picture.get_property("naturalWidth") == 1


def test_a_stretch_of_time_is_drawn_over_the_bars(told, tmp_path):
    with chromium(tmp_path) as browser:
        log_in(browser, told.url)
        browser.get(f"{told.url}/?q=order:{ORDER}&sort=oldest")
        bars = browser.find_elements("css selector", "svg[data-brush] a")
        ActionChains(browser).click_and_hold(bars[0]).move_to_element(bars[-1]).release().perform()
        wanted = f"q=order%3A{ORDER}%20after%3A2026-11-23%20before%3A2026-11-26"
        WebDriverWait(browser, 10).until(lambda _: wanted in browser.current_url)
        assert "sort=oldest" in browser.current_url
        assert len(browser.find_elements("css selector", ".row")) == 4
        browser.find_elements("css selector", "svg[data-brush] a")[0].click()
        WebDriverWait(browser, 10).until(lambda _: "on%3A2026-11-23" in browser.current_url)
        assert [one for one in browser.get_log("browser") if one["level"] == "SEVERE"] == []


def test_who_only_reads_sees_nothing_to_act_with(tmp_path):
    """An auditor is offered what they may do, and nothing else; who acts sees the rest on the same pages."""
    house = build_house(tmp_path)
    seqs = seed(house)
    house.accounts.add("petra", PASSWORD, role="auditor")
    shown = "return [...document.querySelectorAll('main form[method=post]')].filter(one => one.checkVisibility()).map(one => one.getAttribute('action'))"
    with serving(house), chromium(tmp_path / "profile") as browser:
        offered = {}
        for name in ("petra", "anna"):
            browser.delete_all_cookies()
            browser.get(house.url + "/login")
            browser.find_element(By.ID, "name").send_keys(name)
            browser.find_element(By.ID, "password").send_keys(PASSWORD)
            browser.find_element(By.CSS_SELECTOR, "button.main").click()
            WebDriverWait(browser, 10).until(lambda _: browser.current_url == house.url + "/")
            for path in (
                f"/message/{seqs['question']}",
                f"/order/amazon/{ORDER}",
                "/waiting",
                f"/pack/amazon/{ORDER}",
                "/account",
            ):
                browser.get(house.url + path)
                offered[name, path] = browser.execute_script(shown)
        for path in (f"/message/{seqs['question']}", f"/order/amazon/{ORDER}", "/waiting"):
            assert offered["petra", path] == []
            assert offered["anna", path] != []
        assert (
            offered["petra", f"/pack/amazon/{ORDER}"]
            == offered["anna", f"/pack/amazon/{ORDER}"]
            == ["/pack", "/report"]
        )
        assert "/account/app-passwords" in offered["petra", "/account"]
