"""The language that a request is answered in: English as the pages are written, or a catalogue's. Pages, words and errors alike.

A request has one from its beginning; whatever runs for it, threads too, finds it here.
"""

import gettext as catalogues
import io
from contextvars import ContextVar
from functools import cache
from importlib.resources import files

from babel import Locale, negotiate_locale
from babel.messages.mofile import write_mo
from babel.messages.pofile import read_po

LANGUAGES = ("en", "fr", "de")
_spoken: ContextVar[str] = ContextVar("spoken", default="en")


def speak(language: str) -> None:
    """Answer this request in one of the LANGUAGES; any other is English."""
    _spoken.set(language if language in LANGUAGES else "en")


def spoken() -> str:
    """Return the language of this request."""
    return _spoken.get()


def locale() -> Locale:
    """Return how dates and numbers are written in it."""
    return _locale(_spoken.get())


def wanted(accept_language: str) -> str:
    """Return the best language for what a browser asks for (RFC 9110 section 12.5.4).

    >>> wanted("fr-CH, fr;q=0.9, en;q=0.8"), wanted("ja, de;q=0.5"), wanted("*"), wanted("")
    ('fr', 'de', 'en', 'en')
    """
    asked: list[tuple[float, str]] = []
    for part in accept_language[:1000].split(","):
        name, _, quality = part.strip().partition(";q=")
        try:
            weight = float(quality or 1)
        except ValueError:
            continue
        if name and name != "*" and weight > 0:
            asked.append((-weight, name))
    preferred = [name for _, name in sorted(asked, key=lambda pair: pair[0])]
    return negotiate_locale(preferred, list(LANGUAGES), sep="-") or "en"


def _(text: str) -> str:
    """Return a text of ours in the language of this request."""
    return _catalogue(_spoken.get()).gettext(text) if text else ""


def ngettext(one: str, many: str, count: int) -> str:
    """Return the text for so many."""
    return _catalogue(_spoken.get()).ngettext(one, many, count)


def marked(text: str) -> str:
    """Return a text as it stands: it is told the catalogues here, and put into the request's language where it is shown."""
    return text


@cache
def _locale(language: str) -> Locale:
    return Locale.parse(language)


@cache
def _catalogue(language: str) -> catalogues.NullTranslations:
    if language == "en":
        return catalogues.NullTranslations()
    with (files("gateway") / "languages" / f"{language}.po").open("rb") as file:
        read = read_po(file, locale=language)
    compiled = io.BytesIO()
    write_mo(compiled, read)
    compiled.seek(0)
    return catalogues.GNUTranslations(compiled)
