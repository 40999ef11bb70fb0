"""Errors say whether trying again helps, and carry the SMTP reply that says so to a client.

The text of a reply never holds internals (paths, statements, secrets): strangers read it. The cause goes to the log.
"""


class DocketError(Exception):
    """A fault a person should read: what happened, to which message or setting, and what to do."""

    reply = "451 4.3.0 Local error in processing; try again later"


class Temporary(DocketError):
    """Trying again later may work; answered with a 4xx reply (RFC 5321 section 4.2.1)."""

    def __init__(
        self, message: str, reply: str = "451 4.3.0 Local error in processing; try again later"
    ) -> None:
        super().__init__(message)
        self.reply = reply


class DiskFull(Temporary):
    """There is no room to write; trying again works once somebody has made some."""

    def __init__(self, message: str) -> None:
        super().__init__(message, "452 4.3.1 Insufficient system storage")


class Permanent(DocketError):
    """Trying again unchanged will not work; answered with a 5xx reply (RFC 5321 section 4.2.1)."""

    def __init__(self, message: str, reply: str = "554 5.0.0 Transaction failed") -> None:
        super().__init__(message)
        self.reply = reply


class WrongUse(DocketError):
    """A command, query or setting is wrong: exit code 2. The text says which and how to mend it."""


class LoginChanged(DocketError):
    """Somebody's login was changed, or their session ended, while they were at something that it has to allow."""


class ArchiveBroken(DocketError):
    """The archive can no longer promise durability (a failed fsync, a rolled-back head): stop taking mail.

    A failed fsync is never retried: the kernel may have dropped the dirty pages and report success next time
    (https://wiki.postgresql.org/wiki/Fsync_Errors). The process must end; a restart re-reads what is on disk.
    """

    reply = "421 4.3.0 Service not available; the operator has been told"
