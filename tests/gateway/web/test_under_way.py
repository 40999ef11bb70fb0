"""Forms that are under way while the login of who has sent them is changed: they make no key and no admin any more."""

import pyotp
import pytest

from gateway.errors import LoginChanged
from gateway.store.factors import Factors
from gateway.store.sessions import Sessions
from gateway.store.tokens import Tokens
from gateway.web.oidc import Identity
from gateway.web.pages import sso
from tests.gateway.web.test_second_step import hidden, now_code, post
from tests.small_house import PASSWORD, csrf_in


@pytest.fixture
def ada(house):
    """An admin with a session, an app and recovery codes; the mailbox's mail clients and programs have nothing of hers yet."""
    house.accounts.add("ada", PASSWORD, role="admin")
    with house.client("ada") as browser:
        yield browser


def let_in_again(house):
    house.accounts.disable("ada")
    house.accounts.disable("ada", disabled=False)


def end_session(house):
    sessions = Sessions(house.accounts.store, house.clock)
    sessions.end(sessions.list("ada")[0].id)


CHANGES = {
    "invited": lambda house: house.accounts.invite("ada", 7),
    "password": lambda house: house.accounts.passwd("ada", "another sesame"),
    "let in again": let_in_again,
    "session ended": end_session,
}
FORMS = {
    "/people": {"name": "eve", "role": "admin"},
    "/people/anna": {"do": "assign", "role": "admin", "mailboxes": ""},
    "/account/app-passwords": {"label": "telephone"},
    "/tokens": {"label": "erp", "scope-read": "yes"},
    "/account/password": {"new": "words of the thief", "again": "words of the thief"},
    "/account/app": {},
    "/account/codes": {},
    "/account/remove": {"id": "app"},
    "/account/passkeys/ask": {},
}


@pytest.mark.parametrize("change", CHANGES.values(), ids=CHANGES)
@pytest.mark.parametrize(("path", "form"), FORMS.items(), ids=FORMS)
def test_what_was_confirmed_before_a_login_changed_does_nothing_after(
    house, ada, monkeypatch, path, form, change
):
    secret = pyotp.random_base32()
    assert house.site.factors.set_app("ada", secret, now_code(house, secret))
    token, check = csrf_in(ada.get("/account").text), house.accounts.check
    monkeypatch.setattr(
        house.accounts, "check", lambda *args, **more: (check(*args, **more), change(house))[0]
    )
    head = house.archive.head()
    done = ada.post(path, data={"csrf": token, "password": PASSWORD, **form})
    assert done.status_code == 409
    assert "changed meanwhile" in done.text
    assert house.archive.head() == head
    assert house.accounts.agent("eve") is None
    assert house.accounts.agent("anna").role == "supervisor"
    assert house.accounts.app_passwords_of("ada") == ()
    assert Tokens(house.accounts.store, house.clock).list() == []
    held = house.site.factors.of("ada")
    assert (held.app_at is not None, held.codes) == (True, 0)
    assert check("ada", "words of the thief") is None


def test_an_app_that_was_offered_before_a_login_changed_is_not_kept_after(house, ada, monkeypatch):
    shown = post(ada, "/account/app", ada.get("/account").text, password=PASSWORD).text
    secret = hidden(shown, "secret")
    form = {"attempt": hidden(shown, "attempt"), "secret": secret, "code": now_code(house, secret)}
    real = Factors.of

    def of(factors, agent):
        monkeypatch.undo()
        let_in_again(house)
        return real(factors, agent)

    monkeypatch.setattr(Factors, "of", of)
    assert post(ada, "/account/app/code", shown, **form).status_code == 409
    assert not house.site.factors.of("ada").any


def test_an_identity_is_not_given_to_a_namesake(house, monkeypatch):
    real = sso.identities.is_bound

    def is_bound(*args):
        house.accounts.remove("anna")
        house.clock.at = house.clock.at.replace(second=59)
        house.accounts.add("anna", PASSWORD, role="admin")
        return real(*args)

    monkeypatch.setattr(sso.identities, "is_bound", is_bound)
    with pytest.raises(LoginChanged):
        sso._whose(house.site, Identity(issuer="https://id.example", subject="7", name="anna"))
    with house.accounts.store.read() as conn:
        assert sso.identities.bound(conn) == frozenset()
    assert [one for one in house.archive.entries(0) if one.type == "person"] == []
