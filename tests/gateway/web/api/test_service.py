"""Calls: who is let in, what they see, what they do, and what is answered where they may not."""

import hashlib
import json
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import timedelta

import pytest

from gateway.store.tokens import SCOPES, Tokens, withdraw
from gateway.web.api.service import OPERATIONS
from tests.gateway.web.api.conftest import OTHER, program_with, token
from tests.small_house import MAILBOX, ORDER, on_a_port

DOSSIER = f"/orders/amazon/{ORDER}"


def entries(house, type_):
    return [one for one in house.archive.entries(0) if one.type == type_]


def is_problem(answer, status):
    assert answer.status_code == status, answer.text
    assert answer.headers["content-type"] == "application/problem+json"
    assert answer.json()["status"] == status
    assert answer.json()["type"] == "about:blank"
    assert "Traceback" not in answer.text
    return answer.json()


def test_a_program_searches_page_by_page_and_new_mail_shifts_nothing(program):
    first = program.get("/messages", params={"q": "in:inbound", "limit": 2}).json()
    second = program.get("/messages", params={"q": "in:inbound", "limit": 2, "after": first["after"]}).json()
    found = [one["message"]["seq"] for one in (*first["hits"], *second["hits"])]
    assert first["total"] == second["total"] == 4
    assert len(set(found)) == 4
    assert second["after"] is None
    assert (
        "Schirm" in first["hits"][1]["snippet"] + second["hits"][1]["snippet"] + first["hits"][0]["snippet"]
    )


def test_a_long_query_is_asked_whole_and_a_longer_one_is_refused(program):
    long = {"q": "Lampe" + " " * 1500 + "-Lampe"}
    assert program.get("/messages", params={"q": "Lampe"}).json()["total"] > 0
    assert program.get("/messages", params=long).json()["total"] == 0
    assert program.get("/messages", params={"q": long["q"] + " " * 500}).status_code == 400


def test_a_message_its_bytes_and_its_attachment(house, program):
    seq = house.seqs["question"]
    told = program.get(f"/messages/{seq}").json()
    assert told["message"]["from"][0]["name"] == "Maria Keller"
    assert told["links"][0]["order"] == {"marketplace": "amazon", "value": ORDER}
    assert told["clocks"][0]["name"] == "reply"
    raw = program.get(f"/messages/{seq}/raw")
    assert raw.content == house.archive.entry(seq).payload
    assert raw.headers["content-type"] == "message/rfc822"
    file = told["attachments"][0]
    data = program.get(f"/messages/{seq}/attachments/{file['part']}").content
    assert hashlib.sha256(data).hexdigest() == file["sha256"]
    assert program.get(f"/entries/{seq}/proof").text.startswith("c2sp.org/tlog-proof@v1")
    assert program.get("/checkpoint").text.startswith("docket/brand.example\n")


def test_an_order_is_found_without_its_dashes_and_told_whole(program):
    assert program.get("/orders", params={"ref": ORDER.replace("-", "")}).json() == {
        "orders": [{"marketplace": "amazon", "value": ORDER}]
    }
    told = program.get(f"/orders/amazon/{ORDER.replace('-', '')}").json()
    assert [one["message"]["direction"] for one in told["messages"]][:2] == ["inbound", "outbound"]
    assert told["messages"][1]["replies"][0]["reply"].startswith("250")
    assert {"carrier": "ups", "number": "1Z999AA10123456784"} in told["parcels"]


