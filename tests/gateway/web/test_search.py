"""The front page: one box, what it finds, and what it says when it finds nothing."""

import json
import re

import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from gateway.mail.entry import Envelope
from tests.small_house import ORDER, csrf_in, mail


def seqs_on(page: str) -> list[int]:
    return [int(seq) for seq in re.findall(r'class="subject" href="/message/(\d+)"', page)]


def test_an_empty_archive_says_what_to_do(house):
    with house.client() as browser:
        assert "No mail is archived yet" in browser.get("/").text


def test_a_search_that_is_far_behind_says_so(house, monkeypatch):
    monkeypatch.setattr("gateway.web.pages.search._BEHIND", 0)
    with house.client() as browser:
        house.take(mail("Question", "the lamp is broken"))
        assert "cannot be found yet" not in browser.get("/").text
        house.gateway.accept(
            mail("Another", "and the box"), Envelope(source="smtp", received_at=house.clock.now())
        ).result()
        assert "1 entries of the archive cannot be found yet" in browser.get("/").text


@pytest.mark.parametrize(
    ("query", "found"),
    [
        ("", ["stranger", "thanks", "answer", "question"]),
        (ORDER, ["stranger", "thanks", "answer", "question"]),
        (f"order:{ORDER.replace('-', '')}", ["stranger", "thanks", "answer", "question"]),
        ("beschädigt -in:outbound", ["question"]),
        ("agent:anna", ["answer"]),
        ("1Z999AA10123456784", ["answer"]),
        ('filename:*.pdf "Riss"', ["question"]),
        ("customs", ["stranger"]),
        ("nosuchword", []),
    ],
)
def test_the_box_finds_newest_first(told, browser, query, found):
    page = browser.get("/", params={"q": query}).text
    assert seqs_on(page) == [told.seqs[name] for name in found]
    assert f"<strong>{len(found)}</strong>" in page


def test_the_order_can_be_turned_round(told, browser):
    newest = seqs_on(browser.get("/", params={"sort": "newest"}).text)
    assert seqs_on(browser.get("/", params={"sort": "oldest"}).text) == newest[::-1]
    assert sorted(seqs_on(browser.get("/", params={"q": "Lampe", "sort": "relevance"}).text)) == [
        told.seqs["question"],
        told.seqs["answer"],
    ]


def test_what_was_found_is_marked_in_its_passage_and_in_the_whole_subject(browser):
    assert "<mark>customs</mark>" in browser.get("/", params={"q": "customs"}).text
    shown = browser.get("/", params={"q": f"subject:bestellung {ORDER}"}).text
    assert f"<bdi>Anfrage zur <mark>Bestellung</mark> <mark>{ORDER}</mark></bdi>" in shown


def test_facets_narrow_and_widen_again(told, browser):
    page = browser.get("/", params={"q": "order:" + ORDER}).text
    assert f'href="/?q=order%3A{ORDER}%20tag%3Adamage' in page
    narrowed = browser.get("/", params={"q": f"order:{ORDER} tag:damage"}).text
    assert seqs_on(narrowed) == [told.seqs["answer"], told.seqs["question"]]
    assert f'href="/?q=order%3A{ORDER}&amp;sort=newest" class="chosen"' in narrowed


def test_a_facet_narrows_all_of_an_either_or(browser):
    page = browser.get("/", params={"q": "customs OR Lampe"}).text
    assert "q=%28customs%20OR%20Lampe%29%20in%3Ainbound" in page


def test_nothing_found_says_how_to_find_more(browser):
    page = browser.get("/", params={"q": "nosuchword"}).text
    assert "Nothing found" in page
    assert "refun*" in page


def test_a_wrong_query_points_at_its_column_and_keeps_what_was_typed(browser):
    answer = browser.get("/", params={"q": "lamp from:"})
    assert answer.status_code == 400
    assert 'value="lamp from:"' in answer.text
    assert 'lamp from:\n     <span aria-hidden="true">^</span>' in answer.text


def test_a_long_query_is_asked_whole_wherever_it_is_asked_and_a_longer_one_is_refused(told, browser):
    whole = "Lampe" + " " * 1500 + "-Riss"
    found = [told.seqs["answer"], told.seqs["question"]]
    assert seqs_on(browser.get("/", params={"q": "Lampe -Riss"}).text) == []
    assert seqs_on(browser.get("/", params={"q": "Lampe"}).text) == found
    assert seqs_on(browser.get("/", params={"q": whole}).text) == []
    form = {"csrf": csrf_in(browser.get("/").text), "form": "csv", "name": "long"}
    assert len(browser.post("/take", data=form | {"q": whole}).text.splitlines()) == 1
    taken = told.archive.entry(told.archive.seqs_of_type("export")[-1])
    assert json.loads(taken.payload)["query"] == whole
    longer = "Lampe" + " " * 2000 + "-Riss"
    for answer in (
        browser.get("/", params={"q": longer}),
        browser.post("/take", data=form | {"q": longer}),
        browser.post("/searches", data=form | {"q": longer}),
    ):
        assert (answer.status_code, "2000 characters" in answer.text) == (400, True)


def test_while_one_types_only_the_results_are_sent(browser):
    for query in ("customs", "from:"):
        answer = browser.get("/", params={"q": query}, headers={"hx-request": "true"})
        assert answer.status_code == 200
        assert answer.text.lstrip().startswith('<div id="results"')
        assert answer.headers["vary"] == "HX-Request"
    back = {"hx-request": "true", "hx-history-restore-request": "true"}
    assert "<!doctype html>" in browser.get("/", params={"q": "customs"}, headers=back).text


def test_pages_join_without_a_seam_while_mail_comes_in(house):
    first = [house.take(mail(f"Subject {n}", "same words", message_id=f"p{n}")) for n in range(65)]
    seen: list[int] = []
    with house.client() as browser:
        page = browser.get("/", params={"q": "same"}).text
        seen += seqs_on(page)
        house.take(mail("Late", "same words", message_id="late"))
        while more := re.search(r'<li class="more"><a href="([^"]+)"', page):
            page = browser.get(more[1].replace("&amp;", "&"), headers={"hx-request": "true"}).text
            seen += seqs_on(page)
    assert seen == first[::-1]


@pytest.mark.parametrize("after", ["x", "n-1", "o5", "n99999999999999999999999", "\x00"])
def test_a_place_in_no_listing_starts_at_the_beginning(browser, after):
    assert len(seqs_on(browser.get("/", params={"after": after}).text)) == 4


def test_strangers_words_are_text_in_the_list(house):
    house.take(
        mail(
            '<script>alert("s")</script>',
            "<img src=x onerror=alert(1)> here",
            from_='"<b>X</b>" <x@y.example>',
        )
    )
    with house.client() as browser:
        page = browser.get("/", params={"q": "here"}).text
    assert "<script>alert" not in page
    assert "<img" not in page
    assert "<b>X" not in page
    assert "&lt;script&gt;" in page


@settings(max_examples=150, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(query=st.text(max_size=60), sort=st.sampled_from(["", "newest", "oldest", "relevance", "x"]))
@example(query='"', sort="")
@example(query="((((((((((((((((((((((((((((((", sort="")
@example(query="before:9999-99-99 OR", sort="")
@example(query="a" * 5000, sort="")
@example(query="\x00\ud7ff\U000e0001\u202e", sort="")
def test_no_query_brings_out_a_fault(browser, query, sort):
    assert browser.get("/", params={"q": query, "sort": sort}).status_code in {200, 400}
