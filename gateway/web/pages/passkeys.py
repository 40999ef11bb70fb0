"""Passkeys (Web Authentication Level 3): log in with one alone, or as the second step after a password.

One that is used alone must have known its owner, by a PIN or a finger; as a second step its touch is enough.
"""

import json
from http import HTTPStatus
from typing import Any

from starlette.concurrency import run_in_threadpool
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route
from webauthn import (
    generate_authentication_options,
    generate_registration_options,
    options_to_json,
    verify_authentication_response,
    verify_registration_response,
)
from webauthn.helpers import base64url_to_bytes
from webauthn.helpers.exceptions import WebAuthnException
from webauthn.helpers.structs import (
    AuthenticatorSelectionCriteria,
    PublicKeyCredentialDescriptor,
    ResidentKeyRequirement,
    UserVerificationRequirement,
)

from gateway.errors import WrongUse
from gateway.store.agents import Agent
from gateway.store.attempts import Attempts
from gateway.store.people import person_draft
from gateway.tongue import _
from gateway.web.admission import admit, charged, confirm, forgive, standing
from gateway.web.guard import host_of, safe_next
from gateway.web.render import page
from gateway.web.site import Site
from gateway.web.throttle import peer_of

_LABEL = 100
_HTTP = 80  # the port that browsers leave away
_WRONG = (
    WebAuthnException,
    ValueError,
    KeyError,
    TypeError,
    RecursionError,
)  # what a browser sends may be anything


async def ask(request: Request) -> Response:
    """Return what a browser is to have signed: by any passkey, or in a second step by one of who has shown their password."""
    site = _site(request)
    if request.app.state.throttle.charge((f"ask {peer_of(request)}",), site.clock.now()):
        raise HTTPException(HTTPStatus.TOO_MANY_REQUESTS)
    sent = request.state.form.get("attempt", "")
    begun, until = await run_in_threadpool(_attempts(site).look, "second", sent) or ({}, None)
    if begun.get("visit") != request.state.visit:
        begun, until = {}, None
    name = str(begun.get("agent", ""))
    theirs = (await run_in_threadpool(site.factors.of, name)).passkeys if name else ()
    required = UserVerificationRequirement.PREFERRED if name else UserVerificationRequirement.REQUIRED
    options = generate_authentication_options(
        rp_id=_party(request),
        allow_credentials=[PublicKeyCredentialDescriptor(id=one.credential) for one in theirs],
        user_verification=required,
    )
    about = {
        "challenge": options.challenge.hex(),
        "agent": name,
        "visit": request.state.visit,
        "stamp": str(begun.get("stamp", "")),
    }
    # A second step is over when it would have been, however often a passkey is asked for.
    attempt = await run_in_threadpool(_attempts(site).begin, "passkey", about, until)
    again = sent if begun else ""
    return JSONResponse(
        {"attempt": attempt, "second": again, "options": json.loads(options_to_json(options))}
    )


async def answer(request: Request) -> Response:
    """Let in whose passkey has signed what it was asked to."""
    site, form = _site(request), request.state.form
    begun = await run_in_threadpool(_attempts(site).take, "passkey", form.get("attempt", ""))
    if begun is None or begun["visit"] != request.state.visit:
        raise HTTPException(HTTPStatus.UNAUTHORIZED, _("That took too long. Begin again."))
    if charged(request, begun["agent"], by="passkey"):
        raise HTTPException(HTTPStatus.TOO_MANY_REQUESTS)
    agent = await run_in_threadpool(_signed, request, site, begun)
    if agent is None or agent.disabled:
        raise HTTPException(HTTPStatus.UNAUTHORIZED, _("This passkey opens nothing here."))
    forgive(request, begun["agent"], by="passkey")
    stamp = begun["stamp"] or agent.stamp
    return await admit(request, agent.name, safe_next(form.get("next", "/")), stamp)


