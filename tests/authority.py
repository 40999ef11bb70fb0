"""A time-stamp authority on loopback: openssl's own, behind a small HTTP server that may also answer as no authority should."""

import contextlib
import subprocess
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

_SETTINGS = """
[tsa]
serial = {place}/serial
signer_cert = {place}/tsa.crt
signer_key = {place}/tsa.key
signer_digest = sha256
default_policy = 1.3.6.1.4.1.99999.1
other_policies = 1.3.6.1.4.1.99999.2
digests = sha256, sha384, sha512
accuracy = secs:1
tsa_name = yes
ess_cert_id_chain = yes
ess_cert_id_alg = sha256
{more}
"""


def run(*command: object, cwd: Path) -> bytes:
    return subprocess.run([*map(str, command)], cwd=cwd, check=True, capture_output=True).stdout


@dataclass
class TestAuthority:
    """A root, a stamping certificate under it, and what answers requests with them.

    ``answer`` turns a request and the honest response into what is sent; the default sends the honest one.
    """

    __test__ = False
    place: Path
    answer: Callable[[bytes, bytes], bytes] = lambda _query, honest: honest
    url: str = ""
    asked: list[bytes] = field(default_factory=list)

    @property
    def root(self) -> Path:
        return self.place / "ca.crt"

    @property
    def certificate(self) -> Path:
        return self.place / "tsa.crt"

    def query(self, data: bytes) -> bytes:
        (self.place / "data").write_bytes(data)
        return run("openssl", "ts", "-query", "-data", "data", "-sha256", "-cert", cwd=self.place)

    def reply(self, query: bytes, *more: str) -> bytes:
        (self.place / "q.tsq").write_bytes(query)
        return run("openssl", "ts", "-reply", "-config", "tsa.cnf", "-section", "tsa", "-queryfile", "q.tsq", *more, cwd=self.place)  # fmt: skip

    def stamp(self, data: bytes) -> bytes:
        return self.reply(self.query(data))

    def toml(self, name: str = "test", more: str = "") -> str:
        return (
            f'[[timestamps.authority]]\nname = "{name}"\nurl = "{self.url}"\n'
            f'certificate = "{self.certificate}"\nroots = "{self.root}"\n{more}\n'
        )


def make_authority(
    place: Path,
    *,
    days: int = 3000,
    usage: str = "extendedKeyUsage=critical,timeStamping",
    certs: bool = False,
) -> TestAuthority:
    """Make keys and certificates; with ``certs`` the root comes along in every response, as many authorities do."""
    place.mkdir(parents=True)
    key = ("-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes")
    run("openssl", "req", "-x509", *key, "-keyout", "ca.key", "-out", "ca.crt", "-days", "3650", "-subj", "/O=Test/CN=Test Root",
        "-addext", "basicConstraints=critical,CA:TRUE", "-addext", "keyUsage=critical,keyCertSign,cRLSign", cwd=place)  # fmt: skip
    run(
        "openssl",
        "req",
        *key,
        "-keyout",
        "tsa.key",
        "-out",
        "tsa.csr",
        "-subj",
        "/O=Test/CN=Test TSA",
        cwd=place,
    )
    (place / "tsa.ext").write_text(
        f"basicConstraints=critical,CA:FALSE\nkeyUsage=critical,digitalSignature\n{usage}\n"
    )
    run("openssl", "x509", "-req", "-in", "tsa.csr", "-CA", "ca.crt", "-CAkey", "ca.key", "-CAcreateserial", "-days", days,
        "-extfile", "tsa.ext", "-out", "tsa.crt", cwd=place)  # fmt: skip
    (place / "serial").write_text("01\n")
    more = f"certs = {place}/ca.crt" if certs else ""
    (place / "tsa.cnf").write_text(_SETTINGS.format(place=place, more=more))
    return TestAuthority(place)


@contextmanager
def serving_authority(authority: TestAuthority) -> Iterator[TestAuthority]:
    """Answer requests by HTTP for as long as the context is open."""

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            query = self.rfile.read(int(self.headers["content-length"]))
            authority.asked.append(query)
            body = authority.answer(query, authority.reply(query))
            self.send_response(200)
            self.send_header("content-type", "application/timestamp-reply")
            self.send_header("content-length", str(len(body)))
            self.end_headers()
            with contextlib.suppress(ConnectionError):  # whoever asked has read enough
                self.wfile.write(body)

        def log_message(self, *_: object) -> None:
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    authority.url = f"http://127.0.0.1:{server.server_port}/tsr"
    try:
        yield authority
    finally:
        server.shutdown()
        thread.join()
        server.server_close()
