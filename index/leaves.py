"""What one word, phrase or ``field:value`` of a query looks for."""

import re
from datetime import UTC, date, datetime, timedelta, tzinfo
from typing import Final

from index.analyzer import chunks, folded, is_cjk, query_identifier, query_words
from index.folding import fold_value
from index.identifiers import identifier, plain_identifier
from index.stems import stem
from index.syntax import QueryError, Token
from index.tree import Fuzzy, Leaf, Prefix, Sequence, Span, Term

FIELDS: Final = {
    "subject": "subject", "from": "from", "to": "to", "filename": "filename",
    "order": "order", "tag": "tag", "marketplace": "marketplace", "agent": "agent", "mailbox": "mailbox",
    "assigned": "tag", "folder": "tag", "retention": "tag",
    "in": "direction", "kind": "kind", "has": "has", "auth": "auth",
    "asin": "all", "id": "all", "exact": "all", "tracking": "all",
    "link": "confidence", "is": "", "due": "",
    "before": "", "after": "", "on": "",
}  # fmt: skip
_TEXTS = ("subject", "from", "to", "filename")
_IDENTIFIERS = ("order", "asin", "id", "exact", "tracking")
_TAGGED = ("assigned", "folder", "retention")
_CHOICES = {
    "in": ("inbound", "outbound", "internal"),
    "has": ("attachment", "order", "tag"),
    "auth": ("pass", "fail", "none", "unchecked"),
    "link": ("certain", "likely", "possible", "none"),
}
_STEMS = {"all": "stem", "subject": "subject_stem"}
_VOCABULARIES = {"all": "vocabulary"}
_PREFIX_CHARS = 2
_FUZZY_CHARS = 4
_DAY = re.compile(r"(\d{4})-(\d{2})-(\d{2})")
_MOMENT = re.compile(r"\d{4}-\d{2}-\d{2}[Tt]\d{2}:\d{2}(:\d{2})?([Zz]|[+-]\d{2}:\d{2})?")
_YEARS = (1970, 2200)


def leaf_of(token: Token, tz: tzinfo) -> Leaf:
    """Return what a token looks for; bare dates are days in ``tz``. Raise ``QueryError`` with what to write instead."""
    quoted = token.kind == "quoted"
    scope = token.scope
    if scope and scope not in FIELDS:
        raise QueryError(
            "There is no field “%(scope)s”; there are %(known)s. To search for the text itself, put it in quotation marks",
            token.column,
            scope=scope,
            known=", ".join(FIELDS),
        )
    if scope in ("before", "after", "on"):
        return _span(token, tz)
    if scope and scope not in _TEXTS:
        return _key(token)
    if quoted:
        return _phrase(token, f'"{token.text}"')
    return _word(token)


def _source(token: Token, text: str) -> str:
    return f"{token.scope}:{text}" if token.scope else text


def _word(token: Token) -> Leaf:
    field = FIELDS.get(token.scope, "all")
    source = _source(token, token.text)
    text, mark = token.text, ""
    if token.scope == "filename" and text.startswith("*.") and text[2:].isalnum():
        return Term(source=source, field="extension", term=fold_value(text[2:]))
    if text[-1] in "*~":
        text, mark = text[:-1], text[-1]
    if "*" in text or "~" in text:
        raise QueryError(
            "“*” and “~” may stand only at the end of a word, as in refund* or refnud~", token.column
        )
    found = chunks(text)
    if not found:
        raise QueryError(
            "“%(text)s” holds no letter or digit to search for; leave it out", token.column, text=token.text
        )
    if mark and len(found) > 1:
        raise QueryError(
            "“%(mark)s” follows a single word, as in refund%(mark2)s", token.column, mark=mark, mark2=mark
        )
    if mark and not is_cjk(found[0]):
        return _marked(token, source, field, folded(found[0]), mark)
    return _plain(token, source, field, text)


def _plain(token: Token, source: str, field: str, text: str) -> Leaf:
    """Return a bare word: an identifier, a stem, or the words of a compound in a row."""
    if whole := query_identifier(text):
        return Term(source=source, field=field, term=whole)
    words = query_words(text)
    if len(words) == 1 and not is_cjk(words[0]) and field in _STEMS:
        return Term(source=source, field=_STEMS[field], term=stem(words[0]))
    return _row(token, source, field, words)


def _phrase(token: Token, text: str) -> Leaf:
    words = query_words(token.text)
    source = _source(token, text)
    return _row(token, source, FIELDS.get(token.scope, "all"), words)


