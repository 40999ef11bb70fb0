import pytest
from hypothesis import given
from hypothesis import strategies as st

from index.fuzzy import swapped, within_one

WORDS = st.text(alphabet="abc", max_size=6)


@pytest.mark.parametrize(
    ("first", "second", "near"),
    [("refund", "refund", True), ("refund", "refnud", True), ("refund", "efund", True), ("refund", "refundx", True),
     ("refund", "rexund", True), ("refund", "rfeudn", False), ("", "a", True), ("ab", "ba", True), ("abc", "cab", False)],
)  # fmt: skip
def test_one_letter_is_near_and_two_are_not(first: str, second: str, near: bool) -> None:
    assert within_one(first, second) is near
    assert within_one(second, first) is near


def neighbours(word: str) -> set[str]:
    made = {word, *swapped(word)}
    for at in range(len(word) + 1):
        made |= {word[:at] + letter + word[at:] for letter in "abc"}
        made |= {word[:at] + letter + word[at + 1 :] for letter in ("", "a", "b", "c")}
    return made


@given(WORDS, WORDS)
def test_near_is_what_one_edit_reaches(first: str, second: str) -> None:
    assert within_one(first, second) == (second in neighbours(first))
