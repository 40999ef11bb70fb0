"""The one form of a ZIP file that the verifier takes for a pack: no byte of it is free, however many and large the files."""

import io
import subprocess
import zipfile
import zlib
from pathlib import Path

import pytest

from gateway.evidence import bag as bags
from gateway.evidence import verify as verifier
from tests.packs import pythons

SMALL = 1000  # stands for what 32 bits hold, so that a test need not write gigabytes

pytestmark = pytest.mark.filterwarnings("ignore::ResourceWarning")  # the program ends, and so closes its pack


def read(place):
    """Return the files of a ZIP file as the verifier reads them, and all that it finds wrong with the wrapping."""
    found = []
    pack = verifier.Pack(str(place), lambda item, what: found.append((item, what)))
    try:
        return {name: pack.read(name) for name in pack.names}, found
    finally:
        pack.zip.file.close()


def fails(place):
    try:
        return bool(read(place)[1])
    except (verifier.Bad, *verifier.UNREADABLE):
        return True


@pytest.fixture
def small(tmp_path):
    """A bag of three files, the last of a name and size that are no multiple of anything."""
    folder = tmp_path / "bag"
    (folder / "data").mkdir(parents=True)
    (folder / "data/a.eml").write_bytes(b"Hello " * 200)
    (folder / "data/empty.txt").write_bytes(b"")
    (folder / "viewer.html").write_bytes(bytes(range(256)) * 4)
    return folder


def test_no_byte_of_the_wrapping_is_free(small, tmp_path):
    """Whatever is done to a byte that is no file's own is found; none is left to choose."""
    place = tmp_path / "small.zip"
    bags.write_zip(small, place, "pack")
    whole = place.read_bytes()
    with zipfile.ZipFile(place) as file:
        infos, start = file.infolist(), file.start_dir
    places = list(range(start, len(whole)))
    for one in infos:
        places += range(one.header_offset, one.header_offset + 30 + len(one.filename))
    assert not fails(place)
    with place.open("r+b", buffering=0) as file:
        for at in places:
            for byte in {0, 255, *(whole[at] ^ 1 << bit for bit in range(8))} - {whole[at]}:
                file.seek(at)
                file.write(bytes([byte]))
                assert fails(place), (at, byte)
            file.seek(at)
            file.write(whole[at : at + 1])
    assert place.read_bytes() == whole


def test_no_length_but_its_own_will_do(small, tmp_path):
    place = tmp_path / "small.zip"
    bags.write_zip(small, place, "pack")
    whole = place.read_bytes()
    for length in range(len(whole)):
        place.write_bytes(whole[:length])
        assert fails(place), length


def unpacked(packed, data, whole):
    return verifier.Unpacked(io.BytesIO(packed), 0, len(packed), whole, zlib.crc32(data))


def test_bytes_behind_a_file_are_found_where_a_reader_stops_between_two_pieces():
    data = bytes(65_531)
    packed = zlib.compress(data, 0, wbits=-15)
    assert len(packed) == 1 << 16  # as much as is read at once
    assert unpacked(packed, data, len(data)).read() == data
    with pytest.raises(verifier.Bad):
        unpacked(packed + b"hidden", data, len(data)).read()


def test_a_file_that_unpacks_to_more_than_it_says_is_left_at_once():
    data = bytes(10 << 20)
    packed = zlib.compress(data, wbits=-15)
    with pytest.raises(verifier.Bad):
        unpacked(packed, data, 10).readinto(bytearray(100))


WRITE = f"""
import importlib.util, pathlib, sys, zipfile
zipfile.ZIP64_LIMIT = {SMALL}
spec = importlib.util.spec_from_file_location("bag", sys.argv[1])
bag = importlib.util.module_from_spec(spec)
spec.loader.exec_module(bag)
bag.write_zip(pathlib.Path(sys.argv[2]), pathlib.Path(sys.argv[3]), "pack")
"""


def test_what_is_large_is_told_in_64_bits_as_each_python_does(small, tmp_path, monkeypatch):
    """Sizes around what 32 bits hold, and places behind it; a Python before 3.11.4 writes those in between otherwise."""
    monkeypatch.setattr(verifier, "LIMIT", SMALL)
    for size in (949, 953, 960, 999, 1000, 1001, 5000):
        (small / f"data/{size:06d}.eml").write_bytes(bytes(n * n % 251 for n in range(size)))
    wanted = {str(path.relative_to(small)): path.read_bytes() for path in small.rglob("*") if path.is_file()}
    asked = [
        python for python in pythons() if Path(python).name not in {"python3.8", "python3.9", "python3.10"}
    ]
    for python in asked:
        place = tmp_path / "large.zip"
        subprocess.run([python, "-I", "-c", WRITE, bags.__file__, small, place], check=True)
        assert b"PK\6\6" in place.read_bytes()
        assert read(place) == (wanted, []), python
    whole = place.read_bytes()
    start = whole.rindex(b"PK\6\6")
    for at in range(start, len(whole)):
        place.write_bytes(whole[:at] + bytes([whole[at] ^ 1]) + whole[at + 1 :])
        assert fails(place), at


@pytest.mark.parametrize("count", [65_535, 65_536])
def test_more_files_than_16_bits_count_are_counted(tmp_path, count):
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w") as file:
        for number in range(count):
            info = zipfile.ZipInfo(f"pack/data/{number}")
            info.compress_type, info.external_attr = zipfile.ZIP_DEFLATED, 0o100644 << 16
            file.writestr(info, b"")
    place = tmp_path / "many.zip"
    place.write_bytes(packed.getvalue())
    found = []
    pack = verifier.Pack(str(place), lambda *one: found.append(one))
    pack.zip.file.close()
    assert (len(pack.names), found) == (count, [])
