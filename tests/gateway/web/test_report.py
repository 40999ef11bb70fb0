"""The button for a report: one POST, one PDF file, one entry."""

import json

import pytest

from tests.small_house import ORDER, csrf_in, mail

FORM = {"marketplace": "amazon", "value": ORDER}
pytestmark = pytest.mark.needs("pango")


def test_the_button_hands_out_a_report_and_the_log_knows_who_took_it(house):
    house.take(mail(f"Order {ORDER}", f"Order {ORDER}"))
    with house.client() as browser:
        page = browser.get(f"/order/amazon/{ORDER}").text
        form = {**FORM, "csrf": csrf_in(page), "for": "buyer", "language": "fr", "reason": "asked for it"}
        answer = browser.post("/report", data=form)
        assert answer.status_code == 200, answer.text
        assert answer.headers["content-type"] == "application/pdf"
        assert f'filename="report-amazon-{ORDER}-buyer.pdf"' in answer.headers["content-disposition"]
        assert answer.content.startswith(b"%PDF-1.7")
        house.settle()
        assert "made a report of 1 message for the buyer" in browser.get(f"/order/amazon/{ORDER}").text
    (entry,) = [one for one in house.archive.entries(0) if one.type == "export"]
    said = json.loads(entry.payload)
    assert (said["agent"], said["reason"], said["language"], entry.meta) == (
        "anna",
        "asked for it",
        "fr",
        {"source": "web"},
    )


def test_notes_are_in_it_only_when_they_are_asked_for(house):
    house.take(mail(f"Order {ORDER}", f"Order {ORDER}"))
    with house.client() as browser:
        token = csrf_in(browser.get("/").text)
        for form, withheld in (({}, ["dossier", "note"]), ({"notes": "yes"}, [])):
            assert browser.post("/report", data={**FORM, **form, "csrf": token}).status_code == 200
            (*_, entry) = [one for one in house.archive.entries(0) if one.type == "export"]
            assert json.loads(entry.payload)["withheld"] == withheld


def test_an_order_that_nobody_knows_gives_words_and_no_entry(house):
    with house.client() as browser:
        token = csrf_in(browser.get("/").text)
        answer = browser.post("/report", data={"marketplace": "amazon", "value": "1<b>", "csrf": token})
        assert answer.status_code == 404
        assert "Nothing is known of order 1&lt;b&gt;" in answer.text
        assert browser.post("/report", data={**FORM, "csrf": "forged"}).status_code == 403
    assert [one for one in house.archive.entries(0) if one.type == "export"] == []


def test_the_answers_page_sends_the_buyer_their_copy(house):
    house.take(mail(f"Order {ORDER}", f"Order {ORDER}"))
    with house.client() as browser:
        page = browser.get(f"/answer/amazon/{ORDER}?language=nl").text
        assert "Send the buyer their copy" in page
        done = browser.post("/report/send", data={**FORM, "language": "nl", "csrf": csrf_in(page)})
        assert done.status_code == 303, done.text
        house.settle()
    assert len(house.remote.taken) == 1
    (entry,) = [one for one in house.archive.entries(0) if one.type == "mail.out"]
    assert (entry.meta["agent"], entry.meta["rcpt_to"]) == ("anna", ["k3jx9v@marketplace.amazon.de"])
