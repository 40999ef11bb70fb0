"""A certificate names what was handed out with any of what goes, whatever it was asked for by."""

import json
import stat

import pytest

from gateway.mail.canonical import canonical
from gateway.mail.entry import Draft
from gateway.mail.uid_sets import spread
from gateway.results.result import Result
from rules.facts import OrderRef
from tests.erasing import erase
from tests.gateway.report.conftest import report
from tests.packs import export
from tests.small_house import BUYER, ORDER, mail

OTHER = "zz81@marketplace.amazon.de"


def listed(house, query, *seqs):
    """Hand out a list of messages, as the search page does."""
    return house.act(Result(text=query, seqs=seqs).draft("csv", "anna", reason="", source="web")).seq


def certificate(house, by):
    return (house.site.desk.eraser.certificates / f"erasure-{by}.txt").read_text(encoding="utf-8")


def said(house, seq):
    return json.loads(house.archive.entry(seq).payload)


def test_every_pack_report_and_list_says_which_entries_are_in_it(house, tmp_path):
    made = export(house, tmp_path / "pack", withhold=("decision",))
    holds = spread(said(house, made.seq)["holds"].encode())
    lines = [json.loads(line) for line in (tmp_path / "pack/data/entries.jsonl").read_text().splitlines()]
    assert holds == [one["seq"] for one in lines if "payload" in one]
    assert len(holds) < len(lines)
    assert said(house, listed(house, "lamp", 7, 3, 4))["holds"] == "3:4,7"


@pytest.mark.needs("pango")
def test_a_report_for_the_buyer_holds_their_messages_and_no_note(house):
    made = report(house, audience="buyer")
    holds = spread(said(house, made.seq)["holds"].encode())
    assert house.seqs["question"] in holds
    assert {house.archive.entry(seq).type for seq in holds} <= {"mail.in", "mail.out", "parcel", "evidence"}


def test_what_was_handed_out_is_told_by_what_was_in_it(house, tmp_path):
    other = house.take(mail("Lamp", "where is it?", from_=OTHER, message_id="o1"), mail_from=OTHER)
    question = house.seqs["question"]
    pack = export(house, tmp_path / "pack", ref=None).seq  # of the search *, which names nobody
    words = listed(house, "umbrella", question)
    elsewhere = listed(house, "lamp", other)
    naming = listed(house, f"from:{BUYER}", question)
    old = house.act(
        Draft(type="export", payload=canonical({"agent": "carl", "query": "x", "messages": 1}), meta={})
    ).seq
    by = erase(house, BUYER)
    told = certificate(house, by)
    for seq in (pack, words, naming):
        assert f"access folder of entry {seq}, handed out to anna" in told
    assert f"entry {elsewhere}," not in told
    assert f"perhaps what was handed out by entries {old}:" in told
    gone = {seq for seq, _ in said(house, by)["erased"]}
    assert naming in gone  # its record names the person
    assert not gone & {pack, words, elsewhere, old}


def test_a_pack_whose_own_record_is_erased_is_still_told_of(house):
    other = house.take(mail("Lamp", "where is it?", from_=OTHER, message_id="o1"), mail_from=OTHER)
    both = listed(house, f"{BUYER} OR lamp", house.seqs["question"], other)
    first = erase(house, BUYER)
    assert both in {seq for seq, _ in said(house, first)["erased"]}
    second = erase(house, OTHER)
    assert f"access folder of entry {both}, handed out to anna" in certificate(house, second)


def test_an_older_pack_of_an_order_is_told_of_where_one_of_its_messages_goes(house):
    ref = {"marketplace": "amazon", "value": ORDER}
    old = house.act(
        Draft(type="export", payload=canonical({"agent": "carl", "order": ref, "messages": 3}), meta={})
    ).seq
    by = erase(house, OrderRef(**ref), keep={house.seqs["thanks"]})
    assert f"access folder of entry {old}, handed out to carl" in certificate(house, by)


def test_a_list_is_told_of_however_many_messages_were_in_it(house):
    few, many = (listed(house, "*", *range(size)) for size in (100, 1_000_100))
    garbled = house.act(
        Draft(type="export", payload=canonical({"agent": "carl", "query": "x", "holds": "1:*"}), meta={})
    ).seq
    told = certificate(house, erase(house, BUYER))
    for seq in (few, many):
        assert f"entry {seq}, handed out to anna" in told
    assert f"perhaps what was handed out by entries {garbled}:" in told


