"""Ways to reach somebody past the marketplace: e-mail addresses and telephone numbers, plainly written or disguised."""

import re
from collections.abc import Collection, Iterator

import phonenumbers

from rules.patterns import Pattern

_MAX = 100
_PLAIN = re.compile(r"(?<![\w.+/-])[\w.+-]{1,64}\s?@\s?[^\W_][\w-]{0,62}(?:\s?\.\s?[^\W_][\w-]{0,62}){1,6}")
_ENDING = (
    r"(?:com|net|org|info|biz|eu|de|fr|it|es|nl|pl|at|ch|be|co\.uk|uk|us|ca|jp|ru|pt|se|shop|store|io|me|cz)"
)
_AT = r"(?:at|ät|@|arroba|chiocciola|małpa|arobase|apenstaartje)"
_DOT = r"(?:\s?[(\[{<]\s?(?:dot|punkt|point|punto|ponto|kropka|\.)\s?[)\]}>]\s?|\s?\.\s?|\s(?:dot|punkt|point|punto|kropka)\s)"
_BRACKETED = re.compile(
    rf"(?<![\w.+-])[\w.+-]{{1,64}}\s?[(\[{{<]\s?{_AT}\s?[)\]}}>]\s?[\w-]{{2,63}}(?:{_DOT}[\w-]{{2,63}}){{0,3}}{_DOT}{_ENDING}(?!\w)",
    re.IGNORECASE,
)
_MAILERS = (
    "gmail|googlemail|gmx|yahoo|hotmail|outlook|icloud|live|proton|protonmail|web|aol|orange|free|laposte|wanadoo|libero|"
    "virgilio|wp|onet|interia|ziggo|kpn|t-online|mail"
)
_SPOKEN = re.compile(
    rf"(?<![\w.+-])[\w.+-]{{2,64}}\s(?:at|ät|arroba|chiocciola|małpa|arobase)\s"
    rf"(?:[\w-]{{2,63}}\s(?:dot|punkt|point|punto|ponto|kropka)\s{_ENDING}|(?:{_MAILERS})\s?(?:\.|\s(?:dot|punkt|point|punto|ponto|kropka)\s)\s?{_ENDING})(?!\w)",
    re.IGNORECASE,
)

_CANDIDATE = re.compile(r"(?<![\w.,/#=&-])(?:\+\s?|\(\+?)?\d[\d ()./\u2013-]{5,30}\d(?![\w€$£%]|[.,/-]\d)")
_SPACED = re.compile(r"(?<!\w)(?:\+\s)?\d(?:[ .-]\d){7,14}(?![\w]|[ .-]\d)")
_DATE = re.compile(
    r"\b(?:\d{1,2}[./-]\d{1,2}[./-](?:\d{4}|\d{2})|\d{4}[./-]\d{1,2}[./-]\d{1,2})\b(?:[ T]\d{1,2}:\d{2})?"
)
_PRICE = re.compile(
    r"(?:[€$£¥]|EUR|USD|GBP|PLN)\s?\d[\d.,' ]{0,14}|\b\d[\d.,' ]{0,14}\s?(?:€|\$|£|EUR|Euro|USD|GBP|PLN|zł|円|kg|g|mm|cm|m)\b"
)
_IBAN = re.compile(r"\b[A-Z]{2}\d{2}(?:\s?[A-Z0-9]{4}){2,7}(?:\s?[A-Z0-9]{1,3})?\b")
_ORDER = re.compile(
    r"(?<![\w-])(?:\d{3}-\d{7}-\d{7}|\d{2}-\d{5}-\d{5}|\d{6}-\d{8}-\d{10}|[A-Z]{1,3}-?\d{2,3}-\d[\d-]{5,20})(?![\w-])"
)
_LABEL_LOOK = 40
_DIGITS = re.compile(r"\d")
_NATIONAL = (
    phonenumbers.PhoneNumberType.MOBILE,
    phonenumbers.PhoneNumberType.TOLL_FREE,
    phonenumbers.PhoneNumberType.FIXED_LINE_OR_MOBILE,
)


