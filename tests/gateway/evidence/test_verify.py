"""The verifier as a stranger runs it, and a table of forgeries: each fails, and what was forged is named."""

import ast
import json
import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from gateway.archive.checkpoint import Signer
from tests.packs import TAGS, VERIFIER, b64, export, findings, pythons, verify
from tests.small_house import build_house, close, seed


def first(forger, suffix):
    return min(str(path.relative_to(forger.path)) for path in forger.path.rglob(f"*{suffix}"))


def last(forger, suffix):
    return max(str(path.relative_to(forger.path)) for path in forger.path.rglob(f"*{suffix}"))


def test_a_whole_pack_is_verified_under_a_key_from_outside(made, key, told):
    for trust in (("--key", key), ("--fingerprint", told.archive.verifier.fingerprint)):
        code, lines = verify(made.path, *trust)
        assert (code, lines[-1].split(":")[0]) == (0, "VERIFIED"), lines
    spaced = " ".join(told.archive.verifier.fingerprint.upper()[at : at + 8] for at in range(0, 64, 8))
    assert verify(made.path, "--fingerprint", spaced)[0] == 0


def test_the_zip_is_verified_as_it_is(zipped, key):
    code, lines = verify(zipped, "--key", key)
    assert code == 0, lines


def test_without_a_key_from_outside_it_never_says_verified(made, zipped):
    for place in (made.path, zipped):
        code, lines = verify(place)
        assert code == 3
        assert any(line.startswith("SELF-CONSISTENT") for line in lines)
        assert "VERIFIED" not in " ".join(lines).replace("--fingerprint", "")


def test_the_script_in_the_pack_is_the_one_that_checks_it_and_changes_nothing_there(made, key):
    before = sorted(path for path in made.path.rglob("*"))
    code, _ = verify(made.path, "--key", key, script=made.path / "verify.py")
    assert code == 0
    assert sorted(made.path.rglob("*")) == before


def test_it_tells_who_made_the_pack_and_that_no_stamp_says_when(made, key):
    lines = " ".join(verify(made.path, "--key", key)[1])
    assert "Made by anna" in lines
    assert "reason: claim" in lines
    assert "No time-stamp" in lines


def test_it_needs_nothing_but_an_old_python_and_its_standard_library():
    tree = ast.parse(VERIFIER.read_text(), feature_version=(3, 8))
    imported = {
        name.split(".")[0]
        for node in ast.walk(tree)
        for name in (
            [each.name for each in node.names] if isinstance(node, ast.Import) else [node.module] if isinstance(node, ast.ImportFrom) else []
        )
    }  # fmt: skip
    assert imported <= sys.stdlib_module_names
    evaluated = [node for node in ast.walk(tree) if isinstance(node, ast.Match | ast.NamedExpr)]
    assert not evaluated


def test_every_python_that_is_installed_here_says_the_same(made, zipped, key):
    for python in pythons():
        for place in (made.path, zipped):
            code, lines = verify(place, "--key", key, python=python)
            assert code == 0, (python, lines)
        assert verify(made.path, python=python)[0] == 3


def test_a_machine_without_openssl_is_told_so(made):
    done = subprocess.run(
        [sys.executable, "-I", VERIFIER, made.path], capture_output=True, text=True, env={"PATH": "/nowhere"}
    )
    assert done.returncode == 2
    assert "openssl" in done.stdout


def test_what_is_no_pack_at_all_is_said_to_be_none(tmp_path, key):
    (tmp_path / "empty").mkdir()
    (tmp_path / "noise.zip").write_bytes(os.urandom(1000))
    assert verify(tmp_path / "empty", "--key", key)[0] == 1
    assert verify(tmp_path / "noise.zip", "--key", key)[0] == 1
    assert verify(tmp_path / "nowhere", "--key", key)[0] == 2
    assert verify(tmp_path / "empty", "--key", tmp_path / "nokey")[0] == 2


# Each forgery: what the forger does, whether all manifests are made to fit afterwards, and the item that must be named.
def entry_of(forger, number):
    return json.loads(forger.read("data/entries.jsonl").splitlines()[number])


def payload_of(forger, number):
    return entry_of(forger, number)["payload"]


