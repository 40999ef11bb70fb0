"""Where an account's tokens are kept: a file in ``secrets/``, renewed by whoever needs it first.

A provider may give out a new renewal token with each access token and forget the old one, so only one process at a time
renews, and the new one is on disk before anybody uses it.
"""

import contextlib
import fcntl
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

import msgspec

from gateway.capture.oauth import Client, SignInNeeded, Token, renew
from gateway.clock import Clock
from gateway.durable import replace_file

_SOON = timedelta(minutes=5)  # what ends sooner is renewed before it is used


class TokenFile:
    """One account's tokens. ``hint`` says what a person runs to sign in."""

    def __init__(self, place: Path, client: Client, clock: Clock, *, hint: str) -> None:
        self._place, self._client, self._clock, self._hint = place, client, clock, hint

    def access(self) -> str:
        """Return what opens the account now, renewed where that is needed; raises SignInNeeded, or Temporary."""
        token = self._read()
        if token.expires_at - self._clock.now() > _SOON:
            return token.access
        with self._locked():
            token = self._read()  # another may have been faster
            if token.expires_at - self._clock.now() <= _SOON:
                token = self._renewed(token)
        return token.access

    def distrust(self) -> None:
        """Forget the access token, which the server does not take; the next one is made anew."""
        with self._locked(), contextlib.suppress(SignInNeeded):
            self._write(msgspec.structs.replace(self._read(), expires_at=self._clock.now()))

    def keep(self, token: Token) -> None:
        """Keep the tokens of a new sign-in."""
        with self._locked():
            self._write(token)

    def _renewed(self, token: Token) -> Token:
        try:
            new = renew(self._client, token, self._clock)
        except SignInNeeded as wrong:
            raise SignInNeeded(f"{wrong}; {self._hint}") from wrong
        self._write(new)
        return new

    def _read(self) -> Token:
        try:
            return msgspec.json.decode(self._place.read_bytes(), type=Token)
        except FileNotFoundError:
            raise SignInNeeded(f"nobody has signed in to this account yet; {self._hint}") from None
        except (OSError, msgspec.DecodeError) as wrong:
            raise SignInNeeded(f"{self._place} cannot be read; {self._hint}") from wrong

    def _write(self, token: Token) -> None:
        replace_file(self._place, msgspec.json.encode(token))

    @contextlib.contextmanager
    def _locked(self) -> Iterator[None]:
        self._place.parent.mkdir(mode=0o700, exist_ok=True)
        with self._place.with_suffix(".lock").open("ab") as file:
            fcntl.flock(file, fcntl.LOCK_EX)
            yield
