"""Every command: its help, its exit codes, its JSON, and what the doctor finds."""

import json
import zipfile

import click
import pytest

from gateway.cli import docket as root
from tests.installation import AGENT, MAILBOX, PASSWORD, docket


def commands(group=root, path=()):
    for name, each in group.commands.items():
        yield (*path, name)
        if isinstance(each, click.Group):
            yield from commands(each, (*path, name))


@pytest.mark.parametrize("path", [(), *commands()], ids=" ".join)
def test_every_command_says_what_it_does(path):
    from click.testing import CliRunner

    said = CliRunner().invoke(root, [*path, "--help"])
    assert said.exit_code == 0
    assert said.output.startswith("Usage: ")
    first = said.output.split("\n\n")[1].strip()
    assert first.endswith((".", ":")) or "." in first


@pytest.fixture(scope="module")
def place(new_installation, tmp_path_factory):
    place = new_installation()
    mail = tmp_path_factory.mktemp("mail") / "one.eml"
    mail.write_bytes(
        b"From: k3jx9v@marketplace.amazon.de\r\nTo: support@brand.example\r\nSubject: Order 112-1234567-1234567\r\n"
        b"\r\nIt came damaged.\r\n"
    )
    (report,) = place.json("import", mail)
    assert report["archived"] == 1
    return place


def test_a_search_writes_what_it_finds_to_files_and_says_so_in_the_log(place, tmp_path):
    table, bundle = tmp_path / "found.csv", tmp_path / "found.zip"
    told = place.json("search", "damaged", "--csv", table, "--eml-zip", bundle, "--agent", "anna")
    assert [(one["form"], one["size_bytes"]) for one in told] == [
        ("csv", table.stat().st_size),
        ("eml-zip", bundle.stat().st_size),
    ]
    assert "112-1234567-1234567" in table.read_text(encoding="utf-8-sig")
    with zipfile.ZipFile(bundle) as file:
        name = file.namelist()[0]
        assert file.read(name) == place.raw(int(name[:8]))
    done = docket("--data", place.data, "search", "damaged", "--csv", tmp_path)
    assert (done.returncode, "is a folder" in done.stderr) == (2, True)
    assert sorted(path.name for path in tmp_path.iterdir()) == ["found.csv", "found.zip"]


def test_json_is_one_object_a_line_with_the_keys_others_rely_on(place, tmp_path):
    (hit,) = place.json("search", "damaged")
    assert hit.keys() >= {
        "seq", "id", "at", "direction", "mailbox", "from", "to", "subject", "orders", "tags", "snippet",
    }  # fmt: skip
    (shown,) = place.json("show", hit["seq"])
    inspected = {
        "file", "sha256", "size_bytes", "marketplace", "kind", "direction", "from", "to", "cc", "subject", "date",
        "message_id", "in_reply_to", "references", "text", "attachments", "found", "defects",
    }  # fmt: skip
    assert shown.keys() >= inspected | {"links", "entry", "authenticity"}
    assert shown["authenticity"]["result"] == "unchecked"
    (tmp_path / "a.eml").write_bytes(place.raw(hit["seq"]))
    (told,) = place.json("inspect", tmp_path / "a.eml")
    assert told.keys() >= inspected
    assert told["sha256"] == shown["sha256"]
    (order,) = place.json("order", "11212345671234567")
    assert order.keys() >= {"order", "messages", "entries", "clocks", "parcels"}
    (report,) = place.json("verify")
    assert report.keys() >= {"size", "root", "ok", "bad"}
    (status,) = place.json("status")
    assert status.keys() >= {"archive", "store", "index", "queue", "capture"}
    (noted,) = place.json("note", hit["seq"], "called the buyer")
    (linked,) = place.json("link", hit["seq"], "112-7654321-7654321")
    assert linked["seq"] == noted["seq"] + 1
    (agent,) = place.json("agent", "list")
    assert agent["name"] == AGENT


@pytest.mark.parametrize(
    ("arguments", "code"),
    [
        (("verify",), 0),
        (("search", "no-such-word"), 0),
        (("search", "order:"), 2),
        (("search", '"open'), 2),
        (("search", "--tz", "Mars/Olympus", "x"), 2),
        (("show", "999999"), 2),
        (("show", "-1"), 2),
        (("order", "999-9999999-9999999"), 2),
        (("note", "999999", "text"), 2),
        (("tag", "0", "--add", "x"), 2),
        (("link", "1", "no-order"), 2),
        (("release", "0"), 2),
        (("import", "/nowhere", "--mailbox", "who@else.example"), 2),
        (("agent", "remove", "nobody"), 2),
        (("inspect", "/nowhere"), 1),
        (("rules", "check"), 0),
        (("rules", "try", "/nowhere"), 2),
        (("rules", "try", "99999"), 2),
        (("init", "--yes"), 2),
        (("no-such-command",), 2),
        (("status", "--no-such-option"), 2),
    ],
)
def test_exit_codes_say_whether_it_was_done(place, arguments, code):
    done = place.run(*arguments)
    assert done.returncode == code, done.stdout + done.stderr
    assert "Traceback" not in done.stderr
    if code == 2:
        assert done.stderr.strip()