def number_of(forger, kind):
    """Return the line of the first entry of a type."""
    for number, line in enumerate(forger.read("data/entries.jsonl").splitlines()):
        if json.loads(json.loads(line)["leaf"])["type"] == kind:
            return number
    raise AssertionError(kind)


def named(number):
    return lambda forger: f"entry {entry_of(forger, number)['seq']}"


def mail(number):
    """Name a message's file: 0 is the first message."""
    return lambda forger: sorted(str(p.relative_to(forger.path)) for p in (forger.path / "data/messages").iterdir())[number]  # fmt: skip


def append(name, data=b"!"):
    return lambda f: f.edit(name(f) if callable(name) else name, lambda old: old + data)


def flip(data, at=-1):
    return data[: at % len(data)] + bytes([data[at] ^ 1]) + data[at % len(data) + 1 :]


def drop(number, name="data/entries.jsonl"):
    return lambda f: f.lines(name, lambda values: values[:number] + values[number + 1 :])


def path(number, change):
    return lambda f: f.lines(
        "log/proofs.jsonl", lambda values: values[number].update(path=change(values[number]["path"]))
    )


def text_of(forger):
    return forger.read("log/checkpoint.txt").decode().rpartition("\n\n")[0] + "\n"


def restate(change):
    """Sign another text with the log's own key."""

    def forge(forger):
        lines = text_of(forger).split("\n")
        change(lines)
        forger.sign("\n".join(lines))

    return forge


def stranger(forger):
    from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

    return Signer(forger.archive.origin, Ed25519PrivateKey.generate())


def key_and_signature(forger):
    """Replace the key by one of the forger's own and sign with it."""
    mine = stranger(forger)
    forger.write("log/log.vkey", mine.verifier.vkey().encode() + b"\n")
    forger.sign(text_of(forger), mine)


def hide(forger):
    """Withhold an entry that the pack held, and let the statement say so too."""
    number = number_of(forger, "decision")
    entry = entry_of(forger, number)
    forger.lines(
        "data/entries.jsonl",
        lambda values: values.__setitem__(
            number, {"leaf": entry["leaf"], "seq": entry["seq"], "withheld": "erased"}
        ),
    )
    (forger.path / entry["payload"]).unlink()

    def say(said):
        said["opened"] -= 1
        said["withheld"].append({"entry": entry["seq"], "why": "erased"})

    forger.json("data/completeness.json", say)


def remove(name):
    return lambda f: (f.path / (name(f) if callable(name) else name)).unlink()


def raw_line(number, change, name="data/entries.jsonl"):
    def forge(forger):
        lines = forger.read(name).splitlines(keepends=True)
        before = lines[number]
        lines[number] = change(before)
        assert lines[number] != before
        forger.write(name, b"".join(lines))

    return forge


def link(name, target):
    def forge(forger):
        place = forger.path / (name(forger) if callable(name) else name)
        if place.exists():
            place.unlink()
        place.symlink_to(target)

    return forge


