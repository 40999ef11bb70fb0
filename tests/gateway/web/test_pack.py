"""The button for an evidence pack: one POST, one ZIP file, one entry."""

import io
import json
import zipfile

import pytest

from gateway.mail.canonical import canonical
from gateway.mail.entry import Draft
from tests.gateway.report.pdf import text_of
from tests.packs import verify
from tests.small_house import MAILBOX, ORDER, PASSWORD, csrf_in, mail

FORM = {"marketplace": "amazon", "value": ORDER, "reason": "a claim"}
OTHER = "second@brand.example"


def entries_of(house, kind):
    return [entry for entry in house.archive.entries(0) if entry.type == kind]


def test_the_button_hands_out_a_pack_that_verifies_and_the_log_knows_who_took_it(house, tmp_path):
    house.take(mail(f"Order {ORDER}", f"Order {ORDER}"))
    with house.client() as browser:
        page = browser.get(f"/pack/amazon/{ORDER}").text
        assert "Evidence pack (ZIP)" in page
        assert "1 message in" in page
        assert entries_of(house, "export") == []  # looking is no entry
        answer = browser.post("/pack", data={**FORM, "reason": "A-to-z <claim>", "csrf": csrf_in(page)})
        assert answer.status_code == 200, answer.text
        assert answer.headers["content-type"] == "application/zip"
        assert f'filename="evidence-amazon-{ORDER}.zip"' in answer.headers["content-disposition"]
        assert int(answer.headers["content-length"]) == len(answer.content)
        house.settle()
        shown = browser.get(f"/pack/amazon/{ORDER}").text.partition("What was handed out")[2]
        assert "<bdi>A-to-z &lt;claim&gt;</bdi>" in shown
        assert (
            "took an evidence pack of 1 message: <bdi>A-to-z &lt;claim&gt;</bdi>"
            in browser.get(f"/order/amazon/{ORDER}").text
        )
    (tmp_path / "got.zip").write_bytes(answer.content)
    assert verify(tmp_path / "got.zip", "--fingerprint", house.archive.verifier.fingerprint)[0] == 0
    (entry,) = entries_of(house, "export")
    told = json.loads(entry.payload)
    assert (told["agent"], told["reason"], entry.meta["source"]) == ("anna", "A-to-z <claim>", "web")


def test_nothing_of_it_stays_on_the_disk(house, tmp_path):
    house.take(mail(f"Order {ORDER}", f"Order {ORDER}"))
    with house.client() as browser:
        token = csrf_in(browser.get("/").text)
        assert browser.post("/pack", data={**FORM, "csrf": token}).status_code == 200
    assert list((tmp_path / "packs").iterdir()) == []


def test_a_stranger_and_a_forged_form_get_nothing_and_leave_no_entry(house):
    house.take(mail(f"Order {ORDER}", f"Order {ORDER}"))
    import httpx

    with httpx.Client(base_url=house.url) as stranger:
        assert stranger.post("/pack", data=FORM).status_code == 403
    with house.client() as browser:
        assert browser.post("/pack", data={**FORM, "csrf": "forged"}).status_code == 403
        assert browser.get("/pack").status_code == 405
        assert browser.get("/pack/amazon/999-1").status_code == 404
    assert entries_of(house, "export") == []


def test_an_order_that_nobody_knows_gives_no_pack_but_words(house):
    with house.client() as browser:
        token = csrf_in(browser.get("/").text)
        answer = browser.post("/pack", data={**FORM, "value": "1\r\n<b>", "csrf": token})
        assert answer.status_code == 404
        assert "nothing is known" in answer.text
        assert browser.post("/pack", data={"csrf": token, "reason": "x"}).status_code == 404
    assert entries_of(house, "export") == []


def test_one_pack_is_made_at_a_time(house):
    house.take(mail(f"Order {ORDER}", f"Order {ORDER}"))
    with house.client() as browser, house.site.packs._busy:
        token = csrf_in(browser.get("/").text)
        answer = browser.post("/pack", data={**FORM, "csrf": token})
    assert answer.status_code == 503
    assert "Another evidence pack is being made" in answer.text


def test_internal_notes_stay_closed_unless_they_are_asked_for(house, tmp_path):
    house.take(mail(f"Order {ORDER}", f"Order {ORDER}"))
    with house.client() as browser:
        token = csrf_in(browser.get("/").text)
        browser.post(f"/order/amazon/{ORDER}", data={"text": "a secret word", "csrf": token})
        order = {"marketplace": "amazon", "value": ORDER}
        told = {"order": order, "hold": True, "reason": "a guarded thought", "agent": "anna"}
        house.act(Draft(type="dossier", payload=canonical(told), meta={"source": "command"}))
        house.settle()
        for form, is_open in (({}, False), ({"notes": "yes"}, True)):
            answer = browser.post("/pack", data={**FORM, **form, "csrf": token})
            with zipfile.ZipFile(io.BytesIO(answer.content)) as file:
                told = b"".join(file.read(name) for name in file.namelist())
            assert (b"a secret word" in told) is is_open
            assert (b"a guarded thought" in told) is is_open
            assert (b"left out on request" in told) is not is_open


