"""One time-stamp, checked: over these bytes, for this request, by this very certificate under these roots (RFC 3161). Pure.

A root that comes with the response convinces nobody: what may sign is named by the settings, and nothing else is believed.
"""

from collections.abc import Iterator, Sequence
from datetime import datetime

from cryptography.x509 import Certificate
from rfc3161_client import (
    HashAlgorithm,
    TimeStampRequest,
    TimestampRequestBuilder,
    TimeStampResponse,
    VerificationError,
    VerifierBuilder,
    decode_timestamp_response,
)

from gateway.errors import Temporary

_CERTIFICATES = 0xA0  # the tag of the one optional set in SignedData that holds them (RFC 5652 section 5.1)


class NoStamp(Temporary):
    """There is no time-stamp, and why; asking again later may bring one."""


def request_for(data: bytes) -> TimeStampRequest:
    """Return a request for a time-stamp over these bytes, with a nonce of its own."""
    builder = TimestampRequestBuilder().data(data).hash_algorithm(HashAlgorithm.SHA256)
    return builder.nonce(nonce=True).cert_request(cert_request=True).build()


def check_response(
    raw: bytes,
    data: bytes,
    request: TimeStampRequest,
    *,
    certificate: Certificate,
    roots: Sequence[Certificate],
    policy: str = "",
) -> datetime:
    """Return the time that a response states; raises NoStamp, in words, for one that does not hold in every point."""
    response = _decode(raw)
    try:
        builder = VerifierBuilder(nonce=request.nonce, roots=list(roots), tsa_certificate=certificate)
        builder.build().verify_message(response, data)
    except (VerificationError, ValueError) as wrong:
        raise NoStamp(f"its time-stamp does not hold: {wrong}") from wrong
    if policy and response.tst_info.policy.dotted_string != policy:
        raise NoStamp(f"its time-stamp is of another policy: {response.tst_info.policy.dotted_string}")
    return response.tst_info.gen_time


def _decode(raw: bytes) -> TimeStampResponse:
    """Read a response. Some authorities send their certificates unsorted, which only a lenient reader takes."""
    try:
        return decode_timestamp_response(raw)
    except ValueError:
        pass
    try:
        return decode_timestamp_response(sorted_certificates(raw))
    except ValueError as wrong:
        raise NoStamp("what it sent is no time-stamp") from wrong


def sorted_certificates(raw: bytes) -> bytes:
    """Return a response with its set of certificates in the order that DER asks for; nothing in it is signed as a set.

    Raises ValueError where it is no response with a token in it.
    """
    try:
        _, token = _parts(raw, *_inner(raw, 0, len(raw)))
        _, explicit = _parts(raw, *_inner(raw, *token))
        signed = next(_parts_of(raw, *_inner(raw, *explicit)))
        start, end = next(
            part for part in _parts_of(raw, *_inner(raw, *signed)) if raw[part[0]] == _CERTIFICATES
        )
        first, _ = _inner(raw, start, end)
        certificates = sorted(raw[begin:stop] for begin, stop in _parts_of(raw, first, end))
    except (StopIteration, IndexError) as wrong:
        raise ValueError("no time-stamp token") from wrong
    return raw[:first] + b"".join(certificates) + raw[end:]


def _parts(raw: bytes, start: int, end: int) -> tuple[tuple[int, int], tuple[int, int]]:
    first, second, *_ = _parts_of(raw, start, end)
    return first, second


def _parts_of(raw: bytes, start: int, end: int) -> Iterator[tuple[int, int]]:
    """Yield where each DER value between two places begins and ends."""
    while start < end:
        _, stop = _inner(raw, start, end)
        yield start, stop
        start = stop


def _inner(raw: bytes, start: int, end: int) -> tuple[int, int]:
    """Return where the content of the DER value at a place begins and ends (X.690 section 8.1)."""
    length, at = raw[start + 1], start + 2
    if length >= 0x80:
        count = length & 0x7F
        length, at = int.from_bytes(raw[at : at + count], "big"), at + count
    if at + length > end:
        raise ValueError("a length leads out of its value")
    return at, at + length