OPEN = [  # the forger changes something and leaves the manifests alone
    ("a byte of a message", append(mail(0)), mail(0)),
    ("a message cut short", lambda f: f.edit(mail(1)(f), lambda old: old[:-1]), mail(1)),
    ("an empty message", lambda f: f.write(mail(1)(f), b""), mail(1)),
    ("line ends of a message", lambda f: f.edit(mail(0)(f), lambda old: old.replace(b"\n", b"\r\n")), mail(0)),
    ("two messages swapped", lambda f: f.swap(mail(0)(f), mail(1)(f)), mail(0)),
    ("a message gone", remove(mail(0)), mail(0)),
    ("an attachment gone", remove(lambda f: first(f, ".pdf")), lambda f: first(f, ".pdf")),
    ("a file nobody listed", lambda f: f.write("data/messages/999999.eml", b"x"), "data/messages/999999.eml"),
    ("a file beside the pack's own", lambda f: f.write("evil.exe", b"x"), "evil.exe"),
    ("a hidden file", lambda f: f.write(".hidden", b"x"), ".hidden"),
    ("fetch.txt", lambda f: f.write("fetch.txt", b"http://evil.example/ - data/a\n"), "fetch.txt"),
    ("a name in other case", lambda f: f.write("README.TXT", b"x"), "README.TXT"),
    ("a name with a space", lambda f: f.write("data/a b", b"x"), "data/a b"),
    ("a name beyond ASCII", lambda f: f.write("data/é", b"x"), "data/\\xe9"),
    ("a name with a line end", lambda f: f.write("data/a\nb", b"x"), "data/a\\nb"),
    ("a name that ends in a dot", lambda f: f.write("data/a.", b"x"), "data/a."),
    ("a very long name", lambda f: f.write("data/" + "a" * 200, b"x"), "data/" + "a" * 200),
    ("a deep folder", lambda f: f.write("data/a/b/c/d/e/f", b"x"), "data/a/b/c/d/e/f"),
    ("a link to a file outside", link(mail(0), "/etc/passwd"), mail(0)),
    ("a link to a folder outside", link("data/extra", "/etc"), "data/extra"),
    ("a link that leads nowhere", link("data/extra", "nowhere"), "data/extra"),
    ("a pipe", lambda f: os.mkfifo(f.path / "data/pipe"), "data/pipe"),
    ("no manifest", remove("manifest-sha256.txt"), "manifest-sha256.txt"),
    ("no manifest of the manifests", remove("tagmanifest-sha256.txt"), "tagmanifest-sha256.txt"),
    ("a manifest without its last line end", lambda f: f.edit("manifest-sha256.txt", lambda old: old[:-1]), "manifest-sha256.txt"),
    ("a manifest out of order", lambda f: f.edit("manifest-sha256.txt", lambda old: b"".join(reversed(old.splitlines(keepends=True)))), "manifest-sha256.txt"),
    ("a manifest with a line twice", lambda f: f.edit("manifest-sha256.txt", lambda old: old.splitlines(keepends=True)[0] + old), "manifest-sha256.txt"),
    ("a manifest that leads out", lambda f: f.edit("tagmanifest-sha256.txt", lambda old: b"0" * 64 + b"  ../../etc/passwd\n" + old), "../../etc/passwd"),
    ("a manifest with an absolute name", lambda f: f.edit("tagmanifest-sha256.txt", lambda old: b"0" * 64 + b"  /etc/passwd\n" + old), "/etc/passwd"),
    ("capitals in a hash", lambda f: f.edit("tagmanifest-sha256.txt", bytes.upper), "tagmanifest-sha256.txt"),
    ("a manifest that lists itself", lambda f: f.edit("tagmanifest-sha256.txt", lambda old: old + b"0" * 64 + b"  tagmanifest-sha256.txt\n"), "tagmanifest-sha256.txt"),
]  # fmt: skip

