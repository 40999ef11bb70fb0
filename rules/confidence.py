"""Three words for how sure we are, and how they weigh against each other."""

from rules.facts import Confidence

_ORDER: tuple[Confidence, ...] = ("possible", "likely", "certain")
RANK: dict[str, int] = {word: rank for rank, word in enumerate(_ORDER)}


def weakest(*words: Confidence) -> Confidence:
    """Return the weakest of some words.

    >>> weakest("certain", "likely")
    'likely'
    """
    return min(words, key=RANK.__getitem__)


def lowered(word: Confidence) -> Confidence:
    """Return the next weaker word; ``possible`` stays.

    >>> lowered("certain")
    'likely'
    """
    return _ORDER[max(RANK[word] - 1, 0)]
