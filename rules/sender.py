"""How reasons name who sent a message."""

from rules.facts import Facts


def who(facts: Facts) -> str:
    """Return the address that a message gives for its sender."""
    return facts.from_[0][:100] if facts.from_ else facts.mail_from[:100] or "an empty address"
