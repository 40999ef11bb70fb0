"""A client that takes its time: it sends a form's headers, and the form when it is told to."""

import socket
import time
from collections.abc import Callable
from urllib.parse import urlsplit


def posted(url: str, path: str, body: bytes, **headers: str) -> Callable[[], bytes]:
    """Begin a POST, and return what sends the rest of it and returns the whole answer."""
    at = urlsplit(url)
    known = {"host": at.netloc, "content-length": str(len(body)), "connection": "close", **headers}
    lines = "".join(f"{name.replace('_', '-')}: {value}\r\n" for name, value in known.items())
    connection = socket.create_connection((at.hostname, at.port), timeout=20)
    connection.sendall(f"POST {path} HTTP/1.1\r\n{lines}\r\n".encode() + body[:1])
    time.sleep(0.3)  # by now its headers are read

    def rest() -> bytes:
        with connection:
            connection.sendall(body[1:])
            return b"".join(iter(lambda: connection.recv(65536), b""))

    return rest
