#!/usr/bin/env python3
"""Check an evidence pack with nothing but this file, Python 3.8 or newer and the openssl command.

    python3 -I verify.py PACK --key log.vkey      PACK is the folder or the ZIP; the key comes from somewhere else
    python3 -I verify.py PACK --fingerprint HEX   the same, with the key's fingerprint, as read out over the telephone
    python3 -I verify.py PACK                     says at best SELF-CONSISTENT: who forges a pack forges its key too
    ... --tsa roots.pem                           time-stamps must be there, by an authority under these roots

Exit code: 0 VERIFIED, 3 SELF-CONSISTENT, 1 FAILED (each bad item is named), 2 nothing could be checked.
It shares no code with the program that makes packs. What it checks, and why: docs/evidence-pack.md of that program.
"""

from __future__ import annotations

import sys

if __name__ == "__main__" and not sys.flags.isolated and not getattr(sys.flags, "safe_path", False):
    del sys.path[0]  # the folder that this file lies in, where a forger may put a "json.py" for it to import

import argparse
import base64
import calendar
import hashlib
import io
import json
import os
import re
import stat
import struct
import subprocess
import tempfile
import time
import zlib
from collections.abc import Callable, Iterator
from typing import Any, BinaryIO

NAME = re.compile(r"[A-Za-z0-9_-][A-Za-z0-9._-]{0,150}(/[A-Za-z0-9_-][A-Za-z0-9._-]{0,150}){0,3}")
STAMP = re.compile(r"timestamps/[a-z0-9-]+\.(tsr|pem|json)")
TAGS = {"README.txt", "bag-info.txt", "bagit.txt", "manifest-sha256.txt", "verify.py", "viewer.html"}
MAY = {"report.pdf"}  # stands beside them in some packs
CHAIN = "log/chain.json"  # there where the log's key was exchanged: each key says which one comes after it
LOG = {"log/checkpoint.txt", "log/export.json", "log/log.vkey", "log/proofs.jsonl"}
TABLES = {"data/completeness.json", "data/custody.csv", "data/entries.jsonl", "data/loadfile.csv"}
SEAL = "tagmanifest-sha256.txt"
ENDINGS = ("", ".json", ".txt", ".pdf", ".png", ".jpg", ".gif", ".webp", ".bin")
OPENED = {"leaf", "meta", "meta_salt", "payload", "payload_salt", "seq"}
KNOWN = (  # a message, its signature and the key: RFC 8032 section 7.1, test 2
    "72",
    "92a009a9f0d4cab8720e820b5f642540a2b27b5416503f8fb3762223ebdb69da085ac1e43e15996e458f3613d0f11d8c387b2eaeb4302aeeb00d291612bb0c00",
    "3d4017c3e843895a92b70aa74d1b7ebc9c982ccf2ec4968cc0cd55f12af4660c",
)
BAGIT = b"BagIt-Version: 1.0\nTag-File-Character-Encoding: UTF-8\n"
SMALL, LINE = 64 << 20, 32 << 20  # bytes of a file that is read at once, and of a line
LIMIT, LONG = (
    (1 << 31) - 1,
    0xFFFFFFFF,
)  # what a ZIP file tells in 32 bits, and the sign that it tells it in 64
UNREADABLE = (OSError, zlib.error, MemoryError, UnicodeError)
MALFORMED = (LookupError, TypeError, AttributeError, ValueError, RecursionError, OverflowError)


UNPACK = "if another program wrapped the pack again, unpack it and check the folder"


class Bad(Exception):
    """What is wrong with the item that is being checked."""


