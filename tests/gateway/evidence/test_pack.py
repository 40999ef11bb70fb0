"""What is in a pack: the originals, what came of them, and a true word about what is missing."""

import csv
import hashlib
import io
import json
import stat
import subprocess
import zipfile

import pytest

from gateway.errors import WrongUse
from gateway.evidence.pack import Exporter
from gateway.evidence.piece import Taker
from gateway.mail.canonical import canonical
from gateway.mail.entry import Draft
from rules.facts import OrderRef
from tests.erasing import erase
from tests.packs import REF, Forger, export, findings, verify
from tests.small_house import BUYER, MAILBOX, ORDER, PIXEL, mail, seed


def rows(forger, name):
    text = forger.read(f"data/{name}").decode("utf-8-sig")
    return list(csv.DictReader(io.StringIO(text)))


def lines(forger):
    return [json.loads(line) for line in forger.read("data/entries.jsonl").splitlines()]


def said(forger):
    return json.loads(forger.read("data/completeness.json"))


def test_originals_are_byte_for_byte_what_was_archived(made, told):
    for name in ("question", "answer", "thanks", "stranger"):
        seq = told.seqs[name]
        assert made.read(f"data/messages/{seq:06d}.eml") == told.archive.entry(seq).payload


def test_attachments_are_taken_out_under_harmless_names(made, told):
    place = made.path / "data/attachments" / f"{told.seqs['question']:06d}"
    found = {path.name: path.read_bytes() for path in place.iterdir()}
    assert found == {"01-riss.png": PIXEL, "02-Rechnung_M_rz.pdf": b"%PDF-1.7\n%%EOF\n"}


def test_everything_that_came_of_a_message_is_there(made, told):
    types = [json.loads(one["leaf"])["type"] for one in lines(made)]
    assert types.count("mail.in") == 3
    assert types.count("mail.out") == 1
    assert types.count("decision") == 4
    outcomes = [path.read_text() for path in (made.path / "data/records").glob("*-outcome.json")]
    assert sum("4ZqK1m7Vz9" in outcome for outcome in outcomes) == 1


def test_the_load_file_has_each_message_and_each_attachment_with_its_parent(made, told):
    table = rows(made, "loadfile.csv")
    assert len(table) == 6
    question = table[0]
    assert question["SUBJECT"] == f"Anfrage zur Bestellung {ORDER}"
    assert question["ATTACHIDS"].split() == [
        one["DOCID"] for one in table if one["PARENTID"] == question["DOCID"]
    ]
    for one in table:
        assert hashlib.sha256(made.read(one["NATIVEPATH"])).hexdigest() == one["SHA256"]


def test_the_custody_record_tells_each_step_in_the_logs_order(made, told):
    table = rows(made, "custody.csv")
    assert [int(one["ENTRY"]) for one in table] == [one["seq"] for one in lines(made)]
    sent = next(
        one for one in table if one["MESSAGE"] == str(told.seqs["answer"]) and one["WHAT"] == "Delivery"
    )
    assert "250 2.0.0 Ok: queued as 4ZqK1m7Vz9" in sent["DETAILS"]
    assert next(one for one in table if one["ENTRY"] == sent["MESSAGE"])["WHO"] == "anna"


def test_the_log_records_who_took_a_pack_of_what_and_why(house, tmp_path):
    house.take(mail(f"Order {ORDER}", "damaged"))
    report = export(house, tmp_path / "pack", agent="berta", reason="A-to-z claim")
    entry = house.archive.entry(report.seq)
    told = json.loads(entry.payload)
    assert (entry.type, told["agent"], told["reason"]) == ("export", "berta", "A-to-z claim")
    assert told["order"] == {"marketplace": "amazon", "value": ORDER}
    house.settle()
    report = export(house, tmp_path / "next")
    assert report.unread == 0
    table = rows(Forger(report.place, house.archive), "custody.csv")
    assert ("Exported", "berta", "reason: A-to-z claim") in {
        (r["WHAT"], r["WHO"], r["DETAILS"]) for r in table
    }


def test_a_bag_is_one_by_the_standard(made):
    text = made.read("bag-info.txt").decode()
    oxum = dict(line.split(": ", 1) for line in text.splitlines())["Payload-Oxum"]
    data = [path for path in (made.path / "data").rglob("*") if path.is_file()]
    assert oxum == f"{sum(path.stat().st_size for path in data)}.{len(data)}"
    for manifest in ("manifest-sha256.txt", "tagmanifest-sha256.txt"):
        done = subprocess.run(
            ["sha256sum", "--check", "--quiet", "--strict", manifest], cwd=made.path, check=False
        )
        assert done.returncode == 0


