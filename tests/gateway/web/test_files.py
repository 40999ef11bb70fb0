"""What is taken away is exact, and a stranger's file never speaks in our name."""

import hashlib

import pytest

from gateway.web.pages.files import disposition
from tests.small_house import mail

ODD = [
    b"Subject: bare\n\nLF only\n",
    b"Subject: mixed\r\n\r\nCR\rLF\nCRLF\r\nno end",
    b"Subject: nul\r\n\r\n\x00\xff\xfe\r\n",
    "Subject: rå\r\n\r\nåäö €\r\n".encode(),
    b"From: x\r\n" * 300 + b"\r\n" + b"y" * 200_000,
]


@pytest.mark.parametrize("raw", ODD, ids=range(len(ODD)))
def test_the_message_comes_out_as_it_went_in(house, raw):
    seq = house.take(raw)
    with house.client() as browser:
        answer = browser.get(f"/message/{seq}/raw")
    assert answer.content == raw
    assert answer.headers["content-type"] == "message/rfc822"
    assert answer.headers["content-disposition"].startswith(f'attachment; filename="message-{seq}.eml"')


@pytest.mark.parametrize(
    ("name", "type_", "data"),
    [
        ("page.html", "text/html", b"<script>alert(1)</script>"),
        ("pic.svg", "image/svg+xml", b"<svg xmlns='http://www.w3.org/2000/svg' onload='alert(1)'/>"),
        ("photo.png", "image/png", b"\x89PNG\r\n\x1a\n" + b"0" * 40),
        ("a.pdf", "application/pdf", b"%PDF-1.4\n"),
    ],
)
def test_every_attachment_is_a_download_and_nothing_else(house, name, type_, data):
    seq = house.take(mail("files", "see", files=[(name, type_, data, "")]))
    with house.client() as browser:
        page = browser.get(f"/message/{seq}").text
        assert hashlib.sha256(data).hexdigest() in page
        path = page.partition(f'href="/message/{seq}/file/')[2].partition('"')[0]
        answer = browser.get(f"/message/{seq}/file/{path}")
    assert answer.content == data
    assert answer.headers["content-type"] == "application/octet-stream"
    assert answer.headers["content-disposition"].startswith(f'attachment; filename="{name}"')
    assert answer.headers["x-content-type-options"] == "nosniff"
    assert answer.headers["content-security-policy"] == "sandbox; default-src 'none'"


@pytest.mark.parametrize(
    "name",
    ["../../etc/passwd", "C:\\x\\y.exe", "", "...", "a" * 500, "ü\u202e\ud800.pdf", 'q"\r\nSet-Cookie: a=b'],
)
def test_a_name_stays_a_name(name):
    line = disposition(name)
    assert line.isascii()
    assert line.isprintable()
    assert "/" not in line
    assert line.count('"') == 2
    assert len(line) < 2000


def test_the_proof_holds_without_us(told, browser):
    seq = told.seqs["question"]
    assert browser.get(f"/entry/{seq}/leaf").content == told.archive.entry(seq).leaf
    proof = browser.get(f"/entry/{seq}/proof").text
    assert proof == told.archive.proof(seq)
    assert browser.get("/checkpoint").text == told.archive.checkpoint()
    assert told.archive.checkpoint() in proof


def test_acts_have_their_proofs_too(told, browser):
    assert browser.get("/entry/0/proof").status_code == 200
    assert browser.get("/entry/0/leaf").status_code == 200
