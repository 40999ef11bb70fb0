"""The first five minutes: wrong answers, strange names, and no terminal."""

import tomllib

import pytest

from tests.installation import docket


def test_a_wrong_answer_is_asked_again_and_the_others_are_kept(tmp_path):
    place = tmp_path / "new"
    answers = [
        "nonsense",
        "help@brand.example",
        "Shop",
        "mx.brand.example",
        "Moon/Base",
        "Europe/Paris",
        "",
        "",
    ]
    done = docket("--data", place, "init", input="\n".join(answers) + "\n")
    assert done.returncode == 0, done.stdout + done.stderr
    said = done.stdout + done.stderr
    assert "'nonsense' is no e-mail address" in said
    assert "'Moon/Base' is no time zone" in said
    settings = tomllib.loads((place / "config.toml").read_text(encoding="utf-8"))
    assert settings["mailbox"][0]["address"] == "help@brand.example"
    assert settings["zone"] == "Europe/Paris"


@pytest.mark.parametrize("name", ['Bob "Best" Shop', "back\\slash", "x\x7fy", 'a"\n[limits]', "Łódź 🛒"])
def test_any_name_is_written_as_it_was_said(name, tmp_path):
    place = tmp_path / name.replace("\x7f", "")
    answers = ["help@brand.example", name.replace("\n", ""), "localhost", "UTC", "", ""]
    done = docket("--data", place, "init", input="\n".join(answers) + "\n")
    assert done.returncode == 0, done.stdout + done.stderr
    settings = tomllib.loads((place / "config.toml").read_text(encoding="utf-8"))
    assert settings["mailbox"][0]["name"] == name.replace("\n", "")
    assert settings["data"] == str(place)
    assert docket("--data", place, "verify").returncode == 0


def test_a_folder_whose_name_is_no_text_is_refused_in_words(tmp_path):
    done = docket("--data", f"{tmp_path}/\udcff", "init", "--yes")
    assert done.returncode == 2
    assert "not UTF-8" in done.stderr
    assert "Traceback" not in done.stderr
    assert not list(tmp_path.iterdir())


def test_a_password_without_a_terminal_says_how_to_give_it(installation):
    done = installation.run("agent", "add", "dora", input="a good password\n")
    assert done.returncode == 2
    assert "--password-stdin" in done.stderr
