"""The key that wraps all others, changed and moved elsewhere with the real command."""

import subprocess
import sys

from tests.installation import ENVIRONMENT, MAILBOX
from tests.small_house import mail


def test_the_key_is_changed_and_moved_out_of_the_data_folder(new_installation, tmp_path):
    place = new_installation()
    (tmp_path / "1.eml").write_bytes(mail("Question", "my lamp", message_id="one"))
    place.json("import", tmp_path / "1.eml")
    kept = place.data / "secrets" / "kek.key"
    old = kept.read_text().split()[0]
    place.start()
    busy = place.run("keys", "rewrap", "--new")
    assert place.stop() == 0
    assert (busy.returncode, "stop docket serve" in busy.stderr) == (2, True)
    assert kept.read_text().split()[0::2] == [old]
    (done,) = place.json("keys", "rewrap", "--new", "--agent", "anna")
    assert (done["rewrapped"] > 2, done["idle"], done["current"] != old) == (True, [old], True)
    (shown,) = place.json("keys", "show")  # the entry that says so is wrapped, too
    assert shown["wrapped"] == {done["current"]: done["rewrapped"] + 1}
    secret = kept.read_text().splitlines()[1]
    kept.rename(tmp_path / "docket-kek")
    settings = place.data / "config.toml"
    text = settings.read_text()
    for more, env in (
        (f'command = ["{sys.executable}", "-c", "print(open(\'{tmp_path}/docket-kek\').read())"]', {}),
        ('credential = "docket-kek"', {"CREDENTIALS_DIRECTORY": str(tmp_path)}),
        (f'file = "{tmp_path}/docket-kek"', {}),
    ):
        settings.write_text(f"{text}\n[keys]\n{more}\n")
        shown = place.run("keys", "show", env=ENVIRONMENT | env)
        assert (shown.returncode, secret.split()[1] in shown.stdout) == (0, False), shown.stderr
    assert place.json("verify")[0]["ok"]
    found = [one for one in place.json("show", done["rewrapped"]) if one]
    assert found[0]["payload"] == {"agent": "anna", "did": "rewrap", "from": [old], "to": done["current"]}
    settings.write_text(text)
    missing = place.run("search", MAILBOX)
    assert (missing.returncode, "kek.key cannot be read" in missing.stderr) == (2, True)
    again = place.run("keys", "new", tmp_path / "docket-kek")
    assert (again.returncode, "never overwritten" in again.stderr) == (2, True)


def test_another_key_signs_and_who_has_the_old_fingerprint_still_verifies(new_installation, tmp_path):
    place = new_installation()
    (tmp_path / "mail.eml").write_bytes(
        b"From: b@example.org\r\nSubject: 112-1234567-1234567\r\n\r\nkeyword\r\n"
    )
    place.json("import", tmp_path / "mail.eml")
    (before,) = place.json("keys", "show")
    with place.archive() as archive:
        (tmp_path / "kept.txt").write_text(archive.checkpoint())
    place.start()
    busy = place.run("keys", "rotate")
    assert (busy.returncode, "stop docket serve" in busy.stderr) == (2, True)
    assert place.stop() == 0
    (told,) = place.json("keys", "rotate", "--agent", "anna")
    assert told["before"] == [before["signer"]]
    (after,) = place.json("keys", "show")
    assert (after["signer"] == told["signer"], after["signer"] != before["signer"]) == (True, True)
    assert place.json("verify")[0]["ok"]
    place.json("note", "112-1234567-1234567", "after")
    place.start()
    assert place.stop() == 0
    assert place.json("verify")[0]["ok"]
    done = place.run("export", "--query", "keyword", "-o", tmp_path / "pack")
    assert done.returncode == 0, done.stdout + done.stderr
    for fingerprint in (before["fingerprint"], after["fingerprint"]):
        checked = subprocess.run(
            [
                sys.executable,
                "-I",
                tmp_path / "pack" / "verify.py",
                tmp_path / "pack",
                "--fingerprint",
                fingerprint,
            ],
            capture_output=True,
            text=True,
            check=False,
        )
        assert (checked.returncode, "VERIFIED" in checked.stdout) == (0, True), checked.stdout
    checked = place.run("witness", "check", tmp_path / "kept.txt")
    assert (checked.returncode, "still contains all that was signed then" in checked.stdout) == (0, True)
