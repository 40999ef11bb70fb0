"""Where key-encryption keys come from: a file, a systemd credential, or what a command prints; nowhere else do they stand."""

import base64
import hashlib
import os
import subprocess
from dataclasses import dataclass
from pathlib import Path

from gateway.archive.checkpoint import unbase64
from gateway.durable import replace_file
from gateway.errors import WrongUse

KEY_BYTES = 32
_MOST = 64 << 10  # bytes of keys that are read


@dataclass(frozen=True, slots=True, kw_only=True)
class KekSource:
    """Gives one line for each key, the one in use last: 32 bytes in base64, with or without ``ID`` and a space before.

    The first that is named counts; with none it is ``kek.key`` in the secrets folder.
    """

    file: str = ""
    credential: str = ""  # a name below $CREDENTIALS_DIRECTORY
    command: tuple[str, ...] = ()
    timeout_s: float = 30.0

    @property
    def named(self) -> bool:
        return bool(self.file or self.credential or self.command)

    def place(self, secrets: Path) -> Path | None:
        """Return the file that holds the keys, None where they come from elsewhere."""
        if self.credential or self.command:
            return None
        return Path(self.file) if self.file else secrets / "kek.key"

    def said(self, secrets: Path) -> str:
        """Return what people are told of where keys come from; it holds no secret, since arguments may name some."""
        if self.credential:
            return f"the credential {self.credential}"
        return f"the command {self.command[0]}" if self.command else str(self.place(secrets))

    def read(self, secrets: Path) -> dict[str, bytes]:
        """Return the keys by their ids; raises WrongUse that says where they should have come from."""
        said = self.said(secrets)
        if self.credential:
            text = self._credential(said)
        elif self.command:
            text = self._printed(said)
        else:
            text = _file(Path(said), strict=bool(self.file))
        return keks_in(text, said)

    def _credential(self, said: str) -> bytes:
        folder = os.environ.get("CREDENTIALS_DIRECTORY", "")
        if not folder:
            raise WrongUse(
                f"{said} is not here: systemd sets no CREDENTIALS_DIRECTORY for this process. For the service write "
                f"LoadCredentialEncrypted={self.credential}:FILE; for a command run: systemd-run --pty "
                f"-p LoadCredentialEncrypted={self.credential}:FILE docket ..."
            )
        return _file(Path(folder) / self.credential, strict=False)

    def _printed(self, said: str) -> bytes:
        """Run the command. What it says of itself is not passed on: nobody knows what it may hold."""
        try:
            done = subprocess.run(
                self.command,
                stdin=subprocess.DEVNULL,
                capture_output=True,
                timeout=self.timeout_s,
                check=False,
            )
        except subprocess.TimeoutExpired:
            raise WrongUse(f"{said} gave no key within {self.timeout_s:g} s") from None
        except OSError as wrong:
            raise WrongUse(f"{said} cannot be run: {wrong.strerror}") from None
        if done.returncode:
            raise WrongUse(f"{said} ended with {done.returncode} and gave no key; run it by hand to see why")
        return done.stdout


KEK_FILE = KekSource()


def keks_in(text: bytes, said: str) -> dict[str, bytes]:
    """Read keys as a source gives them, the one in use last; raises WrongUse."""
    keks: dict[str, bytes] = {}
    for line in text[:_MOST].decode("ascii", "replace").splitlines():
        if not line.strip():
            continue
        name, _, encoded = line.strip().rpartition(" ")
        key = unbase64(encoded)
        if key is None or len(key) != KEY_BYTES or name not in {"", kek_id(key)}:
            raise WrongUse(f"{said}: a line is not an id and its key of 32 bytes in base64")
        keks.pop(kek_id(key), None)
        keks[kek_id(key)] = key
    if not keks:
        raise WrongUse(f"{said} holds no key")
    return keks


def kek_id(kek: bytes) -> str:
    """Return the name of a key-encryption key: eight hexadecimal digits of a hash of it."""
    return hashlib.sha256(b"docket kek\n" + kek).hexdigest()[:8]


def new_line() -> str:
    """Return the line of a new key."""
    kek = os.urandom(KEY_BYTES)
    return f"{kek_id(kek)} {base64.b64encode(kek).decode()}\n"


def add_line(place: Path, line: str) -> None:
    """Put a line at the end of a file of keys: a crash leaves the old file or the new one, whole. Raises WrongUse."""
    try:
        before = place.read_text(encoding="ascii") if place.exists() else ""
        replace_file(place, (before + ("\n" if before and not before.endswith("\n") else "") + line).encode())
    except OSError as wrong:
        raise WrongUse(f"{place} cannot be written: {wrong.strerror}") from wrong


def _file(path: Path, *, strict: bool) -> bytes:
    try:
        with path.open("rb") as file:
            if strict and os.fstat(file.fileno()).st_mode & 0o077:
                raise WrongUse(
                    f"others may read {path}; chmod 600 it, and make a new key: docket keys rewrap --new"
                )
            return file.read(_MOST)
    except OSError as wrong:
        raise WrongUse(
            f"{path} cannot be read ({wrong.strerror}); without it the archive does not open"
        ) from None
