"""Charts as SVG, drawn here: told apart by pattern as well as colour, with words for those who do not see them. Pure.

pygal draws. What it would bring along that a page must not have, its scripts, styles and tooltips, is taken out by its own
filter before anything is written; colours are the page's, by class.
"""

import sys
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

import pygal
from pygal.etree import etree  # lxml or the standard library, as pygal chose
from pygal.style import Style

from gateway.figures.tables import Table, shown_name
from gateway.mail.visible import visible
from gateway.tongue import _, marked, spoken

# pygal hooks itself into every import, to find maps in other packages; Python warns of hooks of that kind.
sys.meta_path[:] = [one for one in sys.meta_path if not isinstance(one, pygal.PluginImportFixer)]

_SVG = "{http://www.w3.org/2000/svg}"
_WIDTH, _TALL, _LINE = 720, 250, 26
_LABEL = 26  # letters of a row's name that are drawn
_SHOWN = 31  # rows; the table beneath has them all
_FEWEST = 8  # places for standing bars: few bars leave some of them empty, and are no wider for it
# Only to reckon with: how large letters are is the page's to say, and must not be more.
_STYLE = Style(label_font_size=12, major_label_font_size=12, legend_font_size=12)
_NOT_XML = dict.fromkeys([*range(32), *range(0xD800, 0xE000), 0xFFFE, 0xFFFF], "\ufffd")
_DROPPED = frozenset({"defs", "script", "style", "desc", "title"})
# What each pattern is made of, in a square of 8; the first series is plain.
_PATTERNS = ("", "M-2,2 l4,-4 M0,8 l8,-8 M6,10 l4,-4", "M4,0 v8", "M1,1 h2 v2 h-2 z M5,5 h2 v2 h-2 z")


@dataclass(frozen=True, slots=True, kw_only=True)
class Series:
    """One colour of a chart: which column of the table it shows, and how it is called."""

    column: str
    title: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Chart:
    """What a chart shows of a table; ``lying`` bars have their names beside them, standing ones beneath."""

    table: str
    series: tuple[Series, ...]
    lying: bool = False


_ANSWERS = (
    Series(column="within_24h", title=marked("within 24 h")),
    Series(column="later", title=marked("later")),
    Series(column="overdue", title=marked("open, over 24 h")),
    Series(column="open", title=marked("open, under 24 h")),
)
_MAIL = (Series(column="received", title=marked("received")), Series(column="sent", title=marked("sent")))
CHARTS = (
    Chart(table="marketplaces", series=_ANSWERS, lying=True),
    Chart(table="agents", series=_ANSWERS[:2], lying=True),
    Chart(table="weeks", series=_ANSWERS),
    Chart(table="spread", series=(Series(column="answers", title=marked("answers")),)),
    Chart(table="days", series=_MAIL),
    Chart(
        table="claims",
        series=(
            Series(column="in_time", title=marked("met in time")),
            Series(column="late", title=marked("met late")),
            Series(column="overdue", title=marked("overdue")),
            Series(column="open", title=marked("open")),
        ),
        lying=True,
    ),
    Chart(table="tags", series=(Series(column="messages", title=marked("messages")),), lying=True),
)


def charts_of(tables: dict[str, Table]) -> dict[str, str]:
    """Return the charts of a month by their tables' names; a table without a number above zero has none."""
    found = {chart.table: _drawn(tables[chart.table], chart, spoken()) for chart in CHARTS}
    return {name: svg for name, svg in found.items() if svg}


