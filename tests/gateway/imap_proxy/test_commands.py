"""What a client's command is taken for: what opens or changes a message, and in which folder."""

import pytest

from gateway.imap_proxy.commands import Command, Given
from gateway.mail.uid_sets import compact, listed, spread


def given(data):
    one = Given()
    one.take(data)
    return one


KINDS = [
    (b"NOOP", "quiet"),
    (b"UID SEARCH ALL", "quiet"),
    (b"FETCH 1 (FLAGS ENVELOPE RFC822.SIZE)", "quiet"),
    (b"UID FETCH 1:* (FLAGS BODY.PEEK[HEADER.FIELDS (SUBJECT)])", "quiet"),
    (b"FETCH 1 BODY[HEADER]", "quiet"),
    (b"FETCH 1 (BODY[1.MIME] BODY[2.HEADER])", "quiet"),
    (b"FETCH 1 (RFC822.HEADER BODYSTRUCTURE BODY)", "quiet"),
    (b"FETCH 1 BINARY.SIZE[1]", "quiet"),
    (b"FETCH 1 BODY[]", "fetch"),
    (b"fetch 1 (flags body.peek[])", "fetch"),
    (b"FETCH 1 (BODY[HEADER] BODY[1]<0.100>)", "fetch"),
    (b"FETCH 1 RFC822", "fetch"),
    (b"FETCH 1 (UID RFC822.TEXT)", "fetch"),
    (b"UID FETCH 1 BINARY.PEEK[2]", "fetch"),
    (b"uid store 1 +flags (\\Seen)", "store"),
    (b"UID EXPUNGE 3", "expunge"),
    (b"CLOSE", "close"),
    (b"RENAME a b", "folder"),
    (b"XFROB 1", "other"),
    (b"UID XFROB 1", "other"),
    (b"SETMETADATA INBOX (/private/x {3}", "other"),
]


@pytest.mark.parametrize("line, kind", KINDS)
def test_a_command_is_of_one_kind(line, kind):
    assert Command(b"a", line).kind == kind


@pytest.mark.parametrize(
    "line, seen",
    [
        (b"FETCH 1 BODY[]", True),
        (b"FETCH 1 BODY.PEEK[]", False),
        (b"FETCH 1 (BODY.PEEK[1] RFC822.TEXT)", True),
    ],
)
def test_only_what_does_not_peek_marks_as_read(line, seen):
    assert Command(b"a", line).marks_seen is seen


def test_numbers_are_those_of_the_set():
    assert Command(b"a", b"UID STORE 1:*,7 +FLAGS (\\Deleted)").numbers == b"1:*,7"
    assert Command(b"a", b"STORE $ FLAGS ()").numbers == b"$"
    assert Command(b"a", b"STORE x FLAGS ()").numbers == b""
    assert (
        Command(b"a", b"STORE 1 (UNCHANGEDSINCE 12) +FLAGS.SILENT (\\Seen)").flags == "+FLAGS.SILENT (\\Seen)"
    )


FOLDERS = [
    (b'UID COPY 1,2 "Sent \\"Items\\""', [], ('Sent "Items"',)),
    (b"SELECT inbox", [], ("INBOX",)),
    (b"RENAME ", [given(b"Old one"), b" ", given(b"New")], ("Old one", "New")),
    (b"COPY 1 ", [given(b"Orders/112")], ("Orders/112",)),
    (b"APPEND Drafts (\\Draft) ", [given(b"x")], ("Drafts",)),
    (b"APPEND ", [given(b"Sent"), b" (\\Seen) ", given(b"x")], ("Sent",)),
]


@pytest.mark.parametrize("line, more, names", FOLDERS)
def test_folders_are_read_however_they_are_written(line, more, names):
    assert Command(b"a", line, more).folders() == names


def test_an_append_brings_its_messages_and_not_the_folder_s_name():
    assert [
        one.size for one in Command(b"a", b"APPEND Sent ", [given(b"abc"), b" ", given(b"d")]).messages()
    ] == [3, 1]
    assert [
        one.size for one in Command(b"a", b"APPEND ", [given(b"Sent"), b" ", given(b"abcd")]).messages()
    ] == [4]


def test_what_is_kept_of_a_literal_is_bounded_and_its_hash_is_of_all():
    one = Given()
    for _ in range(100):
        one.take(b"x" * 10_000)
    assert (one.size, len(one.head)) == (1_000_000, 65536)


def test_sets_are_read_and_written():
    assert listed(b"3") == [3]
    assert spread(b"5:3") == [3, 4, 5]
    assert spread(b"1:4294967295") == []
    assert spread(b"1:*") == []
    assert compact([]) == ""
