"""What a mail client was let in with: for as long as its session is open, it is held against the accounts as they are by then."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class Ticket:
    """``stamp`` is how the agent's login stood, ``app_password`` the id of the one that was given, "" for their own password."""

    agent: str
    stamp: str
    app_password: str = ""
