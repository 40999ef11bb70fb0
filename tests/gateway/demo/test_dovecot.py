import shutil
import subprocess
import tempfile
from pathlib import Path

import pytest

from gateway.demo import dovecot
from gateway.demo.dovecot import Dovecot, find_dovecot, is_new, settings_of
from gateway.errors import Temporary


@pytest.fixture
def folder():
    place = Path(tempfile.mkdtemp(prefix="dk-"))
    place.chmod(0o755)
    yield place
    shutil.rmtree(place)


@pytest.mark.parametrize(
    "version, new",
    [
        ("2.3.19.1 (9b53102964)", False),
        ("2.4.0 (aa11bb)", True),
        ("2.4.1-4", True),
        ("3.0", True),
        ("?", False),
    ],
)
def test_the_version_decides_which_settings_are_written(version, new):
    assert is_new(version) is new


def test_each_version_gets_its_own_words():
    server = Dovecot(Path("/tmp/x"), {"anna": "secret"}, 1143, 1024)
    old = settings_of(server, "nobody", "nogroup", new=False)
    new = settings_of(server, "nobody", "nogroup", new=True)
    assert "mail_location = mdbox:" in old
    assert "dovecot_config_version" not in old
    assert new.startswith("dovecot_config_version = 2.4.0\n")
    assert "mail_location" not in new
    for text in (old, new):
        assert "secret" not in text
        assert "port = 1143" in text
        assert "listen = 127.0.0.1" in text


@pytest.mark.needs("dovecot")
def test_the_installed_dovecot_accepts_its_settings_and_leaves_nothing_behind(folder, free_port):
    server = Dovecot(folder, {"anna": "secret"}, free_port(), free_port())
    server.start()
    try:
        checked = subprocess.run(
            ["doveconf", "-n", "-c", folder / "dovecot.conf"], capture_output=True, text=True, check=True
        )
        assert "Warning" not in checked.stderr
        assert (folder / "users").stat().st_mode & 0o077 == 0
    finally:
        server.stop()
    server.stop()  # stopping twice is as good as once
    assert (
        str(folder) not in subprocess.run(["ps", "ax", "-o", "args"], capture_output=True, text=True).stdout
    )


@pytest.mark.needs("dovecot")
def test_a_server_that_cannot_start_says_why(folder, free_port):
    first = Dovecot(folder, {"anna": "secret"}, free_port(), free_port())
    first.start()
    try:
        (folder / "second").mkdir()
        second = Dovecot(folder / "second", {"anna": "secret"}, first.imap_port, first.lmtp_port)
        with pytest.raises(Temporary, match=f"another server answers on port {first.imap_port}"):
            second.start()
    finally:
        first.stop()


@pytest.mark.needs("dovecot")
def test_settings_that_dovecot_refuses_are_named_in_its_own_words(folder, free_port):
    broken = Dovecot(
        folder, {"anna": "secret"}, free_port(), free_port(), host="127.0.0.1\nno_such_setting = 1"
    )
    with pytest.raises(Temporary, match="no_such_setting"):
        broken.start()


def test_without_a_program_it_says_so(folder, monkeypatch):
    monkeypatch.setenv("PATH", "")
    monkeypatch.setattr(dovecot, "_PLACES", ())
    assert find_dovecot() is None
    with pytest.raises(Temporary, match="no dovecot"):
        Dovecot(folder, {}, 1, 2).start()