def test_the_record_of_another_person_with_a_longer_address_stays(house):
    ann, joann = "ann@mail.example", "joann@mail.example"
    for whom in (ann, joann):
        house.take(mail("Hello", f"from {whom}", from_=whom, message_id=whom), mail_from=whom)
    theirs = listed(house, f"from:{joann}")
    number = listed(house, "302-1111111-2222222")
    gone = {seq for seq, _ in said(house, erase(house, ann))["erased"]}
    assert not gone & {theirs, number}


@pytest.mark.parametrize(
    "query", [f"order:{ORDER} lamp", "from:k3jx9v", "-from:K3JX9V@marketplace.amazon.de", f"({ORDER})"]
)
def test_a_record_goes_that_names_the_person_or_their_order(house, query):
    seq = listed(house, query)
    assert seq in {seq for seq, _ in said(house, erase(house, BUYER))["erased"]}


def test_a_record_goes_whose_reason_names_the_person_or_their_order(house):
    whys = [f"claim about {ORDER}.", f"asked by {BUYER}"]
    seqs = {
        house.act(Result(text="lamp", seqs=[]).draft("csv", "anna", reason=why, source="web")).seq
        for why in whys
    }
    by = erase(house, BUYER)
    assert seqs <= {seq for seq, _ in said(house, by)["erased"]}


def test_the_certificate_tells_of_exports_that_broke_off(house, tmp_path):
    def breaks():
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        export(house, tmp_path / "pack", draw=breaks)
    left = tmp_path / "pack.part"
    assert list(left.rglob("*.eml"))
    assert stat.S_IMODE(left.stat().st_mode) == 0o700
    assert "a folder NAME.part" in certificate(house, erase(house, BUYER))


def taken(house, target, **held):
    """Take all that is held on somebody, as ``docket access`` records it."""
    payload = {"target": target, "messages": 1, "entries": 1, "agent": "anna", **held}
    return house.act(Draft(type="access", payload=canonical(payload), meta={})).seq


def test_what_was_taken_of_an_order_goes_with_the_person_whose_order_it_is(house):
    order = {"order": {"marketplace": "amazon", "value": ORDER}}
    theirs, others = taken(house, order), taken(house, {"address": OTHER})
    by = erase(house, BUYER)
    gone = {seq for seq, _ in said(house, by)["erased"]}
    assert theirs in gone
    assert others not in gone
    told = certificate(house, by)
    assert f"access folder of entry {theirs}, handed out to anna" in told
    assert f"perhaps what was handed out by entries {others}:" in told


def test_access_folders_answers_and_audits_are_told_of_by_what_was_in_them(house):
    question = house.seqs["question"]
    other = house.take(mail("Lamp", "where is it?", from_=OTHER, message_id="o1"), mail_from=OTHER)
    folder = taken(house, {"address": "berta@mail.example"}, holds=f"{question}")
    elsewhere = taken(house, {"address": "berta@mail.example"}, holds=f"{other}")
    ref = {"marketplace": "amazon", "value": "302-1111111-2222222"}
    answer, audit = (
        house.act(Draft(type="answer", payload=canonical({"agent": "anna", **told}), meta={})).seq
        for told in ({"order": ref, "entries": [question]}, {"kind": "audit", "holds": f"{question}:{other}"})
    )
    by = erase(house, BUYER)
    told = certificate(house, by)
    for seq in (folder, answer, audit):
        assert f"entry {seq}, handed out to anna" in told
    assert f"entry {elsewhere}," not in told
    assert f"entry {elsewhere}," in certificate(house, erase(house, OTHER))


def test_an_answer_that_is_erased_with_its_order_is_still_told_of(house):
    other = house.take(mail("Lamp", "where is it?", from_=OTHER, message_id="o1"), mail_from=OTHER)
    ref = {"marketplace": "amazon", "value": ORDER}
    told = {"agent": "anna", "order": ref, "entries": [house.seqs["question"], other]}
    answer = house.act(Draft(type="answer", payload=canonical(told), meta={})).seq
    first = erase(house, BUYER)
    assert answer in {seq for seq, _ in said(house, first)["erased"]}
    assert f"entry {answer}, handed out to anna" in certificate(house, erase(house, OTHER))
