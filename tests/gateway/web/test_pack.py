"""The button for an evidence pack: one POST, one ZIP file, one entry."""

import io
import json
import zipfile

from gateway.mail.canonical import canonical
from gateway.mail.entry import Draft
from tests.packs import verify
from tests.small_house import ORDER, csrf_in, mail

FORM = {"marketplace": "amazon", "value": ORDER}


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
        answer = browser.post("/pack", data={"marketplace": "amazon", "value": "1\r\n<b>", "csrf": token})
        assert answer.status_code == 404
        assert "nothing is known" in answer.text
        assert browser.post("/pack", data={"csrf": token}).status_code == 404
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
