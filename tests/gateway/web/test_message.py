"""One message's page, and what people do there."""

import hashlib
from dataclasses import replace

import pytest

from gateway import readers
from gateway.mail.authenticity.record import Record, draft_of
from gateway.mail.authenticity.verdicts import Authenticity, Dmarc, Signature
from gateway.mail.parse import parse
from gateway.release import release_draft
from gateway.store import messages
from gateway.web.reads import readable
from tests.small_house import BUYER, MAILBOX, ORDER, csrf_in, mail


def post(browser, path: str, **fields: str):
    token = csrf_in(browser.get("/").text)
    return browser.post(path, data={**fields, "csrf": token})


def act(browser, path: str, **fields: str) -> str:
    """Send a form and return the page it leads back to."""
    answer = post(browser, path, **fields)
    assert answer.status_code == 303, answer.text
    return browser.get(answer.headers["location"]).text


def test_it_shows_what_came_when_and_why_it_is_linked(told, browser):
    page = browser.get(f"/message/{told.seqs['question']}").text
    for words in (
        f"Anfrage zur Bestellung {ORDER}",
        f"Maria Keller &lt;{BUYER}&gt;",
        "der Schirm hat einen Riss",
        "23 Nov 2026, 09:16:30 CET",
        "2026-11-23 08:16:30 UTC",
        "Buyer message",
        "certain",
        f"/order/amazon/{ORDER}",
        "Rechnung März.pdf",
        "docket/brand.example",
    ):
        assert words in page


def test_it_shows_what_was_found_about_the_sender_and_leaves_out_what_found_nothing(told, browser):
    seq = told.seqs["thanks"]
    shown = browser.get(f"/message/{told.seqs['stranger']}").text
    assert "Not checked" in shown
    assert "nobody has looked" in shown
    results = Authenticity(
        result="pass",
        reason="signed by amazon.de",
        signatures=(Signature(result="pass", domain="amazon.de"),),
        dmarc=Dmarc(result="pass"),
    )
    told.act(draft_of(Record(of=seq, checked_at=told.clock.now(), asked=True, results=results)))
    page = browser.get(f"/message/{seq}").text
    assert "signed by amazon.de</bdi> · DKIM pass, DMARC pass</span>" in page
    assert page.count("Proven") == 2  # beside the sender, and in the story


def test_its_place_in_the_log_is_the_leaf_the_tree_knows(told, browser):
    seq = told.seqs["question"]
    page = browser.get(f"/message/{seq}").text
    assert hashlib.sha256(b"\x00" + told.archive.entry(seq).leaf).hexdigest() in page


def test_quoted_mail_is_folded_away_and_the_answer_stays(told, browser):
    page = browser.get(f"/message/{told.seqs['answer']}").text
    above, _, below = page.partition('<details class="quote">')
    assert "Wir senden Ihnen heute" in above
    assert "&gt; die Lampe kam beschädigt an" not in above
    assert "&gt; die Lampe kam beschädigt an" in below


def test_an_answer_shows_who_wrote_it_and_what_the_marketplace_said(told, browser):
    page = browser.get(f"/message/{told.seqs['answer']}").text
    assert "written by anna" in page
    assert "250 2.0.0 Ok: queued as 4ZqK1m7Vz9" in page


@pytest.mark.parametrize(
    ("view", "words"),
    [
        ("html", '<iframe class="html" sandbox=""'),
        ("headers", '<th scope="row"><bdi>Message-ID</bdi></th>'),
        ("source", "Content-Type: multipart/"),
        ("nonsense", "der Schirm hat einen Riss"),
    ],
)
def test_each_view_shows_the_same_message(told, browser, view, words):
    assert words in browser.get(f"/message/{told.seqs['question']}", params={"view": view}).text


def test_a_message_without_html_says_so(told, browser):
    page = browser.get(f"/message/{told.seqs['thanks']}?view=html").text
    assert "This message has no HTML" in page
    assert "<iframe" not in page


def test_links_are_shown_as_they_really_are_and_lead_nowhere(house):
    seq = house.take(mail("x", "x", html='<a href="https://evil.example/?id=7">https://amazon.example</a>'))
    with house.client() as browser:
        page = browser.get(f"/message/{seq}?view=html").text
        frame = browser.get(f"/message/{seq}/html").text
    assert "<code>https://evil.example/?id=7</code>" in page
    assert 'href="https://evil' not in page
    assert "evil.example" not in frame


