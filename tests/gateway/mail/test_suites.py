"""Other projects' odd messages, with what those projects say is in them: nothing of it may be missing here."""

import re
from collections import Counter

from gateway.mail.charset import decode_text
from gateway.mail.parse import attachment, parse
from gateway.mail.text import text_of_html

# Where we read the same bytes otherwise, and why.
OTHERWISE = {
    "malformedHeaderStartsBody-nocrlfcrlf": "no header at all, so its second line is text as well",
    "qp-body": "iso-8859-15, decoded there as nothing",
    "very-long-boundary": "delimiters with blanks at their end, which we take off",
    "very-very-long-boundary": "the same",
    "weird-boundary": "the same",
    "uu-junk": "uuencoded files are attachments here",
    "uu-zeegee": "the same",
    "sig-uu": "the same",
    "uu-begin": "the same",
    "bluedot-simple": "the same",
}


def words(text):
    return re.sub(r"\s+", " ", text).strip()


def is_there(content, mail, files):
    """Say whether bytes that another parser found are an attachment here, or are read as text or HTML."""
    if (
        any(file.startswith(content) and len(file) - len(content) < 3 for file in files)
        or not content.strip()
    ):
        return True
    text = words(decode_text(content, "")[0].replace("\r", "\n"))
    ours = words(mail.text)
    latin = words(content.decode("latin-1"))
    return any(
        one in ours or one == words(mail.html) or words(text_of_html(one)) in ours
        for one in (text, latin)
        if one
    ) or any(words(decode_text(file, "")[0]) == text for file in files)


def files_of(raw, mail):
    return [attachment(raw, file.part) for file in mail.attachments]


def test_every_part_that_mime4j_finds_is_found(shared_data):
    told = Counter()
    missing = []
    for path in sorted(shared_data.glob("suites/mime4j/core/**/*.msg")):
        raw = path.read_bytes()
        mail = parse(raw)
        files = files_of(raw, mail)
        for expected in sorted(path.parent.glob(f"{path.stem}_decoded_*")):
            if not re.fullmatch(rf"{re.escape(path.stem)}_decoded_[0-9_]+\.(txt|bin)", expected.name):
                continue
            told[expected.suffix] += 1
            if path.stem not in OTHERWISE and not is_there(expected.read_bytes(), mail, files):
                missing.append(expected.name)
    assert told.total() >= 160
    assert missing == []


def test_every_attached_file_that_mime_tools_names_is_named(shared_data):
    asked, missing = 0, []
    for path in sorted(shared_data.glob("suites/perl-MIME-tools/testmsgs/*.ref")):
        source = re.sub(r"-(nest|none|replace|badutf8)$", "", path.stem)
        raw = (
            (path.parent / f"{source}.msg").read_bytes() if (path.parent / f"{source}.msg").exists() else b""
        )
        names = {file.filename for file in parse(raw).attachments}
        for name in re.findall(r'"Filename" => "([^"\\$]+)"', path.read_text("latin-1")) if raw else ():
            asked += 1
            if name.replace("/", "_") not in names:
                missing.append((path.name, name, sorted(names)))
    assert asked >= 25
    assert missing == []
