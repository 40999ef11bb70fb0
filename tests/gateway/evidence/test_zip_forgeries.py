"""ZIP files that two programs read differently, made by hand: the verifier accepts one form, and nothing beside it."""

import struct
import zipfile
import zlib

import pytest

from tests.packs import findings, verify

FAKE = b"From: buyer@marketplace.example\r\nSubject: all fine\r\n\r\nIt arrived in perfect order.\r\n"


def deflate(data):
    packer = zlib.compressobj(wbits=-15)
    return packer.compress(data) + packer.flush()


def local(name, packed, whole, crc, *, flags=0, method=8, extra=b""):
    """Return a file as it stands in a ZIP file, its header and its bytes."""
    fields = (20, flags, method, 0, 0x21, crc, len(packed), whole, len(name), len(extra))
    return struct.pack("<4s5H3I2H", b"PK\3\4", *fields) + name + extra + packed


def stored(name, data=FAKE):
    return local(name, data, len(data), zlib.crc32(data), method=0)


def end(count, size, at, comment=b""):
    return struct.pack("<4s4H2IH", b"PK\5\6", 0, 0, count, count, size, at, len(comment)) + comment


def end64(count, size, at):
    record = struct.pack("<4sQ2H2I4Q", b"PK\6\6", 44, 45, 45, 0, 0, count, count, size, at)
    return record + struct.pack("<4sIQI", b"PK\6\7", 0, at + size, 1)


class Parts:
    """An honest pack taken apart: its files' bytes, and its directory's entries to be written anew."""

    def __init__(self, place):
        self.whole = place.read_bytes()
        with zipfile.ZipFile(place) as file:
            self.infos, self.at = file.infolist(), file.start_dir
        self.files = self.whole[: self.at]
        self.message, self.other = [one for one in self.infos if one.filename.endswith(".eml")][:2]

    def central(self, one, *, comment=b"", extra=b"", **other):
        """Return an entry of the directory, with other fields than the honest ones where they are given."""
        has = {
            "name": one.filename.encode(),
            "crc": one.CRC,
            "packed": one.compress_size,
            "whole": one.file_size,
        }
        has |= {"at": one.header_offset, "flags": 0, "method": 8, "date": 0x21, "mode": 0o100644} | other
        fields = (20, has["flags"], has["method"], 0, has["date"], has["crc"], has["packed"], has["whole"])
        lengths = (len(has["name"]), len(extra), len(comment), 0, 0, has["mode"] << 16, has["at"])
        start = struct.pack("<4s2B5H3I5H2I", b"PK\1\2", 20, 3, *fields, *lengths)
        return start + has["name"] + extra + comment

    def directory(self, change=None, infos=None):
        change = change or {}
        return b"".join(self.central(one, **change.get(one.filename, {})) for one in infos or self.infos)

    def close(self, directory, *, files=None, count=None, before_end=b""):
        files = self.files if files is None else files
        count = len(self.infos) if count is None else count
        return files + directory + before_end + end(count, len(directory), len(files))

    def with_file(self, name, data=FAKE, mode=0o100644):
        """Add a file that the directory names, too."""
        one = {"name": name, "at": self.at, "crc": zlib.crc32(data), "packed": len(data), "whole": len(data)}
        entry = self.central(self.message, method=0, mode=mode, **one)
        files = self.files + stored(name, data)
        return self.close(entry + self.directory(), files=files, count=len(self.infos) + 1)


def two_directories(parts, where, *, change=None, hide=(), add=()):
    """The record for large files leads to the true directory, the plain one to another, hidden in an entry of the first."""
    head, last = parts.directory(infos=parts.infos[:-1]), parts.infos[-1]
    at = parts.at + len(head) + 46 + len(last.filename) + (4 if where == "extra" else 0)
    blob, fakes = b"", {}
    for name in [*(change or ()), *add]:
        fakes[name] = {"name": name.encode(), "at": at + len(blob), "crc": zlib.crc32(FAKE), "method": 0, "packed": len(FAKE), "whole": len(FAKE)}  # fmt: skip
        blob += stored(name.encode())
    shown = [one for one in parts.infos if one.filename not in hide]
    second = b"".join(parts.central(last, **fakes[name]) for name in add) + parts.directory(fakes, shown)
    hidden = blob + second
    if where == "extra":
        tail = parts.central(last, extra=struct.pack("<2H", 0xCAFE, len(hidden)) + hidden)
    else:
        tail = parts.central(last, comment=hidden)
    first = head + tail
    records = end64(len(parts.infos), len(first), parts.at)
    return parts.files + first + records + end(len(shown) + len(add), len(second), at + len(blob))


