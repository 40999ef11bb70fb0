import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from index.analyzer import analyze, query_identifier, query_words

WORDS = [
    ("Größe CŒUR naïve Ångström", "grosse coeur naive angstrom"),
    ("ＡＢＣ １２３ ﬁn ½", "abc 123 fin 12"),
    ("l'article e-mail foo_bar", "l article e mail foo bar"),
    ("返品希望", "返品 品希 希望 望"),
    ("返", "返"),
    ("iPhone充電器を", "iphone 充電 電器 器を を"),
    ("ﾊﾞｯﾃﾘｰ", "バッ ッテ テリ リー ー"),
    ("환불요청 중", "환불 불요 요청 청 중"),
    ("pay\u00adment re\u200bfund", "payment refund"),
    ("هٰذَا كتاب", "هذا كتاب"),
    ("हिन्दी ภาษาไทย", "हिन्दी ภาษาไทย"),
    ("İstanbul ΣΊΣΥΦΟΣ ПРИВЕТ", "istanbul σισυφοσ привет"),
    ("e\u0301te\u0301", "ete"),
    ("¶ !!! 😀 --- _", ""),
    ("\ud800x\x00y", "x y"),
]


@pytest.mark.parametrize(("text", "words"), WORDS)
def test_text_becomes_folded_words_in_order(text: str, words: str) -> None:
    assert analyze(text).words.split() == words.split()


WHOLES = [
    ("Order 112-1234567-1234567.", {"11212345671234567"}),
    ("注文番号１１２－１２３４５６７－１２３４５６７です", {"11212345671234567"}),
    ("112‑1234567–1234567", {"11212345671234567"}),
    ("label-112-1234567-1234567.pdf", {"11212345671234567"}),
    ("Anna.B+x@Shop.Brand.example", {"anna.b+x@shop.brand.example", "shop.brand.example", "brand.example"}),
    ("https://www.amazon.de/gp", {"www.amazon.de", "amazon.de"}),
    ("12-34567-12345", {"123456712345"}),
    ("covid-19 e-mail 1.5 10:30", set()),
]


@pytest.mark.parametrize(("text", "wholes"), WHOLES)
def test_identifiers_stand_whole_beside_their_parts(text: str, wholes: set[str]) -> None:
    found = {term for terms in analyze(text).wholes for term in terms.split()}
    assert wholes <= found
    assert bool(found) == bool(wholes)


def test_a_number_without_dashes_asks_for_the_same_term() -> None:
    assert (
        query_identifier("112-1234567-1234567")
        == query_identifier("11212345671234567")
        == "11212345671234567"
    )
    assert query_identifier("e-mail") is None
    assert query_identifier("refund") is None


def test_a_phrase_does_not_ask_for_the_end_of_unspaced_writing() -> None:
    assert query_words("返品希望") == ("返品", "品希", "希望")
    assert query_words("返") == ("返",)
    assert query_words("返品 refund") == ("返品", "品", "refund")


HOSTILE = ["a" * 10**6, "a." * 500_000, "a@" * 500_000, "a" + "\u0300\u0327" * 500_000, "返" * 10**6, "\ufdfa" * 10**6,
           "1-" * 500_000, "\u200b" * 10**6, "\ud800" * 10**6, "é-" * 500_000, "\uff9e\u0300" * 500_000]  # fmt: skip


@pytest.mark.parametrize("text", HOSTILE, ids=range(len(HOSTILE)))
def test_hostile_text_takes_bounded_time_and_room(text: str) -> None:
    start = time.process_time()
    read = analyze(text)
    assert time.process_time() - start < 3
    assert len(read.words) + len(read.stems) < 6_000_000
    assert max(map(len, read.words.split()), default=0) <= 64


@given(st.text())
def test_any_text_gives_words_without_space_or_break(text: str) -> None:
    read = analyze(text)
    terms = f"{read.words} {read.stems} {' '.join(read.wholes)}"
    assert "¶" not in terms
    assert "\x1f" not in terms
    terms.encode()


@given(st.text(alphabet=st.characters(codec="utf-8")))
def test_words_do_not_depend_on_case(text: str) -> None:
    assert analyze(text.lower()).words == analyze(text).words
