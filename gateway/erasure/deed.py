"""The deed: one ``erasure`` entry names what goes, and from then on it goes, however often the power fails in between.

    order     plan, holds looked at, entry ``erasure``      <== nothing but the log itself can grow between look and entry
    destroy   the keys, for good                            from here nobody reads what it named
    clean     store, index and files without it             the caller's: ``clean`` below
    certify   certificate file, entry ``erasure.done``      only after all of it was looked for again

Each step may be done again: ``unfinished_in`` tells which erasures lack one, and the worker does it at its start.
"""

import hashlib
import time
from collections.abc import Callable, Collection
from dataclasses import dataclass
from pathlib import Path

import msgspec

from gateway.archive.archive import Archive
from gateway.archive.faults import Grown
from gateway.clock import Clock
from gateway.durable import replace_file
from gateway.erasure.certificate import certificate_of, ranges
from gateway.erasure.plan import Plan, Target, plan_of, rewritten
from gateway.errors import Temporary, WrongUse
from gateway.mail.canonical import canonical
from gateway.mail.entry import Draft
from gateway.store import fold
from gateway.store.engine import Store
from gateway.store.payloads import read_payload

_PATIENCE_S = 30.0
_LOOK_S = 0.05


class _Done(msgspec.Struct, frozen=True):
    erasure: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Grounds:
    """Why something is erased, and by whose word."""

    reason: str
    ground: str = ""
    agent: str = ""
    approved_by: str = ""
    asked: int | None = None


class Held(WrongUse):
    """Something that was to be erased is needed for a legal claim."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Eraser:
    """Erases over an archive and a store that another process, or ours, keeps up with it."""

    archive: Archive
    store: Store
    clock: Clock
    certificates: Path

    def plan(self, target: Target, keep: Collection[int] = (), only: Collection[int] | None = None) -> Plan:
        """Work out what would go; raises WrongUse where ``keep`` names what is none of the target's messages.

        Who mistypes the number of a message to leave out would else see it go.
        """
        with self.store.read() as conn:
            plan = plan_of(conn, self.archive, target, keep, only=only)
        if strays := sorted(set(keep) - set(plan.kept)):
            raise WrongUse(f"no messages of {target.words}, so they cannot be left out: {ranges(strays)}")
        return plan

    def order(
        self,
        target: Target,
        grounds: Grounds,
        keep: Collection[int] = (),
        only: Collection[int] | None = None,
    ) -> int:
        """Archive the erasure and return its entry. Raises Held where a legal claim needs it, WrongUse where it is under way.

        The entry is appended to the very log that was looked at, so that no hold comes in between.
        """
        until = time.monotonic() + _PATIENCE_S
        while True:
            try:
                return self._order(target, grounds, keep, only)
            except Grown as grown:
                if time.monotonic() > until:
                    raise Temporary(
                        f"the record grows too fast to erase from it now ({grown}); try again"
                    ) from grown
                time.sleep(_LOOK_S)

    def _order(
        self, target: Target, grounds: Grounds, keep: Collection[int], only: Collection[int] | None
    ) -> int:
        head = self.archive.head()
        with self.store.read() as conn:
            if (there := fold.position(conn)) != head:
                raise Grown(f"the store stands at entry {there} of {head}")
            plan = plan_of(conn, self.archive, target, keep, only=only)
        if plan.held:
            raise Held(plan.held)
        if plan.hindrances:
            raise WrongUse("; ".join(one.why for one in plan.hindrances))
        drafts = [
            Draft(type="erasure", payload=_payload(plan, grounds), meta={}),
            *rewritten(self.archive, plan),
        ]
        return self.archive.append_many(drafts, head=head)[0].seq

    def unfinished(self) -> list[int]:
        """Return the erasures that are ordered and not certified, or whose keys came back with an old copy."""
        return unfinished_in(self.archive)

    def certify(self, by: int) -> Path:
        """Write the certificate of an erasure that was done, once nothing of it can be found, and archive that it is there."""
        for seq in self.archive.erasure(by).erased:
            if self.archive.entry(seq, erased=True).erased is None:
                raise Temporary(f"entry {seq} can still be opened; erasure {by} is not done")
        entry = self.archive.entry(by)
        text = certificate_of(entry, self.archive, self.clock.now())
        path = self.certificates / f"erasure-{by}.txt"
        self.certificates.mkdir(mode=0o700, exist_ok=True)
        replace_file(path, text.encode())
        done = {"erasure": by, "file": path.name, "sha256": hashlib.sha256(text.encode()).hexdigest()}
        self.archive.append(Draft(type="erasure.done", payload=canonical(done), meta={}))
        return path

    def finish(self, clean: Callable[[], object]) -> list[Path]:
        """Do what is left to do of every erasure; ``clean`` makes store, index and files anew without what is gone."""
        waiting = self.unfinished()
        if not waiting:
            return []
        for by in waiting:
            self.archive.destroy(by)
        clean()
        certified = _certified(self.archive)
        return [self.certify(by) for by in waiting if by not in certified]


def unfinished_in(archive: Archive) -> list[int]:
    """Return the erasures that lack a step."""
    certified = _certified(archive)
    return [by for by in archive.seqs_of_type("erasure") if by not in certified or archive.undestroyed(by)]


def _certified(archive: Archive) -> set[int]:
    return {
        read_payload(archive.entry(seq).payload, _Done).erasure
        for seq in archive.seqs_of_type("erasure.done")
    }


def _payload(plan: Plan, grounds: Grounds) -> bytes:
    """Return what the ``erasure`` entry says: numbers, and whose word it was. It stays, so it names nobody who is erased."""
    told = {
        "erased": [[seq, of] for seq, of in plan.erased],
        "messages": len(plan.messages),
        "kept": list(plan.kept),
        "exports": [[seq, agent] for seq, agent in plan.exports],
        "unsure": list(plan.unsure),
        "contents": [[seq, holds] for seq, holds in plan.contents],
        "copies": plan.copies,
        "places": msgspec.to_builtins(plan.places),
        "stopped": msgspec.to_builtins(plan.stopped),
        **msgspec.structs.asdict(msgspec.convert(grounds, _Told, from_attributes=True)),
    }
    return canonical(told)


class _Told(msgspec.Struct, frozen=True):
    reason: str
    ground: str
    agent: str
    approved_by: str
    asked: int | None