def swapped_names(parts):
    """Two messages trade names by Unicode Path fields, which some Pythons and most unpackers follow."""

    def named(one, other):
        field = b"\1" + struct.pack("<I", zlib.crc32(one.filename.encode())) + other.filename.encode()
        return {one.filename: {"extra": struct.pack("<2H", 0x7075, len(field)) + field}}

    one, other = parts.message, parts.other
    return parts.close(parts.directory(named(one, other) | named(other, one)))


def far(place):
    """Place a message by a field of 64 bits."""
    field = struct.pack("<2HQ", 1, 8, place)
    return lambda p: p.close(p.directory({p.message.filename: {"at": 0xFFFFFFFF, "extra": field}}))


def one_less(parts):
    """Count one entry less than there are, the message being the last."""
    infos = [one for one in parts.infos if one is not parts.message] + [parts.message]
    return parts.close(parts.directory(infos=infos), count=len(infos) - 1)


def changed(**fields):
    return lambda p: p.close(p.directory({p.message.filename: fields}))


def rewritten(make):
    """Write the pack's last file anew, its header and its entry in agreement."""

    def forge(parts):
        one = parts.infos[-1]
        start = one.header_offset + 30 + len(one.filename)
        packed = parts.files[start : start + one.compress_size]
        packed, whole, crc, more = make(packed, zlib.decompress(packed, wbits=-15))
        files = parts.files[: one.header_offset] + local(one.filename.encode(), packed, whole, crc, **more)
        fields = {"packed": len(packed), "whole": whole, "crc": crc} | {
            k: v for k, v in more.items() if k != "extra"
        }
        return parts.close(parts.directory({one.filename: fields}), files=files)

    return forge


def gap(parts, extra):
    """Put bytes before the last file, its place told rightly."""
    one = parts.infos[-1]
    files = parts.files[: one.header_offset] + extra + parts.files[one.header_offset :]
    return parts.close(parts.directory({one.filename: {"at": one.header_offset + len(extra)}}), files=files)


def streamed(parts):
    """Tell the last file's sizes behind it, as who writes to a pipe does."""
    one = parts.infos[-1]
    header = local(one.filename.encode(), b"", 0, 0, flags=8)
    packed = parts.files[one.header_offset + len(header) :]
    descriptor = struct.pack("<4s3I", b"PK\7\x08", one.CRC, one.compress_size, one.file_size)
    files = parts.files[: one.header_offset] + header + packed + descriptor
    return parts.close(parts.directory({one.filename: {"flags": 8}}), files=files)


