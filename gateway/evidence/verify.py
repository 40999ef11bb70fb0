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
    del sys.path[
        0
    ]  # the folder that this file lies in, where a forger may put a "zipfile.py" for it to import

import argparse
import base64
import calendar
import hashlib
import json
import os
import re
import stat
import struct
import subprocess
import tempfile
import time
import zipfile
import zlib
from collections.abc import Callable, Iterator
from typing import Any

try:
    from lzma import LZMAError
except ImportError:  # a Python without it reads no such ZIP file at all
    LZMAError = OSError  # type: ignore[misc, assignment]

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
UNREADABLE = (
    OSError,
    EOFError,
    zipfile.BadZipFile,
    zlib.error,
    LZMAError,
    MemoryError,
    RuntimeError,
    UnicodeError,
)
MALFORMED = (LookupError, TypeError, AttributeError, ValueError, RecursionError, OverflowError)


class Bad(Exception):
    """What is wrong with the item that is being checked."""


class Pack:
    """The files of a pack, a folder or a ZIP. A ZIP is never unpacked: its files are read one after the other."""

    def __init__(self, path: str, bad: Callable[[str, str], None]) -> None:
        self.path, self.bad = path, bad
        self.names: list[str] = []
        self.zip: zipfile.ZipFile | None = None
        if os.path.isdir(path):
            for here, folders, files in os.walk(path, onerror=self._hidden):
                for one in folders + files:
                    full = os.path.join(here, one)
                    mode = os.lstat(full).st_mode
                    name = os.path.relpath(full, path).replace(os.sep, "/")
                    self._add(name, mode, is_folder=stat.S_ISDIR(mode))
        else:
            try:
                self.zip = zipfile.ZipFile(path)
            except OSError:
                raise
            except Exception as wrong:  # zipfile raises all kinds of errors over a forged directory
                raise Bad(f"is no ZIP file that can be read: {wrong}") from wrong
            self._list(self.zip)
        self.there = set(self.names)

    def _hidden(self, wrong: OSError) -> None:
        self.bad(
            os.path.relpath(wrong.filename, self.path),
            "is a folder that cannot be read: nobody knows what it holds",
        )

    def _list(self, file: zipfile.ZipFile) -> None:
        spans: list[tuple[int, int, tuple[int, ...], str]] = []
        size = 0
        self.top = file.namelist()[0].partition("/")[0] if file.namelist() else ""
        for one in file.infolist():
            spans.append((one.header_offset, *self._span(file, one), one.filename))
            size += one.file_size
            top, _, name = one.filename.partition("/")
            plain_name = one.orig_filename == one.filename and NAME.fullmatch(top)
            if top != self.top or not plain_name or one.flag_bits & 1:
                self.bad(one.orig_filename, "does not lie plainly in the one folder of the ZIP file")
            else:
                self._add(name, one.external_attr >> 16, is_folder=one.filename.endswith("/"))
        spans.sort()
        last = b""
        if file.fp:
            file.fp.seek(-22, os.SEEK_END)
            last = file.fp.read(22)
        if file.comment or last[:4] != b"PK\5\6" or (spans and spans[0][0] != 0):
            self.bad(self.path, "holds something beside the files of a pack")
        for (_, end, tails, name), start in zip(spans, [*(one[0] for one in spans[1:]), file.start_dir]):
            if start - end not in tails:
                self.bad(name, "overlaps what follows it in the ZIP file, or hides something before it")
        if size > (1 << 30) + 100 * os.path.getsize(self.path):
            raise Bad("it would unpack to far more than its own size")

    def _span(self, file: zipfile.ZipFile, one: zipfile.ZipInfo) -> tuple[int, tuple[int, ...]]:
        """Return where a file's bytes end, and what may follow: its header there must say what the directory says of it."""
        assert file.fp
        file.fp.seek(max(0, one.header_offset))
        head = file.fp.read(30)
        if len(head) != 30 or head[:4] != b"PK\3\4":
            raise Bad("is no ZIP file that can be read: a file is not where its directory says")
        flags, method, _, _, crc, packed, whole, name, extra = struct.unpack("<HHHHIIIHH", head[6:])
        streamed = flags & 8  # its sizes stand behind it
        sizes = {(one.CRC, one.compress_size, one.file_size), (one.CRC, 0xFFFFFFFF, 0xFFFFFFFF)}
        told = (crc, packed, whole) in sizes or (
            streamed and (crc, packed, whole) <= (one.CRC, 0xFFFFFFFF, 0xFFFFFFFF)
        )
        if file.fp.read(name) != one.orig_filename.encode("utf-8") or method != one.compress_type or not told:
            self.bad(one.orig_filename, "is another file to who reads the ZIP file from its beginning")
        return one.header_offset + 30 + name + extra + one.compress_size, (12, 16, 20, 24) if streamed else (
            0,
        )

    def _add(self, name: str, mode: int, *, is_folder: bool) -> None:
        if stat.S_IFMT(mode) not in (0, stat.S_IFDIR if is_folder else stat.S_IFREG):
            self.bad(name, "is no plain file but a link or a device")
        elif not is_folder:
            self.names.append(name)
        elif name and not NAME.fullmatch(name.rstrip("/")):
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
