"""Time-stamps from an authority that openssl plays: the honest one is believed, and nobody else in any disguise."""

from datetime import UTC, datetime, timedelta

import pytest
from cryptography import x509
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.serialization import Encoding, load_pem_private_key
from rfc3161_client import decode_timestamp_response

from gateway.clock import FixedClock, SystemClock
from gateway.errors import WrongUse
from gateway.timestamp.authority import load_authority
from gateway.timestamp.token import NoStamp, sorted_certificates
from tests.authority import make_authority, run, serving_authority

NOTE = b"docket/test\n7\nAAAA=\n\n\xe2\x80\x94 docket/test signature\n"


@pytest.fixture(scope="module")
def honest(tmp_path_factory):
    with serving_authority(make_authority(tmp_path_factory.mktemp("tsa") / "honest")) as authority:
        yield authority


@pytest.fixture
def tsa(honest):
    yield honest
    honest.answer = lambda _, honest: honest


@pytest.fixture(scope="module")
def mallory(tmp_path_factory):
    return make_authority(tmp_path_factory.mktemp("tsa") / "mallory", certs=True)


def client(tsa, *, clock=None, **more):
    told = {
        "url": tsa.url,
        "policy": "",
        "timeout_s": 10.0,
        "certificate": str(tsa.certificate),
        "roots": str(tsa.root),
    }
    return load_authority(name="test", clock=clock or SystemClock(), **told | more)


def test_an_honest_stamp_is_believed_and_says_when(tsa):
    before = datetime.now(UTC) - timedelta(seconds=1)
    stamp = client(tsa).stamp(NOTE)
    assert before.replace(microsecond=0) <= stamp.at <= datetime.now(UTC)
    assert stamp.authority == "test"


def test_openssl_believes_it_too(tsa, tmp_path):
    authority = client(tsa)
    stamp = authority.stamp(NOTE)
    for name, data in (("data", NOTE), ("token", stamp.response), ("roots", authority.certificates)):
        (tmp_path / name).write_bytes(data)
    said = run("openssl", "ts", "-verify", "-data", "data", "-in", "token", "-CAfile", "roots", cwd=tmp_path)
    assert b"OK" in said


def test_each_request_has_a_nonce_of_its_own(tsa):
    tsa.asked.clear()
    client(tsa).stamp(NOTE)
    client(tsa).stamp(NOTE)
    assert len(set(tsa.asked)) == 2


def test_a_policy_that_was_asked_for_is_kept(tsa):
    assert client(tsa, policy="1.3.6.1.4.1.99999.1").stamp(NOTE)
    with pytest.raises(NoStamp, match="another policy"):
        client(tsa, policy="1.3.6.1.4.1.99999.2").stamp(NOTE)


def flip(data, at):
    return data[:at] + bytes([data[at] ^ 1]) + data[at + 1 :]


WRONG = {
    "a response to another request": lambda tsa, mallory, query, honest: tsa.stamp(NOTE),
    "a stamp over something else": lambda tsa, mallory, query, honest: tsa.stamp(b"something else"),
    "a stamp of another authority": lambda tsa, mallory, query, honest: mallory.reply(query),
    "a flipped bit in the signature": lambda tsa, mallory, query, honest: flip(honest, len(honest) - 5),
    "another time": lambda tsa, mallory, query, honest: honest.replace(b"\x18\x0f20", b"\x18\x0f19", 1),
    "a flipped bit in the imprint": lambda tsa, mallory, query, honest: flip(honest, honest.index(b"\x04\x20") + 9),
    "a response cut short": lambda tsa, mallory, query, honest: honest[:-1],
    "something behind its end": lambda tsa, mallory, query, honest: honest + b"x",
    "a page": lambda tsa, mallory, query, honest: b"<html>Please log in</html>",
    "nothing": lambda tsa, mallory, query, honest: b"",
    "ten megabytes": lambda tsa, mallory, query, honest: b"0" * 10_000_000,
    "a refusal": lambda tsa, mallory, query, honest: bytes.fromhex("30053003020102"),
    "a stamp granted with changes": lambda tsa, mallory, query, honest: honest.replace(b"\x30\x03\x02\x01\x00", b"\x30\x03\x02\x01\x01", 1),
}  # fmt: skip


