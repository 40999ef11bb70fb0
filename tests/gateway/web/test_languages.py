"""Every word of ours is in every language: catalogues without a hole, and pages on which nothing is left in English."""

import re
from html.parser import HTMLParser
from importlib.resources import files

import pytest
from babel.messages.extract import extract_from_dir
from babel.messages.pofile import read_po

from gateway import tongue
from gateway.tongue import LANGUAGES, speak
from tests.gateway.web.test_accessible import _PATHS, furnish
from tests.small_house import serving

METHODS = [("web/templates/**.html", "jinja2.ext:babel_extract"), ("**.py", "python")]
KEYWORDS = {"_": None, "marked": None, "ngettext": (1, 2), "QueryError": (1,)}
NAMED = re.compile(r"%\((\w+)\)s")
OTHERS = [one for one in LANGUAGES if one != "en"]


@pytest.fixture(scope="module")
def texts():
    """Every text of ours as the programs hold it: one, or one and many."""
    return {
        message
        for part in ("gateway", "index")
        for _, _, message, _, _ in extract_from_dir(str(files(part)), METHODS, keywords=KEYWORDS)
    }


@pytest.mark.parametrize("language", OTHERS)
def test_a_catalogue_has_every_text_and_no_other(texts, language):
    with (files("gateway") / "languages" / f"{language}.po").open("rb") as file:
        catalogue = read_po(file, locale=language)
    had = {
        message.id if isinstance(message.id, str) else tuple(message.id): message
        for message in catalogue
        if message.id
    }
    assert sorted(map(str, texts - had.keys())) == []
    assert sorted(map(str, had.keys() - texts)) == []
    wrong = []
    for id_, message in had.items():
        said = (message.string,) if isinstance(message.string, str) else message.string
        named = set(NAMED.findall(id_ if isinstance(id_, str) else id_[1]))
        if message.fuzzy or not all(said) or any(set(NAMED.findall(one)) - named for one in said):
            wrong.append(id_)
        if isinstance(id_, str) and (set(NAMED.findall(said[0])) != named or _edges(id_) != _edges(said[0])):
            wrong.append(id_)
        if any("%" in NAMED.sub("", one).replace("%%", "") for one in said) and named:
            wrong.append(id_)
    assert wrong == []


def _edges(text):
    return text[:1] == " ", text[-1:] == " "


class _Pseudo:
    """A language in which every text stands in brackets, so that a page shows what is not translated."""

    def gettext(self, text):
        return text if text == "d h min s" else f"⟦{text}⟧"  # which is taken apart

    def ngettext(self, one, many, count):
        return f"⟦{one if count == 1 else many}⟧"


_SILENT = {"title", "script", "style", "code", "pre", "kbd", "bdi", "time", "svg", "textarea"}
_VOID = {"meta", "link", "input", "br", "img", "hr", "rect", "path"}


class _Words(HTMLParser):
    """The words of a page that people read and that stand in no brackets; what others wrote is left out."""

    def __init__(self):
        super().__init__(convert_charrefs=True)
        self.stack, self.found, self.depth = [], [], 0

    def handle_starttag(self, tag, attrs):
        known = dict(attrs)
        for name in ("aria-label", "title", "placeholder", "alt"):
            self._take(known.get(name) or "")
        if tag not in _VOID:
            silent = tag in _SILENT or bool(
                {"mono", "chip", "order", "text", "note", "subject", "words", "who", "reply", "snippet"}
                & set((known.get("class") or "").split())
            )
            self.stack.append((tag, silent))

    def handle_endtag(self, tag):
        while self.stack and self.stack.pop()[0] != tag:
            pass

    def handle_data(self, data):
        before = len(self.found)
        self._take(data)
        if any(silent for _, silent in self.stack):
            del self.found[before:]

    def _take(self, text):
        """Take what stands outside of brackets, which may hold others, and elements, too."""
        out = []
        for char in text:
            self.depth += (char == "⟦") - (char == "⟧")
            if self.depth == 0 and char != "⟧":
                out.append(char)
        self.found.append("".join(out))


ENGLISH = re.compile(
    r"\b(the|of|and|to|is|are|no|not|by|for|with|you|your|it|in|from|was|has|nothing|never|yet|or|on|an|this|that|entry|message|messages|due|since|late|held|take|show|add)\b",
    re.IGNORECASE,
)


@pytest.fixture(scope="module")
def furnished(tmp_path_factory):
    with serving(furnish(tmp_path_factory.mktemp("furnished"))) as served:
        yield served


@pytest.fixture(scope="module")
def reader(furnished):
    with furnished.client() as browser:
        browser.headers["accept-language"] = "fr"
        yield browser


@pytest.mark.parametrize("path", [*_PATHS, "/?q=tag:damage"])
def test_nothing_of_ours_is_left_in_english(furnished, reader, monkeypatch, path):
    monkeypatch.setattr(tongue, "_catalogue", lambda _: _Pseudo())
    page = _Words()
    page.feed(reader.get(path.format(**furnished.seqs)).text)
    left = sorted({text.strip() for text in page.found if ENGLISH.search(text)})
    assert left == []


@pytest.mark.parametrize("language", OTHERS)
def test_numbers_dates_and_spans_are_written_as_in_that_language(language):
    from datetime import UTC, datetime, timedelta

    from gateway.web.render import moment, number, size, span

    speak(language)
    try:
        at = datetime(2026, 3, 9, 14, 5, tzinfo=UTC)
        shown = moment(at, UTC)
        assert {"fr": "9 mars 2026 14:05", "de": "9. März 2026 14:05"}[language] in shown
        assert number(1234567) == {"fr": "1\u202f234\u202f567", "de": "1.234.567"}[language]
        assert size(3_500_000) == {"fr": "3,3 Mo", "de": "3,3 MB"}[language]
        assert span(timedelta(days=2, hours=3)) == {"fr": "2 j 3 h", "de": "2 T 3 Std"}[language]
    finally:
        speak("en")
