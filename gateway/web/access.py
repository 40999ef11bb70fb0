"""Who may do what: one table of roles and one of routes. What is in neither of the tables' words is not done at all.

A route that is not named here is read by who may read, and acts where it is posted to.
"""

from typing import Literal

from gateway.store.agents import Agent

Power = Literal["self", "read", "act", "export", "house", "oversee", "administer"]

# What each role may. ``self`` is what concerns one's own login; ``house`` is given by having every mailbox, see powers_of.
ROLES: dict[str, frozenset[Power]] = {
    "agent": frozenset({"self", "read", "act", "export"}),
    "supervisor": frozenset({"self", "read", "act", "export", "oversee"}),
    "auditor": frozenset({"self", "read", "export"}),
    "admin": frozenset({"self", "read", "act", "export", "oversee", "administer"}),
}

_NEEDS: dict[tuple[str, str], Power] = {
    ("GET", "/suggest"): "read",
    ("GET", "/status"): "house",
    ("GET", "/custody/keepers"): "read",
    ("POST", "/custody/verify"): "self",  # that the archive is whole is for everybody to know
    ("POST", "/take"): "export",
    ("GET", "/capture"): "house",
    ("GET", "/rules"): "house",
    ("GET", "/rules/file/{name:path}"): "house",
    ("GET", "/rules/bench"): "house",
    ("POST", "/rules/bench"): "house",  # it tries; that only an admin keeps what was tried is asked there
    ("GET", "/rules/replay"): "house",
    ("POST", "/rules/replay"): "house",
    ("GET", "/custody/holds"): "house",
    ("POST", "/custody/holds"): "oversee",
    ("GET", "/custody/retention"): "house",
    ("GET", "/custody/erasures"): "house",
    ("POST", "/custody/erasures"): "oversee",
    ("GET", "/custody/erasures/{seq:int}.txt"): "house",
    ("POST", "/pack"): "export",
    ("POST", "/report"): "export",
    ("GET", "/account"): "self",
    ("POST", "/account/sessions"): "self",
    ("POST", "/account/app-passwords"): "self",
    ("POST", "/account/app-passwords/revoke"): "self",
    ("GET", "/people"): "administer",
    ("POST", "/people"): "administer",
    ("POST", "/people/{name:path}"): "administer",
    ("POST", "/account/password"): "self",
    ("POST", "/account/app"): "self",
    ("POST", "/account/app/code"): "self",
    ("POST", "/account/codes"): "self",
    ("POST", "/account/remove"): "self",
    ("POST", "/account/language"): "self",
    ("POST", "/account/passkeys"): "self",
    ("POST", "/account/passkeys/ask"): "self",
    ("GET", "/login"): "self",
    ("POST", "/login"): "self",
    ("POST", "/login/second"): "self",
    ("POST", "/login/passkey"): "self",
    ("POST", "/login/passkey/ask"): "self",
    ("GET", "/login/sso"): "self",
    ("GET", "/login/sso/back"): "self",
    ("GET", "/welcome"): "self",
    ("POST", "/welcome"): "self",
    ("GET", "/searches"): "self",
    ("POST", "/searches"): "self",
    ("POST", "/searches/{id}"): "self",
    ("GET", "/tokens"): "self",
    ("POST", "/tokens"): "self",
    ("POST", "/tokens/revoke"): "self",
    ("GET", "/clients"): "self",
    ("GET", "/clients/docket.mobileconfig"): "self",
    ("POST", "/logout"): "self",
}
# What is watched of an auditor is what they look at; these show nobody's mail.
_UNWATCHED = {
    ("GET", "/suggest"),
    ("GET", "/find"),
    ("GET", "/checkpoint"),
    ("GET", "/live"),
    ("GET", "/news/{marketplace}/{value:path}"),
}
# And these are posted to, and show mail all the same.
_WATCHED = {("POST", "/rules/bench"), ("POST", "/rules/replay")}


def powers_of(agent: Agent) -> frozenset[Power]:
    """Return what somebody may; a role that is unknown may nothing.

    What reaches over the whole house is for those who have every mailbox.
    """
    powers = ROLES.get(agent.role, frozenset())
    if agent.mailboxes:
        return powers - {"oversee", "administer"}
    return powers | {"house"} if powers else powers


def need_of(method: str, path: str) -> Power:
    """Return what a route asks of who comes.

    >>> need_of("GET", "/waiting"), need_of("POST", "/message/{seq:int}/note"), need_of("GET", "/tokens")
    ('read', 'act', 'self')
    """
    return _NEEDS.get((method, path), "read" if method == "GET" else "act")


def is_watched(agent: Agent, method: str, path: str) -> bool:
    """Whether what is shown here is recorded: all that an auditor reads is, and so are their searches."""
    if agent.role != "auditor" or need_of(method, path) == "self":
        return False
    return (method, path) in _WATCHED or (method == "GET" and (method, path) not in _UNWATCHED)
