"""What mail clients ask before anybody has logged in. Every address is answered alike: who has an account is not told."""

from http import HTTPStatus

from starlette.requests import Request
from starlette.responses import PlainTextResponse, Response
from starlette.routing import Route

from gateway.clients.outlook import NoQuestion, asked_for, autodiscover
from gateway.clients.services import Box, Services
from gateway.clients.thunderbird import autoconfig

_XML = "application/xml; charset=utf-8"
_NOTHING = "No servers are set up for mail clients here."


async def show_autoconfig(request: Request) -> Response:
    address = request.query_params.get("emailaddress", "")[:320]
    services: Services = request.app.state.site.clients()
    box = _complete(services, address)
    if box is None:
        return PlainTextResponse(_NOTHING, HTTPStatus.NOT_FOUND)
    return Response(autoconfig(services, box, address), media_type=_XML)


async def show_autodiscover(request: Request) -> Response:
    try:
        address = asked_for(request.state.body)
    except NoQuestion as wrong:
        return PlainTextResponse(f"{wrong}\n".capitalize(), HTTPStatus.BAD_REQUEST)
    services: Services = request.app.state.site.clients()
    box = _complete(services, address)
    if box is None:
        return PlainTextResponse(_NOTHING, HTTPStatus.NOT_FOUND)
    return Response(autodiscover(services, box, address), media_type=_XML)


def _complete(services: Services, address: str) -> Box | None:
    box = services.box_for(address)
    return box if box is not None and box.imap and services.smtp else None


ROUTES = [
    Route("/.well-known/autoconfig/mail/config-v1.1.xml", show_autoconfig, methods=["GET"]),
    Route("/mail/config-v1.1.xml", show_autoconfig, methods=["GET"]),
    *(
        # Outlook writes it either way.
        Route(f"/{folder}/{file}.xml", show_autodiscover, methods=["POST"])
        for folder, file in (
            ("autodiscover", "autodiscover"),
            ("Autodiscover", "Autodiscover"),
            ("autodiscover", "Autodiscover"),
            ("Autodiscover", "autodiscover"),
        )
    ),
]
