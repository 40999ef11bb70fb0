"""Saved searches: one's own and shared ones, with a count that is pinned; the log holds the fact and never the words."""

import json

import pytest

from tests.small_house import PASSWORD, build_house, csrf_in, mail, seed, serving


@pytest.fixture(scope="module")
def house(tmp_path_factory):
    house = build_house(tmp_path_factory.mktemp("house"))
    house.seqs = seed(house)
    house.accounts.add("bert", PASSWORD)
    with serving(house):
        yield house


def post(browser, path, **form):
    token = csrf_in(browser.get("/searches").text)
    return browser.post(path, data={"csrf": token, **form}, follow_redirects=False)


def id_in(page, name):
    return page.partition(f"<bdi>{name}</bdi>")[2].partition('action="/searches/')[2].partition('"')[0]


def test_a_search_is_saved_pinned_with_its_count_and_removed(house):
    head = house.archive.head()
    with house.client() as browser:
        assert "None yet" in browser.get("/searches").text
        done = post(browser, "/searches", q="Lampe OR customs", name=" Broken  <b>lamps</b> ", pinned="yes")
        assert (done.status_code, done.headers["location"]) == (303, "/searches")
        front = browser.get("/").text
        assert 'Broken &lt;b&gt;lamps&lt;/b&gt;</bdi><span class="count">3</span>' in front
        assert "q=Lampe%20OR%20customs&amp;sort=newest" in front
        id_ = id_in(browser.get("/searches").text, "Broken &lt;b&gt;lamps&lt;/b&gt;")
        assert post(browser, f"/searches/{id_}", do="unpin").status_code == 303
        assert "lamps&lt;/b&gt;</bdi></a>" in browser.get("/").text
        assert post(browser, f"/searches/{id_}", do="fly").status_code == 400
        assert post(browser, f"/searches/{id_}", do="remove").status_code == 303
        assert post(browser, f"/searches/{id_}", do="remove").status_code == 404
        assert "None yet" in browser.get("/searches").text
    entries = [house.archive.entry(seq) for seq in range(head, house.archive.head())]
    said = [json.loads(one.payload) for one in entries if one.type == "search"]
    assert [one["did"] for one in said] == ["saved", "unpinned", "removed"]
    assert all(one.keys() == {"did", "search", "shared", "agent"} for one in said)


def test_only_shared_searches_are_seen_by_others_and_only_their_maker_changes_them(house):
    with house.client() as anna, house.client() as bert:
        form = {"name": "bert", "password": PASSWORD, "csrf": csrf_in(bert.get("/").text)}
        bert.post("/logout", data={"csrf": form["csrf"]})
        form["csrf"] = csrf_in(bert.get("/login").text)
        assert bert.post("/login", data=form).status_code == 303
        post(anna, "/searches", q="tag:damage", name="mine")
        post(anna, "/searches", q="is:unanswered", name="ours", shared="yes", pinned="yes")
        shown = bert.get("/").text
        assert '<bdi>ours</bdi><span class="count">1</span>' in shown
        assert "<bdi>mine</bdi>" not in shown
        id_ = id_in(anna.get("/searches").text, "ours")
        assert post(bert, f"/searches/{id_}", do="remove").status_code == 404
        house.take(mail("Another question", "where is it?", message_id="n1"))
        assert "<bdi>ours</bdi>" in anna.get("/").text
    house.accounts.remove("bert")


@pytest.mark.parametrize(
    "form",
    [
        {"q": "from:", "name": "a"},
        {"q": "x", "name": " "},
        {"q": "x", "name": "a" * 81},
        {"q": "x", "name": "\u202e"},
    ],
)
def test_what_cannot_be_asked_or_named_is_not_saved(house, form):
    head = house.archive.head()
    with house.client() as browser:
        assert post(browser, "/searches", **form).status_code == 400
        assert post(browser, "/searches", q="a", name="twice").status_code == 303
        assert post(browser, "/searches", q="b", name="twice").status_code == 400
        post(browser, f"/searches/{id_in(browser.get('/searches').text, 'twice')}", do="remove")
    assert house.archive.head() == head + 2
