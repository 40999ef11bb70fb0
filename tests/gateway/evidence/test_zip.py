"""Packs as ZIP files: the tricks that archives play on whoever unpacks them are found without unpacking anything."""

import io
import stat
import struct
import zipfile

import pytest

from tests.packs import findings, verify

TOP = "evidence"
EML = "data/messages/ORIGINAL.eml"  # stands for the first message


class Wrapping:
    """The files of a pack, to be wrapped in whatever way."""

    def __init__(self, source):
        with zipfile.ZipFile(source) as file:
            self.files = [(one.filename, file.read(one)) for one in file.infolist()]
        self.message = next(name for name, _ in self.files if name.endswith(".eml"))
        self.name = self.message.partition("/")[2]

    def write(self, place, extra=(), method=zipfile.ZIP_DEFLATED):
        with zipfile.ZipFile(place, "w") as file:
            for info, data in [*((entry(name), data) for name, data in self.files), *extra]:
                info.compress_type = method
                file.writestr(info, data)
        return place


@pytest.fixture(scope="package")
def wrapping(zipped):
    return Wrapping(zipped)


def entry(name, mode=0o100644, **more):
    info = zipfile.ZipInfo(name)
    info.external_attr = mode << 16
    for field, value in more.items():
        setattr(info, field, value)
    return info


def check(place, key):
    code, lines = verify(place, "--key", key)
    assert code == 1, lines
    return findings(lines)


def test_the_same_files_wrapped_in_the_same_way_are_the_same_pack(wrapping, tmp_path, key):
    code, lines = verify(wrapping.write(tmp_path / "again.zip"), "--key", key)
    assert code == 0, lines


@pytest.mark.parametrize("method", [zipfile.ZIP_STORED, zipfile.ZIP_BZIP2, zipfile.ZIP_LZMA])
def test_a_pack_wrapped_in_another_way_is_to_be_unpacked_and_verifies_then(wrapping, tmp_path, key, method):
    place = wrapping.write(tmp_path / "other.zip", method=method)
    assert "unpack it and check the folder" in " ".join(check(place, key).values())
    with zipfile.ZipFile(place) as file:
        file.extractall(tmp_path)
    assert verify(tmp_path / TOP, "--key", key)[0] == 0


EXTRA = [
    ("a name that climbs out", entry(f"{TOP}/../../etc/cron.d/evil"), "../../etc/cron.d/evil"),
    ("an absolute name", entry("/etc/cron.d/evil"), "/etc/cron.d/evil"),
    ("a name beside the folder", entry("other/file"), "other/file"),
    ("a name in no folder", entry("file"), "file"),
    ("a name with backslashes", entry(f"{TOP}/data\\..\\evil"), "data\\\\..\\\\evil"),
    ("a drive's name", entry("C:/evil"), "C:/evil"),
    ("an empty folder", entry(f"{TOP}/data/empty/", stat.S_IFDIR | 0o755), "data/empty/"),
    ("a folder that climbs out", entry(f"{TOP}/../", stat.S_IFDIR | 0o755), "../"),
    ("a second message of that name", entry(f"{TOP}/{EML}"), EML),
    ("the same name in other case", entry(f"{TOP}/{EML.upper()}"), EML.upper()),
    ("a link", entry(f"{TOP}/data/link", stat.S_IFLNK | 0o777), "data/link"),
    ("a device", entry(f"{TOP}/data/dev", stat.S_IFCHR | 0o666), "data/dev"),
    ("a file that is marked as a folder", entry(f"{TOP}/data/dir", stat.S_IFDIR | 0o755), "data/dir"),
    ("a file nobody listed", entry(f"{TOP}/data/messages/999999.eml"), "data/messages/999999.eml"),
    ("a file in place of the folder", entry(f"{TOP}"), ""),
]


@pytest.mark.filterwarnings("ignore:Duplicate name")
@pytest.mark.parametrize(("info", "item"), [row[1:] for row in EXTRA], ids=[row[0] for row in EXTRA])
def test_one_more_entry_is_named(wrapping, tmp_path, key, info, item):
    if EML.lower() in info.filename.lower():
        item = item.replace(EML, wrapping.name).replace(EML.upper(), wrapping.name.upper())
        info = entry(f"{TOP}/{item}")
    assert item in check(wrapping.write(tmp_path / "forged.zip", [(info, b"/etc/passwd")]), key)


def test_a_name_that_two_programs_read_differently_is_named(wrapping, tmp_path, key):
    place = wrapping.write(tmp_path / "forged.zip", [(entry(f"{TOP}/data/a#b"), b"x")])
    place.write_bytes(place.read_bytes().replace(b"data/a#b", b"data/a\0b"))
    assert any("data/a" in item for item in check(place, key))


def test_another_name_before_the_bytes_than_in_the_directory_is_named(wrapping, tmp_path, key):
    place = wrapping.write(tmp_path / "forged.zip")
    data = place.read_bytes()
    name = wrapping.message.encode()
    place.write_bytes(data.replace(name, name.replace(b"messages", b"massages"), 1))
    assert wrapping.name in check(place, key)


def test_an_encrypted_entry_is_named(wrapping, tmp_path, key):
    place = wrapping.write(tmp_path / "forged.zip")
    data = bytearray(place.read_bytes())
    at = data.rindex(wrapping.message.encode()) - 46  # its entry in the central directory
    assert data[at : at + 4] == b"PK\1\2"
    data[at + 8] |= 1
    place.write_bytes(data)
    assert any(wrapping.name in item for item in check(place, key))


