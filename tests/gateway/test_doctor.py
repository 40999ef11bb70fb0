"""What is wrong is found by the code that would stumble over it, and said with what to do."""

import re
import socket
import ssl
from datetime import UTC, datetime, timedelta

import pytest
from cryptography import x509

from gateway.app import App
from gateway.capture.standing import Board, Folder
from gateway.doctor import examine
from gateway.ingest.tls import make_certificate
from gateway.settings import load_config
from gateway.setup import install
from tests.scripted import HANG, scripted
from tests.scripted_imap import scripted_imap

PASSWORD = "correct horse"
QUIET = '[authenticity]\ndns = "off"'  # nobody outside is asked


@pytest.fixture
def new_app(tmp_path):
    def make(*, relay="", deliver="", more="", agent=True):
        (tmp_path / "password").write_text(PASSWORD)
        (tmp_path / "rules.toml").touch()
        text = f"""
data = "data"
rules = "rules.toml"
{more or QUIET}
[listen]
smtp = []
submission = []
submissions = ["127.0.0.1:1"]
web = ""
[tls]
certificate = "data/tls/certificate.pem"
key = "data/tls/key.pem"
[[mailbox]]
address = "support@brand.example"
[mailbox.deliver]
{deliver}
[mailbox.relay]
{relay or 'kind = "mx"'}
"""
        install(text, tmp_path / "config.toml", names=("localhost",))
        app = App(config=load_config(tmp_path / "config.toml"))
        if agent:
            app.accounts.add("anna", PASSWORD)
        return app

    return make


def to_mend(app):
    return {found.what: found.mend for found in examine(app) if not found.ok}


def test_a_good_installation_has_nothing_to_mend_and_says_what_was_looked_at(new_app):
    app = new_app()
    assert to_mend(app) == {}
    told = {found.what: found.mend for found in examine(app)}
    assert {"archive", "store", "search index", "agents"} - set(told) == {"agents"}
    assert "valid for" in told["certificate for mail clients"]
    assert "each mailbox itself" in told["who is told of failures"]


def test_files_that_others_may_read_are_named_with_the_command(new_app):
    app = new_app()
    key = app.config.secrets / "log.key"
    key.chmod(0o640)
    assert to_mend(app) == {str(key): f"others may read it; run: chmod go= {key}"}


def test_nobody_who_can_log_in_is_a_finding(new_app):
    assert to_mend(new_app(agent=False)) == {"agents": "nobody can log in yet; run: docket agent add NAME"}


@pytest.mark.parametrize(
    ("change", "words"),
    [("soon", "ends in 19 days"), ("gone", "ends in -"), ("other", "key values mismatch"), ("none", "[tls]")],
)
def test_a_certificate_is_looked_at_before_a_client_has_to(new_app, tmp_path, change, words):
    app = new_app()
    folder = app.config.folder / "tls"
    if change == "other":
        make_certificate(tmp_path / "other", names=("localhost",), now=datetime.now(UTC))
        (folder / "key.pem").write_bytes((tmp_path / "other" / "key.pem").read_bytes())
    elif change == "none":
        text = (tmp_path / "config.toml").read_text().replace("data/tls/key.pem", "")
        (tmp_path / "config.toml").write_text(text)
        app = App(config=load_config(tmp_path / "config.toml"))
    else:
        whole = x509.load_pem_x509_certificate((folder / "certificate.pem").read_bytes())
        life = whole.not_valid_after_utc - whole.not_valid_before_utc
        left = timedelta(days=20) if change == "soon" else timedelta(days=-5)
        for file in folder.iterdir():
            file.unlink()
        make_certificate(folder, names=("localhost",), now=datetime.now(UTC) + left - life)
    (found,) = to_mend(app).values()
    assert words in found


def test_a_port_that_another_program_has_is_named(new_app, tmp_path):
    app = new_app()
    with socket.create_server(("127.0.0.1", 0)) as other:
        name = f"127.0.0.1:{other.getsockname()[1]}"
        text = (tmp_path / "config.toml").read_text().replace("smtp = []", f'smtp = ["{name}"]')
        (tmp_path / "config.toml").write_text(text)
        app = App(config=load_config(tmp_path / "config.toml"))
        assert to_mend(app) == {f"port {name}": "another program listens there; choose another port"}
    assert to_mend(app) == {}


def relay(port, *, tls="none", host="127.0.0.1", user="", more=""):
    login = f'user = "{user}"\npassword_file = "password"\n' if user else ""
    return f'kind = "smtp"\nhost = "{host}"\nport = {port}\ntls = "{tls}"\ntimeout_s = 2\n{login}{more}'


