"""Ports of this machine: whether something answers there, and whether one could listen."""

import socket


def answers(host: str, port: int, timeout_s: float) -> bool:
    try:
        socket.create_connection((host, port), timeout=timeout_s).close()
    except OSError:
        return False
    return True


def fault_of_listening(host: str, port: int) -> str:
    """Return why nobody can listen there, or an empty string."""
    try:
        family, kind, number, _, where = socket.getaddrinfo(
            host or None, port, type=socket.SOCK_STREAM, flags=socket.AI_PASSIVE
        )[0]
        with socket.socket(family, kind, number) as door:
            door.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            door.bind(where)
    except PermissionError:
        return "ports below 1024 are the system's: choose a higher one, or let docket have it (CAP_NET_BIND_SERVICE)"
    except OSError as wrong:
        return f"cannot be listened on: {wrong.strerror}"
    return ""
