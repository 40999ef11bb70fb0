"""DNS records by which mail clients find the servers (RFC 6186, RFC 8314), to be pasted into a zone."""

import ipaddress
from urllib.parse import urlsplit

from gateway.clients.services import Server, Services

_KINDS = (("_imaps", "imap", True), ("_imap", "imap", False), ("_submissions", "smtp", True), ("_submission", "smtp", False))  # fmt: skip


def records(services: Services) -> list[str]:
    """Return the lines of every mailbox's domain; a service that is not there is said to be absent (RFC 6186 section 3.4)."""
    lines: list[str] = []
    domains: dict[str, dict[str, tuple[Server, ...]]] = {}
    for box in services.boxes:
        domains.setdefault(box.address.lower().rpartition("@")[2], {"imap": box.imap, "smtp": services.smtp})
    for domain, servers in domains.items():
        for label, kind, implicit in _KINDS:
            server = next((one for one in servers[kind] if one.implicit == implicit), None)
            where = "0 0 0 ." if server is None else f"0 1 {server.port} {_host(server.host)}"
            if server is not None and not _is_name(server.host):
                lines.append(
                    f"; {label}._tcp.{domain}. needs a name: {server.host} is none (setting [clients] host)"
                )
                continue
            lines.append(f"{label}._tcp.{domain}. 3600 IN SRV {where}")
        web = urlsplit(services.web)
        if web.scheme == "https" and web.hostname and _is_name(web.hostname):
            lines.append(
                f"_autodiscover._tcp.{domain}. 3600 IN SRV 0 1 {web.port or 443} {_host(web.hostname)}"
            )
            lines += [
                f"{name}.{domain}. 3600 IN CNAME {_host(web.hostname)}"
                for name in ("autoconfig", "autodiscover")
            ]
    return lines


def is_reachable(host: str) -> bool:
    """Say whether another machine could mean the same by this host."""
    try:
        return not ipaddress.ip_address(host).is_loopback
    except ValueError:
        return host not in {"", "localhost"}


def _is_name(host: str) -> bool:
    try:
        ipaddress.ip_address(host)
    except ValueError:
        return "." in host
    return False


def _host(name: str) -> str:
    return name.rstrip(".") + "."
