"""What the settings say of how long things are kept, what an erasure needs, who keeps the log's head, and where keys come from."""

import os
from datetime import timedelta
from pathlib import Path

from msgspec import Struct

from gateway.archive.kek import KekSource
from gateway.erasure.requests import Policy
from gateway.erasure.retention import Period
from gateway.ranges import Hours, OptionalCount, OptionalHours, Seconds, Text


class Erasure(Struct, frozen=True, forbid_unknown_fields=True):
    """What an erasure needs before it is done."""

    second_person: bool = True  # another than who asked for it approves
    cooling_hours: OptionalHours = 168.0  # after it was asked for

    @property
    def policy(self) -> Policy:
        return Policy(second_person=self.second_person, cooling=timedelta(hours=self.cooling_hours))


class RetentionPeriod(Struct, frozen=True, forbid_unknown_fields=True):
    """How long messages of a class are kept; rules name the class: ``{ do = "retain", class = NAME }``."""

    name: Text
    years: OptionalCount = 0
    days: OptionalCount = 0
    end_of_year: bool = False  # counted from the end of the year in which a message occurred


class Retention(Struct, frozen=True, forbid_unknown_fields=True):
    """What may go by time. Without a period for its class a message stays for good."""

    default: str = ""  # the class of messages that no rule gave one
    period: tuple[RetentionPeriod, ...] = ()

    @property
    def periods(self) -> dict[str, Period]:
        return {
            one.name: Period(years=one.years, days=one.days, end_of_year=one.end_of_year)
            for one in self.period
        }


class Witness(Struct, frozen=True, forbid_unknown_fields=True):
    """What the log is held against later: its last head outside the data folder, and checkpoints that others keep."""

    head: str = ""  # a folder; "off": none. Default: where the system keeps state, see ``default_head``
    every_hours: Hours = 24.0
    folders: tuple[str, ...] = ()
    mail: tuple[str, ...] = ()
    mailbox: str = ""  # whose way out the mails take; default: the first that has one

    @property
    def named(self) -> bool:
        return bool(self.folders or self.mail)


class Keys(Struct, frozen=True, forbid_unknown_fields=True):
    """Where the key that wraps all entries' keys comes from: one of the three; default: the secrets folder."""

    file: str = ""
    credential: str = ""  # of systemd, by name
    command: tuple[str, ...] = ()
    timeout_s: Seconds = 30.0  # for the command

    @property
    def source(self) -> KekSource:
        return KekSource(
            file=self.file, credential=self.credential, command=self.command, timeout_s=self.timeout_s
        )

    @property
    def fault(self) -> str:
        """Say what is wrong with these settings, "" where nothing is."""
        if bool(self.file) + bool(self.credential) + bool(self.command) > 1:
            return "name one of file, credential and command"
        if "/" in self.credential or self.credential in {".", ".."}:
            return f"credential = {self.credential!r} is a name below $CREDENTIALS_DIRECTORY, not a path"
        return "command: the first word is the program" if self.command and not self.command[0] else ""


def default_head() -> Path:
    """Return where the head is kept when the settings do not say: what XDG says, the system's folder, or the user's own."""
    if state := os.environ.get("XDG_STATE_HOME"):
        return Path(state) / "docket-witness"
    shared = Path("/var/lib/docket-witness")
    return shared if shared.is_dir() else Path("~/.local/state/docket-witness").expanduser()
