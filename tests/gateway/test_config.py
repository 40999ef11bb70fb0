from pathlib import Path

import pytest

from gateway.config import load_config, parse_config
from gateway.errors import WrongUse


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("data = ", "not valid TOML"),
        ("dat = 1", "unknown field `dat`"),
        ("data = 7", "Expected `str`"),
        ('zone = "Mars/Olympus"', "is no time zone"),
        ('zone = "../../etc/passwd"', "is no time zone"),
        ('[[mailbox]]\naddress = "nobody"', "has no @"),
        ('[[mailbox]]\naddress = "a@b.c"\n[[mailbox]]\naddress = "A@b.c"', "two mailboxes claim"),
        ('[[mailbox]]\naddress = "a@b.c"\nrelay = {kind = "pigeon"}', "$.mailbox[0].relay.kind"),
        ("[policy]\nlinks = 3", "policy"),
    ],
)
def test_a_wrong_setting_is_named_and_never_guessed(text, words):
    with pytest.raises(WrongUse, match="settings") as wrong:
        parse_config(text)
    assert words in str(wrong.value)


def test_missing_settings_say_how_to_make_them(tmp_path):
    with pytest.raises(WrongUse, match="docket init"):
        load_config(tmp_path / "config.toml")


def test_settings_that_are_no_text_are_refused_without_a_traceback(tmp_path):
    (tmp_path / "config.toml").write_bytes(b"\xff\xfe\x00")
    with pytest.raises(WrongUse, match="cannot be read"):
        load_config(tmp_path / "config.toml")


def test_file_settings_start_at_the_folder_of_the_settings(tmp_path):
    path = tmp_path / "config.toml"
    path.write_text(
        'data = "here"\nrules = "r.toml"\n[[mailbox]]\naddress = "a@b.c"\nrelay = {kind = "smtp", password_file = "p"}\n'
    )
    config = load_config(path)
    assert config.folder == tmp_path / "here"
    assert config.rules == str(tmp_path / "r.toml")
    assert config.mailbox[0].relay.password_file == str(tmp_path / "p")
    assert config.tls.certificate == ""
    assert config.url("store") == f"sqlite:///{tmp_path / 'here' / 'store.db'}"


def test_the_approved_sender_is_the_address_unless_another_is_named():
    config = parse_config(
        '[[mailbox]]\naddress = "a@b.c"\n[[mailbox]]\naddress = "d@b.c"\napproved_sender = "x@y.z"'
    )
    assert [box.sender for box in config.mailbox] == ["a@b.c", "x@y.z"]
    assert Path(config.data).name == "docket-data"