def test_defects_are_named(house):
    raw = b"From: a@b.example\r\nSubject: x\r\nContent-Type: multipart/mixed; boundary=q\r\n\r\n--q\r\n\r\nhello"
    seq = house.take(raw)
    with house.client() as browser:
        assert "in how this message is written" in browser.get(f"/message/{seq}").text


@pytest.mark.parametrize(
    "raw", [b"", b"\x00\xff" * 40, b"Subject: =?utf-8?b?7aCA?=\r\n\r\n\xed\xa0\x80", b"\r\n\r\n"]
)
@pytest.mark.parametrize("view", ["text", "html", "headers", "source"])
def test_any_bytes_have_a_page(house, raw, view):
    seq = house.take(raw)
    with house.client() as browser:
        assert browser.get(f"/message/{seq}", params={"view": view}).status_code == 200
        assert browser.get(f"/message/{seq}/html").status_code == 200
        assert browser.get(f"/message/{seq}/raw").content == raw


def test_an_act_has_no_message_page(told, browser):
    assert browser.get("/message/0").status_code == 404


def test_a_note_is_an_entry_with_its_agent_and_is_shown_as_text(house):
    seq = house.take(mail())
    with house.client() as browser:
        page = act(browser, f"/message/{seq}/note", text="<b>Broken</b>\r\nin transit")
    assert "&lt;b&gt;Broken&lt;/b&gt;\nin transit" in page
    entry = list(house.archive.entries(seq, types={"note"}))[-1]
    assert entry.payload == b'{"agent":"anna","of":%d,"text":"<b>Broken</b>\\nin transit"}' % seq


@pytest.mark.parametrize(
    ("path", "fields"),
    [
        ("note", {"text": "  "}),
        ("note", {"text": "x" * 20_001}),
        ("tag", {"add": "two words"}),
        ("tag", {}),
        ("link", {"order": ""}),
        ("link", {"order": "not a number of anyone's"}),
        ("link", {"order": "x", "marketplace": "../.."}),
    ],
)
def test_a_form_that_says_nothing_usable_is_answered_with_why(house, path, fields):
    seq = house.take(mail())
    head = house.archive.head()
    with house.client() as browser:
        assert post(browser, f"/message/{seq}/{path}", **fields).status_code == 400
    assert house.archive.head() == head


@pytest.mark.parametrize("path", ["note", "tag", "link", "release"])
def test_nothing_can_be_done_to_a_message_that_is_not_there(house, path):
    with house.client() as browser:
        answer = post(browser, f"/message/77/{path}", text="x", add="x", order="x", marketplace="ebay")
    assert answer.status_code == 404


def test_tags_are_put_on_and_taken_off(house):
    seq = house.take(mail())
    with house.client() as browser:
        assert 'aria-label="Take the tag vip away"' in act(browser, f"/message/{seq}/tag", add=" VIP ")
        assert "Take the tag vip away" not in act(browser, f"/message/{seq}/tag", remove="vip")


def test_a_link_is_confirmed_taken_back_and_made_by_hand_and_all_of_it_stays_visible(house):
    seq = house.take(
        mail("Parcel", f"About order {ORDER}", from_="Post <p@parcels.example>"),
        mail_from="p@parcels.example",
        trusted=False,
    )
    with house.client() as browser:
        path = f"/message/{seq}"
        assert "possible" in browser.get(path).text
        confirmed = act(browser, path + "/link", order=ORDER, marketplace="amazon", reason="confirmed")
        assert "hand by anna" in confirmed
        undone = act(browser, path + "/link", order=ORDER, marketplace="amazon", undo="yes")
        assert "Linked to no order." in undone
        assert "2 taken back" in undone
        linked = act(browser, path + "/link", order="112-7654321-7654321")
        assert "/order/amazon/112-7654321-7654321" in linked
        assert act(browser, path + "/link", order="17-1", marketplace="ownshop").count("/order/ownshop/17-1")


