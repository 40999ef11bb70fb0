"""The labelled mails, the generated business mails and the counting itself."""

import pytest

from benchmarks.labels import Label, Labelled, Order, labelled_in
from benchmarks.negatives import negatives
from benchmarks.score import CORPORA, FALSE_PER_10000, Scorer, below_floors, false_links, main, score
from benchmarks.tally import Count, Tally, wilson

# What has no floor of its own: how many finds are false and how many are missing today. These may only shrink.
TODAY = {
    "operator": (0, 0),
    "kind of notice": (0, 0),
    "products": (0, 2),
    "parcels": (0, 1),
    "carriers of parcels found": (0, 0),
    "returns": (0, 0),
    "claims": (0, 1),
    "sure enough": (0, 0),
}
MAIL = (
    "From: x7q2mklt90bvhd4@marketplace.amazon.de\r\nSubject: Frage (Bestellung: {})\r\n"
    "Message-ID: <1@marketplace.amazon.de>\r\n\r\nWo ist mein Paket?\r\n"
)


@pytest.fixture(scope="module")
def scorer():
    made = Scorer()
    yield made
    made.close()


@pytest.fixture(scope="module")
def tally(scorer):
    return score((mail for folder in CORPORA for mail in labelled_in(folder)), scorer)


@pytest.mark.parametrize("what", TODAY)
def test_the_labelled_mails_are_read_no_worse_than_yesterday(tally, what):
    count = tally.whole(what)
    false, missed = TODAY[what]
    assert (count.false <= false, count.missed <= missed) == (True, True), [
        mistake for mistake in tally.mistakes if mistake[1].startswith(what)
    ]


def test_the_floors_are_held(tally):
    assert below_floors(tally) == [], tally.mistakes


def test_business_mails_about_no_order_are_linked_nowhere(scorer):
    assert false_links(negatives(2000), scorer) == (2000, [])


def test_real_mail_about_no_order_is_linked_at_most_twice_in_ten_thousand(scorer, shared_data):
    files = sorted((shared_data / "mail").rglob("*.eml"))
    count, found = false_links(((path.name, path.read_bytes()) for path in files), scorer)
    assert (count, len(found) / count <= FALSE_PER_10000 / 10_000) == (3250, True), found


def test_the_same_seed_makes_the_same_mails_and_another_makes_others():
    first = [raw for _, raw in negatives(20, seed=1)]
    assert first == [raw for _, raw in negatives(20, seed=1)]
    assert first != [raw for _, raw in negatives(20, seed=2)]


def labelled(order, **fields):
    raw = MAIL.format("302-1234567-7654321").encode()
    label = Label(language="de", marketplace="amazon", orders=(Order("amazon", order),), **fields)
    return Labelled(name="one", raw=raw, label=label)


def test_a_wrong_label_is_a_miss_and_a_false_find(scorer):
    tally = score([labelled("302-1234567-0000000", sender="authentic")], scorer)
    assert tally.whole("order links") == Count(right=0, false=1, missed=1)
    assert len(below_floors(tally)) == 2


def test_a_right_label_is_right(scorer):
    tally = score([labelled("302-1234567-7654321", sender="authentic", confidence="certain")], scorer)
    assert tally.whole("order links") == Count(right=1)
    assert tally.whole("sure enough") == Count(right=1)
    assert (tally.mistakes, below_floors(tally)) == ([], [])


def test_a_strangers_mail_is_counted_for_its_caution(scorer):
    tally = score([labelled("302-1234567-7654321", sender="stranger")], scorer)
    assert tally.whole("stranger's link waits") == Count(right=1)


@pytest.mark.parametrize(
    "hits, of, low, high",
    [
        (0, 0, 0.0, 1.0),
        (10, 10, 0.722, 1.0),
        (0, 10, 0.0, 0.278),
        (81, 263, 0.255, 0.366),
        (399, 400, 0.986, 1.0),
    ],
)
def test_intervals_are_wilsons(hits, of, low, high):
    assert wilson(hits, of) == pytest.approx((low, high), abs=0.001)


def test_what_is_compared_is_counted_under_its_group():
    tally = Tally()
    tally.compare("orders", "a", {"1": "x", "2": "y"}, {"2": "y", "3": "x"})
    assert tally.counts["orders"] == {"x": Count(false=1, missed=1), "y": Count(right=1)}
    assert tally.mistakes == [("a", "orders: missed 1"), ("a", "orders: false 3")]


def test_a_mail_without_a_label_is_an_error(tmp_path):
    (tmp_path / "a.eml").write_text("Subject: a\n\n")
    with pytest.raises(ValueError, match="missing for a"):
        list(labelled_in(tmp_path))


def test_a_misspelt_label_names_its_file(tmp_path):
    (tmp_path / "a.eml").write_text("Subject: a\n\n")
    (tmp_path / "a.expect.toml").write_text('language = "en"\nsender = "authentic"\nordres = []\n')
    with pytest.raises(ValueError, match=r"a\.expect\.toml.*ordres"):
        list(labelled_in(tmp_path))


def test_the_command_says_what_is_below_a_floor(tmp_path, capsys):
    (tmp_path / "a.eml").write_text("Subject: nothing\n\nnothing\n")
    (tmp_path / "a.expect.toml").write_text(
        'language = "en"\nsender = "authentic"\norders = [{ marketplace = "amazon", value = "302-1234567-7654321" }]\n'
    )
    assert main(["--corpus", str(tmp_path), "--negatives", "0"]) == 1
    printed = capsys.readouterr().out
    assert "a: order links: missed amazon 302-1234567-7654321" in printed
    assert "BELOW THE FLOOR  recall of order links" in printed
