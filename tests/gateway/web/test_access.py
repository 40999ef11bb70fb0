"""Who may do what, as a table: every route, every role, and mail of another mailbox. A route that is not here fails."""

import io
import zipfile
from datetime import timedelta
from itertools import product

import httpx
import pytest
from argon2 import PasswordHasher

from gateway.mail.canonical import canonical
from gateway.mail.entry import Draft
from gateway.store.accounts import Accounts
from gateway.store.tokens import SCOPES, Tokens
from gateway.web.access import ROLES
from gateway.web.api.service import BASE, OPERATIONS
from gateway.web.app import PAGES
from gateway.web.guard import PUBLIC, csrf_of
from tests.small_house import MAILBOX, build_house, mail, seed, serving

OTHER = "second@brand.example"
SECRET = "302-1111111-2222222"  # the order of the other mailbox
JOINED = "302-3333333-4444444"  # another one of it
UNTIED = "302-5555555-6666666"  # one whose only link was taken back: a note and a file are what is left of it
TOLD = "302-7777777-8888888"  # one that only an order report tells of
CANARIES = ("Zwiebelturm", "zimtschnecke", SECRET, "petra.geheim")
ALL, ACTORS, OVER = (
    {"agent", "supervisor", "auditor", "admin"},
    {"agent", "supervisor", "admin"},
    {"supervisor", "admin"},
)
ADMIN = {"admin"}
HOUSE = "house"  # for those of the role who have every mailbox