def _signed(request: Request, site: Site, begun: dict[str, Any]) -> Agent | None:
    """Return whose passkey has signed, None where what was sent shows nothing."""
    try:
        said = json.loads(request.state.form.get("credential", ""))
        known = site.factors.passkey(base64url_to_bytes(said["rawId"]))
        if known is None or (begun["agent"] and known.agent != begun["agent"]):
            return None
        agent = site.accounts.agent(known.agent)  # before the use is noted: a namesake has no such passkey
        checked = verify_authentication_response(
            credential=said,
            expected_challenge=bytes.fromhex(begun["challenge"]),
            expected_rp_id=_party(request),
            expected_origin=_origin(request),
            credential_public_key=known.key,
            credential_current_sign_count=known.count,
            require_user_verification=not begun["agent"],
        )
    except _WRONG:
        return None
    return agent if site.factors.used(known, checked.new_sign_count) else None


async def offer(request: Request) -> Response:
    """Return what a new passkey is to be made of, to who gives their password once more."""
    site, name = _site(request), request.state.agent
    by = await confirm(request)
    held = await run_in_threadpool(site.factors.of, name)
    options = generate_registration_options(
        rp_id=_party(request),
        rp_name="Docket",
        user_name=name,
        user_display_name=request.state.who.full_name or name,
        exclude_credentials=[PublicKeyCredentialDescriptor(id=one.credential) for one in held.passkeys],
        authenticator_selection=AuthenticatorSelectionCriteria(
            resident_key=ResidentKeyRequirement.PREFERRED,
            user_verification=UserVerificationRequirement.PREFERRED,
        ),
    )
    about = {"challenge": options.challenge.hex(), "agent": name}
    attempts = Attempts(site.accounts.by(by).store, site.clock)
    attempt = await run_in_threadpool(attempts.begin, "new passkey", about)
    return JSONResponse({"attempt": attempt, "options": json.loads(options_to_json(options))})


async def keep(request: Request) -> Response:
    """Keep a new passkey, and show recovery codes where it is the first way in beside the password."""
    site, name, form = _site(request), request.state.agent, request.state.form
    begun = await run_in_threadpool(_attempts(site).take, "new passkey", form.get("attempt", ""))
    if begun is None or begun["agent"] != name:
        raise HTTPException(HTTPStatus.BAD_REQUEST, _("That took too long. Begin again."))
    label = form.get("label", "").strip()[:_LABEL] or _("Passkey")
    factors = site.factors.by(standing(request))
    held = await run_in_threadpool(factors.of, name)
    try:
        made = verify_registration_response(
            credential=json.loads(form.get("credential", "")),
            expected_challenge=bytes.fromhex(begun["challenge"]),
            expected_rp_id=_party(request),
            expected_origin=_origin(request),
        )
        await run_in_threadpool(
            lambda: factors.add_passkey(
                name,
                label,
                made.credential_id,
                made.credential_public_key,
                made.sign_count,
                record=lambda id_: site.act(
                    person_draft("passkey added", name, by=name, source="web", what=id_[:16])
                ),
            )
        )
    except (*_WRONG, WrongUse) as wrong:
        raise HTTPException(HTTPStatus.BAD_REQUEST, _("That passkey cannot be used here.")) from wrong
    codes = [] if held.any else await run_in_threadpool(factors.new_codes, name)
    return page(request, "codes.html", codes=codes, label=label)


def _site(request: Request) -> Site:
    site: Site = request.app.state.site
    if site.sso and site.sso.only:
        raise HTTPException(
            HTTPStatus.FORBIDDEN, _("Passkeys open nothing here. Log in at your company’s login.")
        )
    return site


def _party(request: Request) -> str:
    """Return the relying party's id: the name in the address bar, which the guard has found to be one of ours."""
    return host_of(request.headers["host"])


def _origin(request: Request) -> str:
    """Return the origin of our page: what the settings say that it is, else our own port, or that of a proxy with TLS.

    Never the port of the Host field: a page of another program on this machine would be let in by what it had signed.
    """
    site: Site = request.app.state.site
    if site.origin:
        return site.origin
    if site.secure_cookie:
        return f"https://{_party(request)}"
    port = request.scope["server"][1]
    return f"http://{_party(request)}" + ("" if port == _HTTP else f":{port}")


def _attempts(site: Site) -> Attempts:
    return Attempts(site.accounts.store, site.clock)


ROUTES = [
    Route("/login/passkey/ask", ask, methods=["POST"]),
    Route("/login/passkey", answer, methods=["POST"]),
    Route("/account/passkeys/ask", offer, methods=["POST"]),
    Route("/account/passkeys", keep, methods=["POST"]),
]