MESSAGE, LAST, PACK = (lambda p: p.message.filename), (lambda p: p.infos[-1].filename), (lambda p: "zip")
FORGERIES = [  # what is forged, how, and what must be named
    ("a second directory in a comment", lambda p: two_directories(p, "comment", change=[p.message.filename]), LAST),
    ("a second directory in an extra field", lambda p: two_directories(p, "extra", change=[p.message.filename]), LAST),
    ("a second directory with less and more in it", lambda p: two_directories(p, "comment", hide=[p.message.filename], add=["evidence/READ_ME_FIRST.html"]), LAST),
    ("a record for large files where none is needed", lambda p: p.close(d := p.directory(), before_end=end64(len(p.infos), len(d), p.at)), PACK),
    ("names swapped by Unicode Path fields", swapped_names, MESSAGE),
    ("a place that no file has", far(2**64 - 1), MESSAGE),
    ("a place far away", far(2**63 - 1), MESSAGE),
    ("an honest place in 64 bits", lambda p: far(p.message.header_offset)(p), MESSAGE),
    ("a count that is one too small", one_less, None),
    ("a count of one too small, nothing else", lambda p: p.close(p.directory(), count=len(p.infos) - 1), PACK),
    ("a count of one too many", lambda p: p.close(p.directory(), count=len(p.infos) + 1), PACK),
    ("a directory in another order", lambda p: p.close(p.directory(infos=p.infos[::-1])), None),
    ("a folder with bytes in it", lambda p: p.with_file(b"evidence/hidden/", mode=0o40755), lambda p: "hidden/"),
    ("a folder over a file", lambda p: p.with_file(p.message.filename.encode() + b"/", mode=0o40755), lambda p: p.message.filename.partition("/")[2] + "/"),
    ("a folder with a file's name", lambda p: p.with_file(b"evidence/data/messages/000099.eml/"), lambda p: "data/messages/000099.eml/"),
    ("an empty folder", lambda p: p.with_file(b"evidence/data/", b"", 0o40755), lambda p: "data/"),
    ("a comment of an entry", changed(comment=b"read me"), MESSAGE),
    ("an extra field of an entry", changed(extra=struct.pack("<2H4s", 0xCAFE, 4, b"read")), MESSAGE),
    ("a date in the directory", changed(date=0x5B00), MESSAGE),
    ("a method in the directory", changed(method=0), MESSAGE),
    ("a flag in the directory", changed(flags=0x800), MESSAGE),
    ("a mode in the directory", changed(mode=0o120777), MESSAGE),
    ("a size in the directory", changed(whole=1), MESSAGE),
    ("an extra field before the bytes", rewritten(lambda packed, data: (packed, len(data), zlib.crc32(data), {"extra": b"\xfe\xca\4\0read"})), LAST),
    ("a file that is not deflated", rewritten(lambda packed, data: (data, len(data), zlib.crc32(data), {"method": 0})), LAST),
    ("a file that goes on behind its size", rewritten(lambda packed, data: (deflate(data + FAKE), len(data), zlib.crc32(data), {})), None),
    ("bytes behind a file's own end", rewritten(lambda packed, data: (packed + FAKE, len(data), zlib.crc32(data), {})), None),
    ("many bytes behind a file's own end", rewritten(lambda packed, data: (packed + FAKE * 3000, len(data), zlib.crc32(data), {})), None),
    ("a file that ends before its size", rewritten(lambda packed, data: (packed, len(data) + 1, zlib.crc32(data), {})), None),
    ("a file cut off before its end", rewritten(lambda packed, data: (packed[:-9], len(data), zlib.crc32(data), {})), None),
    ("a checksum of something else", rewritten(lambda packed, data: (packed, len(data), zlib.crc32(FAKE), {})), None),
    ("sizes that stand behind a file", streamed, LAST),
    ("a file that no directory names", lambda p: gap(p, stored(p.message.filename.encode())), MESSAGE),
    ("a gap between two files", lambda p: gap(p, b"\0"), None),
    ("something before the directory", lambda p: p.close(p.directory(), files=p.files + b"hidden"), None),
    ("something behind the directory", lambda p: p.close(p.directory(), before_end=b"hidden"), PACK),
    ("a comment of the whole", lambda p: p.files + (d := p.directory()) + end(len(p.infos), len(d), p.at, b"hello"), PACK),
    ("something behind the end", lambda p: p.whole + b"\0", PACK),
    ("a second end", lambda p: p.whole + end(0, 0, 0), PACK),
    ("nothing but an end", lambda p: end(0, 0, 0), lambda p: "log/log.vkey"),
]  # fmt: skip


@pytest.fixture(scope="module")
def parts(zipped):
    return Parts(zipped)


def test_what_the_table_forges_with_is_the_honest_pack_where_nothing_is_forged(parts):
    assert parts.close(parts.directory()) == parts.whole
    honest = rewritten(lambda packed, data: (packed, len(data), zlib.crc32(data), {}))
    assert honest(parts) == parts.whole


@pytest.mark.parametrize(("forge", "item"), [row[1:] for row in FORGERIES], ids=[row[0] for row in FORGERIES])
def test_a_zip_file_that_can_be_read_in_two_ways_fails(parts, tmp_path, key, forge, item):
    place = tmp_path / "forged.zip"
    place.write_bytes(forge(parts))
    code, lines = verify(place, "--key", key)
    assert code == 1, lines
    if item is not None:
        wanted = str(place) if item is PACK else item(parts)
        assert wanted in findings(lines)
