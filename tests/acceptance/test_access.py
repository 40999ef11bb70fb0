"""What is held on a person, handed over with the real command."""

import json

from gateway.mail.uid_sets import compact
from tests.small_house import mail

PERSON = "quirin.zappelbaum@mail.example"


def test_all_that_is_held_on_a_person_is_in_the_folder_and_nothing_of_others(new_installation, tmp_path):
    place = new_installation()
    folder = tmp_path / "mail"
    folder.mkdir()
    theirs = mail("Question", "my lamp", from_=f"Quirin <{PERSON}>", message_id="one")
    (folder / "1.eml").write_bytes(theirs)
    (folder / "2.eml").write_bytes(mail("Other", "another", from_="berta@mail.example", message_id="two"))
    place.json("import", folder)
    (told,) = place.json("access", PERSON, "-o", tmp_path / "out", "--agent", "anna")
    (letter,) = (tmp_path / "out" / "messages").iterdir()
    assert letter.read_bytes() == theirs
    assert told["messages"] == 1
    entries = json.loads((tmp_path / "out" / "entries.json").read_text())
    assert {one["type"] for one in entries} == {"mail.in", "decision"}
    record = place.json("show", told["seq"])[0]["payload"]
    assert (record["agent"], record["holds"]) == ("anna", compact(one["entry"] for one in entries))
    again = place.run("access", PERSON, "-o", tmp_path / "out")
    assert (again.returncode, "is there already" in again.stderr) == (2, True)
