"""An IMAP server that says what a test tells it to: honest by default, whatever the script wants where it matters."""

import contextlib
import re
import socket
import threading
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field

Answer = bytes | Callable[["ScriptedImap", socket.socket, str], bytes | None]


@dataclass
class ScriptedImap:
    """Holds one folder. ``script`` maps a pattern of a command to what is sent instead of the honest answer.

    In it ``TAG`` stands for the command's tag; ``b""`` closes the connection, and so does whatever lacks the tag.
    """

    messages: dict[int, bytes]
    script: dict[str, Answer] = field(default_factory=dict)
    uidvalidity: int = 7
    uidnext: int = 0
    capabilities: str = "IMAP4rev1"
    port: int = 0
    commands: list[str] = field(default_factory=list)
    _sizes: dict[int, int] = field(default_factory=dict)

    def answer(self, connection: socket.socket, tag: str, command: str) -> bytes | None:
        for pattern, said in self.script.items():
            if re.search(pattern, command, re.IGNORECASE):
                given = said if isinstance(said, bytes) else said(self, connection, command)
                return None if given is None else given.replace(b"TAG", tag.encode())
        return self.honest(command) + f"{tag} OK done\r\n".encode()

    def honest(self, command: str) -> bytes:
        verb, _, rest = command.partition(" ")
        match verb.upper():
            case "CAPABILITY":
                return f"* CAPABILITY {self.capabilities}\r\n".encode()
            case "LIST":
                return b'* LIST () "/" INBOX\r\n* LIST (\\Junk) "/" Spam\r\n'
            case "SELECT" | "EXAMINE":
                after = self.uidnext or max(self.messages, default=0) + 1
                return (
                    f"* {len(self.messages)} EXISTS\r\n* OK [UIDVALIDITY {self.uidvalidity}] x\r\n"
                    f"* OK [UIDNEXT {after}] x\r\n"
                ).encode()
            case "UID":
                return self._uid(rest)
            case "LOGOUT":
                return b"* BYE\r\n"
        return b""

    def _uid(self, rest: str) -> bytes:
        if rest.upper().startswith("SEARCH"):
            first = re.search(r"UID (\d+):\*", rest)
            which = re.search(r"UID ([\d,]+)$", rest)
            named = {int(uid) for uid in which[1].split(",")} if which else None
            low = int(first[1]) if first else 1
            found = [uid for uid in self.messages if uid >= low and (named is None or uid in named)]
            return b"* SEARCH " + " ".join(map(str, found)).encode() + b"\r\n"
        wanted = re.match(r"FETCH ([\d,]+)", rest, re.IGNORECASE)
        assert wanted, rest
        answers = []
        for place, uid in enumerate(int(one) for one in wanted[1].split(",")):
            if uid in self.messages:
                items = self.item(uid, rest)
                answers.append(f"* {place + 1} FETCH (UID {uid}".encode() + items + b")\r\n")
        return b"".join(answers)

    def item(self, uid: int, rest: str) -> bytes:
        raw = self.messages[uid]
        if "RFC822.SIZE" in rest:
            return f" RFC822.SIZE {self._sizes.get(uid, len(raw))}".encode()
        extra = b' FLAGS () INTERNALDATE "01-Mar-2026 12:30:00 +0000"' if "INTERNALDATE" in rest else b""
        return extra + b" BODY[] {%d}\r\n%s" % (len(raw), raw)


@contextlib.contextmanager
def scripted_imap(messages: dict[int, bytes], **settings: object) -> Iterator[ScriptedImap]:
    """Run such a server on a free loopback port until the block ends."""
    server = ScriptedImap(messages, **settings)  # type: ignore[arg-type]
    listener = socket.create_server(("127.0.0.1", 0))
    server.port = listener.getsockname()[1]
    open_: list[socket.socket] = []

    def accept() -> None:
        while True:
            try:
                connection, _ = listener.accept()
            except OSError:
                return
            open_.append(connection)
            threading.Thread(target=_converse, args=(connection, server), daemon=True).start()

    thread = threading.Thread(target=accept, daemon=True)
    thread.start()
    try:
        yield server
    finally:
        for one in (listener, *open_):
            with contextlib.suppress(OSError):
                one.shutdown(socket.SHUT_RDWR)
            one.close()
        thread.join(5)


def _converse(connection: socket.socket, server: ScriptedImap) -> None:
    with contextlib.suppress(OSError), connection, connection.makefile("rb") as reader:
        connection.sendall(b"* OK ready\r\n")
        while line := reader.readline():
            tag, _, command = line.decode("utf-8", "replace").rstrip("\r\n").partition(" ")
            if not command:
                continue
            server.commands.append(command)
            said = server.answer(connection, tag, command)
            if not said:
                return
            connection.sendall(said)
            if tag.encode() not in said or command.upper() == "LOGOUT":
                return
