"""A time-stamp authority: asked over HTTP, believed only where its answer holds under the certificate that one has chosen."""

import http.client
import time
import urllib.error
import urllib.request
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from cryptography.hazmat.primitives.serialization import Encoding
from cryptography.x509 import Certificate, load_pem_x509_certificates

from gateway.clock import Clock
from gateway.errors import WrongUse
from gateway.timestamp.token import NoStamp, check_response, request_for

_MOST = 1 << 20  # bytes of a response; a token with its certificates has a few thousand


@dataclass(frozen=True, slots=True, kw_only=True)
class Stamp:
    """A response that holds, as it came, the time that it states, and by how many seconds our clock was ahead of that."""

    authority: str
    response: bytes
    at: datetime
    off_s: float = 0.0


class Authority:
    """One authority under its own name; ``certificate`` is the only one whose signature counts."""

    def __init__(
        self,
        name: str,
        url: str,
        *,
        certificate: Certificate,
        roots: Sequence[Certificate],
        clock: Clock,
        policy: str = "",
        timeout_s: float = 10.0,
    ) -> None:
        self.name = name
        self._url = url
        self._certificate = certificate
        self._roots = tuple(roots)
        self._clock = clock
        self._policy = policy
        self._timeout_s = timeout_s

    @property
    def certificates(self) -> bytes:
        """The roots and the authority's own certificate in PEM, as a verifier needs them."""
        return b"".join(one.public_bytes(Encoding.PEM) for one in (*self._roots, self._certificate))

    def stamp(self, data: bytes) -> Stamp:
        """Return a time-stamp over these bytes; raises NoStamp where there is none that holds."""
        request = request_for(data)
        raw = self._ask(request.as_bytes())
        try:
            at = check_response(
                raw,
                data,
                request,
                certificate=self._certificate,
                roots=self._roots,
                policy=self._policy,
            )
        except NoStamp as wrong:
            raise NoStamp(f"time-stamp authority {self.name}: {wrong}") from wrong
        off = (self._clock.now() - at).total_seconds()
        return Stamp(authority=self.name, response=raw, at=at, off_s=off)

    def _ask(self, query: bytes) -> bytes:
        headers = {"Content-Type": "application/timestamp-query", "Accept": "application/timestamp-reply"}
        until = time.monotonic() + self._timeout_s
        request = urllib.request.Request(self._url, query, headers)  # noqa: S310 - http and https only, see below
        try:
            raw = b""
            with urllib.request.urlopen(request, timeout=self._timeout_s) as answer:  # noqa: S310
                while len(raw) <= _MOST and (piece := answer.read1(_MOST)):
                    raw += piece
                    if time.monotonic() > until:
                        raise TimeoutError("it sends too slowly")
        except (OSError, http.client.HTTPException, ValueError) as wrong:
            raise NoStamp(f"time-stamp authority {self.name} does not answer: {wrong}") from wrong
        if len(raw) > _MOST:
            raise NoStamp(f"time-stamp authority {self.name} sends more than any time-stamp has")
        return raw


def load_authority(
    *, name: str, url: str, certificate: str, roots: str, policy: str, timeout_s: float, clock: Clock
) -> Authority:
    """Make an authority of what the settings name; the certificates stand in PEM files. Raises WrongUse."""
    where = f"timestamps: authority {name}"
    if not url.startswith(("http://", "https://")):
        raise WrongUse(f"{where}: url must begin with https:// or http://")
    try:
        (own,) = load_pem_x509_certificates(Path(certificate).read_bytes())
        trusted = load_pem_x509_certificates(Path(roots).read_bytes())
    except OSError as wrong:
        raise WrongUse(f"{where}: {wrong.filename}: {wrong.strerror}") from wrong
    except ValueError as wrong:
        raise WrongUse(
            f"{where}: certificate must hold one PEM certificate, and roots at least one"
        ) from wrong
    return Authority(
        name, url, certificate=own, roots=trusted, clock=clock, policy=policy, timeout_s=timeout_s
    )