@pytest.mark.parametrize(
    "path, body, type_, said",
    [
        ("/messages/{q}/notes", {"text": "Rang her."}, "note", {"text": "Rang her."}),
        ("/messages/{q}/tags", {"add": ["Damage-1"]}, "tag", {"add": ["damage-1"], "remove": []}),
        ("/messages/{q}/links", {"value": "12345", "marketplace": "shop"}, "link", {"undo": False}),
        ("/messages/{q}/links", {"value": "12345", "undo": True}, "link", {"undo": True}),
        ("/messages/{q}/links", {"none": True}, "link", {"none": True}),
        ("/messages/{t}/marks", {"clock": "reply", "as": "none"}, "mark", {"as": "no answer needed"}),
        (DOSSIER + "/notes", {"text": "On the order."}, "note", {"text": "On the order."}),
        (DOSSIER + "/marks", {"clock": "reply", "as": "elsewhere"}, "mark", {"as": "answered elsewhere"}),
        (DOSSIER + "/dossier", {"state": "waiting", "owner": "anna"}, "dossier", {"state": "waiting"}),
        (DOSSIER + "/answer", {"language": "de"}, "answer", {"language": "de"}),
    ],
)  # fmt: skip
def test_each_act_is_an_entry_in_the_agent_s_name(house, program, path, body, type_, said):
    before = len(entries(house, type_))
    target = path.format(q=house.seqs["stranger"], t=house.seqs["thanks"])
    answer = program.post(target, json=body)
    assert answer.status_code == 201, answer.text
    (entry,) = entries(house, type_)[before:]
    assert answer.json() == {"seq": entry.seq, "existing": False}
    assert (json.loads(entry.payload) | said) == json.loads(entry.payload)
    assert (json.loads(entry.payload)["agent"], entry.meta["source"]) == ("anna", "api")


def test_what_is_handed_out_is_recorded(house, program):
    answer = program.post(DOSSIER + "/pack", json={"reason": "claim"})
    assert answer.headers["content-type"] == "application/zip"
    assert answer.content[:2] == b"PK"
    told = json.loads(entries(house, "export")[-1].payload)
    assert (told["agent"], told["reason"]) == ("anna", "claim")
    assert "lacks" in program.get(DOSSIER + "/answer", params={"language": "fr"}).json()


def test_a_post_with_a_key_is_done_once(house, program):
    path, key = f"/messages/{house.seqs['answer']}/notes", {"idempotency-key": "order-7"}
    first = program.post(path, json={"text": "once"}, headers=key)
    again = program.post(path, json={"text": "once"}, headers=key)
    assert (first.status_code, again.status_code, again.json()) == (201, 201, first.json())
    is_problem(program.post(path, json={"text": "other"}, headers=key), 409)
    assert sum(b'"once"' in one.payload for one in entries(house, "note")) == 1
    is_problem(program.post(path, json={"text": "x"}, headers={"idempotency-key": "a" * 256}), 400)


def test_many_posts_with_one_key_at_the_same_time_are_one_act(house, program):
    path, key = f"/messages/{house.seqs['answer']}/notes", {"idempotency-key": "storm"}
    with ThreadPoolExecutor(4) as pool:
        calls = [pool.submit(program.post, path, json={"text": "storm"}, headers=key) for _ in range(8)]
        codes = sorted(one.result().status_code for one in calls)
    assert set(codes) <= {201, 409}
    assert sum(b'"storm"' in one.payload for one in entries(house, "note")) == 1


def test_a_request_that_a_crash_cut_off_is_done_again_and_stands_once(house, program):
    path, key = f"/messages/{house.seqs['answer']}/notes", {"idempotency-key": "crash"}
    first = program.post(path, json={"text": "cut off"}, headers=key).json()
    with house.accounts.store.write() as tx:  # as it was before the answer was kept
        tx.exec_driver_sql("UPDATE requests SET status = 0, answer = 'null'")
    is_problem(program.post(path, json={"text": "cut off"}, headers=key), 409)
    house.clock.at += timedelta(minutes=2)
    again = program.post(path, json={"text": "cut off"}, headers=key)
    assert again.json() == {"seq": first["seq"], "existing": True}


@pytest.mark.parametrize("op", OPERATIONS, ids=lambda op: op.name)
def test_no_call_is_answered_without_a_token_or_with_one_that_may_not(caller, op):
    path = op.path.format(seq=0, part="1", number=0, marketplace="amazon", value=ORDER)
    with_none = caller("read")
    del with_none.headers["authorization"]
    answer = with_none.request(op.method, path, json={})
    is_problem(answer, 401)
    assert answer.headers["www-authenticate"].startswith("Bearer")
    others = [scope for scope in SCOPES if scope != op.scope]
    if op.scope:
        answer = caller(*others).request(op.method, path, json={})
        is_problem(answer, 403)
        assert f'scope="{op.scope}"' in answer.headers["www-authenticate"]