class Zip:
    """A ZIP file just as this project writes it, so that all programs must find the same in it.

    It is read from its beginning. All that stands behind its files (directory, counts, places) follows from them to the
    byte: there is no room for a second directory, a comment or another name. It is never unpacked for checking.
    """

    def __init__(self, path: str, bad: Callable[[str, str], None]) -> None:
        self.file, self.bad = open(path, "rb"), bad  # noqa: SIM115 - read until the program ends
        self.places: dict[str, tuple[int, int, int, int]] = {}  # of each file: see Unpacked
        self.length = self.file.seek(0, os.SEEK_END)
        at, total, directory = 0, 0, []
        for name, entry, (begin, packed, whole, crc) in self._files():
            self.places[name] = begin, packed, whole, crc
            directory.append((name, entry))
            at, total = begin + packed, total + whole
        self.names = [name for name, _ in directory]
        if total > (1 << 30) + 100 * self.length:
            raise Bad("it would unpack to far more than its own size")
        self.file.seek(at)
        for name, line in directory:
            if self.file.read(len(line)) != line:
                bad(name, f"is not listed in the ZIP file as packs do it, or behind something else: {UNPACK}")
                return
        end = ending(len(directory), at, sum(len(line) for _, line in directory))
        if self.file.read(len(end) + 1) != end:
            bad(path, f"holds something beside the files of a pack, or ends otherwise: {UNPACK}")

    def _files(self) -> Iterator[tuple[str, bytes, tuple[int, int, int, int]]]:
        """Find one file after the other; yield its name, its entry in the directory, and its bytes' place."""
        at = 0
        while True:
            self.file.seek(at)
            head = self.file.read(30)
            if head[:4] != b"PK\3\4" or len(head) < 30:
                break
            version, crc, packed, whole, length, more = struct.unpack("<4xH8x3I2H", head)
            raw, extra = self.file.read(length), self.file.read(more)
            if len(extra) == 20:
                whole, packed = struct.unpack("<4x2Q", extra)
            name = raw.decode("ascii", "backslashreplace")
            header = local(raw, crc, packed, whole, is_new=version == 45)
            if head + raw + extra != header:
                self.bad(name, f"does not begin as the files of a pack do: {UNPACK}")
            begin, entry = at + 30 + length + more, central(header, at, packed, whole)
            at = begin + packed
            if at > self.length:
                raise Bad("is no ZIP file that can be read: it is cut short")
            yield name, entry, (begin, packed, whole, crc)

    def open(self, name: str) -> Any:
        return io.BufferedReader(Unpacked(self.file, *self.places[name]), 1 << 16)


class Unpacked(io.RawIOBase):
    """A file of a ZIP file, unpacked as it is read. It must end with its last byte there, and be what its header says."""

    def __init__(self, file: BinaryIO, at: int, packed: int, whole: int, crc: int) -> None:
        self.file, self.at, self.end, self.left, self.crc = file, at, at + packed, whole, crc
        self.stream, self.sum = zlib.decompressobj(-15), 0

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: Any) -> int:
        data = b""
        while not data and not self.stream.eof:
            piece = self.stream.unconsumed_tail
            if not piece:
                self.file.seek(self.at)
                piece = self.file.read(min(1 << 16, self.end - self.at))
                self.at += len(piece)
            data = self.stream.decompress(piece, len(buffer))
            if not (piece or data or self.stream.eof):
                raise Bad("breaks off in the ZIP file")
        self.sum, self.left = zlib.crc32(data, self.sum), self.left - len(data)
        is_over = not data and (self.left or self.sum != self.crc)
        if self.left < 0 or is_over or self.stream.unused_data or (self.stream.eof and self.at < self.end):
            raise Bad(
                "has not the size or the checksum that the ZIP file tells, or hides something behind it"
            )
        buffer[: len(data)] = data
        return len(data)


