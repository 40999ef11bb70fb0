"""A person's erasure with the real command, over real files: nothing that was theirs is in any of them afterwards."""

import contextlib
import re
import shutil
import sqlite3
import subprocess
import sys
from pathlib import Path

import httpx
import pytest

from tests.installation import AGENT, PASSWORD, wait_for
from tests.small_house import csrf_in, mail

PERSON = "quirin.zappelbaum@mail.example"
ORDER = "302-4937261-8841957"
CANARIES = ("zyxwvutcanary", "zappelbaum", "attachcanary", "notecanary", "canaryid1", "answercanary")
WANTS = '\n[erasure]\ncooling_hours = 0\n[index]\nengine = "{engine}"\n'


def letters(folder):
    folder.mkdir()
    files = (("rechnung.txt", "text/plain", b"attachcanary words\n" * 20, ""),)
    letter = {"from_": f"Quirin Zappelbaum <{PERSON}>", "message_id": "canaryid1", "files": files}
    (folder / "1.eml").write_bytes(mail(f"Order {ORDER}", "My zyxwvutcanary lamp is damaged", **letter))
    answer = {
        "from_": "support@brand.example",
        "to": PERSON,
        "message_id": "a1",
        "In_Reply_To": "<canaryid1@mail.example>",
    }
    (folder / "2.eml").write_bytes(mail(f"Re: Order {ORDER}", "Sorry, answercanary", **answer))
    for number in range(3, 30):
        other = mail(
            f"Question {number}",
            f"staysword {number}",
            from_=f"b{number}@mail.example",
            message_id=f"o{number}",
        )
        (folder / f"{number}.eml").write_bytes(other)
    return folder


def found_in(data, words):
    """Return where any of these words stand, in any file, also inside what the search index compresses."""
    words = [word.lower().encode() for word in words]
    found = []
    for path in sorted(path for path in data.rglob("*") if path.is_file()):
        with contextlib.suppress(FileNotFoundError):  # a running service writes beside, and then moves
            text = path.read_bytes().lower()
            found += [(path.name, word) for word in words if word in text]
    return found


def terms_of(data):
    """Return every term that a Whoosh index holds, deleted documents' too; Tantivy's reader tells none."""
    (place,) = [path for path in (data / "index").iterdir() if path.name.isdecimal()]
    reader = (
        "import sys, whoosh.index as w; print(*[t for _, t in w.open_dir(sys.argv[1]).reader().all_terms()])"
    )
    told = subprocess.run(
        [sys.executable, "-W", "ignore", "-c", reader, place], capture_output=True, text=True
    )
    assert "staysword" in told.stdout, told.stderr
    return told.stdout


def wrapped_keys(data):
    with sqlite3.connect(data / "keys.db") as link:
        rows = dict(link.execute("SELECT id, wrapped FROM keys"))
    with sqlite3.connect(data / "archive.db") as log:
        ids = dict(log.execute("SELECT seq, id FROM entries"))
    link.close()
    log.close()
    return {seq: rows[id_] for seq, id_ in ids.items()}


@pytest.mark.parametrize("engine", ["tantivy", "whoosh"])
def test_nothing_of_an_erased_person_is_in_any_file(new_installation, tmp_path, engine):
    place = new_installation(more=WANTS.format(engine=engine))
    folder = letters(tmp_path / "mail")
    (told,) = place.json("import", folder)
    assert told["archived"] == 29
    (hit,) = place.json("search", "zyxwvutcanary")
    first = hit["seq"]
    place.json("link", first, ORDER, "--marketplace", "amazon")
    place.json("note", ORDER, "notecanary: she called")
    assert place.run("search", "notecanary").returncode == 0
    assert found_in(place.data, CANARIES)  # the test can see what it looks for
    before = wrapped_keys(place.data)

    (plan,) = place.json("erase", PERSON, "--reason", "asked by the person", "--agent", "anna")
    assert len(plan["messages"]) == 2
    (asked,) = place.json("erase", PERSON, "--reason", "asked by the person", "--agent", "anna", "--yes")
    assert asked["lacks"] == "a second person's approval"
    assert place.json("erasures", "run") == []
    mine = place.run("erasures", "approve", asked["seq"], "--agent", "anna")
    assert (mine.returncode, "another person" in mine.stderr) == (2, True)
    place.json("erasures", "approve", asked["seq"], "--agent", "bert")
    (done,) = place.json("erasures", "run")

    assert found_in(place.data, CANARIES) == []
    if engine == "whoosh":
        assert not any(word in terms_of(place.data) for word in CANARIES)
    else:  # a new generation holds what it was given, and nothing is left of the old one
        assert len([path for path in (place.data / "index").iterdir() if path.name.isdecimal()]) == 1
    (report,) = place.json("verify")
    assert (report["ok"], report["erased"]) == (True, done["entries"])
    everything = b"".join(path.read_bytes() for path in place.data.glob("*.db*"))
    gone = [seq for seq, wrapped in wrapped_keys(place.data).items() if wrapped.isdigit()]
    assert len(gone) == done["entries"]
    assert [seq for seq in gone if seq in before and before[seq] in everything] == []
    certificate = Path(done["certificate"]).read_text(encoding="utf-8")
    assert "Approved by: bert" in certificate
    assert "backup of keys.db" in certificate

    shown = place.run("show", first)
    assert (shown.returncode, "was erased on" in shown.stderr) == (1, True)
    assert "asked by the person" in shown.stderr
    assert place.json("search", "zyxwvutcanary") == []
    assert len(place.json("search", "staysword", "--limit", "50")) == 27
    assert place.run("order", ORDER).returncode != 0

    (again,) = place.json("import", folder)  # what was erased does not come back by the same file
    assert (again["archived"], again["duplicate"]) == (0, 29)
    assert place.run("rebuild").returncode == 0
    assert found_in(place.data, CANARIES) == []
    assert place.json("search", "zyxwvutcanary") == []
    assert len(place.json("search", "staysword", "--limit", "50")) == 27


