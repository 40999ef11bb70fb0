"""What is sent to browsers from our side: vendored files unchanged, nothing inline, nothing from elsewhere."""

import hashlib
import re
from pathlib import Path

import pytest

import gateway.web

WEB = Path(gateway.web.__file__).parent
TEMPLATES = sorted((WEB / "templates").glob("*.html"))


def test_vendored_files_are_the_ones_we_say():
    said = (WEB / "static" / "VENDORED.md").read_text(encoding="utf-8")
    assert hashlib.sha256((WEB / "static" / "htmx.min.js").read_bytes()).hexdigest() in said
    assert (WEB / "static" / "LICENSE-htmx").read_text(encoding="utf-8").startswith("Zero-Clause BSD")


@pytest.mark.parametrize("template", TEMPLATES, ids=lambda path: path.name)
def test_no_template_holds_a_script_a_style_or_a_handler(template):
    text = template.read_text(encoding="utf-8")
    assert not re.search(r"<script(?! src=\"/static/)", text)
    assert not re.search(r"<style|\sstyle=|\son[a-z]+\s*=|hx-on|javascript:", text)
    assert not re.search(r"(?:src|href|action)=\"(?:https?:)?//", text)
    assert "| safe" not in text
    assert "|safe" not in text


@pytest.mark.parametrize("template", TEMPLATES, ids=lambda path: path.name)
def test_every_form_that_changes_something_carries_its_token(template):
    for form in re.findall(
        r"<form[^>]*method=\"post\".*?</form>", template.read_text(encoding="utf-8"), re.DOTALL
    ):
        assert 'name="csrf" value="{{ csrf }}"' in form


def test_the_sheet_loads_nothing():
    assert not re.search(
        r"url\(|@import|@font-face|expression", (WEB / "static" / "style.css").read_text(encoding="utf-8")
    )


def test_a_file_is_served_with_its_type(told, browser):
    assert browser.get("/static/style.css").headers["content-type"].startswith("text/css")
    assert "javascript" in browser.get("/static/htmx.min.js").headers["content-type"]