def test_the_zip_holds_the_same_in_one_folder(zipped):
    with zipfile.ZipFile(zipped) as file:
        names = file.namelist()
        assert file.testzip() is None
    assert {name.split("/")[0] for name in names} == {"evidence"}
    assert "evidence/verify.py" in names


def test_only_its_owner_may_read_it(made, zipped):
    assert stat.S_IMODE(made.path.stat().st_mode) == 0o700
    assert stat.S_IMODE(zipped.stat().st_mode) == 0o600


def test_notes_may_be_kept_closed_and_are_still_shown_to_exist(house, tmp_path, key):
    seq = house.take(mail(f"Order {ORDER}", "damaged"))
    act = canonical({"of": seq, "text": "a secret word", "agent": "anna"})
    note = house.act(Draft(type="note", payload=act, meta={})).seq
    report = export(house, tmp_path / "pack", withhold=("note",))
    assert report.ok
    assert [one.entry for one in report.withheld] == [note]
    assert b"a secret word" not in b"".join(
        path.read_bytes() for path in report.place.rglob("*") if path.is_file()
    )
    told = verify(report.place, "--fingerprint", house.archive.verifier.fingerprint)
    assert told[0] == 0
    assert any(line.startswith(f"NOT in the pack: entry {note}") for line in told[1])


def test_order_reports_stay_closed_since_they_tell_of_other_orders(house, tmp_path):
    house.take(mail(f"Order {ORDER}", "damaged"))
    orders = [{"order": {"marketplace": "amazon", "value": value}, "alias": f"{value}@x.example"} for value in (ORDER, "302-1111111-1111111")]  # fmt: skip
    seq = house.act(Draft(type="orders", payload=canonical({"format": "amazon_shipments", "agent": "anna", "orders": orders}), meta={})).seq  # fmt: skip
    report = export(house, tmp_path / "pack")
    assert [one.entry for one in report.withheld] == [seq]
    assert report.ok
    assert not any(b"302-1111111" in path.read_bytes() for path in report.place.rglob("*") if path.is_file())


def test_what_cannot_be_opened_is_named_and_the_rest_is_whole(house, tmp_path):
    seqs = [house.take(mail(f"Order {ORDER}", f"letter {n}", message_id=f"m{n}")) for n in range(3)]
    with house.archive._keys.begin() as conn:
        conn.exec_driver_sql("DELETE FROM keys WHERE id = ?", (house.archive.entry(seqs[1]).id,))
    house.archive._reader._deks.clear()
    report = export(house, tmp_path / "pack")
    assert not report.ok
    assert (seqs[1], "its key is gone") in [(one.entry, one.why) for one in report.faults]
    assert report.verdict == "VERIFIED"
    forger = Forger(report.place, house.archive)
    assert said(forger)["withheld"] == [{"entry": seqs[1], "why": "damaged: its key is gone"}]
    assert f"Entry {seqs[1]} is not in it" in " ".join(said(forger)["says"])
    assert "Something is missing or damaged" in forger.read("viewer.html").decode()


def test_an_erased_act_is_said_to_be_erased_and_is_no_fault(house, tmp_path):
    seq = house.take(mail(f"Order {ORDER}", "damaged"))
    note = house.act(
        Draft(type="note", payload=canonical({"of": seq, "text": "x", "agent": "anna"}), meta={})
    ).seq
    with house.archive._keys.begin() as conn:
        conn.exec_driver_sql("DELETE FROM keys WHERE id = ?", (house.archive.entry(note).id,))
    from gateway.store import erasures

    with house.store.write() as tx:
        erasures.forget(tx, note)
    report = export(house, tmp_path / "pack")
    assert report.ok
    assert "erased" in report.withheld[0].why


def test_a_link_that_was_taken_back_is_told(house, tmp_path):
    seqs = [house.take(mail(f"Order {ORDER}", f"letter {n}", message_id=f"m{n}")) for n in range(2)]
    undo = {"of": seqs[1], "order": {"marketplace": "amazon", "value": ORDER}, "undo": True, "agent": "anna"}
    by = house.act(Draft(type="link", payload=canonical(undo), meta={})).seq
    report = export(house, tmp_path / "pack")
    forger = Forger(report.place, house.archive)
    assert said(forger)["links_taken_back"] == [{"by": by, "message": seqs[1]}]
    assert not (report.place / f"data/messages/{seqs[1]:06d}.eml").exists()


