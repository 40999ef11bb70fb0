"""Lines of a TOML text: every place is found where a person sees it."""

import tomllib

from hypothesis import given
from hypothesis import strategies as st

from rules.lines import line_of, places_of

TEXT = '''# first
title = """a
[[rule]]
b"""
[[rule]]
name = "x#y" # not 'a' comment
when = { a.b = 1.5, list = [
    [1, 2], # two
    { deep = "]}" },
  ], after = 2026-01-01T10:00:00Z }
[rule.sub."od.d"]
k = 'v'
[[rule]]
"quoted \\" key" = 1
[[rule.then]]
do = "a"
[[rule.then]]
do = "b"
[other]
x.y = {}
'''
LINES = {
    ("title",): 2, ("rule",): 5, ("rule", 0): 5, ("rule", 0, "name"): 6, ("rule", 0, "when"): 7, ("rule", 0, "when", "a", "b"): 7,
    ("rule", 0, "when", "list", 0): 8, ("rule", 0, "when", "list", 0, 1): 8, ("rule", 0, "when", "list", 1, "deep"): 9,
    ("rule", 0, "when", "after"): 10, ("rule", 0, "sub", "od.d"): 11, ("rule", 0, "sub", "od.d", "k"): 12, ("rule", 1): 13,
    ("rule", 1, 'quoted " key'): 14, ("rule", 1, "then", 0, "do"): 16, ("rule", 1, "then", 1): 17, ("other", "x", "y"): 20,
}  # fmt: skip


def test_every_place_has_its_line():
    places = places_of(TEXT)
    assert {path: places.get(path) for path in LINES} == LINES


def test_what_has_no_line_has_that_of_what_is_around_it():
    assert line_of(places_of(TEXT), ("rule", 1, "then", 1, "missing", 3)) == 17
    assert line_of({}, ("rule",)) == 0


def paths_in(value, path=()):
    if isinstance(value, dict):
        for name, inner in value.items():
            yield (*path, name)
            yield from paths_in(inner, (*path, name))
    elif isinstance(value, list):
        for number, inner in enumerate(value):
            yield (*path, number)
            yield from paths_in(inner, (*path, number))


def test_every_path_of_what_the_standard_reader_sees_is_known():
    known = places_of(TEXT)
    missing = [path for path in paths_in(tomllib.loads(TEXT)) if path not in known]
    assert missing == []


@given(st.text(alphabet="[]{}=,.\"'#\\\n ab1", max_size=80))
def test_no_text_makes_it_raise(text):
    assert places_of(text) is not None
