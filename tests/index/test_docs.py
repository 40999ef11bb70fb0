"""The manual tells the truth: every query in it can be asked, and every field is in it."""

import re
from pathlib import Path

import pytest

from index.leaves import FIELDS
from index.query import parse_query

MANUAL = (Path(__file__).parents[2] / "docs" / "search.md").read_text(encoding="utf-8")
EXAMPLES = re.findall(r"^\| `([^`]+)`", MANUAL, re.MULTILINE)


@pytest.mark.parametrize("example", EXAMPLES)
def test_every_example_in_the_manual_can_be_asked(example: str) -> None:
    assert str(parse_query(example, waits=lambda _: (1, 2))) or not example


@pytest.mark.parametrize("field", FIELDS)
def test_every_field_is_in_the_manual(field: str) -> None:
    assert f"{field}:" in MANUAL
