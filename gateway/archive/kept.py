"""Checkpoints as witnesses keep them: in text files, in mails as they were received, in folders of both."""

import email
import re
from collections.abc import Iterator
from email import policy
from email.message import EmailMessage
from pathlib import Path

from gateway.errors import WrongUse

_NOTE = re.compile(
    r"^([^\n]+\n(?:0|[1-9][0-9]{0,18})\n[A-Za-z0-9+/]{43}=\n\n(?:\u2014 [^ \n]+ [A-Za-z0-9+/=]+\n)+)",
    re.MULTILINE,
)
_MOST = 32 << 20
_ENDINGS = (".txt", ".eml", ".checkpoint")


def kept_in(path: Path) -> Iterator[tuple[Path, str]]:
    """Yield each checkpoint in a file, or in the files of a folder, with where it stands; "" for a file of a folder that has none.

    Raises WrongUse where there is none at all.
    """
    files = (
        sorted(one for one in path.rglob("*") if one.suffix in _ENDINGS and one.is_file())
        if path.is_dir()
        else [path]
    )
    found = False
    for file in files:
        try:
            with file.open("rb") as opened:
                raw = opened.read(_MOST)
        except OSError as wrong:
            raise WrongUse(f"{file}: {wrong.strerror}") from wrong
        notes = notes_in(raw)
        found = found or bool(notes)
        for note in notes or [""] * path.is_dir():
            yield file, note
    if not found:
        raise WrongUse(f"{path}: there is no checkpoint in it, in a text file (.txt) or a mail (.eml)")


def notes_in(raw: bytes) -> list[str]:
    """Return the signed checkpoints of a file, each once; in a mail they may be encoded in any way."""
    texts = [raw]
    try:
        mail = email.message_from_bytes(raw, _class=EmailMessage, policy=policy.default)
        texts += [part.get_payload(decode=True) or b"" for part in mail.walk() if not part.is_multipart()]  # type: ignore[misc]
    except (ValueError, LookupError, RecursionError, AttributeError):
        pass  # no mail, then
    plain = [text.decode("utf-8", "replace").replace("\r\n", "\n") for text in texts]
    return list(dict.fromkeys(note for text in plain for note in _NOTE.findall(text)))