class Pack:
    """The files of a pack, a folder or a ZIP. Both are read where they are, one file after the other."""

    def __init__(self, path: str, bad: Callable[[str, str], None]) -> None:
        self.path, self.bad = path, bad
        self.names: list[str] = []
        self.zip: Zip | None = None
        if os.path.isdir(path):
            for here, folders, files in os.walk(path, onerror=self._hidden):
                for one in folders + files:
                    full = os.path.join(here, one)
                    mode = os.lstat(full).st_mode
                    name = os.path.relpath(full, path).replace(os.sep, "/")
                    self._add(name, mode, is_folder=stat.S_ISDIR(mode))
        else:
            self.zip = Zip(path, bad)
            self.top = self.zip.names[0].partition("/")[0] if self.zip.names else ""
            for name in self.zip.names:
                top, _, inner = name.partition("/")
                if top == self.top and NAME.fullmatch(top):
                    self.names.append(inner)
                else:
                    self.bad(name, "does not lie plainly in the one folder of the ZIP file")
        self.there = set(self.names)

    def _hidden(self, wrong: OSError) -> None:
        self.bad(
            os.path.relpath(wrong.filename, self.path),
            "is a folder that cannot be read: nobody knows what it holds",
        )

    def _add(self, name: str, mode: int, *, is_folder: bool) -> None:
        if stat.S_IFMT(mode) != (stat.S_IFDIR if is_folder else stat.S_IFREG):
            self.bad(name, "is no plain file but a link or a device")
        elif not is_folder:
            self.names.append(name)
        elif not NAME.fullmatch(name):
            self.bad(name, "has a name that no pack holds")

    def open(self, name: str) -> Any:
        if name not in self.there:
            raise Bad("is missing")
        return self.zip.open(f"{self.top}/{name}") if self.zip else open(os.path.join(self.path, name), "rb")

    def read(self, name: str) -> bytes:
        with self.open(name) as file:
            data: bytes = file.read(SMALL + 1)
        if len(data) > SMALL:
            raise Bad("is too long")
        return data

    def hash(self, name: str, salt: bytes = b"") -> bytes:
        digest = hashlib.sha256(salt)
        with self.open(name) as file:
            for piece in iter(lambda: file.read(1 << 20), b""):
                digest.update(piece)
        return digest.digest()


