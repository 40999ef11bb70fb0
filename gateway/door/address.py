"""Where to listen, as the settings write it."""

from gateway.errors import WrongUse


def split_address(address: str) -> tuple[str, int]:
    """Return host and port of ``HOST:PORT``; an IPv6 host stands in brackets. Raises WrongUse."""
    host, colon, port = address.rpartition(":")
    if not colon or not port.isascii() or not port.isdigit() or int(port) > 65535:
        raise WrongUse(f"{address!r} is no address to listen on; write HOST:PORT, such as 127.0.0.1:2525")
    return host.removeprefix("[").removesuffix("]"), int(port)
