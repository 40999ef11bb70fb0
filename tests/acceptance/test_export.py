"""``docket export`` as people and scripts use it: the real command, and the verifier alone on the other side."""

import hashlib
import zipfile

import pytest

from tests.packs import verify

ORDER = "112-1234567-1234567"


@pytest.fixture(scope="module")
def place(new_installation, tmp_path_factory):
    place = new_installation()
    folder = tmp_path_factory.mktemp("mail")
    for number in range(3):
        (folder / f"{number}.eml").write_bytes(
            b"From: k3jx9v@marketplace.amazon.de\r\nTo: support@brand.example\r\n"
            b"Subject: Order 112-1234567-1234567\r\nMessage-ID: <%d@x.example>\r\n\r\nIt came damaged, %d.\r\n" % (number, number)
        )  # fmt: skip
    (report,) = place.json("import", folder)
    assert report["archived"] == 3
    return place


def test_an_order_leaves_the_house_as_a_folder_that_verifies(place, tmp_path):
    (told,) = place.json(
        "export", "11212345671234567", "-o", tmp_path / "pack", "--reason", "claim", "--agent", "anna"
    )
    assert told["verdict"] == "VERIFIED"
    assert (told["messages"], told["bad"], told["withheld"]) == (3, [], [])
    assert verify(tmp_path / "pack", "--key", place.data / "secrets/log.vkey")[0] == 0
    assert (
        verify(tmp_path / "pack", "--fingerprint", told["fingerprint"], script=tmp_path / "pack/verify.py")[0]
        == 0
    )
    assert verify(tmp_path / "pack")[0] == 3
    assert place.json("show", told["entry"])[0]["payload"]["reason"] == "claim"


def test_an_order_leaves_the_house_as_one_file(place, tmp_path):
    (told,) = place.json("export", ORDER, "-o", tmp_path, "--zip")
    assert told["pack"].endswith(f"evidence-amazon-{ORDER}.zip")
    assert verify(told["pack"], "--fingerprint", told["fingerprint"])[0] == 0
    with zipfile.ZipFile(told["pack"]) as file:
        file.extractall(tmp_path / "unpacked")
    (folder,) = (tmp_path / "unpacked").iterdir()
    assert verify(folder, "--fingerprint", told["fingerprint"])[0] == 0
    (named,) = place.json("export", ORDER, "-o", tmp_path / "mine.zip", "--zip")
    assert named["pack"] == str(tmp_path / "mine.zip")


def test_what_a_search_finds_is_one_pack_too(place, tmp_path):
    (told,) = place.json("export", "--query", "damaged order:112-1234567-1234567", "-o", tmp_path / "pack")
    assert (told["messages"], told["verdict"]) == (3, "VERIFIED")


def test_people_are_told_what_to_do_with_it(place, tmp_path):
    done = place.run("export", ORDER, "-o", tmp_path / "pack")
    assert done.returncode == 0
    assert "Read back by its own verifier: VERIFIED" in done.stdout
    assert "fingerprint" in done.stdout


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (("999-9999999-9999999", "-o", "new"), "nothing is known"),
        (("nonsense", "-o", "new"), "no order 'nonsense' is known"),
        (("--query", "xylophone", "-o", "new"), "no message matches"),
        (("--query", "((", "-o", "new"), "column"),
        (("-o", "new"), "say which order"),
        ((ORDER, "--query", "damaged", "-o", "new"), "one of them"),
        ((ORDER,), "--output"),
        ((ORDER, "-o", "full"), "is there already"),
        ((ORDER, "-o", "new", "--withhold", "mail.in"), "--withhold"),
    ],
)
def test_wrong_use_is_refused_in_words_and_leaves_nothing(place, tmp_path, arguments, said):
    (tmp_path / "full").mkdir()
    (tmp_path / "full/mine").write_text("mine")
    done = place.run("export", *arguments, cwd=tmp_path)
    assert done.returncode == 2, done.stderr
    assert said in done.stderr
    assert "Traceback" not in done.stderr
    assert sorted(path.name for path in tmp_path.iterdir()) == ["full"]


@pytest.mark.needs("pango")
def test_the_report_leaves_the_house_alone_or_in_a_pack(place, tmp_path):
    (told,) = place.json("report", ORDER, "-o", tmp_path / "report.pdf", "--language", "ja")
    data = (tmp_path / "report.pdf").read_bytes()
    assert (told["sha256"], told["messages"]) == (hashlib.sha256(data).hexdigest(), 3)
    assert place.json("show", told["entry"])[0]["payload"]["files"] == {"report.pdf": told["sha256"]}
    done = place.run("report", ORDER, "-o", tmp_path / "report.pdf")
    assert (done.returncode, "is there already" in done.stderr) == (2, True)
    (pack,) = place.json("export", ORDER, "-o", tmp_path / "pack", "--pdf")
    assert pack["verdict"] == "VERIFIED"
    assert (tmp_path / "pack" / "report.pdf").read_bytes().startswith(b"%PDF")
    assert verify(tmp_path / "pack", "--fingerprint", pack["fingerprint"])[0] == 0
    done = place.run("export", "--query", "damaged", "-o", tmp_path / "other", "--pdf")
    assert (done.returncode, "--pdf is the report of one order" in done.stderr) == (2, True)