def test_a_gap_and_what_was_not_read_yet_are_told(house, tmp_path):
    house.take(mail(f"Order {ORDER}", "damaged"))
    gap = house.act(
        Draft(type="gap", payload=canonical({"from": "2026-11-01", "why": "power cut"}), meta={})
    ).seq
    house.archive.append(Draft(type="note", payload=b"{}", meta={}))
    report = export(house, tmp_path / "pack")
    assert report.unread == 1
    told = said(Forger(report.place, house.archive))
    assert told["gaps"][0]["entry"] == gap
    assert told["looked_at"] == {"entries": report.seq - 1, "of": report.seq}
    assert any("1 entries of the log" in sentence for sentence in told["says"])


def test_an_order_of_which_nothing_is_known_makes_no_pack(house, tmp_path):
    with pytest.raises(WrongUse, match="nothing is known"):
        export(house, tmp_path / "pack", ref=OrderRef(marketplace="amazon", value="999-9999999-9999999"))
    assert not (tmp_path / "pack").exists()


def test_a_place_that_holds_something_is_left_alone(house, tmp_path):
    house.take(mail(f"Order {ORDER}", "damaged"))
    (tmp_path / "pack").mkdir()
    (tmp_path / "pack/mine").write_text("mine")
    with pytest.raises(WrongUse, match="is there already"):
        export(house, tmp_path / "pack")
    assert [path.name for path in (tmp_path / "pack").iterdir()] == ["mine"]
    (tmp_path / "pack/mine").unlink()
    assert export(house, tmp_path / "pack").ok  # an empty folder may be filled


class Interrupted(Exception):
    pass


def test_an_interrupted_export_goes_on_where_it_was(house, tmp_path, monkeypatch):
    seqs = [house.take(mail(f"Order {ORDER}", f"letter {n}", message_id=f"m{n}")) for n in range(80)]
    taken, broken = [], []
    take = Taker.take

    def breaks_once(self, item, *more):
        taken.append(item.seq)
        if len(taken) == 130 and not broken:
            broken.append(item.seq)
            raise Interrupted
        return take(self, item, *more)

    monkeypatch.setattr(Taker, "take", breaks_once)
    with pytest.raises(Interrupted):
        export(house, tmp_path / "pack")
    assert not (tmp_path / "pack").exists()
    other = house.take(mail(f"Order {ORDER}", "too late", message_id="late"))
    with pytest.raises(WrongUse, match="unfinished export"):
        export(house, tmp_path / "pack", withhold=("note",))
    begun = set(taken[:50])
    (tmp_path / f"pack.part/bag/data/messages/{seqs[0]:06d}.eml").write_bytes(b"torn by a power cut")
    with (tmp_path / "pack.part/pieces.jsonl").open("ab") as file:
        file.write(b'{"seq": 99')
    taken.clear()
    report = export(house, tmp_path / "pack")
    assert report.ok, report
    assert begun & set(taken) == begun  # the first one was torn: all behind it is done again
    assert f"{other:06d}.eml" not in {path.name for path in (report.place / "data/messages").iterdir()}
    assert verify(report.place, "--fingerprint", house.archive.verifier.fingerprint)[0] == 0
    assert not (tmp_path / "pack.part").exists()


def test_what_is_done_is_not_done_again(house, tmp_path, monkeypatch):
    for n in range(40):
        house.take(mail(f"Order {ORDER}", f"letter {n}", message_id=f"m{n}"))
    seal = Exporter._seal

    def fail(*_):
        raise Interrupted

    monkeypatch.setattr(Exporter, "_seal", fail)
    with pytest.raises(Interrupted):
        export(house, tmp_path / "pack")
    monkeypatch.setattr(Exporter, "_seal", seal)
    monkeypatch.setattr(Taker, "take", fail)
    assert export(house, tmp_path / "pack").ok


def test_a_pack_that_its_own_verifier_does_not_pass_is_no_success(house, tmp_path, monkeypatch):
    house.take(mail(f"Order {ORDER}", "damaged"))
    read_back = Exporter._read_back

    def bit_rot(self, place):
        next((place / "data/messages").iterdir()).write_bytes(b"another")
        return read_back(self, place)

    monkeypatch.setattr(Exporter, "_read_back", bit_rot)
    report = export(house, tmp_path / "pack")
    assert not report.ok
    assert report.verdict == "FAILED"
    assert "data/messages/" in report.findings[0]