SEALED = [  # the forger changes something and makes every manifest fit
    ("a byte of a message", append(mail(0)), mail(0)),
    ("a message cut short", lambda f: f.edit(mail(1)(f), lambda old: old[:-1]), mail(1)),
    ("two messages swapped", lambda f: f.swap(mail(0)(f), mail(1)(f)), mail(1)),
    ("a message gone", remove(mail(0)), mail(0)),
    ("a record", append(lambda f: first(f, "-decision.json")), lambda f: first(f, "-decision.json")),
    ("the record of a delivery", append(lambda f: last(f, "-outcome.json")), lambda f: last(f, "-outcome.json")),
    ("an attachment", append(lambda f: first(f, ".pdf")), "manifest-sha256.txt"),
    ("an attachment of a message that is not there", lambda f: f.write("data/attachments/999999/01-a.pdf", b"x"), "data/attachments/999999/01-a.pdf"),
    ("one more message", lambda f: f.write("data/messages/999999.eml", b"x"), "data/messages/999999.eml"),
    ("one more record", lambda f: f.write("data/records/999999-note.json", b"x"), "data/records/999999-note.json"),
    ("one more file of data", lambda f: f.write("data/report.pdf", b"x"), "data/report.pdf"),
    ("one more file beside the pack's own", lambda f: f.write("evil.exe", b"x"), "evil.exe"),
    ("one more file in the log's folder", lambda f: f.write("log/extra", b"x"), "log/extra"),
    ("the custody record", append("data/custody.csv"), "manifest-sha256.txt"),
    ("the load file", append("data/loadfile.csv"), "manifest-sha256.txt"),
    ("the statement of what is missing", lambda f: f.json("data/completeness.json", lambda said: said["says"].clear()), "manifest-sha256.txt"),
    ("a count in that statement", lambda f: f.json("data/completeness.json", lambda said: said.update(opened=1)), "data/completeness.json"),
    ("an entry hidden, and said to be erased", hide, "manifest-sha256.txt"),
    *((f"the file {name}", append(name), name) for name in TAGS if name != "manifest-sha256.txt"),
    ("no viewer", remove("viewer.html"), "viewer.html"),
    ("the envelope", lambda f: f.lines("data/entries.jsonl", lambda v: v[0].update(meta=v[0]["meta"].replace("smtp", "lmtp"))), named(0)),
    ("the salt of a payload", lambda f: f.line(0, payload_salt=b64(bytes(32))), mail(0)),
    ("the salt of the envelope", lambda f: f.line(0, meta_salt=b64(bytes(32))), named(0)),
    ("a salt that is too short", lambda f: f.line(0, payload_salt=b64(bytes(16))), mail(0)),
    ("a salt in other base64", lambda f: f.lines("data/entries.jsonl", lambda v: v[0].update(payload_salt=v[0]["payload_salt"][:-2] + "=" * 2)), mail(0)),
    ("a salt that is a number", lambda f: f.line(0, payload_salt=7), mail(0)),
    ("the time of an entry", lambda f: f.leaf(0, t=1), named(0)),
    ("the type of an entry", lambda f: f.leaf(0, type="mail.out"), named(0)),
    ("the name of an entry", lambda f: f.leaf(0, id="0" * 26), named(0)),
    ("the commitment of an entry", lambda f: f.leaf(0, commit=b64(bytes(32))), named(0)),
    ("the ciphertext of an entry", lambda f: f.leaf(0, ct=b64(bytes(32))), named(0)),
    ("a leaf of another version", lambda f: f.leaf(0, v=2), named(0)),
    ("a leaf whose version is true", lambda f: f.leaf(0, v=True), named(0)),
    ("a leaf with one more field", lambda f: f.leaf(0, vip=1), named(0)),
    ("a leaf with spaces", lambda f: f.lines("data/entries.jsonl", lambda v: v[0].update(leaf=v[0]["leaf"].replace(":", ": "))), named(0)),
    ("a leaf that is no text", lambda f: f.line(0, leaf=7), named(0)),
    ("a leaf with a field twice", lambda f: f.lines("data/entries.jsonl", lambda v: v[0].update(leaf=v[0]["leaf"].replace('"v":1', '"v":1,"v":1'))), named(0)),
    ("an entry under another's number", lambda f: f.line(0, seq=2), "entry 2"),
    ("an entry under a number below nothing", lambda f: f.line(0, seq=-1), "data/entries.jsonl"),
    ("an entry without a number", lambda f: f.lines("data/entries.jsonl", lambda v: v[0].pop("seq") and None), "data/entries.jsonl"),
    ("an entry left out", drop(1), lambda f: payload_of(f, 1)),
    ("an entry twice", lambda f: f.lines("data/entries.jsonl", lambda v: [v[0], *v]), "data/entries.jsonl"),
    ("entries in another order", lambda f: f.lines("data/entries.jsonl", lambda v: v[::-1]), "data/entries.jsonl"),
    ("an entry with one more field", lambda f: f.line(1, note="x"), named(1)),
    ("an entry closed with nobody saying so", lambda f: f.lines("data/entries.jsonl", lambda v: [{k: v[0][k] for k in ("leaf", "seq")} | {"withheld": ""}, *v[1:]]), mail(0)),
    ("an entry that names another's file", lambda f: f.line(0, payload=payload_of(f, 1)), named(0)),
    ("an entry whose file lies outside", lambda f: f.line(0, payload="data/../../../etc/passwd"), named(0)),
    ("an entry whose file is a folder", lambda f: f.line(0, payload="data/messages"), named(0)),
    ("entries cut short", lambda f: f.edit("data/entries.jsonl", lambda old: old[:-1]), "data/entries.jsonl"),
    ("entries with spaces", raw_line(0, lambda line: line.replace(b":", b": ", 1)), "data/entries.jsonl"),
    ("entries with a field twice", raw_line(0, lambda line: b'{"seq":1,' + line[1:]), "data/entries.jsonl"),
    ("a number with a fraction", raw_line(0, lambda line: line.replace(b"}\n", b".0}\n")), "data/entries.jsonl"),
    ("a number that is none", raw_line(0, lambda line: line.rpartition(b":")[0] + b":NaN}\n"), "data/entries.jsonl"),
    ("a number without end", raw_line(0, lambda line: b'{"seq":' + b"9" * 9000 + b"}\n"), "data/entries.jsonl"),
    ("brackets without end", raw_line(0, lambda line: b"[" * 100_000 + b"\n"), "data/entries.jsonl"),
    ("a list in place of an entry", raw_line(0, lambda line: b"[]\n"), "data/entries.jsonl"),
    ("bytes that are no text", raw_line(0, lambda line: b"\xff\xfe\n"), "data/entries.jsonl"),
    ("no entries", lambda f: f.write("data/entries.jsonl", b""), mail(0)),
    ("a proof left out", drop(0, "log/proofs.jsonl"), named(0)),
    ("a proof too many", lambda f: f.edit("log/proofs.jsonl", lambda old: old + old.splitlines(keepends=True)[0]), "log/proofs.jsonl"),
    ("a proof that is too long", path(0, lambda steps: [*steps, steps[0]]), named(0)),
    ("a proof that is too short", path(0, lambda steps: steps[:-1]), named(0)),
    ("a proof without a step", path(0, lambda steps: []), named(0)),
    ("a proof in another order", path(0, lambda steps: steps[::-1]), named(0)),
    ("a proof with a step of zeros", path(0, lambda steps: [b64(bytes(32)), *steps[1:]]), named(0)),
    ("a proof with a step of 31 bytes", path(0, lambda steps: [b64(bytes(31)), *steps[1:]]), named(0)),
    ("a proof with a step of 33 bytes", path(0, lambda steps: [b64(bytes(33)), *steps[1:]]), named(0)),
    ("a proof with a step that is a number", path(0, lambda steps: [7]), named(0)),
    ("a proof whose steps are names", path(0, lambda steps: dict.fromkeys(steps, 0)), named(0)),
    ("a place that is true", lambda f: f.line(0, "log/proofs.jsonl", seq=True), named(0)),
    ("another entry's proof", lambda f: f.lines("log/proofs.jsonl", lambda v: v[0].update(path=v[1]["path"])), named(0)),
    ("a proof beyond the log", lambda f: f.line(0, "log/proofs.jsonl", seq=10**6), named(0)),
    ("a proof with one more field", lambda f: f.line(0, "log/proofs.jsonl", extra=""), named(0)),
    ("the checkpoint's size", lambda f: f.edit("log/checkpoint.txt", lambda old: old.replace(b"\n", b"\n1", 1)), "log/checkpoint.txt"),
    ("the checkpoint's root", lambda f: f.edit("log/checkpoint.txt", lambda old: old.replace(b"=\n", b"A\n", 1)), "log/checkpoint.txt"),
    ("the checkpoint's signature", lambda f: f.edit("log/checkpoint.txt", lambda old: old[:-8] + bytes([old[-8] ^ 1]) + old[-7:]), "log/checkpoint.txt"),
    ("a checkpoint without signature", lambda f: f.write("log/checkpoint.txt", text_of(f).encode()), "log/checkpoint.txt"),
    ("a checkpoint with an empty signature", lambda f: f.write("log/checkpoint.txt", text_of(f).encode() + b"\n"), "log/checkpoint.txt"),
    ("a checkpoint by another key of the same name", lambda f: f.sign(text_of(f), stranger(f)), "log/checkpoint.txt"),
    ("a checkpoint with a second, wrong signature", lambda f: f.edit("log/checkpoint.txt", lambda old: old + old.rpartition(b"\n\n")[2][:-8] + b"AAAAAA=\n"), "log/checkpoint.txt"),
    ("a checkpoint with the wrong dash", lambda f: f.edit("log/checkpoint.txt", lambda old: old.replace("\u2014".encode(), b"-")), "log/checkpoint.txt"),
    ("a checkpoint with line ends of another system", lambda f: f.edit("log/checkpoint.txt", lambda old: old.replace(b"\n", b"\r\n")), "log/checkpoint.txt"),
    ("an older checkpoint of the same log", restate(lambda lines: lines.__setitem__(1, "2")), named(0)),
    ("a larger log, truly signed", restate(lambda lines: lines.__setitem__(1, "999")), named(0)),
    ("another root, truly signed", restate(lambda lines: lines.__setitem__(2, b64(bytes(32)))), named(0)),
    ("a size with a zero before it", restate(lambda lines: lines.__setitem__(1, "0" + lines[1])), "log/checkpoint.txt"),
    ("a size below nothing", restate(lambda lines: lines.__setitem__(1, "-1")), "log/checkpoint.txt"),
    ("another log's name, truly signed", restate(lambda lines: lines.__setitem__(0, "docket/other")), "log/checkpoint.txt"),
    ("one more line, truly signed", restate(lambda lines: lines.insert(3, "extra")), "log/checkpoint.txt"),
    ("an empty checkpoint", lambda f: f.write("log/checkpoint.txt", b""), "log/checkpoint.txt"),
    ("a key of the forger's, and his signature", key_and_signature, "log/log.vkey"),
    ("a key with another name", lambda f: f.edit("log/log.vkey", lambda old: b"x" + old), "log/log.vkey"),
    ("a key with another id", lambda f: f.edit("log/log.vkey", lambda old: old.replace(b"+", b"+0", 1)), "log/log.vkey"),
    ("no key", lambda f: f.write("log/log.vkey", b""), "log/log.vkey"),
    ("a key without its line end", lambda f: f.edit("log/log.vkey", bytes.strip), "log/log.vkey"),
    ("something behind the key", append("log/log.vkey", b"\n"), "log/log.vkey"),
    ("who made the pack", lambda f: f.edit("log/export.json", lambda old: old.replace(b"anna", b"ivan")), "log/export.json"),
    ("why the pack was made", lambda f: f.edit("log/export.json", lambda old: old.replace(b"claim", b"audit")), "log/export.json"),
    ("a message in place of the export's entry", lambda f: f.write("log/export.json", f.read("data/entries.jsonl").splitlines(keepends=True)[0]), "log/export.json"),
    ("no export's entry", lambda f: f.write("log/export.json", b"{}\n"), "log/export.json"),
    ("a time-stamp that is none", lambda f: (f.write("timestamps/a.tsr", b"noise"), f.write("timestamps/a.pem", b"noise")), "timestamps/a.tsr"),
    ("a time-stamp without its authority", lambda f: f.write("timestamps/a.tsr", b"noise"), "timestamps/a.tsr"),
    ("something else among the time-stamps", lambda f: f.write("timestamps/a.exe", b"noise"), "timestamps/a.exe"),
    ("another BagIt", lambda f: f.edit("bagit.txt", lambda old: old.replace(b"1.0", b"0.97")), "bagit.txt"),
]  # fmt: skip