def test_a_running_service_erases_and_says_so_on_its_pages(new_installation, tmp_path):
    place = new_installation(more="\n[erasure]\ncooling_hours = 0\nsecond_person = false\n")
    assert place.run("agent", "change", AGENT, "--role", "supervisor").returncode == 0
    place.json("import", letters(tmp_path / "mail"))
    (hit,) = place.json("search", "zyxwvutcanary")
    place.start()
    with httpx.Client(base_url=f"http://127.0.0.1:{place.ports['web']}", timeout=20) as browser:
        form = {"name": AGENT, "password": PASSWORD, "csrf": csrf_in(browser.get("/login").text)}
        assert browser.post("/login", data=form).status_code == 303
        assert "zyxwvutcanary" in browser.get(f"/message/{hit['seq']}").text  # now the service knows the key
        custody = "/custody/erasures"
        wanted = {"do": "ask", "target": PERSON, "reason": "asked by the person"}
        form = {"csrf": csrf_in(browser.get(custody).text), **wanted}
        assert browser.post(custody, data=form).status_code == 303
        (asked,) = place.json("erasures")
        done = browser.post(custody, data={**form, "do": "run", "seq": asked["seq"]})
        assert done.status_code == 303, done.text
        wait_for(lambda: "erasure-" in browser.get(custody).text, seconds=60)  # the worker's part of it
        page = browser.get(f"/message/{hit['seq']}")
        assert page.status_code == 410
        assert "asked by the person" in page.text
        assert f"/message/{hit['seq']}" not in browser.get("/?q=zyxwvutcanary").text
    assert found_in(place.data, CANARIES) == []
    assert place.stop() == 0
    assert found_in(place.data, CANARIES) == []
    place.is_clean()


def test_what_is_held_is_refused_on_record(new_installation, tmp_path):
    place = new_installation(more=WANTS.format(engine="tantivy"))
    place.json("import", letters(tmp_path / "mail"))
    (hit,) = place.json("search", "zyxwvutcanary")
    place.json("link", hit["seq"], ORDER, "--marketplace", "amazon")
    place.json("dossier", ORDER, "--hold", "--reason", "chargeback announced")
    done = place.run("erase", PERSON, "--reason", "asked by the person", "--yes", "--agent", "anna")
    assert done.returncode == 2
    assert "Art. 17(3)(e)" in done.stderr
    refusal = int(re.search(r"entry (\d+)", done.stderr)[1])
    (told,) = place.json("show", refusal)
    assert told["payload"]["why"].endswith("chargeback announced")
    # a hold that comes between the approval and the deed stops it all the same
    place.json("dossier", ORDER, "--release-hold", "--reason", "settled")
    (asked,) = place.json("erase", PERSON, "--reason", "asked by the person", "--yes", "--agent", "anna")
    place.json("erasures", "approve", asked["seq"], "--agent", "bert")
    place.json("dossier", ORDER, "--hold", "--reason", "a second claim")
    late = place.run("erasures", "run")
    assert (late.returncode, "a second claim" in late.stderr) == (1, True)
    assert place.run("show", hit["seq"], "--raw").returncode == 0


def test_an_older_copy_of_the_archive_or_its_keys_is_told(new_installation, tmp_path):
    place = new_installation()
    place.json("import", letters(tmp_path / "mail"))
    for name in ("archive.db", "keys.db"):
        shutil.copy(place.data / name, tmp_path / name)
    place.json("note", ORDER, "later")
    place.json("search", "staysword")
    assert place.run("rebuild").returncode == 0  # the store has seen it
    for name, said in (("keys.db", "lacks the key of the newest entry"), ("archive.db", "older copy")):
        newest = (place.data / name).read_bytes()
        shutil.copy(tmp_path / name, place.data / name)
        done = place.run("verify") if name == "archive.db" else place.run("status")
        assert (done.returncode != 0, said in done.stdout + done.stderr) == (True, True), done
        (place.data / name).write_bytes(newest)
    place.is_clean()