def test_a_token_sees_its_mailboxes_and_nothing_of_the_others(house, caller):
    seq = house.seqs["other"]
    narrow = caller(*SCOPES, mailboxes=(MAILBOX,))
    assert narrow.get("/me").json()["mailboxes"] == [MAILBOX]
    assert narrow.get("/messages", params={"q": "samovar"}).json()["total"] == 0
    assert caller("read").get("/messages", params={"q": "samovar"}).json()["total"] == 1
    assert narrow.get("/messages", params={"q": f"subject:return OR mailbox:{OTHER}"}).json()["total"] == 0
    for path in (f"/messages/{seq}", f"/messages/{seq}/raw", f"/messages/{seq}/attachments/1"):
        is_problem(narrow.get(path), 404)
    for path, body in (("notes", {"text": "x"}), ("tags", {"add": ["x"]}), ("links", {"none": True})):
        is_problem(narrow.post(f"/messages/{seq}/{path}", json=body), 404)
    assert seq not in {one["of"] for one in narrow.get("/entries").json()["entries"]}
    assert seq in {one["of"] for one in caller("read").get("/entries").json()["entries"]}
    nowhere = caller(*SCOPES, mailboxes=("third@brand.example",))
    is_problem(nowhere.get(DOSSIER), 404)
    is_problem(nowhere.post(DOSSIER + "/notes", json={"text": "x"}), 404)
    is_problem(nowhere.post(DOSSIER + "/pack", json={}), 404)
    assert nowhere.get("/orders", params={"ref": ORDER}).json() == {"orders": []}


def test_of_an_order_with_mail_in_two_mailboxes_a_token_of_one_sees_its_own_and_takes_nothing_whole(
    house, caller
):
    narrow = caller(*SCOPES, mailboxes=(OTHER,))
    told = narrow.get(DOSSIER).json()
    assert [one["message"]["seq"] for one in told["messages"]] == [house.seqs["other"]]
    assert told["parcels"] == []
    assert "Sendungsnummer" not in json.dumps(told)
    for call in (("POST", "/pack"), ("POST", "/report"), ("POST", "/answer"), ("GET", "/answer")):
        is_problem(narrow.request(call[0], DOSSIER + call[1], json={}), 403)


def test_a_token_never_sees_more_than_its_agent(house, caller):
    house.accounts.add("ben", "another password", mailboxes=(OTHER,))
    assert caller("read", agent="ben").get("/me").json()["mailboxes"] == [OTHER]
    nothing = caller("read", agent="ben", mailboxes=(MAILBOX,))
    assert nothing.get("/messages").json() == {"total": 0, "after": None, "hits": []}
    house.accounts.disable("ben")
    is_problem(nothing.get("/me"), 401)


def test_a_token_is_kept_as_a_hash_listed_with_its_last_use_and_taken_back(house, caller):
    made, text = token(house, "read", days=1)
    tokens = Tokens(house.accounts.store, house.clock)
    client = caller("read")
    client.headers["authorization"] = f"Bearer {text}"
    assert client.get("/me").json()["token"] == made.id
    assert next(one for one in tokens.list("anna") if one.id == made.id).used_at == house.clock.now()
    with house.accounts.store.read() as conn:
        kept = str(conn.exec_driver_sql("SELECT * FROM tokens").all())
    assert text.split("-", 3)[3] not in kept
    assert text not in str([one.payload for one in entries(house, "token")])
    house.clock.at += timedelta(days=2)
    is_problem(client.get("/me"), 401)
    withdraw(tokens, house.act, made.id, by="boss", source="command")
    told = json.loads(entries(house, "token")[-1].payload)
    assert (told["did"], told["token"], told["agent"], told["for"]) == ("revoked", made.id, "boss", "anna")