# Route: an address on something of the other mailbox, a form that would do something there, and the roles that may.
ROUTES = {
    "GET /": ("/", {}, ALL),
    "GET /suggest": ("/suggest?word=tag:", {}, ALL),
    "GET /find": ("/find?words=x", {}, ALL),
    "GET /message/{seq:int}": ("/message/{seq}", {}, ALL),
    "GET /message/{seq:int}/html": ("/message/{seq}/html", {}, ALL),
    "GET /message/{seq:int}/raw": ("/message/{seq}/raw", {}, ALL),
    "GET /message/{seq:int}/file/{part}": ("/message/{seq}/file/2", {}, ALL),
    "GET /message/{seq:int}/file/{part}/picture": ("/message/{seq}/file/2/picture", {}, ALL),
    "GET /message/{seq:int}/file/{part}/pages": ("/message/{seq}/file/2/pages", {}, ALL),
    "GET /entry/{seq:int}/picture": ("/entry/{file}/picture", {}, ALL),
    "GET /entry/{seq:int}/file": ("/entry/{file}/file", {}, ALL),
    "GET /entry/{seq:int}/leaf": ("/entry/{seq}/leaf", {}, ALL),
    "GET /entry/{seq:int}/proof": ("/entry/{seq}/proof", {}, ALL),
    "GET /checkpoint": ("/checkpoint", {}, ALL),
    "POST /take": ("/take", {"q": "in:inbound", "form": "json"}, ALL),
    "GET /claims": ("/claims", {}, ALL),
    "GET /capture": ("/capture", {}, HOUSE),
    "GET /rules": ("/rules", {}, HOUSE),
    "GET /rules/file/{name:path}": ("/rules/file/x", {}, HOUSE),
    "GET /rules/bench": ("/rules/bench", {}, HOUSE),
    "POST /rules/bench": ("/rules/bench", {"do": "try", "message": "{seq}"}, HOUSE),
    "GET /rules/replay": ("/rules/replay", {}, HOUSE),
    "POST /rules/replay": ("/rules/replay", {}, HOUSE),
    "GET /news/{marketplace}/{value:path}": ("/news/amazon/{order}?after=0", {}, ALL),
    "POST /evidence/{marketplace}/{value:path}": ("/evidence/amazon/{order}", {}, ACTORS),
    "POST /parcel/{marketplace}/{value:path}": ("/parcel/amazon/{order}", {"number": "1Z999AA10123456784"}, ACTORS),
    "POST /link/{marketplace}/{value:path}": ("/link/amazon/{order}", {"message": "{seq}"}, ACTORS),
    "POST /message/{seq:int}/note": ("/message/{seq}/note", {"text": "x"}, ACTORS),
    "POST /message/{seq:int}/tag": ("/message/{seq}/tag", {"add": "x"}, ACTORS),
    "POST /message/{seq:int}/link": ("/message/{seq}/link", {"none": "yes"}, ACTORS),
    "POST /message/{seq:int}/mark": ("/message/{seq}/mark", {"clock": "reply", "as": "none"}, ACTORS),
    "POST /message/{seq:int}/release": ("/message/{seq}/release", {}, ACTORS),
    "POST /message/{seq:int}/queue": ("/message/{seq}/queue", {"job": "0", "do": "drop"}, ACTORS),
    "GET /order": ("/order?ref={order}", {}, ALL),
    "GET /order/{marketplace}/{value:path}": ("/order/amazon/{order}", {}, ALL),
    "POST /order/{marketplace}/{value:path}": ("/order/amazon/{order}", {"text": "x"}, ACTORS),
    "GET /answer/{marketplace}/{value:path}": ("/answer/amazon/{order}", {}, ALL),
    "POST /answer/{marketplace}/{value:path}": ("/answer/amazon/{order}", {}, ACTORS),
    "POST /pack": ("/pack", {"marketplace": "amazon", "value": "{order}", "reason": "x"}, ALL),
    "GET /pack/{marketplace}/{value:path}": ("/pack/amazon/{order}", {}, ALL),
    "POST /report": ("/report", {"marketplace": "amazon", "value": "{order}", "reason": "x"}, ALL),
    "POST /report/send": ("/report/send", {"marketplace": "amazon", "value": "{order}"}, ACTORS),
    "GET /reports": ("/reports", {}, ALL),
    "GET /reports/{month}/{table}.csv": ("/reports/2026-11/all.csv", {}, ALL),
    "GET /review": ("/review", {}, ALL),
    "GET /waiting": ("/waiting", {}, ALL),
    "GET /outbox": ("/outbox", {}, ALL),
    "GET /custody": ("/custody", {}, ALL),
    "GET /custody/keepers": ("/custody/keepers", {}, ALL),
    "GET /custody/verify": ("/custody/verify", {}, ALL),
    "POST /custody/verify": ("/custody/verify", {"do": "stop"}, ALL),
    "GET /custody/holds": ("/custody/holds", {}, HOUSE),
    "POST /custody/holds": ("/custody/holds", {"order": "{order}", "reason": "x"}, OVER),
    "GET /custody/retention": ("/custody/retention", {}, HOUSE),
    "GET /custody/erasures": ("/custody/erasures", {}, HOUSE),
    "POST /custody/erasures": ("/custody/erasures", {"do": "ask", "target": "{order}", "reason": "x"}, OVER),
    "GET /custody/erasures/{seq:int}.txt": ("/custody/erasures/1.txt", {}, HOUSE),
    "GET /status": ("/status", {}, HOUSE),
    "GET /clients": ("/clients", {}, ALL),
    "GET /clients/docket.mobileconfig": ("/clients/docket.mobileconfig?mailbox=" + OTHER, {}, ALL),
    "GET /account": ("/account", {}, ALL),
    "POST /account/sessions": ("/account/sessions", {"id": "0123456789abcdef"}, ALL),
    "POST /account/app-passwords": ("/account/app-passwords", {}, ALL),
    "POST /account/app-passwords/revoke": ("/account/app-passwords/revoke", {"id": "01234567"}, ALL),
    "GET /people": ("/people", {}, ADMIN),
    "POST /people": ("/people", {"name": "eve", "role": "admin"}, ADMIN),
    "POST /people/{name:path}": ("/people/anna", {"do": "remove"}, ADMIN),
    "POST /account/password": ("/account/password", {"new": "words of mine", "again": "words of mine"}, ALL),
    "POST /account/app": ("/account/app", {}, ALL),
    "POST /account/app/code": ("/account/app/code", {}, ALL),
    "POST /account/codes": ("/account/codes", {}, ALL),
    "POST /account/remove": ("/account/remove", {"id": "app"}, ALL),
    "POST /account/language": ("/account/language", {"language": "tlh"}, ALL),
    "POST /account/passkeys": ("/account/passkeys", {}, ALL),
    "POST /account/passkeys/ask": ("/account/passkeys/ask", {}, ALL),
    "GET /searches": ("/searches", {}, ALL),
    "POST /searches": ("/searches", {}, ALL),
    "POST /searches/{id}": ("/searches/1", {}, ALL),
    "GET /tokens": ("/tokens", {}, ALL),
    "POST /tokens": ("/tokens", {}, ALL),
    "POST /tokens/revoke": ("/tokens/revoke", {"id": "{token}"}, ALL),
}  # fmt: skip
OPEN = {  # test_guard, test_boards, test_second_step, test_passkeys, test_sso and test_people have these
    "GET /login", "POST /login", "POST /login/second", "POST /login/passkey", "POST /login/passkey/ask", "GET /login/sso",
    "GET /login/sso/back", "GET /welcome", "POST /welcome", "POST /logout", "GET /live",
}  # fmt: skip