class Check:
    """All checks of one pack. Each step yields the name of what it turns to, so that what fails is named."""

    def __init__(self, path: str, key: str | None, fingerprint: str | None, roots: str | None) -> None:
        self.found: dict[tuple[str, str], None] = {}
        self.notes: list[str] = []
        self.key, self.fingerprint, self.roots = key, fingerprint, roots
        self.size, self.root = 0, b""
        self.used: set[str] = set()
        self.withheld: list[Any] = []
        self.pack = Pack(path, self.bad)
        for step in (self.files, self.signature, self.entries, self.export, self.stamps):
            self.run(step())

    def run(self, step: Iterator[str]) -> None:
        item = ""
        try:
            for item in step:  # noqa: B007
                pass
        except Bad as wrong:
            self.bad(item, str(wrong))
        except UNREADABLE as wrong:
            self.bad(item, f"cannot be read: {wrong}")
        except MALFORMED:
            self.bad(item, "is not of the form that it should have")

    def bad(self, item: str, what: str) -> None:
        self.found[item, what] = None

    def files(self) -> Iterator[str]:
        """Every file has a plain name and is the one that its manifest lists; all that are listed are there (RFC 8493)."""
        seen = set()
        for name in self.pack.names:
            if not NAME.fullmatch(name) or any(part.endswith(".") for part in name.split("/")):
                self.bad(name, "has a name that no pack holds")
            elif name.lower() in seen:
                self.bad(name, "is there twice, or differs from another name in case only")
            elif not (
                name.startswith("data/") or name in TAGS | LOG | MAY | {CHAIN, SEAL} or STAMP.fullmatch(name)
            ):
                self.bad(name, "is no part of a pack")
            seen.add(name.lower())
        for manifest in (SEAL, "manifest-sha256.txt"):
            yield manifest
            text = self.pack.read(manifest).decode("ascii")
            listed = {line[66:]: line[:64] for line in text.split("\n")[:-1]}
            if text != "".join(f"{listed[name]}  {name}\n" for name in sorted(listed)):
                raise Bad("is not a sorted list of hashes and names")
            here = {one for one in self.pack.names if one.startswith("data/") == (manifest != SEAL)} - {SEAL}
            for name in sorted(here | set(listed)):
                if name not in here:
                    self.bad(name, "is missing")
                elif name not in listed:
                    self.bad(name, f"is not in {manifest}")
                else:
                    self.run(self.file(name, listed[name], manifest))
        for name in sorted((TAGS | LOG | TABLES) - self.pack.there):
            self.bad(name, "is missing")
        yield "bagit.txt"
        if self.pack.read("bagit.txt") != BAGIT:
            raise Bad("is not that of BagIt 1.0")

    def file(self, name: str, hash_: str, manifest: str) -> Iterator[str]:
        yield name
        if self.pack.hash(name).hex() != hash_:
            raise Bad(f"was changed: it is not the file that {manifest} lists")

    def signature(self) -> Iterator[str]:
        """The checkpoint, which states the log's size and root, is signed by its key (c2sp.org/tlog-checkpoint)."""
        yield "log/log.vkey"
        line, end, rest = self.pack.read("log/log.vkey").decode("utf-8").partition("\n")
        name, fingerprint, key = key_of(line)
        self.signers = [(name, fingerprint[:8], key, 0)]
        lines, prints = [line], [fingerprint]
        self.handed: list[tuple[int, bytes, list[bytes]]] = []
        if CHAIN in self.pack.there:
            yield CHAIN
            lines, prints = self.chain(line)
            yield "log/log.vkey"
        if self.key not in (None, *lines) or rest or not end:
            self.bad("log/log.vkey", "is not the key that you trust")
            name, fingerprint, key = key_of(self.key or line)
            self.signers = [(name, fingerprint[:8], key, 0)]
        if self.fingerprint not in (None, *prints):
            raise Bad(f"is not the key that you trust: its fingerprint is {fingerprint}")
        self.notes.append(f"Log {name}, its key's fingerprint: {fingerprint}")
        if (self.key or line) != line or (self.fingerprint or fingerprint) != fingerprint:
            self.notes.append(
                "The key that you trust has handed the log over to that one, under its own signature"
            )
        yield "log/checkpoint.txt"
        self.size, self.root = self.checkpoint(self.pack.read("log/checkpoint.txt"))
        yield CHAIN
        for size, root, path in self.handed:
            if not continues(size, self.size, root, self.root, path):
                self.size = 0
                raise Bad(
                    f"hands over another log: this one does not begin with the {size} entries that its old key signed for"
                )

    def chain(self, line: str) -> tuple[list[str], list[str]]:
        """Follow the handovers from the log's first key to the one in ``line``; return all keys, and their fingerprints."""
        said = strict_json(self.pack.read(CHAIN), b"\n")
        lines: list[str] = [said["first"]]
        signers: list[tuple[str, str, bytes, int]] = []
        for number, note in enumerate(said["handovers"]):
            name, fingerprint, key = key_of(lines[-1])
            kind, origin, size, root, new = self.signed(note, name, fingerprint[:8], key).split("\n")
            before = signers[-1][3] if signers else 0
            if (kind, origin) != ("docket.handover/v1", name) or not before < int(size) < 1 << 60:
                raise Bad(f"does not say in handover {number + 1} from when on which key holds")
            after, print_, public = key_of(new)
            if after != name or new in lines:
                raise Bad(
                    f"gives the log in handover {number + 1} to a key of another log, or one that had it before"
                )
            self.signed(note, after, print_[:8], public)  # whoever has the new key holds it, too
            self.handed.append((int(size), unbase64(root), path_of({"path": said["paths"][number]})))
            signers.append((name, fingerprint[:8], key, int(size)))
            lines.append(new)
        lengths = {len(said["handovers"]), len(said["paths"]), len(lines) - 1}
        if set(said) != {"first", "handovers", "paths"} or lengths != {max(lengths)} or lines[-1] != line:
            raise Bad("does not lead to the log's key")
        self.signers += signers
        return lines, [key_of(one)[1] for one in lines]

    def checkpoint(self, note: bytes, *, earlier: bool = False) -> tuple[int, bytes]:
        """Return the size and the root that a checkpoint of the log states, if its key has signed it.

        An ``earlier`` one, which is still to be shown to lead to this log, may be signed by a key of then.
        """
        text = note.decode("utf-8")
        marks = {
            base64.b64decode(line.split(" ")[-1])[:4].hex()
            for line in text.split("\n\n")[-1].split("\n")[:-1]
        }
        name, shown, key, until = next(
            (one for one in self.signers if earlier and one[1] in marks), self.signers[0]
        )
        origin, size, root = self.signed(text, name, shown, key).split("\n")
        if origin != name or not re.fullmatch(r"[1-9][0-9]{0,17}", size):
            raise Bad("is another log's, or states no size")
        if until and int(size) > until:
            raise Bad(f"is signed by a key that was replaced at entry {until}")
        return int(size), unbase64(root)

    def signed(self, note: str, name: str, shown: str, key: bytes) -> str:
        """Return what a note says, if this key has signed it (c2sp.org/signed-note)."""
        text, blank, tail = note.rpartition("\n\n")
        signatures = []
        for line in tail.split("\n")[:-1]:
            dash, signer, signature = line.split(" ")
            signed = base64.b64decode(signature, validate=True)
            if (dash, signer, signed[:4].hex()) == ("\u2014", name, shown):
                signatures.append(is_signed(f"{text}\n".encode(), signed[4:], key))
        if not blank or not tail.endswith("\n") or not signatures or not all(signatures):
            raise Bad("is not signed by the log's key")
        return text

    def entries(self) -> Iterator[str]:
        """Every original is what its entry in the log committed to; nothing is passed off as one that is none."""
        yield "data/entries.jsonl"
        before = -1
        with self.pack.open("data/entries.jsonl") as lines, self.pack.open("log/proofs.jsonl") as proofs:
            for line in iter(lambda: lines.readline(LINE), b""):
                one = strict_json(line, b"\n")
                if one["seq"] <= before:
                    raise Bad("is out of order")
                before = one["seq"]
                self.run(self.entry(one, proofs.readline(LINE)))
            self.last_proof = proofs.readline(LINE)
            if proofs.read(1):
                self.bad("log/proofs.jsonl", "goes on behind its end")
        for name in sorted(self.pack.there - self.used - TABLES):
            mail = f"data/messages/{name.split('/')[2]}.eml" if name.startswith("data/attachments/") else ""
            if name.startswith("data/") and mail not in self.used:
                self.bad(name, "belongs to no entry")
        yield "data/completeness.json"
        said = strict_json(self.pack.read("data/completeness.json"))
        if (said["withheld"], said["opened"]) != (self.withheld, len(self.used)):
            raise Bad("does not agree with what is in the pack")
        missing = self.withheld + said["unreadable"]
        self.notes.append(
            f"{len(self.used)} entries can be read, {len(missing)} are withheld, erased or damaged"
        )
        self.notes += [f"NOT in the pack: entry {one['entry']}: {one['why']}" for one in missing[:50]]

    def entry(self, one: dict[str, Any], proof: bytes) -> Iterator[str]:
        yield f"entry {one['seq']}"
        leaf = self.leaf(one, proof)
        if set(one) == {"leaf", "seq", "withheld"}:
            self.withheld.append({"entry": one["seq"], "why": one["withheld"]})
            return
        if set(one) != OPENED:
            raise Bad("has other fields than it should")
        kind, file = leaf["type"], one["payload"]
        stem = f"messages/{one['seq']:06d}.eml" if kind[:5] == "mail." else f"records/{one['seq']:06d}-{kind}"
        if file not in {f"data/{stem}{end}" for end in ENDINGS}:
            raise Bad("names another entry's payload as its own")
        self.used.add(file)
        yield file
        if self.pack.hash(file, unbase64(one["payload_salt"])) != unbase64(leaf["commit"]):
            raise Bad(f"is not what entry {one['seq']} of the log committed to")

    def leaf(self, one: dict[str, Any], line: bytes) -> dict[str, Any]:
        """Return what an entry's leaf says, after checking its place in the log (RFC 9162 2.1.3.2) and its meta."""
        if not self.size:
            raise Bad("cannot be checked: there is no good checkpoint")
        raw = one["leaf"].encode("ascii")
        leaf: dict[str, Any] = strict_json(raw, b"")
        if set(leaf) != {"commit", "ct", "id", "meta", "seq", "t", "type", "v"} or not raw.endswith(
            b',"v":1}'
        ):
            raise Bad("has a leaf of a version that this program does not know")
        proof = strict_json(line, b"\n")
        index, last = one["seq"], self.size - 1
        places = {str(where["seq"]) for where in (one, leaf, proof)}  # as text: true is 1, and no place
        if len(places) != 1 or set(proof) != {"path", "seq"} or not 0 <= index <= last:
            raise Bad("has the leaf or the proof of another entry")
        node = hashlib.sha256(b"\0" + raw).digest()
        for step in path_of(proof):
            if last == 0:
                raise Bad("has a proof that is too long")
            if index & 1 or index == last:
                node = hashlib.sha256(b"\1" + step + node).digest()
                while index and not index & 1:
                    index, last = index >> 1, last >> 1
            else:
                node = hashlib.sha256(b"\1" + node + step).digest()
            index, last = index >> 1, last >> 1
        if last or node != self.root:
            raise Bad("is not in the log that the checkpoint signs")
        if "withheld" not in one:
            salted = unbase64(one["meta_salt"]) + one["meta"].encode("utf-8")
            if hashlib.sha256(salted).digest() != unbase64(leaf["meta"]):
                raise Bad("has other meta than the log committed to")
        return leaf

    def export(self) -> Iterator[str]:
        """The log's own entry of the export says which files the pack had when it was made."""
        yield "log/export.json"
        one = strict_json(self.pack.read("log/export.json"), b"\n")
        leaf, payload = self.leaf(one, self.last_proof), one["payload"].encode("utf-8")
        commit = hashlib.sha256(unbase64(one["payload_salt"]) + payload).digest()
        if leaf["type"] != "export" or commit != unbase64(leaf["commit"]) or set(one) != OPENED:
            raise Bad("is not the entry that the log holds of this export")
        said = json.loads(payload)
        for name in sorted(TAGS | MAY & (self.pack.there | set(said["files"]))):
            yield name
            if name not in self.pack.there:
                raise Bad("is missing")
            if said["files"][name] != self.pack.hash(name).hex():
                self.bad(name, "is not the file that the log recorded when the pack was made")
        at = f"{utc(leaf['t'])} by the seller's own clock"
        self.notes.append(f"Made by {said['agent']}, {at}; reason: {said['reason'] or 'none given'}")

    def stamps(self) -> Iterator[str]:
        """Every time-stamp (RFC 3161) is over the checkpoint, or over an earlier one that this log continues."""
        yield "timestamps"
        trusted, stamps = 0, sorted(name for name in self.pack.there if name.startswith("timestamps/"))
        for name in stamps:
            yield name
            stem, _, ending = name.rpartition(".")
            if ending != "tsr" and f"{stem}.tsr" not in self.pack.there:
                raise Bad("belongs to no time-stamp")
            if ending != "tsr":
                continue
            note, size = self.pack.read("log/checkpoint.txt"), self.size
            if f"{stem}.json" in self.pack.there:
                earlier = strict_json(self.pack.read(f"{stem}.json"), b"\n")
                note = earlier["checkpoint"].encode("utf-8")
                size, root = self.checkpoint(note, earlier=True)
                if not continues(size, self.size, root, self.root, path_of(earlier)):
                    raise Bad("is over a checkpoint that is no beginning of this log")
            at, is_trusted = self.stamp(self.pack.read(name), note, self.pack.read(f"{stem}.pem"))
            trusted += is_trusted
            whose = "you trust" if is_trusted else "came with the pack, which alone proves nothing"
            self.notes.append(
                f"The log's first {size} entries existed at {utc(at)}, says an authority that {whose}"
            )
        yield "timestamps"
        if self.roots and not trusted:
            raise Bad("there is none by an authority that you trust, and you asked for one")
        if not stamps:
            self.notes.append("No time-stamp: when it was made rests on the seller's own clock")

    def stamp(self, response: bytes, note: bytes, roots: bytes) -> tuple[int, bool]:
        """Return when a time-stamp was made, and whether by an authority that is trusted or one that came along."""
        with tempfile.TemporaryDirectory() as place:
            token, data, came = (write(place, *one) for one in (("r", response), ("d", note), ("c", roots)))
            length = (
                response[1] - 0x80 if response[:1] == b"\x30" else 0
            )  # of the length of the one value in it
            if length < 1 or len(response) != 2 + length + int.from_bytes(response[2 : 2 + length], "big"):
                raise Bad("is no time-stamp response and nothing else")
            # What is around the token is signed by nobody, and may say any time: it is left behind.
            token_alone = os.path.join(place, "t")
            openssl("ts", "-reply", "-in", token, "-token_out", "-out", token_alone)
            _, text = openssl("ts", "-reply", "-in", token_alone, "-token_in", "-text")
            found = re.search(r"^Time stamp: (\w+ +\d+ [\d:]{8})(?:\.\d+)? (\d{4}) GMT$", text, re.MULTILINE)
            if found:
                at = calendar.timegm(time.strptime(" ".join(found.groups()), "%b %d %H:%M:%S %Y"))
                for trust in filter(None, (self.roots, came)):
                    roots_at = ("-CAfile", trust, "-attime", str(at))
                    if openssl("ts", "-verify", "-data", data, "-in", token_alone, "-token_in", *roots_at)[0]:
                        return at, trust != came
        raise Bad("is no time-stamp of that checkpoint by that authority")


