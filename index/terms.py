"""What every backend is handed of a document: ready terms by field. No backend analyses text itself."""

import re
from bisect import bisect_left
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import Final

from index.analyzer import analyze
from index.document import Document, Facets
from index.folding import fold_value, shown
from index.identifiers import parent_domains, plain_identifier

TEXTS: Final = (
    "all",
    "subject",
    "from",
    "to",
    "filename",
)  # words in order, for phrases; whole terms after them
STEMS: Final = ("stem", "subject_stem")  # stems, for bare words and for relevance
VOCABULARY: Final = (
    "vocabulary"  # distinct words without CJK pairs: what prefixes and misspellings walk through
)
KEYS: Final = (
    "order", "tag", "marketplace", "agent", "mailbox", "direction", "kind", "has", "extension", "auth", "confidence", "is",
)  # fmt: skip
FACETS: Final = ("marketplace", "tag", "agent", "direction", "mailbox", "kind", "confidence", "has", "auth")
BREAK: Final = "¶"  # stands between parts, so that no phrase runs from one into the next; never a word itself

_MANY = 1000  # addresses, tags or files of one message that are searched
_EXTENSION = re.compile(r"\.(\w{1,16})$")
_SEQ_BITS = 30
_SECOND_MAX = (1 << 33) - 1  # the year 2242


@dataclass(frozen=True, slots=True, kw_only=True)
class Terms:
    """A document as terms. ``rank`` sorts by time and then by seq, and names the document as well."""

    seq: int
    rank: int
    texts: dict[str, str]
    keys: dict[str, tuple[str, ...]]
    facets: dict[str, tuple[str, ...]]


def terms_of(document: Document) -> Terms:
    """Return the terms of a document."""
    values: dict[str, tuple[str, ...]] = {
        "marketplace": (document.marketplace,),
        "tag": document.tags[:_MANY],
        "agent": (document.agent,),
        "direction": (document.direction,),
        "mailbox": (document.mailbox,),
        "kind": (document.kind,),
        "confidence": document.confidences or ("none",),
        "has": _has(document),
        "auth": (document.authenticity,),
    }
    keys = {field: _distinct(fold_value(value) for value in given) for field, given in values.items()}
    keys["agent"] = _with_parts(keys["agent"])
    keys["mailbox"] = _with_parts(keys["mailbox"])
    keys["order"] = _distinct(map(plain_identifier, document.orders[:_MANY]))
    keys["is"] = ("asked",) if document.asks else ()
    keys["extension"] = _distinct(_extensions(document.filenames[:_MANY]))
    return Terms(
        seq=document.seq,
        rank=rank(int(document.at.timestamp()), document.seq),
        texts=_texts(document),
        keys=keys,
        facets={field: _distinct(map(shown, given)) for field, given in values.items()},
    )


def distinct_terms(documents: Iterable[Document]) -> Iterator[Terms]:
    """Yield the terms of each document; raise ``ValueError`` when one write gives a seq twice."""
    given: set[int] = set()
    for document in documents:
        if document.seq in given:
            raise ValueError(f"message {document.seq} is given twice in one write")
        given.add(document.seq)
        yield terms_of(document)


def rank(second: int, seq: int = 0) -> int:
    """Return the place of a message in time: seconds since 1970, then seq, in one unsigned number of 63 bits.

    What lies before 1970 or after 2242 (a forged Date) stands at that end. ``rank(second)`` is a bound for ranges.
    """
    if not 0 <= seq < 1 << _SEQ_BITS:
        raise ValueError(f"an index holds seqs below {1 << _SEQ_BITS}, not {seq}")
    return min(max(second, 0), _SECOND_MAX) << _SEQ_BITS | seq


def second_of(place: float) -> int:
    """Return the second of a message's place in time, also of one that an aggregation has rounded."""
    return int(place) >> _SEQ_BITS


def facets_of(counts: Mapping[str, Counter[str]], ranks: Sequence[int], limit: int) -> Facets:
    """Return the most frequent values of each field, and when the first and the last of these messages were written."""
    return Facets(
        values={
            field: tuple(sorted(count.items(), key=lambda pair: (-pair[1], pair[0]))[:limit])
            for field, count in counts.items()
        },
        first=second_of(min(ranks)) if ranks else None,
        last=second_of(max(ranks)) if ranks else None,
    )


def counted(ranks: Sequence[int], bounds: Sequence[int]) -> tuple[int, ...]:
    """Return how many of some ranks, in order, lie from each of ``bounds``, whole seconds, up to the next."""
    places = [bisect_left(ranks, rank(bound)) for bound in bounds]
    return tuple(stop - start for start, stop in pairwise(places))


def seq_of(ranked: int) -> int:
    """Return the seq in a rank."""
    return ranked & ((1 << _SEQ_BITS) - 1)


def _texts(document: Document) -> dict[str, str]:
    parts = {
        "subject": (document.subject,),
        "from": document.from_[:_MANY],
        "to": document.to[:_MANY],
        "filename": document.filenames[:_MANY],
    }
    read = {field: [analyze(text) for text in texts] for field, texts in parts.items()}
    body = analyze(document.text) if document.analysis is None else document.analysis
    everything = [*read["subject"], body, *read["from"], *read["to"], *read["filename"]]
    given = _distinct(map(plain_identifier, (*document.orders[:_MANY], *document.exact[:_MANY])))
    found = {whole for one in everything for whole in one.wholes}
    texts = {
        field: _joined((one.words for one in ones), (whole for one in ones for whole in one.wholes))
        for field, ones in read.items()
    }
    texts["all"] = _joined((one.words for one in everything), sorted(found.union(given)))
    texts["subject_stem"] = " ".join(one.stems for one in read["subject"])
    texts[VOCABULARY] = " ".join(
        {code for code in given if code.isalpha()}.union(*(one.vocabulary for one in everything))
    )
    texts["stem"] = " ".join(one.stems for one in everything)
    return texts


def _joined(words: Iterable[str], wholes: Iterable[str]) -> str:
    return f" {BREAK} ".join(part for part in (*words, *wholes) if part)


def _distinct(values: Iterable[str]) -> tuple[str, ...]:
    return tuple(dict.fromkeys(value for value in values if value))


def _with_parts(values: tuple[str, ...]) -> tuple[str, ...]:
    """Return addresses with their local part and their domains: ``mailbox:support`` finds support@brand.example."""
    parts = list(values)
    for value in values:
        local, at, host = value.rpartition("@")
        if at:
            parts += [local, *parent_domains(host)]
    return _distinct(parts)


def _has(document: Document) -> tuple[str, ...]:
    flags = {"attachment": document.filenames, "order": document.orders, "tag": document.tags}
    return tuple(flag for flag, values in flags.items() if values)


def _extensions(filenames: Iterable[str]) -> Iterable[str]:
    for filename in filenames:
        if found := _EXTENSION.search(filename.strip()):
            yield fold_value(found[1])
