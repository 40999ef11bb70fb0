"""Charts are drawings and words: nothing in them runs, loads or styles itself, whatever the names in them are."""

from xml.etree import ElementTree as ET

import pytest

from gateway.figures.charts import charts_of
from gateway.figures.gathering import month_figures
from gateway.figures.month import Gathered, figures_of
from gateway.figures.period import month_named
from gateway.figures.tables import tables_of
from tests.gateway.figures.test_figures import BERLIN, T0, clock

SVG = "{http://www.w3.org/2000/svg}"
PERIOD = month_named("2026-11", BERLIN)
HOSTILE = '<script>alert(1)</script>"onload=x \x00\x1b[2J\ud800\u202e\ufffe =cmd'


@pytest.fixture(scope="module")
def drawn(month):
    with month.store.read() as conn:
        tables = tables_of(month_figures(conn, PERIOD, month.clock.now()))
    return tables, charts_of(tables)


def test_each_chart_says_in_words_what_it_shows(drawn):
    tables, charts = drawn
    assert {"marketplaces", "agents", "weeks", "spread", "days"} <= charts.keys()
    for name, svg in charts.items():
        root = ET.fromstring(svg)
        ids = {one.get("id"): one.text for one in root.iter() if one.get("id")}
        assert root.get("role") == "img"
        title, desc = (ids[one] for one in root.get("aria-labelledby").split())
        assert title == tables[name].title
        assert desc.endswith("The table beneath has the same figures.")
    assert "ben: 0 within 24 h, 1 later" in charts["agents"]


def test_series_differ_in_pattern_and_no_id_stands_twice_on_the_page(drawn):
    _, charts = drawn
    ids = [one.get("id") for svg in charts.values() for one in ET.fromstring(svg).iter() if one.get("id")]
    assert len(ids) == len(set(ids))
    root = ET.fromstring(charts["weeks"])
    fills = {
        one.get("class"): one.get("fill")
        for one in root.iter(f"{SVG}rect")
        if "fill-" in one.get("class", "")
    }
    assert len(set(fills.values())) == len(fills) == 4
    for fill in filter(None, fills.values()):
        assert fill.removeprefix("url(#").removesuffix(")") in ids


def test_few_bars_are_no_wider_than_many(drawn):
    _, charts = drawn
    widths = {
        name: max(
            float(one.get("width"))
            for one in ET.fromstring(charts[name]).iter(f"{SVG}rect")
            if "fill-" in one.get("class", "") and float(one.get("height")) > 12  # no sign of the legend
        )
        for name in ("weeks", "spread")
    }
    assert max(widths.values()) < 100


def test_nothing_in_a_chart_runs_loads_or_styles_itself(drawn):
    for svg in drawn[1].values():
        root = ET.fromstring(svg)
        tags = {one.tag.removeprefix(SVG) for one in root.iter()}
        assert tags <= {"svg", "title", "desc", "defs", "pattern", "g", "rect", "path", "text"}
        attributes = {name for one in root.iter() for name in one.attrib}
        assert not {name for name in attributes if name.startswith("on") or name in {"style", "href"}}
        assert "<!--" not in svg


def test_hostile_names_are_words():
    row = clock(1, T0, stopped=T0, by=2)
    found = Gathered(
        replies=(row,), writers={2: HOSTILE}, deadlines=(), mails=(), bounced=0, tags={HOSTILE: 3}, findings={}, watched={}
    )  # fmt: skip
    charts = charts_of(tables_of(figures_of(found, PERIOD, T0)))
    for name in ("agents", "tags"):
        root = ET.fromstring(charts[name])
        assert not list(root.iter(f"{SVG}script"))
        assert "<script" not in charts[name]


def test_a_month_in_which_nothing_happened_has_no_charts():
    empty = Gathered(
        replies=(), writers={}, deadlines=(), mails=(), bounced=0, tags={}, findings={}, watched={}
    )
    assert charts_of(tables_of(figures_of(empty, PERIOD, T0))) == {}
