"""The boards in a real browser, by keyboard alone; and files that are dropped or pasted into a dossier."""

from datetime import timedelta

import pytest

from gateway.store import due
from gateway.store.reviews import waiting
from tests.gateway.web.chromium import chromium, log_in
from tests.small_house import ORDER, build_house, mail, seed, serving

ESCAPE = "\ue00c"
pytestmark = [pytest.mark.needs("chromium", "chromedriver"), pytest.mark.slow]


@pytest.fixture(scope="module")
def told(tmp_path_factory):
    house = build_house(tmp_path_factory.mktemp("keyboard"))
    house.seqs = seed(house)
    house.clock.at += timedelta(hours=1)
    house.seqs["unlinked"] = house.take(
        mail("Frage", "Gibt es das in blau?", from_="x7y8z9@marketplace.amazon.de", message_id="p1")
    )
    raw = mail(
        f"Claim received on order {ORDER}",
        "We received a claim. You must respond within 48 hours.",
        from_="atoz-guarantee-no-reply@amazon.de",
        message_id="c1",
        X_Space_Notification_Type="A_Z_CLAIM_RESPONDENT_NOTIFY",
    )
    house.seqs["claim"] = house.take(raw, mail_from="atoz-guarantee-no-reply@amazon.de")
    with serving(house):
        yield house


@pytest.fixture(scope="module")
def browser(told, tmp_path_factory):
    with chromium(tmp_path_factory.mktemp("profile")) as running:
        log_in(running, told.url)
        yield running
        errors = [line["message"] for line in running.get_log("browser") if line["level"] == "SEVERE"]
        # what was being fetched as a page was left, or as somebody acted, is let go: htmx says so twice on the console
        assert [one for one in errors if "htmx:send" not in one and "htmx:afterRequest" not in one] == []


def until(browser, said):
    from selenium.webdriver.support.ui import WebDriverWait

    WebDriverWait(browser, 20).until(lambda _: said())


def press(browser, *keys):
    from selenium.webdriver.common.action_chains import ActionChains

    for key in keys:
        ActionChains(browser).send_keys(key).perform()


def focused(browser):
    return browser.execute_script("return document.activeElement.closest('.item')?.id ?? ''")


def text(browser):
    return browser.execute_script("return document.getElementById('board').innerText")


def said(browser):
    return browser.execute_script("return document.querySelector('#board .done')?.innerText ?? ''")


def queue(house):
    with house.store.read() as conn:
        return [one.message for one in waiting(conn, 50)]


def running(house):
    with house.store.read() as conn:
        return {(one.message, one.name) for one in due.running(conn)}


def test_the_review_queue_is_worked_off_by_keys(told, browser):
    unlinked, stranger = told.seqs["unlinked"], told.seqs["stranger"]
    browser.get(told.url + "/review")
    press(browser, "n")
    until(browser, lambda: focused(browser) == f"m{unlinked}")
    press(browser, "l", "7", "7")
    assert browser.execute_script("return document.activeElement.value") == "77"
    press(browser, ESCAPE)  # Escape: back to the row
    press(browser, "0")
    until(browser, lambda: "belongs to no order" in said(browser))
    until(browser, lambda: focused(browser) == f"m{stranger}")  # the next one has the focus
    press(browser, "r")
    until(browser, lambda: f"is not of order {ORDER}" in said(browser))
    assert queue(told) == []
    press(browser, "z")
    until(browser, lambda: "as before" in said(browser))
    assert queue(told) == [stranger]  # nobody said anything of it
    press(browser, "a")
    until(browser, lambda: f"is of order {ORDER}" in said(browser))
    press(browser, "z")
    until(browser, lambda: "as before" in said(browser))
    assert queue(told) == [stranger]
    assert browser.current_url == told.url + "/review"


def test_every_row_takes_an_order_and_words_that_are_typed_beside_it_decide_nothing(told, browser):
    stranger, before = told.seqs["stranger"], told.archive.head()
    browser.get(told.url + "/review")
    press(browser, "n", "l", "a", "r")
    assert browser.execute_script("return document.activeElement.value") == "ar"
    press(browser, ESCAPE, *"hear")  # "h" is no key of the board: what follows it is none either
    shown = "const said = document.getElementById('trouble'); return said.hidden ? '' : said.innerText"
    assert browser.execute_script(shown) == "The key “h” does nothing here."
    assert queue(told) == [stranger]
    assert told.archive.head() == before


