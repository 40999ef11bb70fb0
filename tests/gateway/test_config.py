from pathlib import Path

import pytest

from gateway.errors import WrongUse
from gateway.settings import load_config, parse_config


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("data = ", "not valid TOML"),
        ("dat = 1", "did you mean `data`"),
        ("data = 7", "data: must be a text, not a whole number"),
        ('data = ""', "data: must be a text of length 1 or more"),
        ('hostname = ""', "hostname: must be a text"),
        ("[limits]\nmessage_bytes = -1", "[limits], message_bytes: must be a whole number of at least 1"),
        (
            "[limits]\nmessage_bytes = 99999999999999999999999",
            "[limits], message_bytes: must be a whole number",
        ),
        ("[limits]\nmessage_bytes = 1.5", "must be a whole number, not a number"),
        ("[work]\ngive_up_hours = nan", "[work], give_up_hours: must be a number"),
        ("[work]\ngive_up_hours = inf", "[work], give_up_hours: must be a number of at most 8784"),
        ("[work]\nretry_minutes = []", "must be a list of length 1 or more"),
        ("[work]\nretry_minutes = [0]", "must be a number above 0"),
        ("mailbox = 3", "mailbox: must be a list, not a whole number"),
        ('[listen]\nweb = "127.0.0.1:99999"', "listen.web: '127.0.0.1:99999' is no address to listen on"),
        ('[listen]\nsmtp = ["nonsense"]', "listen.smtp: 'nonsense' is no address to listen on"),
        ('zone = "Mars/Olympus"', "is no time zone"),
        ('zone = "../../etc/passwd"', "is no time zone"),
        ('[[mailbox]]\naddress = "nobody"', "has no @"),
        ('[[mailbox]]\naddress = "a@b.c"\n[[mailbox]]\naddress = "A@b.c"', "two mailboxes claim"),
        (
            '[[mailbox]]\naddress = "a@b.c"\nrelay = {kind = "pigeon"}',
            "[[mailbox]] 1, relay.kind: `pigeon` cannot stand here; known are imap",
        ),
        ("[policy]\nlinks = 3", "policy"),
        ("[web.sso]\nonly = true", "web.sso: only = true needs an issuer"),
        (
            '[web.sso]\nissuer = "http://login.example"',
            "web.sso: issuer = 'http://login.example' is no https",
        ),
        (
            '[web.sso]\nissuer = "https://login.example"',
            "web.sso: name client_id, client_secret_file and claim",
        ),
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
    with pytest.raises(WrongUse, match="byte 0 is no UTF-8; save it as UTF-8"):
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


def test_a_byte_order_mark_before_the_settings_is_no_mistake(tmp_path):
    (tmp_path / "config.toml").write_text('hostname = "mail.brand.example"\n', encoding="utf-8-sig")
    assert load_config(tmp_path / "config.toml").hostname == "mail.brand.example"
