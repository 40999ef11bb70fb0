"""Plays tests/dialogs/*.smtp; the README there says how to write one."""

from fnmatch import fnmatchcase
from pathlib import Path

import pytest

DIALOGS = sorted((Path(__file__).resolve().parents[2] / "dialogs").glob("*.smtp"))


def listen(house, server, limits):
    kind, *options = server.split()
    match kind:
        case "smtp":
            return house.smtp(tls="tls" in options, **limits)
        case "lmtp":
            return house.lmtp(**limits)
        case _:
            return house.submission(implicit=kind == "submissions", **limits)


def matches(reply, pattern):
    return fnmatchcase(reply.replace("[", "("), pattern.replace("[", "("))  # brackets mean themselves here


@pytest.mark.parametrize("path", DIALOGS, ids=[path.stem for path in DIALOGS])
def test_the_dialog_goes_as_written(path, house, connect, client_context):
    server, limits, client = "smtp", {}, None
    for number, line in enumerate(path.read_text(encoding="utf-8").splitlines(), 1):
        word, rest = line[:2], line[2:].removeprefix(" ")
        if line.startswith("#") or not line:
            continue
        if line.startswith("server: "):
            server = line[8:]
        elif line.startswith("limits: "):
            limits = {name: int(value) for name, value in (pair.split("=") for pair in line[8:].split())}
        elif line.startswith("archived: "):
            assert len(house.archive.kept) == int(line[10:]), number
        elif line == "TLS":
            client.secure(client_context)
        else:
            if client is None:
                context = client_context if server == "submissions" else None
                client = connect(listen(house, server, limits), context=context)
            if word == "C:":
                client.send(rest.encode() + b"\r\n")
            elif word == "C|":
                client.send(rest.encode("ascii").decode("unicode_escape").encode("latin-1"))
            elif rest == "closed":
                assert client.closed(), number
            else:
                reply = client.reply().replace("\n", " / ")
                assert word == "S:", f"line {number} of {path.name} is not understood"
                assert matches(reply, rest), f"line {number}: {reply!r} is not {rest!r}"
