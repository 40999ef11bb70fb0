"""``docket inspect --dns``: what a file's signatures prove, asked of a name server; without it nobody is asked."""

import json

import pytest

from tests import signing
from tests.dnsserver import dns_server, txt
from tests.installation import docket


@pytest.fixture
def server():
    with dns_server(txt({"s1._domainkey.amazon.de": signing.record()})) as server:
        yield server


def inspected(path, *more):
    done = docket("inspect", path, "--json", *more)
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout)


@pytest.mark.parametrize("number, result", [(0, "pass"), (1, "fail")])
def test_a_signature_is_held_against_the_key_in_dns(server, tmp_path, number, result):
    (tmp_path / "a.eml").write_bytes(signing.signed(signing.mail(), number=number))
    said = inspected(tmp_path / "a.eml", "--dns", "{}:{}".format(*server.address))
    assert (said["authenticity"]["result"], said["authenticity"]["dkim"]) == (result, result)
    assert server.asked


def test_nobody_is_asked_without_it_and_a_wrong_address_is_told(server, tmp_path):
    (tmp_path / "a.eml").write_bytes(signing.signed(signing.mail()))
    assert "authenticity" not in inspected(tmp_path / "a.eml")
    assert server.asked == []
    for wrong in ("nobody", "dns.example:53", "127.0.0.1:999999"):
        done = docket("inspect", tmp_path / "a.eml", "--dns", wrong)
        assert (done.returncode, "name server's address" in done.stderr) == (2, True), done.stderr