def test_entries_that_share_their_bytes_are_named(wrapping, tmp_path, key):
    # https://www.bamsoftware.com/hacks/zipbomb/: many entries, one kernel
    place = wrapping.write(
        tmp_path / "bomb.zip", [(entry(f"{TOP}/data/{n}"), b"0" * 5000) for n in range(20)]
    )
    data = bytearray(place.read_bytes())
    first = data.index(b"PK\3\4", data.index(f"{TOP}/data/0".encode()) - 60)
    for n in range(20):
        at = data.rindex(f"{TOP}/data/{n}".encode() + (b"PK" if n < 19 else b"")) - 46
        data[at + 42 : at + 46] = struct.pack("<I", first)
    place.write_bytes(data)
    assert f"{TOP}/data/1" in check(place, key)  # the first whose bytes are another's


def test_what_would_unpack_beyond_all_measure_is_refused_before_it_is_read(wrapping, tmp_path, key):
    place = wrapping.write(tmp_path / "bomb.zip", [(entry(f"{TOP}/data/huge"), b"0")])
    name, data = f"{TOP}/data/huge".encode(), bytearray(place.read_bytes())
    for at in (data.index(name) - 8, data.rindex(name) - 22):  # its size unpacked, in both headers: 4 GB
        data[at : at + 4] = struct.pack("<I", 0xFFFFFFF0)
    place.write_bytes(data)
    assert "far more than its own size" in " ".join(check(place, key).values())


def test_something_before_the_first_entry_or_behind_the_last_is_told(wrapping, tmp_path, key):
    place = wrapping.write(tmp_path / "forged.zip")
    whole = place.read_bytes()
    with zipfile.ZipFile(place, "a") as file:
        file.comment = b"read me"
    assert "beside the files of a pack" in " ".join(check(place, key).values())
    place.write_bytes(b"#!/bin/sh\nrm -rf /\n" + whole)
    assert "beside the files of a pack" in " ".join(check(place, key).values())


@pytest.mark.parametrize("part", [0.999, 0.9, 0.5, 0.01])
def test_a_file_cut_short_fails(wrapping, tmp_path, key, part):
    place = wrapping.write(tmp_path / "short.zip")
    place.write_bytes(place.read_bytes()[: int(place.stat().st_size * part)])
    assert verify(place, "--key", key)[0] == 1


def test_an_empty_zip_fails(tmp_path, key):
    with zipfile.ZipFile(tmp_path / "empty.zip", "w"):
        pass
    assert "log/log.vkey" in check(tmp_path / "empty.zip", key)


def test_a_byte_changed_anywhere_fails_or_changes_nothing_of_any_file(zipped, tmp_path, key):
    whole = zipped.read_bytes()

    def contents(data):
        with zipfile.ZipFile(io.BytesIO(data)) as file:
            return [(one.filename, file.read(one)) for one in file.infolist()]

    before, passed = contents(whole), 0
    for at in range(7, len(whole), max(1, len(whole) // 60)):
        data = bytearray(whole)
        data[at] ^= 0x55
        place = tmp_path / "one.zip"
        place.write_bytes(data)
        code, lines = verify(place, "--key", key)
        assert code in {0, 1}, lines
        if code == 0:
            passed += 1
            assert contents(bytes(data)) == before
    assert passed < 10


def between(data, extra):
    """Put bytes between the last file and the central directory, and mend where that is said to be."""
    end = data.rindex(b"PK\5\6")
    at = int.from_bytes(data[end + 16 : end + 20], "little")
    return (
        data[:at]
        + extra
        + data[at:end]
        + data[end : end + 16]
        + (at + len(extra)).to_bytes(4, "little")
        + data[end + 20 :]
    )


def local(name, text):
    """Return a file as it stands in a ZIP file, which no directory names."""
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w") as file:
        file.writestr(name, text)
        return packed.getvalue()[: file.infolist()[0].header_offset + 30 + len(name) + len(text)]


def test_files_that_only_a_streaming_reader_finds_are_found(wrapping, zipped, tmp_path, key):
    hidden = local(wrapping.message, b"From: forger@example.org\r\n\r\nNever sent\r\n")
    good = zipped.read_bytes()
    for number, data in enumerate((between(good, hidden), good + b"hello", good + hidden)):
        place = tmp_path / f"{number}.zip"
        place.write_bytes(data)
        assert check(place, key)


def test_a_file_whose_own_header_says_something_else_is_found(wrapping, tmp_path, key):
    good = wrapping.write(tmp_path / "good.zip").read_bytes()
    at = good.index(wrapping.message.encode())
    for number, data in enumerate((
        good[:at] + wrapping.message.replace(".eml", ".exe").encode() + good[at + len(wrapping.message) :],
        good[: at - 16] + b"\1\2\3\4" + good[at - 12 :],
        good[: at - 24] + b"\x08\0" + good[at - 22 :],
    )):  # fmt: skip
        place = tmp_path / f"local{number}.zip"
        place.write_bytes(data)
        assert check(place, key)


def test_a_broken_stream_is_a_finding_and_no_traceback(wrapping, tmp_path, key):
    place = wrapping.write(tmp_path / "broken.zip")
    data = bytearray(place.read_bytes())
    at = data.index(wrapping.message.encode()) + len(wrapping.message)
    data[at : at + 30] = b"\xff" * 30
    place.write_bytes(data)
    assert "cannot be read" in check(place, key)[wrapping.name]
