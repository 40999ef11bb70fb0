"""What somebody logs in with beside a password, or instead: an authenticator app, passkeys, and codes for when both are lost.

A code of an app counts once (RFC 6238 section 5.2). What it is computed from lies sealed under a key of its own, so that
who reads the file computes none; of recovery codes only a hash is kept, of passkeys only what is public anyway.
"""

import base64
import hashlib
import secrets
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Literal

import pyotp
from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from sqlalchemy import Connection, Row, delete, insert, select, update

from gateway.clock import Clock
from gateway.errors import WrongUse
from gateway.store.accounts_tables import factors
from gateway.store.agents import hold
from gateway.store.engine import Store, log_of
from gateway.store.spelling import folded
from gateway.store.standing import Standing
from gateway.store.wrong_codes import MOST, count_wrong_code, forget_wrong_codes, wrong_codes

Answered = Literal["app", "recovery", "wrong", "last", "shut"]  # what a code was
_CODES = 10
_STEP_S = 30
_PASSKEYS = 20  # of one person
_columns = factors.c


@dataclass(frozen=True, slots=True, kw_only=True)
class Passkey:
    """One passkey: ``credential`` is what it calls itself, ``key`` the COSE public key, ``count`` its uses as it counts them."""

    id: str
    agent: str
    label: str
    credential: bytes
    key: bytes
    count: int
    made_at: datetime
    used_at: datetime | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Held:
    """What somebody has; ``app_at`` is when the authenticator app was set up, ``codes`` how many recovery codes are left."""

    app_at: datetime | None
    passkeys: tuple[Passkey, ...]
    codes: int

    @property
    def any(self) -> bool:
        return self.app_at is not None or bool(self.passkeys)


class Factors:
    """The factors in the accounts' database, of which secrets are sealed under a key of 32 bytes. Safe in threads."""

    def __init__(self, store: Store, clock: Clock, key: bytes) -> None:
        self._store = store
        self._clock = clock
        self._key = key

    def by(self, standing: Standing) -> "Factors":
        """Return these factors, changed only while somebody's login stands still; else each change raises LoginChanged."""
        return Factors(standing.held(self._store), self._clock, self._key)

    def recorded(self, record: Callable[[], object]) -> "Factors":
        """Return these factors, of which nothing is changed that ``record`` does not put on record first."""
        return Factors(self._store.before(record), self._clock, self._key)

    def of(self, agent: str) -> Held:
        with self._store.read() as conn:
            rows = _of(conn, agent)
        return Held(
            app_at=next((row.made_at for row in rows if row.kind == "totp"), None),
            passkeys=tuple(_passkey(row) for row in rows if row.kind == "passkey"),
            codes=sum(row.kind == "recovery" for row in rows),
        )

    def holders(self) -> dict[str, set[str]]:
        """Return the kinds that each agent has who has any."""
        with self._store.read() as conn:
            rows = conn.execute(select(_columns.agent, _columns.kind).where(_columns.log == log_of(conn)))
            kinds: dict[str, set[str]] = {}
            for agent, kind in rows:
                kinds.setdefault(agent, set()).add(kind)
        return kinds

    def set_app(self, agent: str, secret: str, code: str) -> bool:
        """Keep an authenticator app's secret in place of any before, once a first code shows that it has arrived there."""
        step = _step_of(secret, code, self._clock.now())
        if step is None:
            return False
        with self._store.write() as tx:
            tx.execute(delete(factors).where(*_its(tx, agent), _columns.kind == "totp"))
            forget_wrong_codes(tx, agent)
            id_ = secrets.token_hex(8)
            about = {"sealed": self._seal(folded(agent), secret)}
            self._keep(tx, id_, agent, "totp", "", about, step)
        return True

    def check_code(self, agent: str, code: str) -> Answered:
        """Use up a code of the app or a recovery code; return which it was, and of a wrong one whether more are taken.

        After the ``last`` wrong one of a day the app is ``shut``: its codes are not looked at. Recovery codes still count.
        """
        now = self._clock.now()
        with self._store.write() as tx:
            hold(tx, agent)
            spent = delete(factors).where(
                *_its(tx, agent), _columns.kind == "recovery", _columns.id == _print(agent, code)
            )
            if tx.execute(spent).rowcount:
                return "recovery"
            app = next((row for row in _of(tx, agent) if row.kind == "totp"), None)
            if app is None:
                return "wrong"
            if wrong_codes(tx, agent, now) >= MOST:
                return "shut"
            if self._is_new(tx, app, code, now):
                return "app"
            return "last" if count_wrong_code(tx, agent, now) == MOST else "wrong"

    def _is_new(self, tx: Connection, app: Row[Any], code: str, now: datetime) -> bool:
        """Say whether a code is the app's and after all that were seen, and note it."""
        secret = self._open(app.agent, app.about["sealed"])
        step = _step_of(secret, code, now) if secret else None
        if step is None:
            return False
        seen = update(factors).where(*_its(tx, app.agent, app.id), _columns.uses < step)
        return bool(tx.execute(seen.values(uses=step, used_at=now)).rowcount)

    def new_codes(self, agent: str) -> list[str]:
        """Return new recovery codes, which are shown once; those before are void."""
        raw = [base64.b32encode(secrets.token_bytes(10)).decode().lower() for _ in range(_CODES)]
        codes = ["-".join(one[at : at + 4] for at in range(0, 16, 4)) for one in raw]
        with self._store.write() as tx:
            tx.execute(delete(factors).where(*_its(tx, agent), _columns.kind == "recovery"))
            for code in codes:
                self._keep(tx, _print(agent, code), agent, "recovery", "", {}, 0)
        return codes

    def add_passkey(
        self,
        agent: str,
        label: str,
        credential: bytes,
        key: bytes,
        count: int,
        *,
        record: Callable[[str], object] = lambda _: None,
    ) -> str:
        """Keep a passkey once ``record`` has put its id on record, and return that.

        Raises WrongUse for one that is known already, or one too many.
        """
        id_ = hashlib.sha256(credential).hexdigest()
        about = {"credential": credential.hex(), "key": key.hex()}
        with self._store.write() as tx:
            known = tx.scalar(select(_columns.agent).where(_columns.log == log_of(tx), _columns.id == id_))
            if known is not None or sum(row.kind == "passkey" for row in _of(tx, agent)) >= _PASSKEYS:
                raise WrongUse("this passkey is known already, or there are too many")
            self._keep(tx, id_, agent, "passkey", label, about, count)
            record(id_)
        return id_

    def passkey(self, credential: bytes) -> Passkey | None:
        """Return the passkey that calls itself so, whoever has it."""
        its = _columns.id == hashlib.sha256(credential).hexdigest()
        with self._store.read() as conn:
            chosen = select(factors).where(_columns.log == log_of(conn), its, _columns.kind == "passkey")
            row = conn.execute(chosen).first()
        return None if row is None else _passkey(row)

    def used(self, passkey: Passkey, count: int) -> bool:
        """Note a use; False where it has been noted already, or one after it. A key that counts nothing says 0 each time."""
        with self._store.write() as tx:
            newer = _columns.uses < count if count else _columns.uses == 0
            noted = update(factors).where(*_its(tx, passkey.agent, passkey.id), newer)
            return bool(tx.execute(noted.values(uses=count, used_at=self._clock.now())).rowcount)

    def remove(self, agent: str, id_: str) -> str:
        """Take away the app (``app``) or a passkey, with the codes where nothing is left; raises WrongUse where it is not there."""
        with self._store.write() as tx:
            kind = "totp" if id_ == "app" else "passkey"
            one = () if id_ == "app" else (_columns.id == id_,)
            gone = tx.execute(delete(factors).where(*_its(tx, agent), _columns.kind == kind, *one)).rowcount
            if not gone:
                raise WrongUse(f"{agent!r} has no such way to log in")
            if all(row.kind == "recovery" for row in _of(tx, agent)):
                tx.execute(delete(factors).where(*_its(tx, agent)))
        return kind

    def _keep(
        self, tx: Connection, id_: str, agent: str, kind: str, label: str, about: dict[str, str], count: int
    ) -> None:
        row = {
            "log": log_of(tx),
            "id": id_,
            "agent": folded(agent),
            "kind": kind,
            "label": label,
            "about": about,
            "uses": count,
            "made_at": self._clock.now(),
        }
        tx.execute(insert(factors), row)

    def _seal(self, agent: str, secret: str) -> str:
        nonce = secrets.token_bytes(12)
        return (nonce + AESGCM(self._key).encrypt(nonce, secret.encode(), agent.encode())).hex()

    def _open(self, agent: str, sealed: str) -> str:
        raw = bytes.fromhex(sealed)
        try:
            return AESGCM(self._key).decrypt(raw[:12], raw[12:], agent.encode()).decode()
        except InvalidTag:  # another key than it was sealed under: recovery codes still count
            return ""


