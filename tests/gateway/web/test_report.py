"""The button for a report: one POST, one PDF file, one entry."""

import json
from datetime import timedelta

import pytest

from tests.small_house import MAILBOX, ORDER, csrf_in, mail

FORM = {"marketplace": "amazon", "value": ORDER, "reason": "a claim"}
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
        answer = browser.post("/report", data={**FORM, "value": "1<b>", "csrf": token})
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


def test_mail_of_another_mailbox_goes_into_the_one_it_is_sent_from_only_with_the_tick(house):
    other = "second@brand.example"
    house.take(mail(f"Order {ORDER}", f"Order {ORDER}: Zwiebelturm"), mailbox=other, rcpt_to=(other,))
    house.clock.at += timedelta(hours=1)
    house.take(mail(f"Invoice for {ORDER}", f"Order {ORDER}"))
    with house.client() as browser:
        page, head = browser.get(f"/answer/amazon/{ORDER}").text, house.archive.head()
        assert f"with the mail that lies in {other}: everybody who has {MAILBOX} will read it" in page
        form = {**FORM, "csrf": csrf_in(page)}
        refused = browser.post("/report/send", data=form)
        assert refused.status_code == 409
        assert "nothing was made and nothing sent" in refused.text
        assert house.archive.head() == head
        assert browser.post("/report/send", data={**form, "across": "yes"}).status_code == 303
        house.settle()
    assert len(house.remote.taken) == 1


def test_nothing_is_made_for_a_mailbox_that_sends_nothing(house):
    other = "second@brand.example"
    house.take(mail(f"Order {ORDER}", f"Order {ORDER}"), mailbox=other, rcpt_to=(other,))
    with house.client() as browser:
        page, head = browser.get(f"/answer/amazon/{ORDER}").text, house.archive.head()
        refused = browser.post("/report/send", data={**FORM, "csrf": csrf_in(page)})
        assert refused.status_code == 409
        assert f"no mailbox {other} to send from" in refused.text
        assert house.archive.head() == head


def test_where_all_mail_lies_in_one_mailbox_there_is_no_box_to_tick(house):
    house.take(mail(f"Order {ORDER}", f"Order {ORDER}"))
    with house.client() as browser:
        assert 'name="across"' not in browser.get(f"/answer/amazon/{ORDER}").text