def local(name: bytes, crc: int, packed: int, whole: int, *, is_new: bool) -> bytes:
    """Return what stands before a file's bytes in a ZIP file: no flags, deflated, of the first day that there is."""
    # A Python before 3.11.4 adds the long sizes where deflate might grow them, too, and tells the short ones all the same.
    extra = struct.pack("<2H2Q", 1, 16, whole, packed) if whole * 1.05 > LIMIT else b""
    is_long = max(packed, whole) > LIMIT or (extra and is_new)
    sizes = (LONG, LONG) if is_long else (packed, whole)
    start = (b"PK\3\4", 45 if is_long else 20, 0, 8, 0, 0x21, crc, *sizes, len(name), len(extra))
    return struct.pack("<4s5H3I2H", *start) + name + extra


def central(header: bytes, at: int, packed: int, whole: int) -> bytes:
    """Return the directory's entry for a file with that header at that place: the same once more, and a plain file."""
    version, fields, crc, length = struct.unpack("<4xH8sI8xH2x", header[:30])
    long = [whole, packed] if max(packed, whole) > LIMIT else []
    sizes = (LONG, LONG) if long else (packed, whole)
    long += [at] * (at > LIMIT)
    extra = struct.pack(f"<2H{len(long)}Q", 1, 8 * len(long), *long) if long else b""
    version = 45 if long else version
    start = (b"PK\1\2", version, 3, version, fields, crc, *sizes, length)
    rest = (len(extra), 0, 0, 0, 0o100644 << 16, LONG if at > LIMIT else at)
    return struct.pack("<4s2BH8s3I5H2I", *start, *rest) + header[30 : 30 + length] + extra


