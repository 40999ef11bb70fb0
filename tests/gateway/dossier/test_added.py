"""What people add to a dossier: files, byte for byte, and parcels; shown in time, and in the pack that a stranger verifies."""

import hashlib

import pytest

from gateway.dossier.filing import FILE_BYTES, evidence_draft, parcel_draft
from gateway.dossier.timeline import timeline_of
from gateway.errors import WrongUse
from tests.packs import REF, export, verify
from tests.small_house import ORDER, PIXEL, build_house, close, seed, serving

PAGE = b"%PDF-1.7\n{not json\x00\xff\n%%EOF\n"


@pytest.fixture
def house(tmp_path):
    built = build_house(tmp_path / "house")
    seed(built)
    yield built
    close(built)


def add(house, data, name, kind="proof-of-delivery", text="signed by the neighbour"):
    draft = evidence_draft(REF, data, filename=name, kind=kind, text=text, agent="anna", source="command")
    return house.act(draft).seq


def parcel(house, number, carrier="dhl", *, remove=False):
    draft = parcel_draft(
        REF, number, carrier=carrier, carriers={"dhl", "ups"}, agent="anna", source="command", remove=remove
    )
    return house.act(draft).seq


def look(house):
    with house.store.read() as conn:
        return timeline_of(conn, REF)


def test_a_file_stands_in_the_line_of_the_order_with_its_hash(house):
    seq = add(house, PAGE, "../../pod.pdf")
    event = look(house).moments[-1].event
    assert (event.seq, event.type, event.agent) == (seq, "evidence", "anna")
    assert event.summary["sha256"] == hashlib.sha256(PAGE).hexdigest()
    assert house.archive.entry(seq).payload == PAGE


@pytest.mark.parametrize(
    "data", [b'{"of": 0, "order": {"marketplace": "x", "value": "y"}}', b"{", b"\xff\xfe"]
)
def test_what_is_in_a_file_is_never_read_as_an_act(house, data):
    seq = add(house, data, "a.json")
    assert look(house).moments[-1].event.seq == seq


def test_a_parcel_by_a_person_s_word_is_the_order_s_parcel_once(house):
    parcel(house, "00340434161094021501")
    parcel(house, "0034 0434 1610 9402 1501")
    parcel(house, "1Z999AA10123456784", "ups")  # a mail names it already
    found = look(house).parcels
    assert [(one.carrier, one.number, one.where) for one in found][1:] == [
        ("dhl", "00340434161094021501", "hand")
    ]
    assert len(found) == 2


def test_a_parcel_that_is_not_the_order_s_is_gone_whoever_named_it_and_can_come_back(house):
    parcel(house, "00340434161094021501")
    parcel(house, "0034-0434161094021501", remove=True)
    parcel(house, "1z999aa10123456784", remove=True)  # a mail names it
    assert look(house).parcels == ()
    house.store.clear()
    house.settle()
    assert look(house).parcels == ()
    parcel(house, "1Z999AA10123456784", "ups")
    assert [one.number for one in look(house).parcels] == ["1Z999AA10123456784"]


@pytest.mark.parametrize(
    ("data", "kind"), [(b"", "photo"), (b"x", "nonsense"), (bytes(FILE_BYTES + 1), "photo")]
)
def test_what_is_no_file_of_ours_is_refused(data, kind):
    with pytest.raises(WrongUse):
        evidence_draft(REF, data, filename="a", kind=kind, text="", agent="anna", source="web")


@pytest.mark.parametrize(("number", "carrier"), [("12", ""), ("<b>12345</b>", ""), ("1234567", "pigeon")])
def test_what_is_no_parcel_is_refused(number, carrier):
    with pytest.raises(WrongUse):
        parcel_draft(REF, number, carrier=carrier, carriers={"dhl"}, agent="anna", source="web")


def test_the_page_hands_the_file_out_as_a_download_alone(tmp_path):
    house = build_house(tmp_path)
    seed(house)
    seq = add(house, b"<script>alert(1)</script>", "carrier.html", "carrier-page")
    with serving(house), house.client() as browser:
        shown = browser.get(f"/order/amazon/{ORDER}").text
        assert f"/entry/{seq}/file" in shown
        given = browser.get(f"/entry/{seq}/file")
        assert given.content == b"<script>alert(1)</script>"
        assert given.headers["content-type"] == "application/octet-stream"
        assert "attachment" in given.headers["content-disposition"]
        assert browser.get("/entry/0/file").status_code == 404


def test_a_pack_holds_what_was_added_and_a_stranger_verifies_it(house, tmp_path):
    pdf, png, odd = (
        add(house, PAGE, "pod.pdf"),
        add(house, PIXEL, "x.exe"),
        add(house, b"MZ\x90", "track.pdf"),
    )
    parcel(house, "00340434161094021501")
    place = tmp_path / "pack"
    report = export(house, place)
    assert (report.ok, report.verdict) == (True, "VERIFIED"), report
    records = place / "data/records"
    assert (records / f"{pdf:06d}-evidence.pdf").read_bytes() == PAGE
    assert (records / f"{png:06d}-evidence.png").read_bytes() == PIXEL
    assert (records / f"{odd:06d}-evidence.bin").read_bytes() == b"MZ\x90"  # not what its name says
    assert "proof-of-delivery: pod.pdf, signed by the neighbour" in (place / "data/custody.csv").read_text()
    assert verify(place)[0] == 0 or "SELF-CONSISTENT" in "".join(verify(place)[1])
    (records / f"{pdf:06d}-evidence.pdf").write_bytes(PAGE + b"!")
    code, lines = verify(place)
    assert code != 0
    assert any(f"{pdf:06d}-evidence.pdf" in line for line in lines)


def test_a_rebuild_tells_the_same(house):
    add(house, PAGE, "pod.pdf")
    parcel(house, "00340434161094021501")
    before = [one.event for one in look(house).moments if hasattr(one, "event")]
    house.store.clear()
    house.settle()
    assert [one.event for one in look(house).moments if hasattr(one, "event")] == before
