"""Passwords: hashed with argon2id, compared in the same time whoever asks."""

import secrets
import threading
import unicodedata
from functools import cached_property

from argon2 import PasswordHasher
from argon2.exceptions import InvalidHashError, VerificationError

from gateway.errors import WrongUse
from gateway.tongue import marked

SHORTEST = 10  # characters
NONE = "!"  # kept where somebody has no password: nothing opens it
_LONGEST = 1024  # characters; a stranger's megabyte is not worth hashing
_AT_ONCE = 2  # hashes in memory, 64 MiB each


def fault_of_password(password: str, name: str) -> str:
    """Return why a password is not taken, "" where it is: length counts, mixtures do not (NIST SP 800-63B section 3.1.1)."""
    if len(password) < SHORTEST:
        return marked("a password needs at least 10 characters")
    if len(password) > _LONGEST:
        return marked("a password may have 1024 characters at most")
    if len(set(password)) < SHORTEST // 2 or password.casefold() == name.casefold():
        return marked("this password is too easy to guess")
    return ""


class Passwords:
    """The only place that knows how a password is kept."""

    def __init__(self, hasher: PasswordHasher) -> None:
        self._hasher = hasher
        self._hashing = threading.BoundedSemaphore(_AT_ONCE)

    def hash(self, password: str) -> str:
        """Return what is kept of a password; raises WrongUse for one too long."""
        if len(password) > _LONGEST:
            raise WrongUse(f"a password may have {_LONGEST} characters at most")
        with self._hashing:
            return self._hasher.hash(_typed(password))

    def match(self, kept: str | None, password: str) -> bool:
        """Say whether a password is the one kept. None is no one's and costs as much: names cannot be told by time."""
        if kept == NONE:
            kept = None
        known = self._nobody if kept is None else kept
        with self._hashing:
            try:
                right = self._hasher.verify(known, _typed(password[:_LONGEST]))
            except (VerificationError, InvalidHashError):
                return False
        return right and kept is not None and len(password) <= _LONGEST

    def is_weak(self, kept: str) -> bool:
        """Say whether what is kept was made with less effort than is usual now."""
        return self._hasher.check_needs_rehash(kept)

    @cached_property
    def _nobody(self) -> str:
        return self.hash(secrets.token_urlsafe(16))


def _typed(password: str) -> bytes:
    return unicodedata.normalize("NFC", password).encode("utf-8", "surrogatepass")
