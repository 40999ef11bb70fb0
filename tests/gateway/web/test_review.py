"""The page of what waits for a person's word."""

from gateway.store.reviews import waiting_count
from tests.small_house import ORDER, csrf_in, mail, seed


def count(house):
    with house.store.read() as conn:
        return waiting_count(conn)


def test_what_waits_is_listed_and_each_button_is_one_act(house):
    house.seqs = seed(house)
    unlinked = house.take(
        mail("Frage", "Haben Sie das auch in blau?", from_="x7y8z9@marketplace.amazon.de", message_id="p1")
    )
    before = count(house)
    with house.client() as browser:
        shown = browser.get("/review").text
        assert f"/message/{unlinked}" in shown
        assert ORDER in shown
        token = csrf_in(shown)
        done = browser.post(f"/message/{unlinked}/link", data={"csrf": token, "none": "yes"})
        assert done.status_code == 303
        assert count(house) == before - 1
        stranger = house.seqs["stranger"]
        order = {"order": ORDER, "marketplace": "amazon"}
        browser.post(f"/message/{stranger}/link", data={"csrf": token, **order, "undo": "yes"})
        assert count(house) == before - 2
        assert f'action="/message/{stranger}/link"' not in browser.get("/review").text