def has_any(conn: Connection, agent: str) -> bool:
    """Say whether somebody has set up a second step."""
    return any(row.kind != "recovery" for row in _of(conn, agent))


def clear(tx: Connection, agent: str) -> int:
    """Forget all that somebody has; return how many there were."""
    forget_wrong_codes(tx, agent)
    return int(tx.execute(delete(factors).where(*_its(tx, agent))).rowcount)


def _of(conn: Connection, agent: str) -> list[Row[Any]]:
    return list(
        conn.execute(select(factors).where(*_its(conn, agent)).order_by(_columns.made_at, _columns.id))
    )


def _its(conn: Connection, agent: str, id_: str = "") -> tuple[Any, ...]:
    its = (_columns.log == log_of(conn), _columns.agent == folded(agent))
    return (*its, _columns.id == id_) if id_ else its


def _passkey(row: Row[Any]) -> Passkey:
    return Passkey(
        id=row.id,
        agent=row.agent,
        label=row.label,
        credential=bytes.fromhex(row.about["credential"]),
        key=bytes.fromhex(row.about["key"]),
        count=row.uses,
        made_at=row.made_at,
        used_at=row.used_at,
    )


def _step_of(secret: str, code: str, now: datetime) -> int | None:
    """Return the time step that a code belongs to: this one, or the one before or after it (RFC 6238 section 5.2)."""
    totp, step = pyotp.TOTP(secret, interval=_STEP_S), int(now.timestamp()) // _STEP_S
    typed = "".join(code.split())
    if not (len(typed) == 6 and typed.isascii() and typed.isdigit()):
        return None
    fitting = [
        one for one in (step - 1, step, step + 1) if secrets.compare_digest(totp.generate_otp(one), typed)
    ]
    return fitting[-1] if fitting else None


def _print(agent: str, code: str) -> str:
    """Return what is kept of a recovery code: 80 bits that nobody guesses need no slow hash."""
    bare = "".join(each for each in code.lower() if each.isalnum())
    return "recovery " + hashlib.sha256(f"{folded(agent)} {bare}".encode("utf-8", "replace")).hexdigest()