def test_agents_come_change_their_password_and_go(place):
    assert place.run("agent", "add", "ben", "--password-stdin", input="short\n").returncode == 2
    assert place.run("agent", "add", "ben", "--password-stdin", input=PASSWORD + "\n").returncode == 0
    assert place.run("agent", "add", "ben", "--password-stdin", input=PASSWORD + "\n").returncode == 2
    assert place.run("agent", "passwd", "ben", "--password-stdin", input="another horse\n").returncode == 0
    assert {each["name"] for each in place.json("agent", "list")} == {AGENT, "ben"}
    assert place.run("agent", "remove", "ben").returncode == 0
    assert {each["name"] for each in place.json("agent", "list")} == {AGENT}


def test_without_an_installation_every_command_says_what_to_do(tmp_path):
    for arguments in (("status",), ("verify",), ("serve",), ("search", "x"), ("import", "/nowhere")):
        done = docket("--data", tmp_path / "none", *arguments)
        assert done.returncode == 2
        assert "docket init" in done.stderr
        assert done.stderr.count("\n") == 1


def test_an_archived_message_is_tried_on_todays_rules_with_what_was_known_of_it(place):
    rules = place.data / "rules.toml"
    before = rules.read_text()
    (hit,) = place.json("search", "damaged")
    try:
        rules.write_text(
            "[[rule]]\nname = 'today'\nwhen = { text = 'damaged' }\nthen = [{ do = 'tag', name = 'new' }]\n"
        )
        (tried,) = place.json("rules", "try", hit["seq"])
    finally:
        rules.write_text(before)
    assert tried["subject"] == "Order 112-1234567-1234567"
    assert tried["tags"][-1] == "new"
    assert [(step["rule"], step["matched"]) for step in tried["steps"]] == [("today", True)]
    assert [link["order"]["value"] for link in tried["links"]] == ["112-1234567-1234567"]
    assert place.json("search", "tag:new") == []


def test_the_doctor_finds_nothing_to_mend_but_the_missing_relay(place):
    done = place.run("doctor", "--json")
    bad = [json.loads(line) for line in done.stdout.splitlines() if not json.loads(line)["ok"]]
    assert [each["what"] for each in bad] == [f"{MAILBOX}: relay by none"]
    assert done.returncode == 1


def test_the_doctor_says_what_to_mend(new_installation):
    place = new_installation(relay='kind = "smtp"\nhost = "127.0.0.1"\nport = 1\ntls = "none"')
    (place.data / "tls" / "certificate.pem").write_text("no certificate")
    (place.data / "secrets" / "log.key").chmod(0o644)
    (place.data / "rules.toml").write_text("[[rule]]\nname = 1\n")
    done = place.run("doctor", "--json")
    assert done.returncode == 1, done.stderr
    bad = {each["what"]: each["mend"] for each in map(json.loads, done.stdout.splitlines()) if not each["ok"]}
    assert "no connection" in bad.pop(f"{MAILBOX}: relay by smtp at 127.0.0.1:1")
    assert "chmod" in bad.pop(f"{place.data}/secrets/log.key")
    assert "certificate.pem" in bad.pop("certificate for mail clients")
    assert bad.pop("rule book and marketplaces")
    assert not bad


def test_two_services_do_not_share_one_folder(new_installation):
    place = new_installation()
    place.start()
    second = place.run("serve", timeout=60)
    assert second.returncode in {1, 2}
    assert second.stderr.startswith("docket: ")
    assert second.stderr.count("\n") == 1
    assert place.stop() == 0


def test_rules_check_says_what_own_files_change_and_which_examples_they_break(new_installation, tmp_path):
    place = new_installation()
    settings = place.data / "config.toml"
    settings.write_text(f"marketplaces = {str(tmp_path)!r}\n" + settings.read_text())
    (tmp_path / "more.toml").write_text(
        'extends = "etsy"\nnotice_senders = ["hello@etsy.com"]\n[[clocks]]\nname = "reply"\nstarts_on = ["buyer_message"]\nhours = 12\n'
    )
    done = place.run("rules", "check")
    assert done.returncode == 0, done.stderr
    assert done.stdout.splitlines()[1:] == [
        "more.toml: adds to Etsy",
        "  notice senders: added hello@etsy.com",
        "  clocks: reply is 12 hours on buyer_message, was 24 hours on buyer_message",
    ]
    with (tmp_path / "more.toml").open("a") as more:
        more.write(
            '[[example]]\nname = "hello"\nfrom = "hello@etsy.com"\nmarketplace = "etsy"\nkind = "sold"\n'
        )
    done = place.run("rules", "check")
    assert done.returncode == 1
    assert "etsy.toml with more.toml, example “hello”: kind is '', not 'sold'" in done.stdout
    (tmp_path / "more.toml").write_text('extends = "etsy"\n[[kinds]]\nname = "solt"\n')
    done = place.run("rules", "check")
    assert done.returncode == 2
    assert (
        f"{tmp_path}/more.toml:2: [[kinds]] 1: there is no kind `solt`; did you mean `sold`?" in done.stderr
    )