def ending(count: int, at: int, size: int) -> bytes:
    """Return what ends a ZIP file with so many entries in a directory of that place and size (APPNOTE 4.3.14-16)."""
    longs, total = b"", min(count, 0xFFFF)
    if count > 0xFFFF or max(at, size) > LIMIT:
        longs = struct.pack("<4sQ2H2I4Q", b"PK\6\6", 44, 45, 45, 0, 0, count, count, size, at)
        longs += struct.pack("<4sIQI", b"PK\6\7", 0, at + size, 1)
    return longs + struct.pack("<4s4H2IH", b"PK\5\6", 0, 0, total, total, min(size, LONG), min(at, LONG), 0)


def key_of(line: str) -> tuple[str, str, bytes]:
    """Return the name, the fingerprint and the public key that a line of the form name+id+base64 tells."""
    name, shown, encoded = line.split("+", 2)
    key = unbase64(encoded, 33)
    fingerprint = hashlib.sha256(f"{name}\n".encode() + key).hexdigest()
    if key[:1] != b"\1" or shown != fingerprint[:8]:
        raise Bad("is no Ed25519 key of a log")
    return name, fingerprint, key[1:]


def continues(old: int, new: int, old_root: bytes, new_root: bytes, path: list[bytes]) -> bool:
    """Say whether a path proves that one log is the beginning of another (RFC 9162 section 2.1.4.2)."""
    if old == new:
        return old_root == new_root and not path
    if old > new or not path:
        return False
    steps = [old_root, *path] if old & (old - 1) == 0 else path
    first, last = old - 1, new - 1
    while first & 1:
        first, last = first >> 1, last >> 1
    former = latter = steps[0]
    for step in steps[1:]:
        if last == 0:
            return False
        if first & 1 or first == last:
            former = hashlib.sha256(b"\1" + step + former).digest()
            latter = hashlib.sha256(b"\1" + step + latter).digest()
            while first and not first & 1:
                first, last = first >> 1, last >> 1
        else:
            latter = hashlib.sha256(b"\1" + latter + step).digest()
        first, last = first >> 1, last >> 1
    return last == 0 and (former, latter) == (old_root, new_root)


