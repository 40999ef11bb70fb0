"""Names as mail clients give them at a login: the agent's own, or an address from which it can be read.

Clients log in with the e-mail address unless somebody tells them otherwise; so addresses of ours name their agents, too.
"""

from collections.abc import Callable, Collection
from dataclasses import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class Names:
    """``is_agent`` says whether a name is an agent's, ``mailbox_of`` which mailbox an address belongs to.

    ``folded`` makes one of all spellings that the accounts take for the same name.
    """

    is_agent: Callable[[str], bool] = lambda _: False
    mailbox_of: Callable[[str], str | None] = lambda _: None
    domains: Collection[str] = ()
    folded: Callable[[str], str] = str.casefold

    def read(self, given: str) -> tuple[str, str]:
        """Return the agent's name, and the mailbox that they mean, if any.

        >>> Names().read("anna/returns@brand.example")
        ('anna', 'returns@brand.example')
        >>> names = Names(mailbox_of={"support@brand.example": "support@brand.example"}.get, domains={"brand.example"})
        >>> names.read("support+anna@brand.example"), names.read("anna@brand.example"), names.read("a+b@c.example")
        (('anna', 'support@brand.example'), ('anna', ''), ('a+b@c.example', ''))
        """
        if self.is_agent(given):
            return given, ""
        name, slash, mailbox = given.partition("/")
        if slash:
            return name, mailbox
        local, _, domain = given.rpartition("@")
        box, plus, tag = local.partition("+")
        if plus and self.mailbox_of(f"{box}@{domain}") is not None:
            return tag, f"{box}@{domain}"
        if local and not plus and domain.lower() in self.domains:
            return local, ""
        return given, ""
