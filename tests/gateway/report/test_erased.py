"""An order of which half was erased: its pack, its report and its answer say what is gone, and tell nothing of it."""

import pypdfium2
import pytest

from tests.erasing import erase
from tests.gateway.report.conftest import report
from tests.packs import REF, export, verify
from tests.small_house import BUYER, build_house, close, seed

GONE = ("Riss", "beschädigt", "neuen Schirm", "Maria Keller")  # words of the messages that are erased


@pytest.fixture(scope="module")
def half(tmp_path_factory):
    """A house where a buyer's question and our answer to it were erased, and their last message was kept."""
    house = build_house(tmp_path_factory.mktemp("half"))
    house.seqs = seed(house)
    house.by = erase(house, BUYER, keep={house.seqs["thanks"]})
    yield house
    close(house)


def words_of(pdf):
    with pypdfium2.PdfDocument(pdf) as document:
        return "\n".join(page.get_textpage().get_text_bounded() for page in document)


@pytest.mark.needs("pango")
@pytest.mark.parametrize("audience", ["court", "buyer"])
def test_the_report_names_what_was_erased_and_tells_none_of_it(half, audience):
    made = report(half, audience=audience)
    said = words_of(made.pdf)
    assert [word for word in GONE[:3] if word in said or word.encode() in made.pdf] == []
    assert "der neue Schirm ist angekommen" in said
    if audience == "court":
        assert "whether one of them belonged here cannot be told" in " ".join(said.split())


def test_the_pack_verifies_and_says_what_nobody_can_tell(half, tmp_path):
    made = export(half, tmp_path / "pack")
    assert (made.ok, made.verdict) == (True, "VERIFIED"), made
    whole = b"".join(path.read_bytes() for path in made.place.rglob("*") if path.is_file())
    assert [word for word in GONE[:3] if word.encode() in whole] == []
    assert b"Messages that were erased before name no order any more" in whole
    code, lines = verify(made.place, "--fingerprint", half.archive.verifier.fingerprint)
    assert code == 0, lines


def test_the_answer_rests_on_what_is_left(half):
    made = half.site.answer(REF, "en", half.store)
    assert [word for word in GONE if word in str(made)] == []