def _row(token: Token, source: str, field: str, words: tuple[str, ...]) -> Leaf:
    if not words:
        raise QueryError(
            "“%(text)s” holds no letter or digit to search for; leave it out", token.column, text=token.text
        )
    if len(words) > 1:
        return Sequence(source=source, field=field, terms=words)
    if len(words[0]) == 1 and is_cjk(words[0]):  # every such letter begins a pair or stands alone
        return Prefix(source=source, field=field, prefix=words[0])
    return Term(source=source, field=field, term=words[0])


def _marked(token: Token, source: str, field: str, word: str, mark: str) -> Leaf:
    simple = word.isalnum()
    if mark == "~":
        if not simple or len(word) < _FUZZY_CHARS:
            raise QueryError(
                "“~” finds misspellings of one word of %(fuzzy_chars)s letters or more",
                token.column,
                fuzzy_chars=_FUZZY_CHARS,
            )
        return Fuzzy(source=source, field=_VOCABULARIES.get(field, field), term=word)
    if not simple and "@" not in word and "." not in word:
        code = identifier(f"{word}-00000")  # as the whole number would be read
        if code is None or not word[0].isdigit():
            raise QueryError(
                "“*” follows a single word or the beginning of a number or address", token.column
            )
        word = word.replace("-", "")
    if len(word) < _PREFIX_CHARS:
        raise QueryError(
            "Write at least %(prefix_chars)s letters before “*”", token.column, prefix_chars=_PREFIX_CHARS
        )
    return Prefix(
        source=source, field=_VOCABULARIES.get(field, field) if word.isalpha() else field, prefix=word
    )


def _key(token: Token) -> Leaf:
    """Return a whole value: a tag, an agent, an order ID, with ``*`` for what begins so."""
    field = FIELDS[token.scope]
    read = plain_identifier if token.scope in _IDENTIFIERS else fold_value
    starred = token.kind == "word" and token.text.endswith("*")
    value = read(token.text[:-1] if starred else token.text)
    if not value:
        raise QueryError(
            "Write what to look for directly after “%(scope)s:”", token.column, scope=token.scope
        )
    choices = _CHOICES.get(token.scope)
    if choices and (starred or value not in choices):
        raise QueryError(
            "“%(scope)s:” takes %(known)s", token.column, scope=token.scope, known=", ".join(choices)
        )
    if token.scope in _TAGGED:
        value = f"{token.scope}:{value}"  # kept as a tag of that form
    source = _source(token, f'"{token.text}"' if token.kind == "quoted" else token.text)
    if starred:
        if len(value) < _PREFIX_CHARS:
            raise QueryError(
                "Write at least %(prefix_chars)s letters before “*”", token.column, prefix_chars=_PREFIX_CHARS
            )
        return Prefix(source=source, field=field, prefix=value)
    return Term(source=source, field=field, term=value)


def _span(token: Token, tz: tzinfo) -> Leaf:
    """Return a range of time: ``after`` includes its day, ``before`` does not, ``on`` is the day itself."""
    source = _source(token, f'"{token.text}"' if token.kind == "quoted" else token.text)
    told = {"scope": token.scope, "first": _YEARS[0], "last": _YEARS[1]}
    wrong = (
        QueryError(
            "“%(scope)s:” takes a day such as 2026-01-31 (%(first)s to %(last)s)", token.column, **told
        )
        if token.scope == "on"
        else QueryError(
            "“%(scope)s:” takes a day such as 2026-01-31 (%(first)s to %(last)s) or a time such as 2026-01-31T14:30",
            token.column,
            **told,
        )
    )
    try:
        if day := _DAY.fullmatch(token.text):
            first = date(int(day[1]), int(day[2]), int(day[3]))
            start = datetime(first.year, first.month, first.day, tzinfo=tz)
            if token.scope == "on":
                after = first + timedelta(days=1)
                end = datetime(after.year, after.month, after.day, tzinfo=tz)
                if not _YEARS[0] <= first.year <= _YEARS[1]:
                    raise wrong
                return Span(source=source, since=_second(start), until=_second(end))
        elif _MOMENT.fullmatch(token.text) and token.scope != "on":
            start = datetime.fromisoformat(token.text.upper())
            start = start if start.tzinfo else start.replace(tzinfo=tz)
        else:
            raise wrong
    except (ValueError, OverflowError):
        raise wrong from None
    if not _YEARS[0] <= start.year <= _YEARS[1]:
        raise wrong
    if token.scope == "after":
        return Span(source=source, since=_second(start))
    return Span(source=source, until=_second(start))


def _second(moment: datetime) -> int:
    return int(moment.astimezone(UTC).timestamp())