# Operation of the API: a body that would do something, and whether an auditor may.
CALLS = {
    "me": ({}, True), "search": ({}, True), "message": ({}, True), "raw": ({}, True), "attachment": ({}, True),
    "find_orders": ({}, True), "order": ({}, True), "entries": ({}, True), "proof": ({}, True), "checkpoint": ({}, True),
    "note": ({"text": "x"}, False), "tag": ({"add": ["x"]}, False), "link": ({"none": True}, False),
    "mark": ({"clock": "reply", "as": "none"}, False), "release": ({}, False), "queue": ({"do": "drop"}, False),
    "note_order": ({"text": "x"}, False), "mark_order": ({"clock": "reply", "as": "none"}, False),
    "change": ({"state": "closed"}, False), "evidence": ({}, False), "parcel": ({"number": "1Z999AA10123456784"}, False),
    "pack": ({}, True), "report": ({}, True), "answer": ({}, True), "keep_answer": ({}, False),
}  # fmt: skip


@pytest.fixture(scope="module")
def house(tmp_path_factory):
    """A house with a story in each of two mailboxes, and somebody of every role: with all mailboxes, and with one."""
    place = tmp_path_factory.mktemp("access")
    built = build_house(place)
    built.seqs = seed(built)
    built.clock.at += timedelta(minutes=5)
    text = f"Bestellnummer: {SECRET}\n\nDie zimtschnecke kam nie an.\n"
    letter = mail(f"Frage zur Bestellung {SECRET}: Zwiebelturm", text, html=f"<p>{text}</p>", message_id="z1",
                  from_="Petra <petra.geheim@marketplace.amazon.de>", files=[("a.txt", "text/plain", b"zimtschnecke", "")])  # fmt: skip
    built.seqs["other"] = built.take(letter, mailbox=OTHER, mail_from="petra.geheim@marketplace.amazon.de")
    built.take(mail(f"Quittenbrot {JOINED}", "seen by nobody else", message_id="z2"), mailbox=OTHER)
    quick = Accounts(f"sqlite:///{place / 'accounts.db'}", built.clock, hasher=PasswordHasher(1, 8, 1))
    for role in ROLES:
        quick.add(role, "long enough words", role=role)
        quick.add(f"{role}-one", "long enough words", role=role, mailboxes=(MAILBOX,))
    quick.close()
    with serving(built), httpx.Client(base_url=built.url, timeout=20) as client:
        built.client = client
        form = {"text": "zimtschnecke", "kind": "other"}
        files = {"file": ("z.txt", b"zimtschnecke", "text/plain")}
        as_(built, "supervisor")
        csrf = built.csrf["supervisor"]
        done = client.post(f"/evidence/amazon/{SECRET}", data={"csrf": csrf, **form}, files=files)
        assert done.status_code == 303, done.text
        built.seqs["file"] = int(done.headers["location"].partition("saved=")[2])
        note = {"text": "a note on the zimtschnecke", "csrf": csrf}
        assert client.post(f"/order/amazon/{SECRET}", data=note).status_code == 303
        untie(built, note, {"csrf": csrf, **form}, files)
        built.token = Tokens(built.accounts.store, built.clock).make("anna", "", ["read"])[0].id
        yield built


