"""A name server on loopback that knows the records a test gives it."""

import contextlib
import socket
import threading
from collections.abc import Iterator, Mapping, Sequence

import dns.flags
import dns.message
import dns.rcode
import dns.rdatatype
import dns.resolver
import dns.rrset


@contextlib.contextmanager
def nameserver(
    mx: Mapping[str, Sequence[tuple[int, str]]], *, failing: Sequence[str] = ()
) -> Iterator[dns.resolver.Resolver]:
    """Yield a resolver that asks a server of our own; domains in ``failing`` get SERVFAIL, unknown ones NXDOMAIN."""
    sock = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
    sock.bind(("127.0.0.1", 0))

    def serve() -> None:
        while True:
            data, client = sock.recvfrom(4096)
            if data == b"end":
                return
            query = dns.message.from_wire(data)
            response = dns.message.make_response(query)
            question = query.question[0]
            name = question.name.to_text(omit_final_dot=True)
            if name in failing:
                response.set_rcode(dns.rcode.SERVFAIL)
            elif question.rdtype == dns.rdatatype.MX and mx.get(name):
                texts = [f"{preference} {host.rstrip('.')}." for preference, host in mx[name]]
                response.answer.append(dns.rrset.from_text(question.name, 60, "IN", "MX", *texts))
            elif name not in mx:
                response.set_rcode(dns.rcode.NXDOMAIN)
            sock.sendto(response.to_wire(), client)

    thread = threading.Thread(target=serve, daemon=True)
    thread.start()
    resolver = dns.resolver.Resolver(configure=False)
    resolver.nameservers = ["127.0.0.1"]
    resolver.port = sock.getsockname()[1]
    try:
        yield resolver
    finally:
        sock.sendto(b"end", sock.getsockname())
        thread.join(5)
        sock.close()
