"""What a call asks: its address, query and body, each held to what its operation takes."""

import asyncio
from http import HTTPStatus
from typing import Any, get_origin

import msgspec
from starlette.datastructures import QueryParams
from starlette.requests import Request

from gateway.dossier.filing import FILE_BYTES
from gateway.web.api.call import File, Operation
from gateway.web.api.door import SLASH
from gateway.web.api.problem import Refused

BODY_BYTES = 256 * 1024
_PATIENCE_S = 60.0  # for a body
_FILE_PATIENCE_S = 300.0


async def body_of(op: Operation, request: Request) -> bytes:
    sent = request.headers.get("content-type", "").partition(";")[0].strip().lower()
    wanted = "application/octet-stream" if op.body is File else "application/json"
    if sent != wanted:
        raise Refused(HTTPStatus.UNSUPPORTED_MEDIA_TYPE, f"The body must be {wanted}.")
    if op.body is File:
        return await read(request, FILE_BYTES, _FILE_PATIENCE_S)
    return await read(request)


async def read(request: Request, most: int = BODY_BYTES, patience_s: float = _PATIENCE_S) -> bytes:
    """Return a body; raises Refused where it is larger than ``most`` bytes or takes too long to come."""
    body = bytearray()
    try:
        async with asyncio.timeout(patience_s):
            async for chunk in request.stream():
                body += chunk
                if len(body) > most:
                    raise Refused(HTTPStatus.REQUEST_ENTITY_TOO_LARGE, f"A body may be {most} bytes long.")
    except TimeoutError as late:
        raise Refused(HTTPStatus.REQUEST_TIMEOUT, "The body took too long to come.") from late
    return bytes(body)


def where_of(op: Operation, request: Request) -> Any:
    try:
        named = {name: str(said).replace(SLASH, "/") for name, said in request.path_params.items()}
        return msgspec.convert(named, op.where, strict=False)
    except msgspec.ValidationError as wrong:
        raise Refused(HTTPStatus.NOT_FOUND, "There is nothing at this address.") from wrong


def query_of(op: Operation, request: Request) -> Any:
    try:
        return msgspec.convert(_plain(request.query_params, op.query), op.query, strict=False)
    except (msgspec.ValidationError, ValueError) as wrong:
        raise _unfit(HTTPStatus.BAD_REQUEST, wrong) from wrong


def _plain(params: QueryParams, shape: type[msgspec.Struct]) -> dict[str, Any]:
    many = {one.encode_name for one in msgspec.structs.fields(shape) if get_origin(one.type) is tuple}
    if repeated := [name for name in params if name not in many and len(params.getlist(name)) > 1]:
        raise ValueError(f"{repeated[0][:40]} is given more than once")
    return {name: params.getlist(name) if name in many else params[name] for name in params}


def parsed(op: Operation, body: bytes) -> Any:
    if op.body is File:
        return File(data=body)
    if op.method == "GET":
        return None
    try:
        return msgspec.json.decode(body, type=op.body)
    except msgspec.ValidationError as wrong:
        raise _unfit(HTTPStatus.UNPROCESSABLE_ENTITY, wrong) from wrong
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as wrong:
        raise Refused(HTTPStatus.BAD_REQUEST, "The body is no JSON.") from wrong


def _unfit(status: HTTPStatus, wrong: Exception) -> Refused:
    """Return what is wrong with a value, and where."""
    said, _, at = str(wrong).partition(" - at ")
    return Refused(status, f"{said[:200]}.", at=at.strip("`")[:100])
