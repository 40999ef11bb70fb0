"""The evidence drop address: whatever is sent to ``order+REF@...`` is filed under that order, as received then."""

from collections.abc import Iterable
from dataclasses import dataclass

from rules.belief import belief_of
from rules.facts import Facts
from rules.senders import within

_REF_CHARS = 64
_REFS = 10  # orders that one message is filed under


@dataclass(frozen=True, slots=True, kw_only=True)
class DropAddress:
    """``address`` is where it stands, ``order@brand.example`` ("" is nowhere); ``senders`` may file without a second look.

    A sender is an address or, with an ``@`` before it, a domain with all below it.
    """

    address: str = ""
    senders: tuple[str, ...] = ()

    def ref_of(self, recipient: str) -> str | None:
        """Return the reference in a recipient's address, or None for any other address.

        >>> drop = DropAddress(address="order@brand.example")
        >>> drop.ref_of("Order+112-1234567-1234567@Brand.example"), drop.ref_of("order@brand.example")
        ('112-1234567-1234567', None)
        """
        local, _, domain = self.address.lower().rpartition("@")
        theirs, _, place = recipient.rpartition("@")
        name, plus, ref = theirs.strip('"').partition("+")
        if not local or (name.lower(), place.lower()) != (local, domain) or not plus:
            return None
        ref = ref.strip()
        return ref if ref and len(ref) <= _REF_CHARS and ref.isprintable() else None

    def refs_of(self, recipients: Iterable[str]) -> tuple[str, ...]:
        """Return the references in some recipients, each once, the first of many."""
        found = dict.fromkeys(ref for one in recipients if (ref := self.ref_of(one)) is not None)
        return tuple(found)[:_REFS]

    def is_only(self, recipients: Iterable[str]) -> bool:
        """Tell whether a message goes here and nowhere else."""
        told = list(recipients)
        return bool(told) and all(self.ref_of(one) is not None for one in told)

    def may_file(self, facts: Facts) -> bool:
        """Tell whether a sender files for sure: an agent who logged in, or one of the list who is proven to be who wrote.

        A sender of two authors, or whose proof is another domain's, is none.
        """
        if facts.agent:
            return True
        belief, senders = belief_of(facts), facts.from_[:1]
        domain = senders[0].rpartition("@")[2] if senders else ""
        if not domain or not (belief.checked or (belief.proven and within(domain, facts.authentic.proven))):
            return False
        return any(
            senders[0] == word or (word.startswith("@") and within(domain, [word[1:]]))
            for word in map(str.lower, self.senders)
        )


NO_DROP = DropAddress()
