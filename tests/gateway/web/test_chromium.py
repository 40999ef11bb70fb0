"""A real browser before a real server: the search answers while one types, and pages look as they should."""

import pytest
from selenium.webdriver import ActionChains
from selenium.webdriver.support.ui import WebDriverWait

from tests.gateway.web.chromium import chromium, log_in
from tests.small_house import ORDER

pytestmark = [pytest.mark.needs("chromium", "chromedriver"), pytest.mark.slow]


def test_the_search_answers_while_one_types_and_breaks_no_policy(told, tmp_path):
    from selenium.webdriver.common.by import By
    from selenium.webdriver.support.ui import WebDriverWait

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
