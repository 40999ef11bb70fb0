"""Auditors on the bench and among saved searches: what shows them mail is recorded, and what is everybody's is not theirs to make."""

import json

from tests.gateway.web.test_second_step import post
from tests.small_house import PASSWORD, mail

BOOK = '[[rule]]\nname = "x"\nwhen = { text = "lamp" }\nthen = [{ do = "tag", name = "x" }]\n'


def test_what_an_auditor_tries_on_the_bench_is_recorded_like_what_they_look_at(house):
    house.accounts.add("petra", PASSWORD, role="auditor")
    seq = house.take(mail("Where is my lamp", "It never came"))
    with house.client("petra") as auditor:
        page, head = auditor.get("/account").text, house.archive.head()
        form = {"book": BOOK, "message": str(seq)}
        assert post(auditor, "/rules/bench", page, **form, do="try").status_code == 200
        form = {"book": BOOK, "since": "2026-11-01"}
        assert post(auditor, "/rules/bench", page, **form, do="replay").status_code == 303
        assert post(auditor, "/rules/replay", page).status_code == 303
    told = [json.loads(one.payload)["path"] for one in house.archive.entries(head) if one.type == "view"]
    assert told == [f"/rules/bench?do=try&message={seq}", "/rules/bench?do=replay", "/rules/replay"]


def test_an_auditor_saves_searches_for_themselves_alone(house):
    house.accounts.add("petra", PASSWORD, role="auditor")
    with house.client("petra") as auditor, house.client() as anna:
        page, form = auditor.get("/account").text, {"q": "lamp", "name": "lamps"}
        assert post(auditor, "/searches", page, **form, shared="yes").status_code == 403
        assert post(auditor, "/searches", page, **form).status_code == 303
        assert post(anna, "/searches", anna.get("/account").text, **form, shared="yes").status_code == 303
        assert 'name="shared"' not in auditor.get("/?q=lamp").text
        assert 'name="shared"' in anna.get("/?q=lamp").text