@pytest.mark.parametrize(("forge", "item"), [row[1:] for row in OPEN], ids=[row[0] for row in OPEN])
def test_a_change_fails_and_is_named(forger, key, forge, item):
    wanted = item(forger) if callable(item) else item
    forge(forger)
    code, lines = verify(forger.path, "--key", key)
    assert code == 1, lines
    assert wanted in findings(lines), lines
    assert verify(forger.path)[0] == 1  # also for whoever has no key


@pytest.mark.parametrize(("forge", "item"), [row[1:] for row in SEALED], ids=[row[0] for row in SEALED])
def test_a_change_under_manifests_that_fit_fails_and_is_named(forger, key, forge, item):
    wanted = item(forger) if callable(item) else item
    forge(forger)
    forger.seal()
    code, lines = verify(forger.path, "--key", key)
    assert code == 1, lines
    assert wanted in findings(lines), lines


def test_there_are_enough_forgeries():
    assert len(OPEN) + len(SEALED) >= 60


def test_one_byte_changed_in_any_file_is_named(made, key, tmp_path):
    names = sorted(str(path.relative_to(made.path)) for path in made.path.rglob("*") if path.is_file())
    for name in names:
        forger = made.copy(tmp_path / "one")
        forger.edit(name, lambda old: flip(old, len(old) // 2))
        code, lines = verify(forger.path, "--key", key)
        assert code == 1
        assert name in findings(lines) or name == "tagmanifest-sha256.txt", (name, lines)
        for path_ in sorted(forger.path.rglob("*"), reverse=True):
            path_.rmdir() if path_.is_dir() else path_.unlink()
        forger.path.rmdir()


def test_another_exports_files_under_this_exports_entry_fail(told, made, key, tmp_path):
    export(told, tmp_path / "second", reason="another")
    other = type(made)(tmp_path / "second", told.archive)
    for name in ("log/export.json", "log/proofs.jsonl", "log/checkpoint.txt"):
        other.write(name, made.read(name))
    other.seal()
    code, lines = verify(other.path, "--key", key)
    assert code == 1
    assert {"README.txt", "viewer.html"} <= findings(lines).keys()


def test_a_pack_of_another_log_is_whole_in_itself_and_fails_under_the_key_that_one_trusts(tmp_path, key):
    house = build_house(tmp_path)
    seed(house)
    export(house, tmp_path / "forged")
    close(house)
    assert verify(tmp_path / "forged")[0] == 3
    code, lines = verify(tmp_path / "forged", "--key", key)
    assert (code, next(iter(findings(lines)))) == (1, "log/log.vkey")
    assert verify(tmp_path / "forged", "--fingerprint", "0" * 64)[0] == 1


def test_names_in_a_finding_do_nothing_to_a_terminal(forger, key):
    forger.write("data/a\x1b[2Jb", b"x")
    _, lines = verify(forger.path, "--key", key)
    assert not any("\x1b" in line for line in lines)


def test_a_file_beside_the_verifier_is_not_run_by_it(forger, key):
    """As the README tells it, without -I too: what a forger puts beside it is none of its own."""
    for name in ("zipfile", "json", "hashlib", "argparse", "lzma"):
        (forger.path / f"{name}.py").write_text("import os\nprint('VERIFIED: all is well')\nos._exit(0)\n")
    python = next(iter(sorted(Path("/usr/bin").glob("python3.[0-9]*[0-9]"))), sys.executable)
    for flags in ((), ("-I",)):
        done = subprocess.run(
            ["/usr/bin/env", "-i", "PATH=/usr/bin:/bin", python, *flags, "verify.py", ".", "--key", key],
            capture_output=True, text=True, cwd=forger.path,
        )  # fmt: skip
        assert done.returncode == 1, done.stdout + done.stderr
        assert "is no part of a pack" in done.stdout


def test_a_folder_that_cannot_be_read_is_a_finding(forger, key):
    hidden = forger.path / "letters"
    hidden.mkdir()
    (hidden / "000099.eml").write_bytes(b"forged")
    hidden.chmod(0)
    for one in (forger.path, *forger.path.parents):
        if str(one).startswith("/tmp/pytest"):
            one.chmod(0o755)
    try:
        as_nobody = (
            ["setpriv", "--reuid=65534", "--regid=65534", "--clear-groups"] if os.geteuid() == 0 else []
        )
        shutil.copy(key, "/tmp/docket-test.vkey")
        shutil.copy(VERIFIER, "/tmp/docket-test-verify.py")
        done = subprocess.run(
            [*as_nobody, "/usr/bin/python3", "-I", "/tmp/docket-test-verify.py", forger.path, "--key", "/tmp/docket-test.vkey"],
            capture_output=True, text=True, cwd="/",
        )  # fmt: skip
        assert done.returncode == 1, done.stdout + done.stderr
        assert "letters: is a folder that cannot be read" in done.stdout
    finally:
        hidden.chmod(0o755)


def test_an_openssl_that_checks_no_such_signature_is_no_finding(forger, key, tmp_path):
    (tmp_path / "openssl").write_text("#!/bin/sh\nexit 1\n")
    (tmp_path / "openssl").chmod(0o755)
    done = subprocess.run(
        [sys.executable, "-I", VERIFIER, forger.path, "--key", key],
        capture_output=True, text=True, env={"PATH": str(tmp_path)},
    )  # fmt: skip
    assert (done.returncode, "Ed25519" in done.stdout) == (2, True), done.stdout
