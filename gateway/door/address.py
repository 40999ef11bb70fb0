"""Where to listen and whom to ask, as the settings write it."""

from urllib.parse import urlsplit

from gateway.errors import WrongUse


def split_address(address: str) -> tuple[str, int]:
    """Return host and port of ``HOST:PORT``; an IPv6 host stands in brackets. Raises WrongUse."""
    host, colon, port = address.rpartition(":")
    if not colon or not port.isascii() or not port.isdigit() or int(port) > 65535:
        raise WrongUse(f"{address!r} is no address to listen on; write HOST:PORT, such as 127.0.0.1:2525")
    return host.removeprefix("[").removesuffix("]"), int(port)


def is_safe(url: str) -> bool:
    """Say whether an address may be asked: under TLS, or on this very machine.

    >>> is_safe("https://login.brand.example"), is_safe("http://127.0.0.1:9000"), is_safe("http://login.brand.example")
    (True, True, False)
    """
    try:
        parts = urlsplit(url)
    except ValueError:
        return False
    local = parts.hostname in {"127.0.0.1", "localhost", "::1"}
    return (
        bool(parts.hostname)
        and url.isascii()
        and (parts.scheme == "https" or (parts.scheme == "http" and local))
    )
