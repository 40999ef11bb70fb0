"""Support mail as the index sees it, from a seed: Zipf words in seven languages, order IDs, tags and dates.

Byte-deterministic: the same seed gives the same documents. Words are made up; their frequencies are not.
"""

import random
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from itertools import accumulate

from index.document import Document

SEED = 20261123
_WORDS = 60_000  # a language's vocabulary
_LANGUAGES = {"en": 0.46, "de": 0.16, "fr": 0.10, "es": 0.08, "it": 0.08, "ja": 0.07, "zh": 0.05}
_SPECIAL = {"de": "äöüß", "fr": "éèçœ", "es": "ñáéó", "it": "àèìò"}
_COMMON = {
    "en": ["the", "order", "refund", "please", "damaged", "box", "return", "arrived", "package", "thanks"],
    "de": ["die", "bestellung", "rückerstattung", "bitte", "beschädigt", "karton", "rücksendung", "paket"],
    "fr": ["la", "commande", "remboursement", "merci", "endommagé", "boîte", "retour", "colis"],
}
_TAGS = ["claim", "refund", "return", "vip", "invoice", "late", "damaged", "question"]
_MARKETPLACES = ["amazon", "ebay", "kaufland", "etsy", "otto"]
_START = datetime(2023, 1, 1, tzinfo=UTC)


class Corpus:
    """Documents with seqs from 0 on, a message about every two minutes."""

    def __init__(self, seed: int = SEED) -> None:
        self._random = random.Random(seed)
        self._weights = list(accumulate(1 / (place + 2) ** 1.15 for place in range(_WORDS)))
        self.words = {language: self._vocabulary(language) for language in _LANGUAGES}

    def documents(self, count: int, *, words: int = 250) -> Iterator[Document]:
        """Yield ``count`` documents of about ``words`` words: 250 are 2 KB of text, 600 are 4 KB."""
        at = _START
        for seq in range(count):
            at += timedelta(seconds=self._random.randint(1, 240))
            yield self._document(seq, at, words)

    def order(self, seq: int) -> str:
        """Return the order ID that the message with this seq is about."""
        return f"112-{seq * 7919 % 10_000_000:07}-{seq % 10_000_000:07}"

    def _document(self, seq: int, at: datetime, words: int) -> Document:
        rng = self._random
        language = rng.choices(list(_LANGUAGES), list(_LANGUAGES.values()))[0]
        ordered = rng.random() < 0.5
        text = self._text(language, max(5, int(rng.lognormvariate(0, 0.6) * words)))
        if ordered:
            text = f"{text[: len(text) // 2]}\n{self.order(seq)}\n{text[len(text) // 2 :]}"
        buyer = rng.randrange(50_000)
        inbound = rng.random() < 0.6
        return Document(
            seq=seq,
            at=at,
            direction="inbound" if inbound else "outbound",
            mailbox=f"support{seq % 4}@brand.example",
            agent="" if inbound else f"agent{seq % 12}",
            marketplace=rng.choice(_MARKETPLACES),
            kind="message",
            from_=(f"Buyer {buyer}", f"buyer{buyer}@marketplace.example"),
            to=("Support", f"support{seq % 4}@brand.example"),
            subject=self._text(language, 6),
            text=text,
            orders=(self.order(seq),) if ordered else (),
            exact=(f"<{seq}.{buyer}@mail.example>",),
            tags=tuple({rng.choice(_TAGS) for _ in range(rng.randrange(3))}),
            filenames=(f"photo-{seq}.jpg",) if rng.random() < 0.1 else (),
        )

    def _text(self, language: str, words: int) -> str:
        chosen = self._random.choices(self.words[language], cum_weights=self._weights, k=words)
        if language in ("ja", "zh"):
            return "、".join("".join(chosen[at : at + 6]) for at in range(0, words, 6))
        return " ".join(chosen)

    def _vocabulary(self, language: str) -> list[str]:
        rng = self._random
        made: dict[str, None] = dict.fromkeys(_COMMON.get(language, []))
        if language in ("ja", "zh"):
            letters = [chr(0x4E00 + place) for place in range(3000)]
            letters += [chr(0x3042 + place) for place in range(80)] if language == "ja" else []
        else:
            letters = list("eeeeaaiioounnrrssttlldcmpgbvhfykwxqzj" + _SPECIAL.get(language, ""))
        while len(made) < _WORDS:
            length = rng.randint(1, 3) if language in ("ja", "zh") else rng.randint(3, 11)
            made["".join(rng.choices(letters, k=length))] = None
        return list(made)