def untie(house, note, form, files):
    """File a note and a file on an order, and take back the link of its only message; and report an order without any mail."""
    seq = house.take(mail(f"Order {UNTIED}", f"Order {UNTIED}", message_id="z3"), mailbox=OTHER)
    assert house.client.post(f"/order/amazon/{UNTIED}", data=note).status_code == 303
    assert house.client.post(f"/evidence/amazon/{UNTIED}", data=form, files=files).status_code == 303
    undo = {"csrf": note["csrf"], "order": UNTIED, "marketplace": "amazon", "undo": "yes"}
    assert house.client.post(f"/message/{seq}/link", data=undo).status_code == 303
    order = {"order": {"marketplace": "amazon", "value": TOLD}, "placed_at": "2026-11-01T10:00:00Z"}
    said = {"format": "amazon_shipments", "agent": "anna", "orders": [order]}
    house.act(Draft(type="orders", payload=canonical(said), meta={}))


def as_(house, name):
    """Make the next requests somebody's."""
    sessions = house.__dict__.setdefault("sessions", {})
    if name not in sessions:
        sessions[name] = house.accounts.open_session(name, 12, stamp=house.accounts.stamp(name))
        house.__dict__.setdefault("csrf", {})[name] = csrf_of(sessions[name])
    house.client.cookies.clear()
    house.client.cookies.set("docket", sessions[name])


def ask(house, route, name, *, with_form=True, order=SECRET):
    """Ask for something of the other mailbox; without its form a post has only the token that forms carry."""
    as_(house, name)
    address, form, _ = ROUTES[route]
    told = {"seq": house.seqs["other"], "order": order, "file": house.seqs["file"], "token": house.token}
    if route.startswith("GET"):
        return house.client.get(address.format(**told))
    filled = {key: value.format(**told) for key, value in form.items()} if with_form else {}
    return house.client.post(address.format(**told), data={"csrf": house.csrf[name], **filled})


def entries_since(house, head):
    """Return the types of entries that came, but for a check of the archive that a test before began."""
    came = house.archive.entries(head) if house.archive.head() > head else ()
    return {one.type for one in came} - {"verified"}


def may(route, name):
    role, _, one = name.partition("-")
    allowed = ROUTES[route][2]
    if allowed == HOUSE:
        return not one
    return role in allowed and not ((allowed is OVER or allowed is ADMIN) and one)


def test_every_route_stands_in_the_table():
    there = {f"{method} {route.path}" for page in PAGES for route in page.ROUTES for method in route.methods - {"HEAD"}
             if route.path.lower() not in PUBLIC}  # fmt: skip
    assert there == ROUTES.keys() | OPEN
    assert {op.name for op in OPERATIONS} == CALLS.keys()


NAMES = [role + one for role, one in product(ROLES, ("", "-one"))]


@pytest.mark.parametrize("name", NAMES)
def test_each_role_may_what_the_table_says_and_nothing_else(house, name):
    head = house.archive.head()
    wrong = {}
    for route in ROUTES:
        status = ask(house, route, name, with_form=False).status_code
        # a thing of another mailbox is not there; what holds an order whole is refused as such
        if (status == 403) != (not may(route, name)):
            wrong[route] = status
        if status >= 500:
            wrong[route] = status
    assert wrong == {}
    assert entries_since(house, head) <= (
        {"view"} if name.startswith("auditor") else {"answer"} if "-" not in name else set()
    )


