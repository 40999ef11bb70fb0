"""What a page says of what somebody has just done: that it is done, what is next, and how it is undone."""

import re

import pytest

from gateway.store.reviews import waiting
from tests.small_house import ORDER, PASSWORD, build_house, csrf_in, mail, seed, serving

PATH = f"/order/amazon/{ORDER}"
BANNER = re.compile(r'<div class="alert done".*?</div>', re.DOTALL)
FIELD = re.compile(r'name="([a-z]+)" value="([^"]*)"')


@pytest.fixture(scope="module")
def told(tmp_path_factory):
    house = build_house(tmp_path_factory.mktemp("undoing"))
    house.seqs = seed(house)
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


@pytest.fixture
def browser(told):
    with told.client() as logged_in:
        logged_in.csrf = csrf_in(logged_in.get(PATH).text)
        yield logged_in


def did(browser, path, **form):
    """Post a form; return the banner of the page that it leads to, and what its button would post."""
    done = browser.post(path, data={"csrf": browser.csrf, **form})
    assert done.status_code == 303, done.text
    banner = BANNER.search(browser.get(done.headers["location"]).text)[0]
    action = re.search('action="([^"]*)"', banner)
    return banner, action and action[1], dict(FIELD.findall(banner))


def test_a_note_is_said_to_be_added(told, browser):
    banner, action, _ = did(browser, f"/message/{told.seqs['question']}/note", text="called her")
    assert "note added" in banner
    assert f"entry {told.archive.head() - 1}" in banner
    assert action is None
    assert "note added" in did(browser, PATH, text="on the order")[0]


def test_a_tag_and_a_parcel_are_undone_by_the_banner_s_button(told, browser):
    seq = told.seqs["question"]
    banner, action, form = did(browser, f"/message/{seq}/tag", add="urgent", back=PATH)
    assert "tagged urgent" in banner
    assert "no longer tagged urgent" in did(browser, action, **{**form, "csrf": browser.csrf})[0]
    banner, action, form = did(browser, f"/parcel/amazon/{ORDER}", number="00340434161094021501")
    assert "parcel 00340434161094021501 added" in banner
    assert "is not of this order" in did(browser, action, **form)[0]


def test_an_answer_leads_to_the_word_that_stops_its_clock(told, browser):
    banner, action, form = did(browser, f"/answer/amazon/{ORDER}", language="en")
    assert "Now paste it" in banner
    assert action == PATH
    assert "answered elsewhere" in did(browser, action, **form)[0]
    assert "Paste it into" in did(browser, f"/answer/amazon/{ORDER}", language="en")[0]


def queue(house):
    with house.store.read() as conn:
        return [(one.message, one.why) for one in waiting(conn, 9)]


def links(house, seq):
    from gateway.store.orders import links_of

    with house.store.read() as conn:
        return [(one.link.order, one.link.confidence) for one in links_of(conn, seq) if one.undone_by is None]


@pytest.mark.parametrize(
    "form",
    [
        {"order": ORDER, "marketplace": "amazon", "undo": "yes"},
        {"order": ORDER, "marketplace": "amazon"},
        {"order": "302-1111111-1111111", "marketplace": "amazon"},
        {"none": "yes"},
    ],
    ids=["reject", "accept", "another", "none"],
)
def test_a_word_on_a_link_that_is_undone_was_never_said(told, browser, form):
    seq = told.seqs["stranger"]
    was, linked = queue(told), links(told, seq)
    assert [message for message, _ in was] == [seq]
    _, action, undo = did(browser, f"/message/{seq}/link", **form, back="/review")
    assert links(told, seq) != linked
    banner, action, again = did(browser, action, **undo)
    assert "as before" in banner
    assert (queue(told), links(told, seq)) == (was, linked)
    later = {**undo, "csrf": csrf_in(browser.get("/review").text)}
    assert browser.post(action, data=later).status_code == 409  # it is not the last word any more
    _, action, undo = did(browser, action, **again)
    assert links(told, seq) != linked
    did(browser, action, **undo)
    assert (queue(told), links(told, seq)) == (was, linked)


def test_nobody_takes_another_s_word_for_not_said(told, browser):
    seq = told.seqs["stranger"]
    told.accounts.add("lena", PASSWORD, role="agent")
    _, action, undo = did(browser, f"/message/{seq}/link", none="yes")
    with told.client("lena") as other:
        token = csrf_in(other.get(PATH).text)
        assert other.post(action, data={**undo, "csrf": token}).status_code == 409
    did(browser, action, **undo)