@pytest.mark.parametrize("answer", WRONG.values(), ids=WRONG)
def test_a_stamp_that_does_not_hold_is_none(tsa, mallory, answer):
    tsa.answer = lambda query, honest: answer(tsa, mallory, query, honest)
    with pytest.raises(NoStamp):
        client(tsa).stamp(NOTE)


def test_a_root_that_the_response_brings_along_is_not_believed(tsa, mallory):
    assert len(mallory.stamp(NOTE)) > len(tsa.stamp(NOTE))  # it does bring one
    tsa.answer = lambda query, _: mallory.reply(query)
    with pytest.raises(NoStamp):
        client(tsa).stamp(NOTE)
    with pytest.raises(NoStamp):  # nor is another certificate under a root that we trust
        client(tsa, roots=str(mallory.root)).stamp(NOTE)


def test_another_certificate_under_the_same_root_does_not_count(tsa, mallory):
    tsa.answer = lambda query, _: mallory.reply(query)
    with pytest.raises(NoStamp):
        client(tsa, roots=str(mallory.root), certificate=str(tsa.certificate)).stamp(NOTE)


def test_a_certificate_that_had_expired_does_not_count(tmp_path):
    with serving_authority(make_authority(tmp_path / "old")) as tsa:
        expire(tsa)
        with pytest.raises(NoStamp, match="does not hold"):
            client(tsa).stamp(NOTE)


def expire(tsa):
    """Sign the authority's certificate anew, for a day that is over."""
    own = x509.load_pem_x509_certificate(tsa.certificate.read_bytes())
    root = x509.load_pem_x509_certificate(tsa.root.read_bytes())
    key = load_pem_private_key((tsa.place / "ca.key").read_bytes(), None)
    builder = x509.CertificateBuilder(root.subject, own.subject, own.public_key(), 7)
    for extension in own.extensions:
        builder = builder.add_extension(extension.value, extension.critical)
    builder = builder.not_valid_before(datetime(2020, 1, 1)).not_valid_after(datetime(2020, 1, 2))
    tsa.certificate.write_bytes(builder.sign(key, SHA256()).public_bytes(Encoding.PEM))


def test_a_certificate_that_is_not_for_time_stamps_does_not_count(tmp_path):
    with pytest.raises(Exception, match="openssl"):  # openssl itself refuses to stamp with it
        make_authority(tmp_path / "web", usage="extendedKeyUsage=critical,serverAuth").stamp(NOTE)


def test_certificates_in_any_order_are_taken(tmp_path):
    # Some authorities send the set as it comes; X.690 section 11.6 asks for an order, and a strict reader for it too.
    with serving_authority(make_authority(tmp_path / "two", certs=True)) as tsa:
        assert client(tsa).stamp(NOTE).at
        tsa.answer = lambda _, honest: turn(honest)
        assert client(tsa).stamp(NOTE).at


def turn(raw):
    """Return a response with its two certificates in the other order."""
    certificates = certificates_of(raw)
    block = b"".join(certificates)
    assert raw.count(block) == 1
    return raw.replace(block, b"".join(reversed(certificates)))


def certificates_of(raw):
    found = decode_timestamp_response(sorted_certificates(raw)).signed_data.certificates
    return sorted(found, key=raw.index)


@pytest.mark.parametrize(
    "raw", [b"", b"0", b"\x30\x80", b"\x30\x05\x30\x03\x02\x01\x02", b"\x30\xff" + b"\xff" * 300]
)
def test_what_is_no_response_has_no_certificates_to_sort(raw):
    with pytest.raises(ValueError):
        sorted_certificates(raw)


def test_an_authority_that_is_away_is_named(tsa, free_port):
    with pytest.raises(NoStamp, match="test does not answer"):
        client(tsa, url=f"http://127.0.0.1:{free_port()}/").stamp(NOTE)


def test_it_is_told_how_far_our_clock_is_ahead(tsa):
    stamp = client(tsa, clock=FixedClock(datetime.now(UTC) + timedelta(hours=2))).stamp(NOTE)
    assert 7100 < stamp.off_s < 7300


@pytest.mark.parametrize(
    ("more", "said"),
    [
        ({"url": "file:///etc/passwd"}, "https://"),
        ({"certificate": "/nowhere.pem"}, "/nowhere.pem"),
        ({"roots": "/dev/null"}, "PEM"),
    ],
)
def test_settings_that_cannot_work_are_refused_in_words(tsa, more, said):
    with pytest.raises(WrongUse, match=said):
        client(tsa, **more)
