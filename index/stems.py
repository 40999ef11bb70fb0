"""Light stemming for English, German and French at once: plural and inflected forms meet, nothing cleverer.

The language of a mail is not asked: buyers mix them, and one short line says too little. A stem is only ever compared
with a stem, so it need not be a word; what matters is that forms of one word share it.
"""

import re

# German written without umlaut keys: "Rueckgabe" meets "Rückgabe" (folded: "ruckgabe"). Before a consonant only, and
# not after a vowel or q: "neue", "value" and "frauen" stay.
_UMLAUT = re.compile(r"(?<![aeiouq])([aou])e(?=[^aeiouy])")
_ENDINGS = ("ing", "ern", "ed", "em", "en", "er", "es", "e", "s")
_BY_LAST = {last: tuple(one for one in _ENDINGS if one[-1] == last) for last in "gndmres"}
_KEPT_CHARS = 3
_ROUNDS = 3
_VOWELS = frozenset("aeiouy")


def stem(word: str) -> str:
    """Return the stem of a folded word; words of other scripts, short words and codes are their own stem.

    >>> stem("refunded") == stem("refunds"), stem("bucher") == stem("buch"), stem("commandees") == stem("commande")
    (True, True, True)
    """
    if len(word) <= _KEPT_CHARS or not (word.isascii() and word.isalpha()):
        return word
    root = _UMLAUT.sub(r"\1", word) if "ae" in word or "oe" in word or "ue" in word else word
    if root.endswith("aux"):  # "cadeaux" -> "cadeau", "journaux" -> "journal"
        root = root[:-1] if root.endswith("eaux") else f"{root[:-3]}al"
    for _ in range(_ROUNDS):
        shorter = _without_ending(root)
        if shorter == root:
            break
        root = shorter
    if root.endswith("y"):  # "battery" meets "batteries"
        root = f"{root[:-1]}i"
    if len(root) > _KEPT_CHARS and root[-1] == root[-2] and root[-1] not in _VOWELS:  # "shipped" meets "ship"
        root = root[:-1]
    return root


def _without_ending(word: str) -> str:
    if word.endswith("eln"):
        return word[:-1]
    for ending in _BY_LAST.get(word[-1], ()):
        if word.endswith(ending):
            rest = word[: -len(ending)]
            if len(rest) < _KEPT_CHARS or not _VOWELS.intersection(rest):
                continue
            if ending == "s" and rest.endswith("s"):  # "loss" is no plural
                continue
            return rest
    return word