@pytest.mark.parametrize(
    ("script", "settings", "words"),
    [
        ({}, {}, ""),
        ({"connect": "554 5.7.1 go away"}, {}, "554 5.7.1 go away"),
        ({"connect": HANG}, {}, "did not answer in time"),
        ({"auth": "535 5.7.8 wrong password"}, {"user": "support"}, "535 5.7.8 wrong password"),
        ({}, {"tls": "starttls"}, "offers no STARTTLS"),
    ],
    ids=["well", "it refuses us", "it is silent", "it refuses the login", "it cannot protect"],
)
def test_a_server_is_tried_as_the_service_would(new_app, script, settings, words):
    with scripted(script=script) as server:
        found = to_mend(new_app(relay=relay(server.port, **settings)))
        if not words:
            assert found == {}
            assert not any(command.startswith("MAIL") for command in server.commands)
            return
    (mend,) = found.values()
    assert words in mend
    assert "check host, port, tls, user and password_file" in mend


def test_a_certificate_that_nobody_trusts_is_told_with_the_setting_that_mends_it(new_app, tmp_path):
    make_certificate(tmp_path / "its", names=("localhost",), now=datetime.now(UTC))
    context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    context.load_cert_chain(tmp_path / "its" / "certificate.pem", tmp_path / "its" / "key.pem")
    with scripted(context=context) as server:
        app = new_app(relay=relay(server.port, tls="starttls", host="localhost"))
        (mend,) = to_mend(app).values()
        assert "ca_file" in mend
        text = (tmp_path / "config.toml").read_text()
        (tmp_path / "config.toml").write_text(text.replace("timeout_s = 2", 'timeout_s = 2\nca_file = "its/certificate.pem"'))  # fmt: skip
        assert to_mend(App(config=load_config(tmp_path / "config.toml"))) == {}


def test_nobody_there_and_a_missing_password_are_told(new_app, tmp_path):
    app = new_app(
        relay=relay(1), deliver='kind = "imap"\nhost = "127.0.0.1"\nport = 1\ntls = "none"\nuser = "a"\npassword_file = "none"'
    )  # fmt: skip
    found = to_mend(app)
    assert "no connection" in found["support@brand.example: relay by smtp at 127.0.0.1:1"]
    assert "password_file cannot be read" in found["support@brand.example: deliver by imap at 127.0.0.1:1"]
    (tmp_path / "none").write_text("x")
    found = to_mend(app)
    assert "no IMAP connection" in found["support@brand.example: deliver by imap at 127.0.0.1:1"]


def test_a_broken_rule_book_and_a_damaged_archive_are_findings_not_tracebacks(new_app, tmp_path):
    app = new_app()
    (tmp_path / "rules.toml").write_text("[[rule]]\nname = 1\n")
    (app.config.folder / "archive.db").write_bytes(b"not a database, and longer than its header is" * 9)
    found = to_mend(App(config=app.config))
    assert {"archive", "rule book and marketplaces"} == set(found)
    assert all(found.values())


def test_captured_accounts_are_logged_in_to_and_their_folders_looked_for(new_app, tmp_path):
    capture = """kind = "none"
[[mailbox.capture]]
host = "127.0.0.1"
port = {port}
user = "shop"
password_file = "password"
tls = "none"
folders = ["INBOX", "{folder}"]
"""
    what = "support@brand.example: capture of shop@127.0.0.1"
    with scripted_imap({}) as server:
        app = new_app(deliver=capture.format(port=server.port, folder="\\\\Junk"))
        assert {found.what: found.mend for found in examine(app)}[f"{what}: folders"] == "INBOX, Spam"
    with scripted_imap({}) as server:
        app = replace_settings(app, tmp_path, str(server.port), "Nowhere")
        assert (
            "there is no folder Nowhere; there are: INBOX, Spam (settings folders, sent)"
            in to_mend(app)[f"{what}: folders"]
        )
    assert "no IMAP connection to 127.0.0.1" in to_mend(app)[what]


def replace_settings(app, folder, port, name):
    settings = folder / "config.toml"
    text = re.sub(r"port = \d+", f"port = {port}", settings.read_text()).replace("\\\\Junk", name)
    settings.write_text(text)
    return App(config=load_config(settings))


def test_what_a_captured_account_lacks_is_said_while_the_settings_name_it(new_app, tmp_path):
    capture = 'kind = "none"\n[[mailbox.capture]]\nhost = "127.0.0.1"\nport = 1\nuser = "shop"\nfolders = ["INBOX"]\n'
    app = new_app(deliver=capture)
    board = Board(app.standings_place)
    standing = board.open("support@brand.example", "shop@127.0.0.1")
    standing.folders["INBOX"] = Folder(unread={4: "has 300000000 bytes; 209715200 are taken at most"})
    board.show()
    assert "a message in INBOX cannot be had: UID 4 has 300000000 bytes" in "".join(to_mend(app).values())
    settings = tmp_path / "config.toml"
    settings.write_text(settings.read_text().replace("shop", "another"))
    assert App(config=load_config(settings)).standings() == []