def test_two_exports_to_one_place_do_not_mix(house, tmp_path):
    import fcntl

    house.take(mail(f"Order {ORDER}", "damaged"))
    (tmp_path / "pack.part").mkdir()
    with (tmp_path / "pack.part/lock").open("wb") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        with pytest.raises(WrongUse, match="another export is at work"):
            export(house, tmp_path / "pack")


EVIL = "<script>alert(1)</script><img src=http://evil.example/x onerror=alert(1)>"


def test_hostile_mail_makes_a_harmless_pack(house, tmp_path):
    files = [
        ("../../../etc/cron.d/evil", "text/plain", b"a", ""),
        ("invoice\u202efdp.exe", "application/octet-stream", b"MZ", ""),
        ("page.html", "text/html", EVIL.encode(), ""),
        ("a" * 300 + ".pdf", "application/pdf", b"%PDF", ""),
        ("CON", "text/plain", b"b", ""),
        ("x.svg", "image/svg+xml", b"<svg onload='alert(1)'/>", ""),
    ]
    subject = f'=cmd|"/c calc"!A1 {EVIL} \u202egnp {ORDER}'
    house.take(
        mail(
            subject,
            f"Order {ORDER}\n{EVIL}",
            from_=f'"=1+1 {EVIL}" <k3jx9v@marketplace.amazon.de>',
            files=files,
        )
    )
    report = export(house, tmp_path / "pack", reason=EVIL, agent='"><script>')
    assert report.ok, report
    forger = Forger(report.place, house.archive)
    names = {path.name for path in (report.place / "data/attachments").rglob("*") if path.is_file()}
    assert all(name.split(".")[-1] in {"pdf", "bin", "txt"} for name in names), names
    assert len(names) == 6
    page = forger.read("viewer.html").decode()
    assert "<script" not in page
    assert "<img" not in page
    assert "\u202e" not in page
    assert "[U+202E]" in page
    for row in rows(forger, "loadfile.csv"):
        assert not any(value[:1] in tuple("=+-@") for value in row.values())
    assert verify(report.place, "--fingerprint", house.archive.verifier.fingerprint)[0] == 0


BROKEN = {
    "no header": b"\r\njust text\r\n",
    "nothing": b"",
    "endless parts": b"Content-Type: multipart/mixed; boundary=b\r\n\r\n" + b"--b\r\n\r\nx\r\n" * 3000,
    "nested": b"".join(
        b"Content-Type: multipart/mixed; boundary=b%d\r\n\r\n--b%d\r\n" % (n, n) for n in range(300)
    ),
    "bytes": bytes(range(256)) * 40,
}


@pytest.mark.parametrize("raw", BROKEN.values(), ids=BROKEN)
def test_broken_mail_is_packed_byte_for_byte(house, tmp_path, raw):
    seq = house.take(raw)
    link = {"of": seq, "order": {"marketplace": "amazon", "value": ORDER}, "agent": "anna"}
    house.act(Draft(type="link", payload=canonical(link), meta={}))
    report = export(house, tmp_path / "pack")
    assert report.ok, report
    assert (report.place / f"data/messages/{seq:06d}.eml").read_bytes() == raw


def test_all_messages_of_a_search_make_one_pack(told, tmp_path, key):
    report = export(told, tmp_path / "all.zip", ref=None)
    assert (report.ok, report.messages, report.verdict) == (True, 4, "VERIFIED")
    assert findings(verify(tmp_path / "all.zip", "--key", key)[1]) == {}


def test_the_support_address_stands_in_the_story(made):
    page = made.read("viewer.html").decode()
    assert MAILBOX in page
    assert "der Schirm hat einen Riss" in page
    assert REF.value in page


def test_what_is_erased_while_an_export_lies_unfinished_does_not_leave_with_it(house, tmp_path, monkeypatch):
    seqs = seed(house)
    exporter = Exporter(house.archive, house.store, house.clock)

    def breaks(*_):
        raise KeyboardInterrupt

    with monkeypatch.context() as broken:
        broken.setattr(Exporter, "_seal", breaks)
        with pytest.raises(KeyboardInterrupt):
            export(house, tmp_path / "pack", exporter=exporter)
    taken = tmp_path / "pack.part" / "bag" / "data" / "messages" / f"{seqs['question']:06d}.eml"
    assert taken.exists()
    erase(house, BUYER, keep={seqs["thanks"]})
    report = export(house, tmp_path / "pack", exporter=exporter)
    assert (report.ok, report.verdict) == (True, "VERIFIED")
    assert any(one.entry == seqs["question"] and "erased" in one.why for one in report.withheld)
    assert not any(path.name == taken.name for path in (tmp_path / "pack").rglob("*.eml"))
