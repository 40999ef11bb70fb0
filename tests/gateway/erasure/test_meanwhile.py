"""What is erased while it is being handed out does not leave, or the certificate says that it left."""

import json

import pytest

from gateway.erasure.deed import Grounds
from gateway.erasure.plan import Target
from gateway.errors import Temporary, WrongUse
from gateway.evidence.pack import Drawn, Exporter
from gateway.evidence.recording import record
from gateway.mail.canonical import canonical
from gateway.mail.entry import Draft
from gateway.mail.uid_sets import spread
from gateway.report.making import Reporter
from gateway.report.sheet import Printed
from gateway.results.files import pieces
from gateway.results.result import Result
from tests.erasing import erase
from tests.gateway.report.conftest import report
from tests.packs import export
from tests.small_house import BUYER


def order(house):
    """Order the erasure of all but one message of the buyer, and destroy nothing yet."""
    eraser, keep = house.site.desk.eraser, {house.seqs["thanks"]}
    return eraser.order(Target(address=BUYER), Grounds(reason="asked by letter"), keep)


def once(deed):
    """Return what does a deed the first time that it is called."""
    left = [deed]
    return lambda: left and left.pop()()


def held(house, seq):
    return set(spread(json.loads(house.archive.entry(seq).payload)["holds"].encode()))


def test_a_pack_leaves_without_what_was_erased_while_it_was_made(house, tmp_path):
    ordered = once(lambda: order(house))

    def draw():
        ordered()
        return Drawn(pdf=b"%PDF", holds=())

    made = export(house, tmp_path / "pack", draw=draw)
    assert made.verdict == "VERIFIED"
    names = {path.name for path in (tmp_path / "pack/data/messages").iterdir()}
    assert f"{house.seqs['question']:06d}.eml" not in names
    assert f"{house.seqs['thanks']:06d}.eml" in names
    why = {one.entry: one.why for one in made.withheld}[house.seqs["question"]]
    assert "asked by letter" in why
    assert house.seqs["question"] not in held(house, made.seq)


def test_a_pack_is_not_made_whose_report_shows_what_is_being_erased(house, tmp_path):
    ordered = once(lambda: order(house))

    def draw():  # from a store that has not read of the erasure
        ordered()
        return Drawn(pdf=b"%PDF", holds=[house.seqs["question"]])

    with pytest.raises(Temporary, match="is being erased"):
        export(house, tmp_path / "pack", draw=draw)
    assert not house.archive.seqs_of_type("export")


def test_what_was_erased_does_not_lie_about_where_its_report_cannot_be_drawn_any_more(house, tmp_path):
    def draw():
        order(house)
        raise WrongUse("nothing is known of the order")

    with pytest.raises(WrongUse):
        export(house, tmp_path / "pack", draw=draw)
    assert (tmp_path / "pack.part").exists()
    assert not list((tmp_path / "pack.part").rglob("*.eml"))


def test_the_record_of_a_pack_says_what_its_report_shows(house, tmp_path):
    made = export(house, tmp_path / "pack", draw=lambda: Drawn(pdf=b"%PDF", holds=[house.seqs["stranger"]]))
    assert house.seqs["stranger"] in held(house, made.seq)


def test_the_record_of_a_pack_that_was_taken_up_again_says_what_is_open_in_it(house, tmp_path, monkeypatch):
    def breaks(*_):
        raise KeyboardInterrupt

    with monkeypatch.context() as broken:
        broken.setattr(Exporter, "_record", breaks)
        with pytest.raises(KeyboardInterrupt):
            export(house, tmp_path / "pack")
    erase(house, BUYER, keep={house.seqs["thanks"]})
    made = export(house, tmp_path / "pack")
    lines = [json.loads(line) for line in (tmp_path / "pack/data/entries.jsonl").read_text().splitlines()]
    assert held(house, made.seq) == {one["seq"] for one in lines if "payload" in one}
    assert house.seqs["question"] not in held(house, made.seq)


@pytest.mark.parametrize("is_read", [True, False])
def test_a_report_is_drawn_anew_without_what_was_erased_while_it_was_made(house, monkeypatch, is_read):
    drawn = []
    ordered = once(lambda: order(house))

    def print_(_self, sheet, _payloads):
        drawn.append(sheet)
        ordered()
        if is_read:
            house.settle()
        return Printed(pdf=b"%PDF", pages=1)

    monkeypatch.setattr(Reporter, "_print", print_)
    if is_read:
        made = report(house)
        assert len(drawn) == 2
        assert house.seqs["thanks"] in held(house, made.seq)
        assert house.seqs["question"] not in held(house, made.seq)
    else:
        with pytest.raises(Temporary, match="is being erased"):
            report(house)
        assert not house.archive.seqs_of_type("export")


def test_a_record_is_made_while_the_log_grows(house, monkeypatch):
    other = once(lambda: house.act(Draft(type="note", payload=canonical({"text": "x"}), meta={})))
    look = house.archive.erasure

    def looks(by):
        other()
        return look(by)

    by = order(house)
    monkeypatch.setattr(house.archive, "erasure", looks)
    draft = Draft(type="export", payload=canonical({"agent": "anna"}), meta={})
    seq = record(house.archive, draft, [house.seqs["thanks"]], by)
    assert seq is not None
    assert seq > by + 1
    assert record(house.archive, draft, [house.seqs["question"]], by) is None


def test_a_list_leaves_without_what_was_erased_before_it_was_recorded(house):
    question, thanks = house.seqs["question"], house.seqs["thanks"]
    result = Result(text="umbrella", seqs=[question, thanks])
    order(house)  # the store has not read of it
    house.archive.append(result.draft("jsonl", "anna", source="web"))
    lines = b"".join(pieces(house.archive, house.store, result, "jsonl")).splitlines()
    assert [json.loads(line)["seq"] for line in lines] == [thanks]
