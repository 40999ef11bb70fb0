"""The entry that each change to who may log in leaves: what was done to whose login, by whom. Never a secret."""

from gateway.mail.canonical import canonical
from gateway.mail.entry import Draft


def person_draft(
    did: str,
    name: str,
    *,
    by: str,
    source: str,
    role: str = "",
    mailboxes: tuple[str, ...] = (),
    what: str = "",
) -> Draft:
    """Return the entry ``person``: ``did`` is the act, ``what`` its object where there is one, such as a password's id."""
    payload = {"did": did, "for": name, "agent": by}
    told = {"role": role, "mailboxes": mailboxes, "what": what}
    return Draft(
        type="person",
        payload=canonical(payload | {key: value for key, value in told.items() if value}),
        meta={"source": source},
    )
