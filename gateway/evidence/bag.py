"""BagIt (RFC 8493): the folder that a pack is, with its manifests, and the one ZIP file it may be wrapped into."""

import hashlib
import json
import zipfile
from collections.abc import Iterable, Mapping
from pathlib import Path

MANIFEST, TAG_MANIFEST = "manifest-sha256.txt", "tagmanifest-sha256.txt"
BAGIT = b"BagIt-Version: 1.0\nTag-File-Character-Encoding: UTF-8\n"
_EPOCH = (1980, 1, 1, 0, 0, 0)  # nothing of a ZIP file's own may tell one pack from an equal one


def write_manifest(bag: Path, name: str, hashes: Mapping[str, str]) -> str:
    """Write a manifest, sorted by name, and return its own hash."""
    digest = hashlib.sha256()
    with (bag / name).open("wb") as file:
        for path in sorted(hashes):
            line = f"{hashes[path]}  {path}\n".encode("ascii")
            digest.update(line)
            file.write(line)
    return digest.hexdigest()


def write_lines(path: Path, lines: Iterable[bytes]) -> tuple[str, int]:
    """Write a file line by line; return its SHA-256 and its size."""
    digest, size = hashlib.sha256(), 0
    with path.open("wb") as file:
        for line in lines:
            digest.update(line)
            size += len(line)
            file.write(line)
    return digest.hexdigest(), size


def json_line(value: Mapping[str, object]) -> bytes:
    """Return canonical JSON in ASCII as a line of its own; a verifier holds it against its own writing."""
    return json.dumps(value, sort_keys=True, separators=(",", ":")).encode("ascii") + b"\n"


def bag_info(fields: Mapping[str, str]) -> bytes:
    r"""Return ``bag-info.txt``; a value is one line, whatever it holds (RFC 8493 section 2.2.2).

    >>> bag_info({"External-Identifier": "a\r\nPayload-Oxum: 0.0"})
    b'External-Identifier: a Payload-Oxum: 0.0\n'
    """
    return "".join(f"{name}: {' '.join(value.split())}\n" for name, value in fields.items()).encode(
        "utf-8", "replace"
    )


def write_zip(bag: Path, place: Path, top: str) -> None:
    """Wrap a bag into a ZIP file whose one folder is ``top``; a file is never whole in memory."""
    with zipfile.ZipFile(place, "w", zipfile.ZIP_DEFLATED) as file:
        for path in sorted(path for path in bag.rglob("*") if path.is_file()):
            info = zipfile.ZipInfo(f"{top}/{path.relative_to(bag).as_posix()}", _EPOCH)
            info.compress_type = zipfile.ZIP_DEFLATED
            info.external_attr = 0o100644 << 16
            info.file_size = path.stat().st_size  # so that a large one is written as such (ZIP64)
            with path.open("rb") as source, file.open(info, "w") as target:
                while piece := source.read(1 << 20):
                    target.write(piece)