def test_who_waits_is_answered_by_keys(told, browser):
    thanks, unlinked = told.seqs["thanks"], told.seqs["unlinked"]
    browser.get(told.url + "/waiting")
    press(browser, "j", "j")
    until(browser, lambda: focused(browser) == f"w{thanks}-reply")
    press(browser, "x")
    until(browser, lambda: "no answer needed" in said(browser))
    assert (thanks, "reply") not in running(told)
    until(browser, lambda: focused(browser) == f"w{unlinked}-reply")
    press(browser, "z")
    until(browser, lambda: "the clock goes on" in said(browser))
    assert (thanks, "reply") in running(told)
    until(browser, lambda: browser.title.startswith("(3) "))
    # a colleague stops one meanwhile: the open page hears of it
    from gateway.mail.canonical import canonical
    from gateway.mail.entry import Draft

    mark = {"of": unlinked, "clock": "reply", "as": "no answer needed", "undo": False, "agent": "lena"}
    told.act(Draft(type="mark", payload=canonical(mark), meta={}))
    until(browser, lambda: browser.title.startswith("(2) "))
    until(browser, lambda: f"w{unlinked}-reply" not in browser.page_source)


def test_a_claim_is_answered_by_keys(told, browser):
    browser.get(told.url + "/claims")
    press(browser, "j", "w")
    until(browser, lambda: browser.current_url == f"{told.url}/answer/amazon/{ORDER}")
    press(browser, "g", "c")
    until(browser, lambda: browser.current_url == told.url + "/claims")
    press(browser, "s")
    until(browser, lambda: "No claim waits" in text(browser))
    assert (told.seqs["claim"], "claim_answer") not in running(told)


def test_capture_is_read_and_left_by_keys(told, browser):
    browser.get(told.url + "/")
    press(browser, ESCAPE)  # out of the search box
    press(browser, "g", "h")
    until(browser, lambda: browser.current_url == told.url + "/capture")
    assert "shop@imap.example" in text(browser)
    press(browser, "?")
    assert browser.execute_script("return document.getElementById('keys').open")
    press(browser, ESCAPE)


@pytest.mark.parametrize("way", ["drop", "paste"])
def test_a_file_that_is_dropped_or_pasted_waits_in_the_form_and_the_note_stays(told, browser, way):
    before = told.archive.head()
    browser.get(f"{told.url}/order/amazon/{ORDER}")
    browser.find_element("id", "note").send_keys("half a note")
    browser.execute_script(
        """
        const carried = new DataTransfer();
        carried.items.add(new File([new Uint8Array([137, 80, 78, 71, 13, 10, 26, 10])], "seen.png", {type: "image/png"}));
        const event = arguments[0] === "drop" ? new DragEvent("drop", {dataTransfer: carried, bubbles: true, cancelable: true})
          : new ClipboardEvent("paste", {clipboardData: carried, bubbles: true, cancelable: true});
        document.getElementById("note").dispatchEvent(event);
        """,
        way,
    )
    form = browser.find_element("id", "files")
    assert "seen.png" in form.find_element("id", "chosen").text
    until(browser, lambda: form.find_elements("css selector", "#chosen img[src^='data:image/png']"))
    assert browser.execute_script("return document.activeElement.id") == "kind"
    assert told.archive.head() == before
    form.find_element("css selector", "option[value=proof-of-delivery]").click()
    form.find_element("css selector", "button").click()
    until(browser, lambda: "saved=" in browser.current_url)
    entry = next(one for one in told.archive.entries(before) if one.type == "evidence")
    assert (entry.payload[:4], entry.meta["filename"]) == (b"\x89PNG", "seen.png")
    assert entry.meta["kind"] == "proof-of-delivery"
    assert browser.find_element("id", "note").get_property("value") == "half a note"
    browser.get(f"{told.url}/order/amazon/{ORDER}")
    assert browser.find_element("id", "note").get_property("value") == ""
