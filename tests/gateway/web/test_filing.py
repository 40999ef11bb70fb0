"""What is added to a dossier from its page: files as they are sent, parcels, links; and what is refused before it is taken."""

import hashlib

import pytest

from tests.small_house import ORDER, PIXEL, build_house, csrf_in, seed, serving

PATH = f"/order/amazon/{ORDER}"
FILES = f"/evidence/amazon/{ORDER}"
PDF = b"%PDF-1.7\nsigned by the neighbour\n%%EOF\n"


@pytest.fixture(scope="module")
def told(tmp_path_factory):
    house = build_house(tmp_path_factory.mktemp("filing"))
    house.seqs = seed(house)
    with serving(house):
        yield house


@pytest.fixture
def browser(told):
    with told.client() as logged_in:
        logged_in.csrf = csrf_in(logged_in.get(PATH).text)
        yield logged_in


def last(house):
    return house.archive.entry(house.archive.head() - 1)


def test_files_are_archived_byte_for_byte_and_stand_in_the_line(told, browser):
    form = {"csrf": browser.csrf, "kind": "proof-of-delivery", "text": "signed <by> a neighbour"}
    sent = [("file", ("C:\\Users\\a\\Beleg März.pdf", PDF)), ("file", ("image.png", PIXEL))]
    done = browser.post(FILES, data=form, files=sent)
    assert done.status_code == 303, done.text
    assert done.headers["location"].startswith(f"{PATH}?saved=")
    picture = last(told)
    pdf = told.archive.entry(picture.seq - 1)
    assert (pdf.payload, picture.payload) == (PDF, PIXEL)
    assert pdf.meta["sha256"] == hashlib.sha256(PDF).hexdigest()
    assert (pdf.meta["filename"], pdf.meta["agent"], pdf.meta["source"]) == ("Beleg März.pdf", "anna", "web")
    assert picture.meta["content_type"] == "image/png"
    shown = browser.get(PATH).text
    assert "signed &lt;by&gt; a neighbour" in shown
    assert f"/entry/{pdf.seq}/file" in shown


def test_several_files_are_archived_together_or_not_at_all(told, browser):
    start, heads = told.archive.head(), []
    told.archive.on_commit(lambda: heads.append(told.archive.head()))
    sent = [("file", (f"{n}.png", PIXEL + bytes([n]))) for n in range(3)]
    assert browser.post(FILES, data={"csrf": browser.csrf}, files=sent).status_code == 303
    assert heads[0] == start + 3  # a power cut finds none of them, or all


@pytest.mark.parametrize(
    ("csrf", "body", "kind", "status"),
    [
        ("forged", PDF, "photo", 403),
        ("", PDF, "photo", 403),
        (None, b"", "photo", 400),
        (None, PDF, "nonsense", 400),
    ],
)
def test_what_is_no_upload_of_ours_leaves_nothing(told, browser, csrf, body, kind, status):
    before = told.archive.head()
    form = {"csrf": browser.csrf if csrf is None else csrf, "kind": kind}
    answer = browser.post(FILES, data=form, files={"file": ("a.pdf", body)})
    assert answer.status_code == status
    assert told.archive.head() == before


def test_files_go_nowhere_else_and_to_no_unknown_order(told, browser):
    sent = {"file": ("a.pdf", PDF)}
    nowhere = browser.post("/evidence/amazon/999-1", data={"csrf": browser.csrf}, files=sent)
    assert nowhere.status_code == 404
    assert browser.post(PATH, data={"csrf": browser.csrf, "text": "x"}, files=sent).status_code in {400, 403}


def test_a_parcel_is_added_and_taken_away(told, browser):
    parcel = f"/parcel/amazon/{ORDER}"
    form = {"csrf": browser.csrf, "number": "0034 0434 1610 9402 1501", "carrier": "dhl"}
    assert browser.post(parcel, data=form).status_code == 303
    assert "0034 0434 1610 9402 1501" in browser.get(PATH).text.partition("<h2>Parcels</h2>")[2]
    assert browser.post(parcel, data={**form, "carrier": "", "remove": "yes"}).status_code == 303
    parcels = browser.get(PATH).text.partition("<h2>Parcels</h2>")[2].partition("</section>")[0]
    assert "0034 0434 1610 9402 1501" not in parcels
    assert browser.post(parcel, data={**form, "number": "<x>"}).status_code == 400
    assert browser.post(parcel, data={**form, "carrier": "pigeon"}).status_code == 400


def test_a_link_is_confirmed_and_taken_back_where_it_stands(told, browser):
    stranger = told.seqs["stranger"]
    here = f"{PATH}?only=mail#m{stranger}"
    form = {"csrf": browser.csrf, "message": str(stranger), "reason": "confirmed", "back": here}
    done = browser.post(f"/link/amazon/{ORDER}", data=form)
    assert done.headers["location"] == f"{PATH}?only=mail&saved={last(told).seq}#m{stranger}"
    for page, item in ((PATH, f'id="m{stranger}"'), (f"/message/{stranger}", "<h2>Orders</h2>")):
        shown = browser.get(page).text.partition(item)[2].partition("Tag, note, link")[0]
        assert "certain" in shown.partition("What was known before")[0]
        assert "possible" not in shown.partition("What was known before")[0]
        assert ">Confirm<" not in shown
    browser.post(f"/link/amazon/{ORDER}", data={**form, "undo": "yes", "back": "//evil.example"})
    assert f'id="m{stranger}"' not in browser.get(PATH).text
    browser.post(f"/link/amazon/{ORDER}", data=form)
    assert f'id="m{stranger}"' in browser.get(PATH).text
    assert browser.post(f"/link/amazon/{ORDER}", data={**form, "message": "x"}).status_code == 400
    assert browser.post(f"/link/amazon/{ORDER}", data={**form, "message": "99999"}).status_code == 404