def is_signed(message: bytes, signature: bytes, key: bytes) -> bool:
    der = bytes.fromhex("302a300506032b6570032100") + key  # RFC 8410: an Ed25519 public key
    with tempfile.TemporaryDirectory() as place:
        files = {"-inkey": der, "-in": message, "-sigfile": signature}
        args = [part for name, data in files.items() for part in (name, write(place, name[1:], data))]
        return openssl("pkeyutl", "-verify", "-pubin", "-keyform", "DER", "-rawin", *args)[0]


def openssl(*args: str) -> tuple[bool, str]:
    done = subprocess.run(["openssl", *args], stdin=subprocess.DEVNULL, capture_output=True, check=False)
    return done.returncode == 0, done.stdout.decode("utf-8", "replace")


def write(folder: str, name: str, data: bytes) -> str:
    path = os.path.join(folder, name)
    with open(path, "wb") as file:
        file.write(data)
    return path


def unbase64(text: str, length: int = 32) -> bytes:
    data = base64.b64decode(text, validate=True)
    if len(data) != length or base64.b64encode(data).decode() != text:
        raise Bad("holds something that is no hash")
    return data


def path_of(proof: dict[str, Any]) -> list[bytes]:
    if not isinstance(proof["path"], list):
        raise Bad("has a proof that is no list of hashes")
    return [unbase64(step) for step in proof["path"]]


