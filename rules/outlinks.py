"""Where a text wants to lead its reader: links, bare domains, and domains written so that no filter sees them."""

import re
from collections.abc import Iterable, Iterator

from rules.senders import within

# Endings that shops have. Country codes are any two letters but those below.
_GENERIC = (
    "com net org info biz shop store online site eu website app dev io xyz club link live life world today space top vip "
    "page click gmbh berlin koeln hamburg wien bayern paris amsterdam london cat boutique gift deals sale fashion buzz"
)
_COUNTRY = (
    "ac ae at au be bg br by ca cc ch cl cn co cz de dk ee es fi fr gg gl gr hk hr hu id ie il in ir is it jp kr lt lu lv "
    "ly ma md me mx my nl no nu nz pe ph pk pl pt ro rs ru sa se sg si sk so su th tk to tr tv tw ua uk us uy vn ws za"
)
# Endings that are words too, or units, or files' names: "sent.it", "angekommen.es", "notes.md". They need more to count.
_WORDS = frozenset(
    "at be by ca ch co es gr hr id in is it ly ma md me my no se si so su to tv us ac ae pe".split()  # noqa: SIM905
)
_ENDINGS = frozenset(f"{_GENERIC} {_COUNTRY} рф".split())
_SURE = "com|net|org|info|biz|shop|store|online|eu|de|fr|nl|pl|co\\.uk"
_SHOP = re.compile(r"shop|store|outlet|market|laden|tienda|negozio|boutique|sklep|winkel|\d")
_CUE = re.compile(
    r"(?:visit|website|web\s?site|site|web|shop|store|homepage|online|seite|unter|auf|besuch\w*|sur|chez|visitez|boutique|"
    r"tienda|visite|su|visita\w*|sito|negozio|op|bezoek|winkel|na|strona|stronie|sklep\w*|odwied\w*|at|on|www)\W{1,3}$",
    re.IGNORECASE,
)
_URL = re.compile(
    r"\b(?:h(?:tt|xx)ps?|ftp)\s?:\s?(?://|\\\\)\s?(?:[^\s/@<>\"']{1,100}@)?([^\s/<>\"'?#:)]{1,253})[^\s<>\"']{0,500}",
    re.IGNORECASE,
)
_BARE = re.compile(
    r"(?<![\w@./=&?:+-])((?:[^\W_](?:[\w-]{0,61}[^\W_])?\.){1,5})([^\W\d_]{2,12})(?![\w@-]|\.\w)(/[^\s<>\"']{0,500}|(?=\W|$))"
)
_DOT = r"(?:dot|punkt|point|punto|ponto|kropka|\.)"
_BRACKETED = re.compile(
    rf"(?<![\w@-])([\w-]{{2,63}})\s?[(\[{{<]\s?{_DOT}\s?[)\]}}>]\s?([^\W\d_]{{2,12}})(?![\w-])", re.IGNORECASE
)
_SPOKEN = re.compile(
    rf"(?<![\w@-])([\w-]{{2,63}})\s(?:dot|punkt|kropka)\s({_SURE})(?![\w-])"
    r"|(?<![\w@-])([\w-]{2,63})\s(?:point|punto|ponto)\s(com|net|org)(?![\w-])"
    r"|(?<![\w@-])([\w-]{2,63})\s\.\s?(com|net|org)(?![\w-])",
    re.IGNORECASE,
)
# Letters that look like Latin ones: a domain that holds some is not what it seems.
_LOOKALIKES = str.maketrans("асеорхуіјѕһԁɡ", "aceopxyijshdg")
_MAX = 200


def outside_links(text: str, allowed: Iterable[str]) -> Iterator[str]:
    """Yield what leads elsewhere, as written. ``allowed`` are domains, each with what is below it."""
    known = tuple(allowed)
    for number, (words, host) in enumerate(_links(text)):
        if number == _MAX:
            return
        if not within(host, known):
            yield words


def outside_targets(targets: Iterable[str], allowed: Iterable[str]) -> Iterator[str]:
    """Yield the targets of HTML links that lead elsewhere, whatever the text on them says."""
    known = tuple(allowed)
    for target in targets:
        stripped = re.sub(r"[\s\x00-\x1f]", "", target)
        scheme, colon, rest = stripped.partition(":")
        if colon and scheme.lower() in {"mailto", "tel", "cid", "sms", "data"}:
            continue
        if stripped.startswith(("#", "?")) or not stripped:
            continue
        if colon and scheme.isalnum() and not rest.startswith("//"):
            yield target[:200]  # whatsapp:, tg:, javascript: lead out of the marketplace in any case
            continue
        if "//" in stripped and not within(host_of(stripped), known):
            yield target[:200]


def host_of(url: str) -> str:
    """Return the host a link leads to.

    >>> host_of("https://amazon.de@shop.example:8080/x")
    'shop.example'
    """
    rest = url.partition("//")[2].replace("\\", "/")
    authority = re.split(r"[/?#]", rest, maxsplit=1)[0]
    return authority.rpartition("@")[2].partition(":")[0].lower().rstrip(".")


def _links(text: str) -> Iterator[tuple[str, str]]:
    taken: list[tuple[int, int]] = []
    for match in _URL.finditer(text):
        taken.append(match.span())
        yield match.group().rstrip(".,;:!)"), match.group(1).lower().rstrip(".")
    for match in _BARE.finditer(text):
        if any(start <= match.start() < end for start, end in taken):
            continue
        host = match.group(1).lower() + match.group(2).lower()
        if _is_domain(text, match, host):
            yield match.group().rstrip(".,;:!)"), host
    for pattern in (_BRACKETED, _SPOKEN):
        for match in pattern.finditer(text):
            label, ending = (one for one in match.groups() if one)
            if ending.lower().rpartition(".")[2] in _ENDINGS and not label.isdigit():
                yield match.group(), f"{label}.{ending}".lower()


def _is_domain(text: str, match: re.Match[str], host: str) -> bool:
    labels, ending = match.group(1), match.group(2)
    if host.startswith("www."):
        return True
    plain = ending.translate(_LOOKALIKES)
    if plain.lower() not in _ENDINGS:
        return False
    if not ending.islower() and not (labels.isupper() and ending.isupper()):
        return False  # "bestellt.Es", "Co.KG": a full stop without its space
    last = host.rsplit(".", 2)[-2]
    if len(last) < 2 or not any(letter.isalpha() for letter in last):
        return False
    if match.group(3) or plain.lower() not in _WORDS:
        return True
    return bool(_SHOP.search(host) or _CUE.search(text[max(0, match.start() - 30) : match.start()]))
