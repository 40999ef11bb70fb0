"""A report of one order: what it says, what its file is, and what the log knows of it."""

import hashlib
import json

import pytest

from gateway.answer.phrases import LANGUAGES
from gateway.errors import WrongUse
from gateway.report.audience import Wanted
from rules.facts import OrderRef
from tests.gateway.report.conftest import ASKED, report, reporter_of
from tests.gateway.report.pdf import embedded, faults, text_of
from tests.small_house import ORDER

pytestmark = pytest.mark.needs("pango")


@pytest.fixture(scope="module")
def court(told):
    return report(told)


def test_it_tells_the_whole_story(court, told):
    text = text_of(court.pdf)
    for words in (
        f"Report on order {ORDER}",
        "Maria Keller <k3jx9v@marketplace.amazon.de>",
        "die Lampe kam beschädigt an, der Schirm hat einen Riss.",
        "Accepted by the receiving server on 2026-11-23 11:28:30 UTC: 250 2.0.0 Ok: queued as 4ZqK1m7Vz9",
        "1Z999AA10123456784",
        "Rechnung März.pdf",
        "Kundin ist verärgert; Ersatz bezahlt",
        "1, the slowest after 3 h 12 min",
        "Reason A-to-z claim",
        "possible, not confirmed",
        told.archive.verifier.fingerprint,
    ):
        assert words in text, words


@pytest.mark.parametrize(
    ("language", "audience"), [*((one, "court") for one in LANGUAGES), ("ja", "buyer"), ("de", "buyer")]
)
def test_every_language_gives_a_file_that_keeps_the_rules_of_pdf_a_3(told, language, audience):
    made = report(told, language=language, audience=audience)
    assert faults(made.pdf) == []
    assert ORDER in text_of(made.pdf)


def test_the_originals_are_in_it_byte_for_byte(court, told):
    files = embedded(court.pdf)
    seqs = [told.seqs[name] for name in ("question", "answer", "thanks", "stranger")]
    assert files == {f"{seq:06d}.eml": told.archive.entry(seq).payload for seq in seqs}
    assert all(
        hashlib.sha256(data).hexdigest() in text_of(court.pdf).replace(" ", "") for data in files.values()
    )


def test_making_one_is_an_entry_that_knows_the_file(told):
    made = report(told, audience="buyer", language="de")
    entry = told.archive.entry(made.seq)
    said = json.loads(entry.payload)
    assert entry.type == "export"
    assert (said["agent"], said["form"], said["audience"], said["language"]) == (
        "anna",
        "report",
        "buyer",
        "de",
    )
    assert said["files"] == {"report.pdf": hashlib.sha256(made.pdf).hexdigest()}
    told.settle()
    with told.store.read() as conn:
        from gateway.dossier.timeline import timeline_of

        events = [
            one.event
            for one in timeline_of(conn, Wanted(order=OrderRef(**said["order"])).order).moments
            if hasattr(one, "event")
        ]
    assert events[-1].seq == made.seq


def test_the_same_record_gives_the_same_bytes(told):
    wanted = Wanted(order=OrderRef(marketplace="amazon", value=ORDER))
    first, second = (reporter_of(told).draw(wanted)[0].pdf for _ in range(2))
    assert first == second


def test_an_order_that_nobody_knows_is_no_report(told):
    with pytest.raises(WrongUse, match="nothing is known of order 1"):
        reporter_of(told).make(Wanted(order=OrderRef(marketplace="amazon", value="1")), ASKED)


def test_what_is_withheld_is_counted_and_not_told(told):
    text = text_of(report(told, withhold=("note",)).pdf)
    assert "verärgert" not in text
    assert "1 entries of these types were left out on request: Internal note" in text