def strict_json(data: bytes, end: bytes | None = None) -> Any:
    """Read JSON without repeated names and fractions; with ``end`` it must be canonical and end so."""
    value = json.loads(data, object_pairs_hook=unique, parse_float=int, parse_constant=int)
    text = json.dumps(value, sort_keys=True, separators=(",", ":"))
    if end is not None and text.encode("ascii") + end != data:
        raise Bad("is not canonical JSON")
    return value


def unique(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    if len(dict(pairs)) != len(pairs):
        raise Bad("names a field twice")
    return dict(pairs)


def utc(seconds: int) -> str:
    return time.strftime("%Y-%m-%d %H:%M:%S UTC", time.gmtime(seconds))


def plain(text: object) -> str:
    """Return text that can do nothing to a terminal."""
    return ascii(str(text))[1:-1]


def main() -> int:
    parser = argparse.ArgumentParser(description="Check an evidence pack. Exit code 0 means VERIFIED.")
    here = os.path.dirname(os.path.abspath(__file__))
    parser.add_argument("pack", nargs="?", default=here, help="folder or ZIP; default: where this file lies")
    parser.add_argument("--key", help="the file log.vkey, got from somewhere else than the pack")
    parser.add_argument("--fingerprint", help="that key's fingerprint, 64 hexadecimal digits")
    parser.add_argument("--tsa", help="root certificates (PEM) of the time-stamp authority that you trust")
    args = parser.parse_args()
    fingerprint = re.sub(r"[\s:]", "", args.fingerprint).lower() if args.fingerprint else None
    try:
        if not is_signed(*(bytes.fromhex(one) for one in KNOWN)):
            raise OSError("the openssl of this machine checks no Ed25519 signature; OpenSSL 3 does")
        key = read_key(args.key) if args.key else None
        if args.tsa:
            read_key(args.tsa)
        check = Check(args.pack, key, fingerprint, args.tsa)
    except Bad as wrong:
        print(f"FAIL {plain(args.pack)}: {plain(wrong)}\nFAILED: this is no pack.")
        return 1
    except (OSError, UnicodeError) as wrong:
        print(f"Nothing could be checked: {plain(wrong)}")
        return 2
    for note in check.notes:
        print(plain(note))
    for item, what in list(check.found)[:200]:
        print(f"FAIL {plain(item)}: {plain(what)}")
    if check.found:
        print(f"FAILED: {len(check.found)} findings. This pack is not what the log recorded.")
        return 1
    if key is None and fingerprint is None:
        print(
            "SELF-CONSISTENT: nothing contradicts itself, but the key came with the pack and so proves nothing."
        )
        print(
            "Get the log's key or its fingerprint from somewhere else and give it with --key or --fingerprint."
        )
        return 3
    print("VERIFIED: every file is what the log recorded, under the key that you gave.")
    return 0


def read_key(path: str) -> str:
    with open(path, encoding="utf-8") as file:
        return file.read(4096).strip()


if __name__ == "__main__":
    sys.exit(main())
