"""Time-stamps in a pack, checked by ``openssl ts`` against an authority that openssl plays here."""

import subprocess
from dataclasses import dataclass
from pathlib import Path

import pytest

from tests.packs import findings, verify

_SETTINGS = """
[tsa]
serial = {place}/serial
signer_cert = {place}/tsa.crt
signer_key = {place}/tsa.key
signer_digest = sha256
default_policy = 1.3.6.1.4.1.99999.1
digests = sha256, sha384, sha512
accuracy = secs:1
tsa_name = yes
ess_cert_id_chain = yes
ess_cert_id_alg = sha256
"""


def run(*command, cwd):
    subprocess.run(command, cwd=cwd, check=True, capture_output=True)


@dataclass
class Authority:
    """A root, a stamping certificate under it, and what answers requests with them."""

    place: Path

    @property
    def root(self) -> Path:
        return self.place / "ca.crt"

    def stamp(self, data: bytes) -> bytes:
        (self.place / "data").write_bytes(data)
        run("openssl", "ts", "-query", "-data", "data", "-sha256", "-cert", "-out", "q.tsq", cwd=self.place)
        run("openssl", "ts", "-reply", "-config", "tsa.cnf", "-section", "tsa", "-queryfile", "q.tsq", "-out", "r.tsr", cwd=self.place)  # fmt: skip
        return (self.place / "r.tsr").read_bytes()


def authority(place: Path, *, days: int = 3000) -> Authority:
    place.mkdir()
    key = ("-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes")
    run("openssl", "req", "-x509", *key, "-keyout", "ca.key", "-out", "ca.crt", "-days", "3650", "-subj", "/O=Test/CN=Test Root",
        "-addext", "basicConstraints=critical,CA:TRUE", "-addext", "keyUsage=critical,keyCertSign,cRLSign", cwd=place)  # fmt: skip
    run(
        "openssl",
        "req",
        *key,
        "-keyout",
        "tsa.key",
        "-out",
        "tsa.csr",
        "-subj",
        "/O=Test/CN=Test TSA",
        cwd=place,
    )
    (place / "tsa.ext").write_text(
        "basicConstraints=critical,CA:FALSE\nkeyUsage=critical,digitalSignature\nextendedKeyUsage=critical,timeStamping\n"
    )
    run("openssl", "x509", "-req", "-in", "tsa.csr", "-CA", "ca.crt", "-CAkey", "ca.key", "-CAcreateserial", "-days", str(days),
        "-extfile", "tsa.ext", "-out", "tsa.crt", cwd=place)  # fmt: skip
    (place / "serial").write_text("01\n")
    (place / "tsa.cnf").write_text(_SETTINGS.format(place=place))
    return Authority(place)


@pytest.fixture(scope="module")
def tsa(tmp_path_factory):
    return authority(tmp_path_factory.mktemp("tsa") / "good")


@pytest.fixture(scope="module")
def mallory(tmp_path_factory):
    return authority(tmp_path_factory.mktemp("tsa") / "mallory")


def add(forger, token, root):
    forger.write("timestamps/tsa.tsr", token)
    forger.write("timestamps/tsa.pem", root)
    forger.seal()


def test_a_stamp_says_when_the_pack_existed_at_the_latest(forger, key, tsa):
    add(forger, tsa.stamp(forger.read("log/checkpoint.txt")), tsa.root.read_bytes())
    code, lines = verify(forger.path, "--key", key, "--tsa", tsa.root)
    assert code == 0, lines
    assert any("an authority that you trust" in line for line in lines)
    code, lines = verify(forger.path, "--key", key)
    assert code == 0, lines
    assert any("which alone proves nothing" in line for line in lines)


def test_a_stamp_that_is_asked_for_must_be_there(forger, key, tsa):
    code, lines = verify(forger.path, "--key", key, "--tsa", tsa.root)
    assert (code, list(findings(lines))) == (1, ["timestamps"])


FORGERIES = [
    ("over something else", lambda f, tsa, mallory: tsa.stamp(b"something else")),
    ("by somebody else", lambda f, tsa, mallory: mallory.stamp(f.read("log/checkpoint.txt"))),
    ("with its end gone", lambda f, tsa, mallory: tsa.stamp(f.read("log/checkpoint.txt"))[:-1]),
    ("with a bit of its signature changed", lambda f, tsa, mallory: flipped(tsa.stamp(f.read("log/checkpoint.txt")))),
    ("with another time", lambda f, tsa, mallory: redated(tsa.stamp(f.read("log/checkpoint.txt")))),
    ("that is empty", lambda f, tsa, mallory: b""),
]  # fmt: skip


def flipped(token):
    return token[:-5] + bytes([token[-5] ^ 1]) + token[-4:]


def redated(token):
    at = token.index(b"\x18\x0f20") + 2  # GeneralizedTime, 15 characters: its year
    return token[:at] + b"2019" + token[at + 4 :]


@pytest.mark.parametrize("forge", [row[1] for row in FORGERIES], ids=[row[0] for row in FORGERIES])
def test_a_forged_stamp_fails_and_is_named(forger, key, tsa, mallory, forge):
    add(forger, forge(forger, tsa, mallory), tsa.root.read_bytes())
    for trust in ((), ("--tsa", tsa.root)):
        code, lines = verify(forger.path, "--key", key, *trust)
        assert code == 1, lines
        assert "timestamps/tsa.tsr" in findings(lines)


def test_a_foreign_root_in_the_pack_convinces_nobody_who_names_one(forger, key, tsa, mallory):
    add(forger, mallory.stamp(forger.read("log/checkpoint.txt")), mallory.root.read_bytes())
    assert verify(forger.path, "--key", key)[0] == 0  # and it says that this proves nothing
    code, lines = verify(forger.path, "--key", key, "--tsa", tsa.root)
    assert code == 1
    assert "timestamps/tsa.tsr" in findings(lines)
