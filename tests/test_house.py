"""The house rules that no other tool holds: file sizes, names, floors, and docs that tell the truth."""

import ast
import re
import subprocess
import sys
import tomllib
from pathlib import Path

import msgspec
import pytest

ROOT = Path(__file__).resolve().parents[1]
SOURCES = sorted(path for top in ("gateway", "rules", "index") for path in (ROOT / top).rglob("*.py"))
NAMES = [str(path.relative_to(ROOT)) for path in SOURCES]


@pytest.mark.parametrize("path", SOURCES, ids=NAMES)
def test_no_source_file_is_longer_than_300_lines(path):
    # Strangers are handed the verifier as one file that needs no other.
    longest = 720 if path == ROOT / "gateway/evidence/verify.py" else 300
    assert len(path.read_text(encoding="utf-8").splitlines()) <= longest


@pytest.mark.parametrize("path", SOURCES, ids=NAMES)
def test_module_names_are_nouns_that_say_something(path):
    assert path.stem not in {
        "utils",
        "util",
        "helpers",
        "helper",
        "manager",
        "base",
        "common",
        "core",
        "misc",
    }


@pytest.mark.parametrize("path", SOURCES, ids=NAMES)
def test_every_module_with_code_says_what_it_is(path):
    tree = ast.parse(path.read_text(encoding="utf-8"))
    assert not tree.body or ast.get_docstring(tree)


SYNC = (
    "gateway/mail",
    "gateway/archive",
    "gateway/store",
    "gateway/relay",
    "gateway/dossier",
    "gateway/evidence",
    "rules/",
    "index/",
)


@pytest.mark.parametrize("name", [n for n in NAMES if n.startswith(SYNC) or n == "gateway/pipeline.py"])
def test_async_stays_at_the_edges(name):
    tree = ast.parse((ROOT / name).read_text(encoding="utf-8"))
    assert not [node for node in ast.walk(tree) if isinstance(node, ast.AsyncFunctionDef | ast.Await)]


def test_the_path_is_a_file_one_can_read():
    assert len((ROOT / "gateway/pipeline.py").read_text(encoding="utf-8").splitlines()) <= 200


def test_the_floors_hold():
    done = subprocess.run(
        [Path(sys.executable).with_name("lint-imports"), "--no-cache"],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stdout


def test_only_app_and_the_command_line_read_the_settings():
    readers = {
        n for n in NAMES if re.search(r"from gateway\.config import", (ROOT / n).read_text(encoding="utf-8"))
    }
    allowed = {
        "app.py",
        "outlets.py",
        "serve.py",
        "setup.py",
        "supervise.py",
        "workprocess.py",
        "doctor.py",
        "demonstrate.py",
        "settings.py",
    }
    assert {n for n in readers if not n.startswith("gateway/cli/") and Path(n).name not in allowed} == set()


def settings_of(struct, prefix=""):
    """Every setting a Struct holds, as dotted names."""
    for field in msgspec.structs.fields(struct):
        kind = field.type
        inner = getattr(kind, "__args__", (kind,))[0]
        if isinstance(inner, type) and issubclass(inner, msgspec.Struct):
            yield from settings_of(inner, f"{prefix}{field.name}.")
        else:
            yield f"{prefix}{field.name}"


def test_the_example_settings_are_valid_and_show_every_setting():
    from gateway.config import Config
    from gateway.settings import parse_config

    text = (ROOT / "config.example.toml").read_text(encoding="utf-8")
    parse_config(text)
    # Settings that are off by default stand commented out: `# name = value`.
    shown = tomllib.loads(
        re.sub(r"^# ?(\[{0,2}[a-z_]+(\.[a-z_]+)?\]{0,2}\s*(=.*)?)$", r"\1", text, flags=re.MULTILINE)
    )

    def names(value, prefix=""):
        for key, inner in value.items():
            if isinstance(inner, list) and inner and isinstance(inner[0], dict):
                for each in inner:
                    yield from names(each, f"{prefix}{key}.")
            elif isinstance(inner, dict):
                yield from names(inner, f"{prefix}{key}.")
                yield f"{prefix}{key}"
            else:
                yield f"{prefix}{key}"

    assert set(settings_of(Config)) - set(names(shown)) == set()


def test_every_dependency_is_explained():
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))
    needed = [*project["project"]["dependencies"], *project["dependency-groups"]["dev"]]
    needed += project["project"]["optional-dependencies"]["postgresql"]
    told = (ROOT / "docs/decisions/dependencies.md").read_text(encoding="utf-8")
    names = [re.split(r"[>=\[]", spec)[0] for spec in needed]
    assert [name for name in names if f"**{name}**" not in told] == []


def test_the_tree_in_the_architecture_page_is_the_tree_on_disk():
    page = (ROOT / "docs/architecture.md").read_text(encoding="utf-8")
    missing = [
        name for name in NAMES if Path(name).name != "__init__.py" and f"{Path(name).name}" not in page
    ]
    assert missing == []


def test_no_pattern_repeats_a_group_possessively():
    # Before Python 3.11.5 the beginning of a turn that failed stays in the match; Debian 12 has 3.11.2.
    greedy = re.compile(r"""r?b?f?["'].*\)(?:[*+?]|\{+[\d,]+\}+)\+""")
    guilty = [
        f"{name}: {line.strip()}"
        for name in NAMES
        for line in (ROOT / name).read_text(encoding="utf-8").splitlines()
        if greedy.search(line)
    ]
    assert guilty == []


def test_nothing_speaks_of_how_it_was_written():
    words = re.compile(
        r"\b(sub-?agents?|claude|gpt|copilot|issue #\d+|pypi\.org|registry\.npmjs)\b", re.IGNORECASE
    )
    files = subprocess.run(
        ["git", "ls-files"], cwd=ROOT, capture_output=True, text=True, check=True
    ).stdout.split("\n")
    texts = [ROOT / f for f in files if f.endswith((".py", ".md", ".toml", ".lock", ".html", ".yml", ".sh"))]
    guilty = [
        str(f)
        for f in texts
        if f.exists() and f != Path(__file__) and words.search(f.read_text(encoding="utf-8"))
    ]
    assert guilty == []
