"""Golden mails: what each NAME.eml in tests/corpus must be read as stands beside it in NAME.expect.toml."""

import tomllib
from pathlib import Path

import pytest

from gateway.mail.parse import attachment, parse

CORPUS = Path(__file__).resolve().parents[2] / "corpus"
PLAIN = {"content_id": "", "inline": False}


def shown(address):
    return f"{address.name} <{address.address}>" if address.name else address.address


@pytest.mark.parametrize("name", sorted(path.stem for path in CORPUS.glob("*.eml")))
def test_a_golden_mail_is_read_as_it_is_told(name):
    raw = (CORPUS / f"{name}.eml").read_bytes()
    told = tomllib.loads((CORPUS / f"{name}.expect.toml").read_text(encoding="utf-8"))
    read = parse(raw)
    assert (read.subject, [shown(one) for one in read.from_]) == (told.pop("subject"), [told.pop("from")])
    assert [words for words in told.pop("text") if words not in read.text] == [], read.text
    assert [words for words in told.pop("not_text", []) if words in read.text] == [], read.text
    for field in ("to", "cc", "reply_to"):
        if field in told:
            assert [one.address for one in getattr(read, field)] == told.pop(field)
    for field, named in {"date": "date", "received_trace": "received", "message_id": "message_id"}.items():
        if named in told:
            assert getattr(read, field) == told.pop(named)
    for field in ("in_reply_to", "references", "links"):
        if field in told:
            assert list(getattr(read, field)) == told.pop(field)
    assert list(read.defects) == told.pop("defects", [])
    files = [
        {
            key: getattr(file, key)
            for key in ("part", "filename", "content_type", "size_bytes", "content_id", "inline")
        }
        for file in read.attachments
    ]
    assert files == [PLAIN | file for file in told.pop("attachments", [])]
    assert [len(attachment(raw, file.part)) for file in read.attachments] == [
        file["size_bytes"] for file in files
    ]
    assert told == {}  # every expectation was looked at


def test_every_golden_mail_has_its_expectation_and_no_other():
    assert {path.stem for path in CORPUS.glob("*.eml")} == {
        path.name.removesuffix(".expect.toml") for path in CORPUS.glob("*.toml")
    }
