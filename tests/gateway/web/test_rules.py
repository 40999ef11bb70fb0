"""The rules' pages: what is in force, a draft checked, tried, replayed, taken away, and put in place by an admin alone."""

import json
import re
import threading
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from html import unescape

import pytest

from gateway.errors import WrongUse
from gateway.rulebook import EDITED, digest
from tests.small_house import BUYER, ORDER, PASSWORD, RULES, csrf_in, mail

URGENT = """
[[rule]]
name = "broken <glass>"
when = { text = "beschädigt" }
then = [{ do = "tag", name = "glass" }, { do = "mark", as = "urgent" }]

[[rule]]
name = "paper"
when = { text = "papyrus" }
then = [{ do = "tag", name = "paper" }]
"""


def bench(browser, do, **form):
    shown = browser.get("/rules/bench").text
    known = {"csrf": csrf_in(shown), "was": re.search(r'name="was" value="(\w+)"', shown)[1], "book": RULES}
    return browser.post("/rules/bench", data=known | {"do": do} | form)


def test_what_is_in_force_is_told_rule_by_rule_and_file_by_file(browser):
    shown = browser.get("/rules").text
    assert "<bdi>damage</bdi>" in shown
    assert "tag damage" in shown
    assert "damaged|beschädigt" in shown
    assert "reply 24 h" in shown
    assert "marketplace.amazon." in shown
    assert re.search(r"version <code>[0-9a-f]{16}</code>, kept as entry \d+, in force since", shown)
    assert "notice_domains" in browser.get("/rules/file/amazon.toml").text
    assert "[[rule]]" in browser.get("/rules/file/rules.toml").text
    for name in ("nothing.toml", "../rules.py", "%2e%2e/config.toml", "/etc/passwd"):
        assert browser.get(f"/rules/file/{name}").status_code == 404


def test_an_archived_message_is_tried_on_a_draft_step_by_step(told, browser):
    answer = bench(browser, "try", book=RULES + URGENT, message=str(told.seqs["question"]))
    assert answer.status_code == 200, answer.text
    shown = answer.text
    assert "amazon, buyer message, from or to the buyer" in shown
    assert f'<span class="order">{ORDER}</span> amazon, certain' in shown
    assert '<bdi>broken &lt;glass&gt;</bdi></td><td><span class="badge good">fits</span>' in shown
    assert "mark urgent" in shown
    assert '<span class="chip tag">glass</span>' in shown
    assert "+name = &#34;broken &lt;glass&gt;&#34;" in shown  # what the draft changes
    assert '<bdi>paper</bdi></td><td><span class="badge">no</span></td><td><bdi>text</bdi>' in shown


def test_a_pasted_mail_is_tried_as_if_it_came_now(told, browser):
    raw = mail(f"Order {ORDER}", "The lamp is damaged <script>alert(1)</script>").decode()
    before = told.archive.head()
    shown = bench(browser, "try", mail=raw, trusted="yes").text
    assert f'<span class="order">{ORDER}</span> amazon' in shown
    assert '<span class="chip tag">damage</span>' in shown
    assert "<script>alert" not in shown
    ours = mail(f"Re: {ORDER}", "It left today", from_="support@brand.example", to=BUYER).decode()
    assert '<span class="hint">outbound</span>' in bench(browser, "try", mail=ours).text
    assert told.archive.head() == before


@pytest.mark.parametrize(
    "form, said",
    [
        ({"do": "check", "book": "[[rule]]\nname = 1"}, "rules.toml, line 2"),
        ({"do": "check", "book": '[[rule]]\nname = "x"\nwhen = { mailbox = "nobody@y.example" }'}, "nobody@y.example"),
        ({"do": "check"}, "can be read"),
        ({"do": "try"}, "Paste a mail"),
        ({"do": "try", "message": "-1"}, "Say which message"),
        ({"do": "try", "message": "999999"}, "There is no decided message 999999."),
        ({"do": "replay", "since": "soon"}, "from which day on"),
        ({"do": "replay", "book": "[[rule]]", "since": "2026-01-01"}, "rule 1"),
    ],
)  # fmt: skip
def test_what_is_wrong_with_a_draft_or_a_question_is_said(browser, form, said):
    answer = bench(browser, form.pop("do"), **form)
    assert said.lower() in answer.text.lower()


