"""SPF macros: ``%{ir}.%{v}._spf.%{d2}`` filled in for one message (RFC 7208 section 7). Pure."""

import re
from collections.abc import Callable
from dataclasses import dataclass
from ipaddress import IPv4Address, IPv6Address
from urllib.parse import quote

_MACRO = re.compile(r"%(?:%|_|-|\{([A-Za-z])([0-9]*)([rR]?)([.+,/_=-]*)\})")
_LONGEST = 253
_PLAIN = {"%%": "%", "%_": " ", "%-": "%20"}


@dataclass(frozen=True, slots=True, kw_only=True)
class Sender:
    """Who is asked about. ``validated`` gives the peer's own name, looked up only when a record asks for it."""

    ip: IPv4Address | IPv6Address
    local: str
    domain: str
    helo: str
    validated: Callable[[str], str]

    def letter(self, letter: str, domain: str) -> str:
        match letter:
            case "s":
                return f"{self.local}@{self.domain}"
            case "l":
                return self.local
            case "o":
                return self.domain
            case "d":
                return domain
            case "i":
                return str(self.ip) if self.ip.version == 4 else ".".join(self.ip.exploded.replace(":", ""))
            case "p":
                return self.validated(domain)
            case "v":
                return "in-addr" if self.ip.version == 4 else "ip6"
            case _:
                return self.helo


def expanded(spec: str, sender: Sender, domain: str) -> str:
    """Return a domain-spec with its macros filled in; one that is too long loses labels on its left.

    A name that DNS could not hold comes back as it is: asking for it finds nothing.
    """

    def fill(found: re.Match[str]) -> str:
        if found[1] is None:
            return _PLAIN[found[0]]
        value = sender.letter(found[1].lower(), domain)
        if found[2] or found[3] or found[4]:
            parts = re.split("[" + re.escape(found[4] or ".") + "]", value)
            if found[3]:
                parts.reverse()
            value = ".".join(parts[-int(found[2][:4]) :] if found[2] else parts)
        return quote(value, safe="-._~") if found[1].isupper() else value

    name = _MACRO.sub(fill, spec).removesuffix(".")
    while len(name) > _LONGEST and "." in name:
        name = name.partition(".")[2]
    return name
