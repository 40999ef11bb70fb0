"""The archive: the one place where anything becomes durable. Open it, append to it, read it, prove what is in it.

Layout, keys and proofs are described in docs/archive-format.md, exactly enough to be checked without this program.
"""

import os
from collections.abc import Callable, Collection, Iterable, Iterator, Sequence
from concurrent.futures import Future
from contextlib import contextmanager, suppress
from dataclasses import replace
from functools import lru_cache
from pathlib import Path

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from sqlalchemy import Engine

from gateway.archive.checkpoint import open_checkpoint, proof_text
from gateway.archive.committer import Committer
from gateway.archive.compared import Compared, compare
from gateway.archive.creation import create_archive as create_archive  # noqa: PLC0414
from gateway.archive.database import Tidier, connect, refuse_one_file
from gateway.archive.destruction import Erasure, destroy, present
from gateway.archive.faults import Damaged, reading
from gateway.archive.identity import check_identity, check_wrapping
from gateway.archive.kek import KEK_FILE, KekSource
from gateway.archive.keyguard import hold_keys
from gateway.archive.keys import CHAIN, Secrets, subkey
from gateway.archive.outside import OutsideHead
from gateway.archive.proof import prove_consistency, prove_inclusion
from gateway.archive.reader import Reader
from gateway.archive.vault import COMMIT_META, COMMIT_PAYLOAD, Sealed, Vault
from gateway.archive.writer import Writer
from gateway.clock import Clock
from gateway.errors import WrongUse
from gateway.ids import ulid
from gateway.mail.entry import Appended, Draft, Entry

_NONCE = 12
_TILES = 4096  # kept while many proofs are made: 32 MB at most