@pytest.mark.parametrize("value", [".", "..", " .. "])
def test_an_order_whose_page_nobody_could_reach_is_none(told, browser, value):
    path = f"/message/{told.seqs['stranger']}/link"
    answer = post(browser, path, order=value, marketplace="ownshop")
    assert answer.status_code == 400
    assert "Say which order" in answer.text


def test_an_order_is_found_however_its_dashes_are_typed(house):
    first = house.take(mail(f"Order {ORDER}", f"Order {ORDER}"))
    second = house.take(mail("Hello", "no number", from_="x@y.example"), mail_from="x@y.example")
    assert first < second
    with house.client() as browser:
        page = act(browser, f"/message/{second}/link", order=ORDER.replace("-", ""))
    assert f"/order/amazon/{ORDER}" in page


def held(house) -> int:
    return house.take(
        mail("Re: order", "write to me at sales@brand.example", from_=MAILBOX, to=BUYER),
        source="submission",
        agent="anna",
        mail_from=MAILBOX,
        rcpt_to=(BUYER,),
    )


def test_a_held_message_says_why_and_is_sent_by_one_press(house):
    seq = held(house)
    with house.client() as browser:
        page = browser.get(f"/message/{seq}").text
        assert "Nothing has been sent." in page
        assert "sales@brand.example" in page
        after = act(browser, f"/message/{seq}/release")
        assert "250 2.0.0 Ok: queued as" in after
        assert post(browser, f"/message/{seq}/release").status_code == 409
    assert len(house.remote.taken) == 1


def test_a_held_message_that_is_dropped_is_never_sent(house):
    seq = held(house)
    with house.client() as browser:
        assert "Dropped" in act(browser, f"/message/{seq}/release", drop="yes")
        assert post(browser, f"/message/{seq}/release").status_code == 409
    assert house.remote.taken == []


def test_who_is_second_to_decide_on_a_held_message_is_told_and_the_record_says_what_happened(house):
    seq = held(house)
    with house.client() as browser:
        shown = browser.get(f"/message/{seq}").text
        first = house.archive.append(release_draft(house.archive.entry(seq), agent="ben", drop=False))
        form = {"csrf": csrf_in(shown), "drop": "yes"}
        answer = browser.post(f"/message/{seq}/release", data=form)  # the worker has read nothing of it yet
        assert (answer.status_code, "Somebody else has decided" in answer.text) == (409, True)
    assert house.archive.seqs_of_type("release") == [first.seq]


def test_what_was_never_held_cannot_be_released(told, browser):
    assert post(browser, f"/message/{told.seqs['question']}/release").status_code == 409


def test_an_act_that_the_worker_has_not_taken_up_is_said_to_be_saved(told, browser):
    page = browser.get(f"/message/{told.seqs['question']}?saved=99999").text
    assert "Saved as entry 99999" in page
    assert "Saved as" not in browser.get(f"/message/{told.seqs['question']}?saved=<b>").text


def test_a_message_that_ended_its_reader_is_read_by_its_header_alone(house):
    seq = house.take(mail("Bomb", "the body", html="<p>the body</p>"))
    with house.store.read() as conn:
        row = messages.message(conn, seq)
    entry = house.archive.entry(seq)
    assert readable(entry, row) == entry.payload
    careful = parse(readable(entry, replace(row, defects=(readers.UNREAD,))))
    assert careful.subject == "Bomb"
    assert careful.html == careful.text == ""


def test_a_sender_whom_the_rules_believe_is_not_called_unchecked(told, browser):
    shown = browser.get(f"/message/{told.seqs['question']}").text
    assert "checked by a trusted server" in shown.partition("<h2>Orders</h2>")[2]  # why the link is sure
    assert "checked by a trusted server" in shown.partition("<h2>Orders</h2>")[0]
    assert "nobody has looked" not in shown


def test_all_fields_of_a_header_are_shown_whatever_the_body_is(house):
    seq = house.take(b"Subject: x\r\nX-One: 1\r\n\tand more\r\nX-Two: 2\r\n\r\nX-Body: 3\r\n")
    with house.client() as browser:
        page = browser.get(f"/message/{seq}?view=headers").text
    assert all(words in page for words in ("X-One", "and more", "X-Two"))
    assert "X-Body" not in page