@pytest.mark.parametrize("role", ROLES)
def test_mail_of_another_mailbox_is_nowhere_and_nothing_can_be_done_about_it(house, role):
    name, head = f"{role}-one", house.archive.head()
    leaks = []
    for route in ROUTES:
        answer = ask(house, route, name)
        said = answer.content.decode("utf-8", "replace") + str(answer.headers)
        asked = {SECRET} if "{order}" in str(ROUTES[route][:2]) else set()  # who asks for it knows it
        leaks += [(route, word) for word in CANARIES if word in said and word not in asked]
        if "{" in ROUTES[route][0] or ROUTES[route][1]:
            assert answer.status_code in {204, 303, 400, 403, 404, 429}, (route, answer.status_code)
            assert answer.status_code != 303 or route == "POST /custody/verify", route
    assert leaks == []
    assert entries_since(house, head) <= {"view"}


@pytest.mark.parametrize("order", [UNTIED, TOLD])
@pytest.mark.parametrize("role", ROLES)
def test_nothing_of_an_order_that_no_mail_is_linked_to_leaves_across_mailboxes(house, role, order):
    name, head = f"{role}-one", house.archive.head()
    for route in (one for one in ROUTES if "{order}" in str(ROUTES[one][:2]) and may(one, name)):
        answer = ask(house, route, name, order=order)
        assert answer.status_code in {204, 400, 404}, (route, answer.status_code)
        assert "zimtschnecke" not in answer.content.decode("utf-8", "replace"), route
    assert entries_since(house, head) <= {"view"}


def test_who_has_every_mailbox_takes_what_is_left_of_an_order(house):
    """What the test above looks for is really there to be taken."""
    taken = ask(house, "POST /pack", "supervisor", order=UNTIED)
    assert taken.headers["content-type"] == "application/zip"
    with zipfile.ZipFile(io.BytesIO(taken.content)) as file:
        assert any(b"zimtschnecke" in file.read(one) for one in file.namelist() if "-evidence." in one)
    assert ask(house, "POST /pack", "supervisor", order=TOLD).status_code == 200


def test_the_same_questions_find_it_for_who_has_every_mailbox(house):
    """What the tests above look for is really there to be found."""
    found = {route for route in ROUTES if route.startswith("GET")
             and any(word in ask(house, route, "agent").text for word in CANARIES)}  # fmt: skip
    assert {
        "GET /",
        "GET /message/{seq:int}",
        "GET /message/{seq:int}/html",
        "GET /message/{seq:int}/raw",
        "GET /message/{seq:int}/file/{part}",
        "GET /entry/{seq:int}/file",
        "GET /order/{marketplace}/{value:path}",
        "GET /pack/{marketplace}/{value:path}",
        "GET /waiting",
        "GET /custody",
    } <= found


@pytest.mark.parametrize("query", ["zimtschnecke", f"order:{SECRET}", f"mailbox:{OTHER}", "in:inbound OR in:outbound",
                                   "-nothing", "from:petra*", "is:unanswered", "NOT tag:x", f"x OR mailbox:{OTHER}"])  # fmt: skip
def test_no_query_finds_what_lies_elsewhere(house, query):
    as_(house, "agent-one")
    said = house.client.get("/", params={"q": query}).text
    assert [word for word in CANARIES if word in said and word not in query] == []
    as_(house, "agent")
    assert "Zwiebelturm" in house.client.get("/", params={"q": query}).text


@pytest.mark.parametrize("word", ["tag:", "mailbox:", "agent:", "marketplace:", "kind:"])
def test_suggestions_name_no_other_mailbox(house, word):
    as_(house, "agent-one")
    assert OTHER not in house.client.get("/suggest", params={"word": word}).text