def quote(house, mailbox, **known):
    """Take a mail in that quotes the order's number, by default a stranger's."""
    known = {"mail_from": "x@stranger.example", "trusted": False, **known}
    raw = mail("hello", f"zimtschnecke, order {ORDER}", from_=f"x <{known['mail_from']}>", to=mailbox)
    return house.take(raw, mailbox=mailbox, rcpt_to=(mailbox,), **known)


def words_in(answer):
    with zipfile.ZipFile(io.BytesIO(answer.content)) as file:
        return {name.partition("/")[2]: file.read(name) for name in file.namelist()}


def test_a_stranger_who_quotes_the_number_elsewhere_takes_nothing_from_who_has_one_mailbox(house, tmp_path):
    house.accounts.add("ben", PASSWORD, mailboxes=(MAILBOX,))
    mine = house.take(mail(f"Order {ORDER}", f"Order {ORDER}"))
    theirs = quote(house, OTHER)
    with house.client("ben") as ben:
        shown = ben.get(f"/pack/amazon/{ORDER}").text
        assert "it lies in a mailbox that whoever took this pack does not have" in shown
        taken = ben.post("/pack", data={**FORM, "csrf": csrf_in(shown)})
        assert taken.headers["content-type"] == "application/zip", taken.text
        (tmp_path / "got.zip").write_bytes(taken.content)
        assert verify(tmp_path / "got.zip", "--fingerprint", house.archive.verifier.fingerprint)[0] == 0
        held = words_in(taken)
        assert f"data/messages/{mine:06d}.eml" in held
        assert not [name for name, data in held.items() if b"zimtschnecke" in data]
        told = json.loads(held["data/completeness.json"])
        assert told["messages"] == 2
        away = {one["entry"] for one in told["withheld"]}
        assert theirs in away
        assert mine not in away
        assert all(one["why"].startswith("it lies in a mailbox") for one in told["withheld"])
        said = ben.get(f"/answer/amazon/{ORDER}")
        assert said.status_code == 200
        assert "1 message in a mailbox that you do not have quotes this order&#39;s number" in said.text
    with house.client() as anna:
        page = anna.get(f"/pack/amazon/{ORDER}").text
        assert "it lies in a mailbox" not in page
        assert any(
            b"zimtschnecke" in data
            for data in words_in(anna.post("/pack", data={**FORM, "csrf": csrf_in(page)})).values()
        )


def test_mail_that_surely_is_the_orders_elsewhere_keeps_its_pack_for_who_sees_all_of_it(house):
    house.accounts.add("ben", PASSWORD, mailboxes=(MAILBOX,))
    house.take(mail(f"Order {ORDER}", f"Order {ORDER}"))
    quote(house, OTHER, mail_from="k9@marketplace.amazon.de", trusted=True)
    with house.client("ben") as ben:
        page = ben.get(f"/order/amazon/{ORDER}").text
        for answer in (
            ben.get(f"/pack/amazon/{ORDER}"),
            ben.get(f"/answer/amazon/{ORDER}"),
            ben.post("/pack", data={**FORM, "csrf": csrf_in(page)}),
        ):
            assert answer.status_code == 403
            assert "lies in mailboxes that you do not have" in answer.text


def test_who_has_no_more_than_a_quoted_number_links_it_by_hand_first(house):
    house.accounts.add("ben", PASSWORD, mailboxes=(MAILBOX,))
    seq = quote(house, MAILBOX)
    with house.client("ben") as ben:
        token = csrf_in(ben.get(f"/order/amazon/{ORDER}").text)
        refused = ben.post("/pack", data={**FORM, "csrf": token})
        assert refused.status_code == 403
        assert "link it to the order by hand" in refused.text
        link = {"csrf": token, "order": ORDER, "marketplace": "amazon"}
        assert ben.post(f"/message/{seq}/link", data=link).status_code == 303
        assert ben.post("/pack", data={**FORM, "csrf": token}).status_code == 200


@pytest.mark.needs("pango")
def test_a_report_for_one_mailbox_counts_what_only_quotes_the_number_elsewhere(house):
    house.accounts.add("ben", PASSWORD, mailboxes=(MAILBOX,))
    mine = house.take(mail(f"Order {ORDER}", f"Order {ORDER}"))
    quote(house, OTHER)
    with house.client("ben") as ben:
        token = csrf_in(ben.get(f"/order/amazon/{ORDER}").text)
        taken = ben.post("/report", data={**FORM, "csrf": token})
    assert taken.status_code == 200, taken.text
    told = json.loads(entries_of(house, "export")[-1].payload)
    assert told["messages"] == 1
    assert str(mine) in told["holds"]
    text = text_of(taken.content)
    assert "zimtschnecke" not in text
    assert "whose order is not certain" in text


def test_who_takes_a_pack_or_a_report_says_what_for(house):
    house.take(mail(f"Order {ORDER}", f"Order {ORDER}"))
    with house.client() as browser:
        token = csrf_in(browser.get("/").text)
        for what in ("pack", "report"):
            answer = browser.post(f"/{what}", data={**FORM, "csrf": token, "reason": " "})
            assert answer.status_code == 400
            assert f"Say what the {what} is for" in answer.text
    assert entries_of(house, "export") == []