def test_a_time_is_replayed_on_a_draft_with_before_and_after(told, browser):
    answer = bench(browser, "replay", book=URGENT, since="2026-11-01", until="2026-11-30")
    assert answer.headers["location"] == "/rules/replay"
    told.site.rules._thread.join()
    shown = browser.get("/rules/replay").text
    run = told.site.rules.run
    assert (run.looked, run.draft, run.wrong) == (4, True, "")
    assert told.seqs["question"] in {seq for seq, _ in run.changed}
    assert told.seqs["thanks"] not in {seq for seq, _ in run.changed}
    assert "− tags: <bdi>damage</bdi>" in shown
    assert "+ tags: <bdi>glass</bdi>" in shown
    assert f'href="/rules/bench?message={told.seqs["question"]}&amp;draft="' in shown
    assert "Put it in place" not in shown  # anna is no admin
    again = browser.get("/rules/bench", params={"message": told.seqs["question"], "draft": ""}).text
    assert "broken &lt;glass&gt;" in again
    assert 'name="since" type="date" value="2026-11-01"' in again
    assert "broken &lt;glass&gt;" not in browser.get("/rules/bench").text


def test_a_draft_is_taken_as_a_file_or_as_a_patch(browser):
    file = bench(browser, "file", book=(RULES + URGENT).replace("\n", "\r\n"))
    assert file.text == RULES + URGENT
    assert "rules.toml" in file.headers["content-disposition"]
    patch = bench(browser, "patch", book=RULES + URGENT).text
    assert patch.startswith("--- a/rules.toml\n+++ b/rules.toml\n")
    assert '+name = "broken <glass>"' in patch


def test_an_agent_does_not_put_a_draft_in_place(told, browser):
    answer = bench(browser, "save", book=RULES + URGENT)
    assert answer.status_code == 403
    assert "Only an admin" in answer.text
    assert told.site.rules.files().rules == RULES


def test_an_admin_puts_a_draft_in_place_with_an_entry_and_never_over_another_s(house):
    house.accounts.add("boss", PASSWORD, role="admin")
    place = house.site.rules.place
    place.chmod(0o640)
    with house.client("boss") as browser:
        assert "line 2" in bench(browser, "save", book="[[rule]]\nname = 1").text
        done = bench(browser, "save", book=RULES + URGENT, reason="glass breaks")
        assert done.headers["location"].startswith("/rules?saved=")
        assert place.read_text() == RULES + URGENT
        assert place.stat().st_mode & 0o777 == 0o640
        assert "broken &lt;glass&gt;" in browser.get("/rules").text
        stale = bench(browser, "save", was="0" * 64)
        assert "has changed since this draft was begun" in stale.text
    assert place.read_text() == RULES + URGENT
    (entry,) = [one for one in house.archive.entries(0) if one.type == EDITED]
    told = json.loads(entry.payload)
    assert (told["agent"], told["reason"], told["file"]) == ("boss", "glass breaks", "rules.toml")
    assert [one.name for one in place.parent.iterdir() if one.name.startswith(".rules")] == []


def test_of_drafts_that_are_saved_at_once_one_is_put_in_place_and_the_others_are_told(house):
    together = threading.Barrier(4)
    desk = house.site.rules

    def known():  # asked for while a draft is checked: nobody saves before all are there
        together.wait(10)
        return desk.known()

    raced = replace(desk, known=known, record=house.archive.append)
    drafts = [f"{RULES}# by {n}\n" for n in range(4)]

    def save(text):
        try:
            return raced.save(text, digest(RULES), agent="boss", reason="")
        except WrongUse as wrong:
            return str(wrong)

    with ThreadPoolExecutor(4) as threads:
        answers = list(threads.map(save, drafts))
    (entry,) = [one for one in house.archive.entries(0) if one.type == EDITED]
    assert [str(one)[:30] for one in answers].count("the rule book has changed sinc") == 3
    assert json.loads(entry.payload)["after"] == digest(desk.files().rules)


def test_an_admin_puts_what_was_replayed_in_place_from_the_replay(house):
    house.accounts.add("boss", PASSWORD, role="admin")
    with house.client("boss") as browser:
        assert bench(browser, "replay", book=RULES + URGENT, since="2026-11-01").status_code == 303
        house.site.rules._thread.join()
        shown = browser.get("/rules/replay").text
        fields = dict(re.findall('name="(csrf|was|book)" value="([^"]*)"', shown))
        form = {name: unescape(value) for name, value in fields.items()}
        done = browser.post("/rules/bench", data={**form, "do": "save", "reason": "glass"})
        assert done.headers["location"].startswith("/rules?saved="), done.text
    assert house.site.rules.place.read_text() == RULES + URGENT