class Archive:
    """One log, open. Every method may be called from any thread.

    Appending raises, or ends its future with: Temporary (nothing was written, try again), Permanent (too large),
    ArchiveBroken (a write failed in a way that makes all further promises void; nothing is taken any more).
    Reading raises Damaged where what is stored is not what was archived, naming the entry.
    ``outside`` is a folder, no part of the data, where the last signed head is kept: nothing is signed that does not
    continue it. Without it only what this process has seen itself is known.
    ``keks`` gives the keys that wrap all others. As long as it is open nobody can change any key.
    """

    def __init__(
        self,
        archive_url: str,
        keys_url: str,
        secrets: Path,
        *,
        clock: Clock,
        log: int = 0,
        outside: Path | None = None,
        keks: KekSource = KEK_FILE,
    ) -> None:
        refuse_one_file(archive_url, keys_url)
        self._clock = clock
        self._log = log
        self._held = hold_keys(secrets)
        self._open: list[Engine] = []
        try:
            self._secrets = Secrets.load(secrets, keks)
            for url in (archive_url, keys_url):
                self._open.append(connect(url))
            self._archive, self._keys = self._open
            self.verifier = self._secrets.signer.verifier
            self.origin = self.verifier.name
            check_identity(self._archive, self._keys, log, self.origin)
            check_wrapping(self._archive, self._keys, log, self._secrets.wrapper, keks.said(secrets))
        except BaseException:
            self._dispose()
            raise
        self._chain = secrets / CHAIN
        self._vault = Vault(self.origin, self._secrets.wrapper, self._secrets.fingerprints)
        self._reader = Reader(self._archive, self._keys, self._vault, log=log)
        self.outside = OutsideHead(outside, self.verifier, secrets) if outside is not None else None
        signer = self._secrets.signer
        writer = Writer(self._archive, self._keys, signer, clock, log=log, outside=self.outside)
        self._committer = Committer(writer.append, Tidier(self._archive, self._keys))
        self.on_commit: Callable[[Callable[[], object]], None] = self._committer.on_commit

    # append ------------------------------------------------------------------------------------------------------

    def append(self, draft: Draft) -> Appended:
        """Append one draft; when this returns it is on disk, sealed in the log."""
        return self.submit(draft).result()

    def append_many(self, drafts: Sequence[Draft], *, head: int | None = None) -> list[Appended]:
        """Append drafts, all in one transaction or none; none, with Temporary, where ``head`` is the log's no more."""
        if not drafts:
            return []
        sealed = [replace(self._seal(draft), head=head) for draft in drafts]
        return self._committer.submit_all(sealed).result()

    def submit(self, draft: Draft) -> "Future[Appended]":
        """Seal a draft in this thread and join the next commit group; the future ends when the disk has it.

        A future that is cancelled before its group is taken up leaves nothing behind.
        """
        return self._committer.submit(self._seal(draft))

    def _seal(self, draft: Draft) -> Sealed:
        self._committer.check()
        return replace(self._vault.seal(draft, ulid(self._clock.now())), head=draft.head)

    # read --------------------------------------------------------------------------------------------------------

    def head(self) -> int:
        """Return how many entries there are; the next one's seq."""
        self._committer.check()
        return self._reader.head()[0]

    def entry(self, seq: int, *, erased: bool = False) -> Entry:
        """Return an entry, opened and checked against its leaf, or as ``entries`` does. Raises WrongUse where there is none."""
        self._committer.check()
        return self._reader.entry(seq, erased=erased)

    def leaf(self, seq: int) -> bytes:
        """Return an entry's leaf, the very bytes in the tree; it is there also when the entry's key is gone."""
        self._committer.check()
        return self._reader.leaf(seq)

    def salts(self, seq: int) -> tuple[bytes, bytes]:
        """Return what opens an entry's two commitments, of payload and of meta, to somebody who has the plain bytes.

        Given away, they tell nothing else: neither the entry's key nor anything that it opens.
        """
        self._committer.check()
        dek = self._reader.dek(seq)
        return subkey(dek, COMMIT_PAYLOAD), subkey(dek, COMMIT_META)

    def entries(
        self,
        start: int,
        stop: int | None = None,
        types: Collection[str] | None = None,
        *,
        erased: bool = False,
    ) -> Iterator[Entry]:
        """Yield entries in order, from ``start`` up to ``stop`` or the head, of the given types only.

        The first that was erased raises Gone, unless ``erased`` asks for those too, without payload and meta.
        """
        self._committer.check()
        return self._reader.entries(start, stop, types, erased=erased)

    def tail_of(self, types: Collection[str]) -> int:
        """Return the place from which on there are only entries of these types: the head where the last is another."""
        self._committer.check()
        return self._reader.tail_of(types)

    def seqs_of_type(self, type_: str) -> list[int]:
        """Return the entries of a type that is rare; the first time it looks at every entry's row."""
        self._committer.check()
        return self._reader.seqs_of_type(type_)

    def entries_of_type(self, type_: str) -> Iterator[Entry]:
        """Yield the entries of a type that is rare, as ``entry`` returns them."""
        return map(self.entry, self.seqs_of_type(type_))

    def find(self, type_: str, payload: bytes) -> int | None:
        """Return the first entry with exactly this payload. All mail is one kind here; other types stand alone."""
        self._committer.check()
        return self._reader.find(self._vault.fingerprint(type_, payload))

    # an entry's own key ------------------------------------------------------------------------------------------

    def seal_for(self, seq: int, label: str, data: bytes) -> bytes:
        """Encrypt what was made of an entry, so that destroying the entry's key destroys it too."""
        self._committer.check()
        nonce = os.urandom(_NONCE)
        key = subkey(self._reader.dek(seq, fresh=False), f"seal/{label}")
        return nonce + AESGCM(key).encrypt(nonce, data, None)

    def open_for(self, seq: int, label: str, sealed: bytes) -> bytes:
        """Decrypt what ``seal_for`` made for the same entry and label; raises Damaged for anything else."""
        self._committer.check()
        return _opened(seq, self._reader.dek(seq), label, sealed)

    def open_each(self, label: str, sealed: Sequence[tuple[int, bytes]]) -> Iterator[bytes | Damaged]:
        """Yield what ``open_for`` returns or raises for each of some entries, in order, with their keys asked for together."""
        self._committer.check()
        deks = self._reader.deks({seq for seq, _ in sealed})
        for seq, data in sealed:
            dek = deks[seq]
            try:
                yield dek if isinstance(dek, Damaged) else _opened(seq, dek, label, data)
            except Damaged as wrong:
                yield wrong

    def destroy(self, by: int) -> int:
        """Destroy the keys that the ``erasure`` entry ``by`` names, for good; return how many there were still."""
        self._committer.check()
        seqs = self._reader.erasure(by).erased
        with reading():
            count = destroy(self._archive, self._keys, self._log, by, seqs)
        self._reader.forget(seqs)
        return count

    def undestroyed(self, by: int) -> list[int]:
        """Return the entries which the ``erasure`` entry ``by`` names and whose keys are there all the same."""
        self._committer.check()
        with reading():
            return present(self._archive, self._keys, self._log, self._reader.erasure(by).erased)

    def erasure(self, by: int) -> Erasure:
        """Return what an ``erasure`` entry names; raises Damaged where that is none."""
        self._committer.check()
        return self._reader.erasure(by)

    def forget(self, seqs: Iterable[int]) -> None:
        """Forget keys that were destroyed, as this process may still know them."""
        self._reader.forget(list(seqs))

    def twin(self, raw: bytes, mail_from: str, rcpt_to: tuple[str, ...]) -> bytes:
        """Return a keyed hash that an identical retry of an SMTP transaction shares, and nothing else does."""
        return self._secrets.fingerprints.of_transaction(raw, mail_from, rcpt_to)

    # proofs ------------------------------------------------------------------------------------------------------

    def checkpoint(self) -> str:
        """Return the newest signed checkpoint, checked against the log's key."""
        self._committer.check()
        note = self._reader.head()[1]
        open_checkpoint(note, self._secrets.signer.verifier)
        return note

    def chain(self) -> bytes | None:
        """Return the handovers from the log's first key to the one in force, None where the first still is."""
        return self._chain.read_bytes() if self._chain.exists() else None

    def inclusion(self, seq: int) -> tuple[int, list[bytes]]:
        """Return the log's size and the audit path of an entry in it, sibling first (RFC 6962 section 2.1.1)."""
        self._committer.check()
        with self._reader.snapshot() as (size, _, read):
            return size, prove_inclusion(read, seq, size)

    @contextmanager
    def inclusions(self) -> Iterator[tuple[str, Callable[[int], list[bytes]]]]:
        """Give one signed checkpoint, and what finds the audit path of any entry in the log that it signs."""
        self._committer.check()
        with self._reader.snapshot() as (size, note, read):
            tiles = lru_cache(maxsize=_TILES)(read)
            yield note, lambda seq: prove_inclusion(tiles, seq, size)

    def consistency(self, old: int, new: int) -> list[bytes]:
        """Return the proof that the log of size ``old`` is the beginning of the one of size ``new``."""
        self._committer.check()
        with self._reader.snapshot() as (size, _, read):
            if new > size:
                raise WrongUse(f"the log has {size} entries, not {new}")
            return prove_consistency(read, old, new)

    def compare(self, note: str) -> Compared:
        """Say whether the log still contains what this signed checkpoint speaks of."""
        self._committer.check()
        with self._reader.snapshot() as (_, head, read):
            return compare(note, self.verifier, head, read)

    def proof(self, seq: int) -> str:
        """Return a proof file for an entry: audit path and checkpoint in C2SP tlog-proof form."""
        self._committer.check()
        with self._reader.snapshot() as (size, note, read):
            return proof_text(seq, prove_inclusion(read, seq, size), note)

    def close(self) -> None:
        """Commit what is waiting, then let go of the files."""
        self._committer.close()
        self._dispose()

    def _dispose(self) -> None:
        for engine in self._open:
            engine.dispose()
        if self._held >= 0:
            os.close(self._held)
            self._held = -1


def _opened(seq: int, dek: bytes, label: str, sealed: bytes) -> bytes:
    with suppress(InvalidTag, ValueError):
        return AESGCM(subkey(dek, f"seal/{label}")).decrypt(sealed[:_NONCE], sealed[_NONCE:], None)
    raise Damaged(f"what was sealed as {label!r} does not open under its key", seq)