def test_who_links_a_message_of_theirs_joins_the_dossier_and_sees_none_of_its_other_mail(house):
    mine = house.take(mail("Noch eine Frage", "Hallo"))
    as_(house, "agent")
    note = {"text": "the word of a colleague", "csrf": house.csrf["agent"]}
    assert house.client.post(f"/order/amazon/{JOINED}", data=note).status_code == 303
    as_(house, "agent-one")
    assert house.client.get(f"/order/amazon/{JOINED}").status_code == 404
    form = {"csrf": house.csrf["agent-one"], "order": JOINED, "marketplace": "amazon"}
    assert house.client.post(f"/message/{mine}/link", data=form).status_code == 303
    said = house.client.get(f"/order/amazon/{JOINED}").text
    assert "the word of a colleague" in said
    assert "Quittenbrot" not in said
    assert "seen by nobody else" not in said
    for path in ("/pack", "/report"):
        asked = {"csrf": house.csrf["agent-one"], "marketplace": "amazon", "value": JOINED, "reason": "x"}
        assert house.client.post(path, data=asked).status_code == 403
    form["undo"] = "yes"
    assert house.client.post(f"/message/{mine}/link", data=form).status_code == 303
    assert "the word of a colleague" not in house.client.get(f"/order/amazon/{JOINED}").text


def test_what_an_auditor_looks_at_and_searches_is_recorded_before_it_is_shown(house):
    as_(house, "auditor")
    head = house.archive.head()
    house.client.get("/", params={"q": "lamp OR refund"})
    house.client.get(f"/message/{house.seqs['question']}")
    house.client.get("/message/999999")
    house.client.get("/tokens")
    told = [one.payload.decode() for one in house.archive.entries(head) if one.type == "view"]
    assert len(told) == 2
    assert '"query":"lamp OR refund"' in told[0]
    assert f'"path":"/message/{house.seqs["question"]}"' in told[1]
    house.settle()
    as_(house, "supervisor")
    assert "lamp OR refund" in house.client.get("/custody?kind=handed").text


@pytest.mark.parametrize("form", ["csv", "jsonl", "eml-zip"])
def test_a_result_that_is_taken_away_holds_ones_own_mail(house, form):
    asked = {"q": "", "form": form}
    as_(house, "agent-one")
    mine = house.client.post("/take", data=asked | {"csrf": house.csrf["agent-one"]}).content
    as_(house, "agent")
    whole = house.client.post("/take", data=asked | {"csrf": house.csrf["agent"]}).content
    assert 0 < len(mine) < len(whole)
    assert form == "eml-zip" or (b"Zwiebelturm" in whole and b"Zwiebelturm" not in mine)


def token_of(house, agent):
    return Tokens(house.accounts.store, house.clock).make(agent, "", SCOPES)[1]


@pytest.mark.parametrize("role", ROLES)
def test_calls_see_what_their_agent_sees(house, role):
    head = house.archive.head()
    bearer = {"authorization": f"Bearer {token_of(house, role + '-one')}"}
    house.client.cookies.clear()
    for op in OPERATIONS:
        where = {
            "seq": house.seqs["other"],
            "part": "2",
            "number": 0,
            "marketplace": "amazon",
            "value": SECRET,
        }
        path = BASE + op.path.format(**where)
        body, auditors_too = CALLS[op.name]
        if op.name == "find_orders":
            path += f"?ref={SECRET}"
        if op.name == "evidence":
            headers = bearer | {"content-type": "application/octet-stream"}
            answer = house.client.post(path, content=b"x", headers=headers)
        elif op.method == "POST":
            answer = house.client.post(path, json=body, headers=bearer)
        else:
            answer = house.client.get(path, headers=bearer)
        thing = "{" in op.path
        if role == "auditor" and not auditors_too:
            assert answer.status_code == 403, op.name
        else:
            assert answer.status_code == (404 if thing else 200), (op.name, answer.text)
        assert not any(word in answer.text for word in CANARIES if not (thing and word == SECRET)), op.name
    assert entries_since(house, head) <= {"view"}
