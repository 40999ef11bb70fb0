"""What the log cannot take is not done: who may log in, with what, and the searches that are saved."""

import re

import pyotp
import pytest
from sqlalchemy import select

from gateway.errors import Temporary
from gateway.store import accounts_tables
from gateway.store.tokens import Tokens
from tests.gateway.web.test_second_step import now_code
from tests.small_house import PASSWORD, csrf_in

KEPT = ("agents", "app_passwords", "tokens", "searches", "factors", "identities", "invitations")
FORMS = {
    "add": ("/people", {"name": "eve", "role": "admin"}),
    "assign": ("/people/bob", {"do": "assign", "role": "admin", "mailboxes": ""}),
    "invite": ("/people/bob", {"do": "invite"}),
    "shut": ("/people/bob", {"do": "shut"}),
    "let in": ("/people/carl", {"do": "open"}),
    "remove": ("/people/bob", {"do": "remove"}),
    "clear factors": ("/people/ada", {"do": "factors"}),
    "make app password": ("/account/app-passwords", {"label": "telephone"}),
    "revoke app password": ("/account/app-passwords/revoke", {"id": "{app}"}),
    "make token": ("/tokens", {"label": "erp", "scope-read": "yes"}),
    "revoke token": ("/tokens/revoke", {"id": "{token}"}),
    "new password": ("/account/password", {"new": "words quite anew", "again": "words quite anew"}),
    "new codes": ("/account/codes", {}),
    "remove app": ("/account/remove", {"id": "app"}),
    "save search": ("/searches", {"name": "new", "q": "refund"}),
    "pin search": ("/searches/{search}", {"do": "pin"}),
    "remove search": ("/searches/{search}", {"do": "remove"}),
}


def kept(house):
    with house.accounts.store.read() as conn:
        return {
            name: sorted(repr(tuple(row)) for row in conn.execute(select(getattr(accounts_tables, name))))
            for name in KEPT
        }


@pytest.mark.parametrize(("path", "form"), FORMS.values(), ids=FORMS)
def test_what_cannot_be_recorded_is_not_done(house, monkeypatch, path, form):
    for name, role in (("ada", "admin"), ("bob", "agent"), ("carl", "agent")):
        house.accounts.add(name, PASSWORD, role=role)
    house.accounts.disable("carl")
    secret = pyotp.random_base32()
    app, _ = house.accounts.make_app_password("ada", "desk")
    token, _ = Tokens(house.accounts.store, house.clock).make("ada", "shop", ["read"])
    with house.client("ada") as browser:
        assert house.site.factors.set_app("ada", secret, now_code(house, secret))
        check = csrf_in(browser.get("/account").text)
        browser.post("/searches", data={"csrf": check, "name": "mine", "q": "umbrella"})
        search = re.search(r'action="/searches/([^"]+)"', browser.get("/searches").text)[1]
        held = {"app": app, "token": token.id, "search": search}
        data = {name: value.format(**held) for name, value in form.items()}
        before, head = kept(house), house.archive.head()
        with monkeypatch.context() as broken:
            broken.setattr(house.archive, "append", full)
            failed = browser.post(path.format(**held), data={"csrf": check, "password": PASSWORD, **data})
        assert failed.status_code >= 500
        assert (kept(house), house.archive.head()) == (before, head)
        done = browser.post(path.format(**held), data={"csrf": check, "password": PASSWORD, **data})
        assert done.status_code < 400, done.text
    assert kept(house) != before
    assert house.archive.head() > head


def full(_draft):
    raise Temporary("the disk is full; make room and mail is taken again")