@pytest.mark.parametrize(
    "method, path, status, more",
    [
        ("GET", "/messages?q=(", 400, {"at": "q", "column": 1}),
        ("GET", "/messages?after=x", 400, {"at": "after"}),
        ("GET", "/messages?limit=0", 400, {"at": "$.limit"}),
        ("GET", "/messages?limit=1&limit=2", 400, {}),
        ("GET", "/messages?colour=red", 400, {}),
        ("GET", "/messages/999999", 404, {}),
        ("GET", "/messages/-1", 404, {}),
        ("GET", "/messages/99999999999999999999", 404, {}),
        ("GET", "/messages/1/attachments/..%2f..%2fetc", 404, {}),
        ("GET", "/orders/amazon/nothing", 404, {}),
        ("GET", "/nothing/here", 404, {}),
        ("GET", "/messages/", 404, {}),
        ("PUT", "/messages", 405, {}),
        ("DELETE", "/messages/1/notes", 405, {}),
    ],
)
def test_every_refusal_is_a_problem(program, method, path, status, more):
    told = is_problem(program.request(method, path), status)
    assert told | more == told


@pytest.mark.parametrize(
    "body, type_, status",
    [
        (b'{"text": 7}', "application/json", 422),
        (b'{"text": "x", "agent": "boss"}', "application/json", 422),
        (b'{"text": "  "}', "application/json", 400),
        (b"{", "application/json", 400),
        (b'{"text": "\xff"}', "application/json", 400),
        (b"[" * 100_000, "application/json", 422),
        (b"text=x", "application/x-www-form-urlencoded", 415),
        (b'{"text": "' + b"x" * 300_000 + b'"}', "application/json", 413),
    ],
)
def test_no_body_of_a_wrong_kind_is_an_act(house, program, body, type_, status):
    before = house.archive.head()
    path = f"/messages/{house.seqs['question']}/notes"
    is_problem(program.post(path, content=body, headers={"content-type": type_}), status)
    assert house.archive.head() == before


def test_who_calls_too_often_waits_and_is_told_how_long(house):
    _, text = token(house, "read")
    with on_a_port(replace(house.site, api_per_minute=3)) as url, program_with(url, text) as client:
        assert [client.get("/me").status_code for _ in range(4)] == [200, 200, 200, 429]
        answer = client.get("/me")
        is_problem(answer, 429)
        assert answer.headers["retry-after"] == "20"
        house.clock.at += timedelta(seconds=20)
        assert client.get("/me").status_code == 200
        client.headers["authorization"] = "Bearer guessed"
        assert [client.get("/me").status_code for _ in range(2)] == [401, 429]


def test_a_fault_of_ours_is_a_constant_problem_and_a_line_in_the_log(house, caplog):
    _, text = token(house, "read")
    with on_a_port(replace(house.site, index=None)) as url, program_with(url, text) as client:
        told = is_problem(client.get("/messages"), 500)
    assert told["detail"] == "This has been written to the log."
    assert "call-failed operation=search" in caplog.text


def test_the_api_answers_to_its_own_names_and_has_no_session(house, caller):
    client = caller("read")
    is_problem(client.get("/me", headers={"host": "evil.example"}), 400)
    session = house.accounts.open_session("anna", 1.0, stamp=house.accounts.stamp("anna"))
    del client.headers["authorization"]
    is_problem(client.get("/me", headers={"cookie": f"docket={session}"}), 401)
    answer = client.get("/openapi.json")
    assert answer.headers["cache-control"] == "no-store"
    assert answer.headers["x-content-type-options"] == "nosniff"
    assert "set-cookie" not in answer.headers


def test_an_order_whose_number_has_a_slash_in_it_has_an_address(house, program):
    link = {"value": "AB/12", "marketplace": "amazon"}
    assert program.post(f"/messages/{house.seqs['stranger']}/links", json=link).status_code == 201
    said = program.get("/orders/amazon/AB%2F12")
    assert (said.status_code, "AB/12" in said.text) == (200, True)
    assert program.post("/orders/amazon/AB%2f12/notes", json={"text": "noted"}).status_code == 201
    is_problem(program.get("/orders/amazon/AB%2F13"), 404)
    is_problem(program.get("/orders%2Famazon%2FAB"), 404)
    program.post(f"/messages/{house.seqs['stranger']}/links", json={**link, "undo": True})
