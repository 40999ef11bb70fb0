"""The status page says what is wrong before it says the numbers."""

import pytest

from gateway.web.pages.status import troubles_in

WELL = {
    "store": {"position": 5, "lag": 0},
    "index": {"position": 5, "lag": 0},
    "queue": {"dead": 0},
    "capture": {"at_work": True},
}


@pytest.mark.parametrize(
    ("part", "name", "value", "words"),
    [
        ("store", "lag", 7, "The store is 7 entries behind"),
        ("index", "lag", 7, "The search is 7 entries behind"),
        ("queue", "dead", 2, "2 jobs have failed for good"),
        ("capture", "at_work", False, "The worker is not running"),
    ],
)
def test_each_trouble_is_named(part, name, value, words):
    (said,) = troubles_in({**WELL, part: {**WELL[part], name: value}})
    assert said.startswith(words)


@pytest.mark.parametrize("facts", [WELL, {}, {"queue": None, "store": {"lag": None}}])
def test_no_trouble_is_made_up(facts):
    assert troubles_in(facts) == []


def test_what_is_wrong_with_a_captured_account_is_named():
    account = {"mend": ["no mail since yesterday", "the folder Orders is not there"]}
    facts = {**WELL, "capture": {"at_work": True, "accounts": {"shop@imap.example": account}}}
    assert troubles_in(facts) == [
        "shop@imap.example: no mail since yesterday",
        "shop@imap.example: the folder Orders is not there",
    ]


def test_a_broken_rule_file_is_named_with_the_version_in_force():
    said = "/etc/docket/rules.toml:3: there is no field; its last good version is in force: version 12ab"
    rules = {"rules": 2, "book": "12ab", "since": "2026-11-23T08:16:30+00:00", "entry": 7, "broken": [said]}
    assert troubles_in({**WELL, "rules": rules}) == [said]


def test_the_page_shows_the_numbers(told, browser):
    page = browser.get("/status").text
    assert "Everything that is archived has been read" in page
    assert f"<dd>\n{told.archive.head()}" in page.replace("  ", "")
    assert "No job has failed for good." in page
    assert '<td>INBOX: 7</td><td class="num">1,200</td>' in page
    since = f'<dt>Since</dt><dd><time class="full" datetime="{told.clock.now().isoformat()}"'
    assert since in "".join(line.strip() for line in page.splitlines())
