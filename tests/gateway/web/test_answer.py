"""The page that writes a claim's answer: what to paste, what it lacks, and an entry for whoever had it written."""

import json

from tests.small_house import BUYER, MAILBOX, ORDER, csrf_in, mail

HERE = f"/answer/amazon/{ORDER}"


def test_the_order_s_page_leads_there_and_the_text_names_the_order(house):
    house.take(mail(f"Order {ORDER}", "the lamp <b>is</b> broken"))
    with house.client() as browser:
        assert f'href="{HERE}"' in browser.get(f"/order/amazon/{ORDER}").text
        shown = browser.get(HERE).text
        assert f"claim on order {ORDER}" in shown
        assert "Before you paste it" in shown
        assert "of the buyer is unanswered" in shown
        german = browser.get(HERE, params={"language": "de"}).text
        assert "Sehr geehrtes Amazon-Team" in german
        assert 'href="' + HERE + '?language=de" lang="de" hreflang="de" class="chosen"' in german
        assert "Dear Amazon team" in browser.get(HERE, params={"language": "<x>"}).text
    assert not [one for one in house.archive.entries(0) if one.type == "answer"]


def test_recording_it_is_an_entry_of_the_order_with_the_text_and_its_writer(house):
    house.take(mail(f"Order {ORDER}", "the lamp is broken"))
    with house.client() as browser:
        form = {"language": "fr", "csrf": csrf_in(browser.get(HERE, params={"language": "fr"}).text)}
        assert browser.post(HERE, data={**form, "csrf": "forged"}).status_code == 403
        assert browser.post(HERE, data=form, follow_redirects=False).status_code == 303
        house.settle()
        assert "Claim answer" in browser.get(f"/order/amazon/{ORDER}").text
    (entry,) = [one for one in house.archive.entries(0) if one.type == "answer"]
    told = json.loads(entry.payload)
    assert (told["agent"], told["language"], told["kind"], entry.meta["source"]) == (
        "anna",
        "fr",
        "a-to-z",
        "web",
    )
    assert told["text"].startswith("Bonjour,")


def test_names_that_strangers_gave_to_files_are_text_on_the_page(house):
    house.take(mail(f"Order {ORDER}", "question"))
    raw = mail(
        f"Re: {ORDER}",
        "answer",
        from_=MAILBOX,
        to=BUYER,
        message_id="out",
        files=[("<script>x</script>.pdf", "application/pdf", b"%PDF-", "")],
    )
    house.take(raw, source="submission", agent="anna", mail_from=MAILBOX, rcpt_to=(BUYER,))
    with house.client() as browser:
        shown = browser.get(HERE).text
    assert "<script>x" not in shown


def test_an_unknown_order_has_no_answer(browser):
    assert browser.get("/answer/amazon/112-0000000-0000000").status_code == 404
    assert browser.get("/answer/amazon/" + "x" * 500).status_code == 404


def test_what_shows_it_leads_to_the_messages_themselves(told, browser):
    shown = browser.get(HERE).text.partition("What shows it")[2].partition("</section>")[0]
    assert f'href="/message/{told.seqs["answer"]}"' in shown
    assert "/proof" not in shown