def addresses_in(text: str, own: Collection[str]) -> Iterator[str]:
    """Yield e-mail addresses as written, but for those in ``own`` and those below a domain in it (``@amazon.de``)."""
    count = 0
    for pattern in (_PLAIN, _BRACKETED, _SPOKEN):
        for match in pattern.finditer(text):
            words = match.group().strip(".")
            bare = re.sub(r"\s", "", words).lower()
            host = bare.rpartition("@")[2]
            if bare in own or any(
                f"@{host}".endswith((f"@{one[1:]}", f".{one[1:]}")) for one in own if one[0] == "@"
            ):
                continue
            if pattern is _PLAIN and not host.rpartition(".")[2].isalpha():
                continue
            yield words
            count += 1
            if count == _MAX:
                return


def phones_in(
    text: str, regions: Collection[str], known: Collection[str], phone: Pattern | None, number: Pattern | None
) -> Iterator[str]:
    """Yield telephone numbers as written: any after a ``+``, and the national ones of ``regions``.

    ``known`` are numbers that are something else. ``phone`` and ``number`` find the words that announce one, or another
    kind of number.
    """
    if _DIGITS.search(text) is None:
        return
    masked = _masked(text, known)
    spans: list[tuple[int, int]] = []
    for pattern in (_CANDIDATE, _SPACED):
        for match in pattern.finditer(masked):
            if len(spans) == _MAX or any(start < match.end() and match.start() < end for start, end in spans):
                continue
            before = masked[max(0, match.start() - _LABEL_LOOK) : match.start()].rpartition("\n")[2]
            if _is_phone(
                match.group(), regions, _announced(before, phone, number), spaced=pattern is _SPACED
            ):
                spans.append(match.span())
                yield match.group().strip()


def _masked(text: str, known: Collection[str]) -> str:
    for value in known:
        if len(value) > 5:
            text = text.replace(value, "x" * len(value))
    for pattern in (_ORDER, _IBAN, _DATE, _PRICE):
        text = pattern.sub(lambda match: "x" * len(match.group()), text)
    return text


def _announced(before: str, phone: Pattern | None, number: Pattern | None) -> str:
    """Return "phone" or "number" by the nearest word before, or an empty string."""
    at_phone = max((m.start() for m in phone.finditer(before)), default=-1) if phone else -1
    at_number = max((m.start() for m in number.finditer(before)), default=-1) if number else -1
    if at_phone < 0 and at_number < 0:
        return ""
    # "phone number 0171": both words, and a telephone all the same
    return "phone" if at_phone >= 0 and at_phone >= at_number - 20 else "number"


def _is_phone(words: str, regions: Collection[str], announced: str, *, spaced: bool) -> bool:
    digits = "".join(filter(str.isdigit, words))
    if not 7 <= len(digits) <= 15:
        return False
    if words.startswith(("+", "(+")) or digits.startswith("00"):
        return _valid("+" + digits.lstrip("0"), None) is not None
    if announced == "number":
        return False
    kinds = [kind for region in regions if (kind := _valid(digits, region)) is not None]
    if announced == "phone":
        return bool(kinds) or 9 <= len(digits) <= 12
    if spaced:
        return bool(kinds) and digits.startswith("0")
    if any(separator in words for separator in " ()/.-\u2013"):
        return bool(kinds) and (digits.startswith("0") or len(words) - len(digits) >= 2)
    return digits.startswith("0") and any(kind in _NATIONAL for kind in kinds)


def _valid(words: str, region: str | None) -> int | None:
    """Return a number's type, or None where it is none."""
    try:
        parsed = phonenumbers.parse(words, region)
    except phonenumbers.NumberParseException:
        return None
    return phonenumbers.number_type(parsed) if phonenumbers.is_valid_number(parsed) else None