@lru_cache(maxsize=256)
def _drawn(table: Table, chart: Chart, language: str) -> str:  # noqa: ARG001 - its words are the language's
    places = {column.name: at for at, column in enumerate(table.columns)}
    rows = [
        row for row in table.rows if not chart.lying or any(row[places[one.column]] for one in chart.series)
    ][:_SHOWN]
    values = {_(one.title): [_count(row[places[one.column]]) for row in rows] for one in chart.series}
    if not any(map(any, values.values())):
        return ""
    names = [visible(shown_name(table, row[0])).translate(_NOT_XML) for row in rows]
    kind = pygal.HorizontalStackedBar if chart.lying else pygal.StackedBar
    drawing = kind(
        css=[],
        style=_STYLE,
        js=[],
        disable_xml_declaration=True,
        width=_WIDTH,
        height=_LINE * len(rows) + 70 if chart.lying else _TALL,
        margin=6,
        spacing=4,
        max_scale=6,
        min_scale=1,
        order_min=0,
        show_legend=len(values) > 1,
        legend_at_bottom=True,
        legend_at_bottom_columns=len(values),
        truncate_legend=-1,
        truncate_label=_LABEL,
        value_formatter=lambda number: f"{number:g}",
        show_x_guides=False,
    )
    empty = 0 if chart.lying else max(0, _FEWEST - len(rows))
    drawing.x_labels = [name[8:] if table.name == "days" else name for name in names] + [""] * empty
    for title, numbers in values.items():
        drawing.add(title, [*numbers, *[None] * empty])
    drawing.add_xml_filter(lambda root: _Clean(table, names, values).cleaned(root))
    return str(drawing.render(is_unicode=True))


def _count(cell: object) -> int:
    return cell if isinstance(cell, int) else 0


class _Clean:
    """Makes pygal's drawing ours: no script or style in it, patterns for its series, and words for every bar."""

    def __init__(self, table: Table, names: Sequence[str], values: dict[str, list[int]]) -> None:
        self._table, self._names, self._values = table, names, values

    def cleaned(self, root: Any) -> Any:
        name = f"chart-{self._table.name}"
        _drop(root)
        for element in root.iter():
            for name_ in ("style", "id"):
                element.attrib.pop(name_, None)
        root.set("class", "chart")
        root.set("role", "img")
        root.set("aria-labelledby", f"{name}-title {name}-desc")
        root.insert(0, _element("title", self._table.title, id=f"{name}-title"))
        root.insert(1, _element("desc", self._told(), id=f"{name}-desc"))
        root.insert(2, self._patterns(name))
        for at, title in enumerate(self._values):
            fill = f"url(#{name}-{at})" if _PATTERNS[at] else ""
            for group in _of_class(root, f"serie-{at}"):
                for place, bar in enumerate(_of_class(group, "bar")):
                    bar.insert(0, _element("title", self._bar(title, place)))
                    for rect in bar.iter(_rect(bar)):
                        _fill(rect, at, fill)
            for rect in _of_class(root, f"color-{at}"):
                if rect.tag.endswith("rect"):
                    _fill(rect, at, fill)
        return root

    def _bar(self, title: str, place: int) -> str:
        return (
            f"{self._names[place]}, {title}: {self._values[title][place]}" if place < len(self._names) else ""
        )

    def _told(self) -> str:
        """Return the whole chart as a sentence for each of its bars."""
        told = (
            f"{name}: " + ", ".join(f"{numbers[at]} {title}" for title, numbers in self._values.items())
            for at, name in enumerate(self._names)
            if any(numbers[at] for numbers in self._values.values())
        )
        return f"{'; '.join(told)}. {_('The table beneath has the same figures.')}"

    def _patterns(self, name: str) -> Any:
        defs = etree.Element("defs")
        for at, path in enumerate(_PATTERNS[: len(self._values)]):
            if path:
                pattern = etree.SubElement(defs, "pattern", id=f"{name}-{at}", patternUnits="userSpaceOnUse", width="8", height="8")  # fmt: skip
                etree.SubElement(pattern, "rect", {"width": "8", "height": "8", "class": f"ground-{at}"})
                etree.SubElement(pattern, "path", {"d": path, "class": f"ink-{at}"})
        return defs


def _fill(rect: Any, at: int, fill: str) -> None:
    rect.set("class", f"fill-{at}")
    if fill:
        rect.set("fill", fill)


def _rect(bar: Any) -> str:
    return next((one.tag for one in bar if str(one.tag).endswith("rect")), "rect")


def _of_class(root: Any, name: str) -> Iterable[Any]:
    return [one for one in root.iter() if name in one.get("class", "").split()]


def _drop(parent: Any) -> None:
    """Take out what a page must not have, and comments; what is drawn stays."""
    for child in list(parent):
        tag = child.tag.removeprefix(_SVG) if isinstance(child.tag, str) else "script"
        if tag in _DROPPED or "tooltip-overlay" in child.get("class", ""):
            parent.remove(child)
        else:
            _drop(child)


def _element(tag: str, text: str, **attributes: str) -> Any:
    found = etree.Element(tag, attributes)
    found.text = text
    return found
