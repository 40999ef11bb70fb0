"""The API's description (OpenAPI 3.1), written by the declarations that route and check."""

from collections.abc import Iterable, Iterator
from http import HTTPStatus
from importlib.metadata import version
from typing import Any

import msgspec

from gateway.store.tokens import SCOPES
from gateway.web.api.call import KEY_PATTERN, File, Nothing, Operation
from gateway.web.api.problem import MEDIA_TYPE, Problem

_REF = "#/components/schemas/{name}"
_ALWAYS = (400, 401, 403, 429)
_KEY = {
    "name": "Idempotency-Key",
    "in": "header",
    "required": False,
    "description": "Any text of your own: asked again with the same one within a day, the first answer comes again and"
    " nothing is done twice.",
    "schema": {"type": "string", "pattern": KEY_PATTERN},
}


def describe(operations: Iterable[Operation], base: str) -> dict[str, Any]:
    """Return the whole description; ``base`` is where the paths begin."""
    known = tuple(operations)
    types = dict.fromkeys(
        one for op in known for one in (op.body, op.gives) if isinstance(one, type) and one is not File
    )
    _, schemas = msgspec.json.schema_components([*types, Problem], ref_template=_REF)
    schemas.pop("Nothing", None)
    paths: dict[str, Any] = {}
    for op in known:
        paths.setdefault(op.path, {})[op.method.lower()] = _operation(op)
    return {
        "openapi": "3.1.0",
        "info": {
            "title": "Docket",
            "version": version("docket"),
            "license": {"name": "Apache-2.0", "identifier": "Apache-2.0"},
        },
        "servers": [{"url": base}],
        "security": [{"token": []}],
        "paths": paths,
        "components": {
            "schemas": schemas,
            "securitySchemes": {
                "token": {
                    "type": "http",
                    "scheme": "bearer",
                    "description": "A token made by `docket token add`. Scopes: "
                    + "; ".join(f"{name}: {said}" for name, said in SCOPES.items())
                    + ".",
                }
            },
        },
    }


def _operation(op: Operation) -> dict[str, Any]:
    said: dict[str, Any] = {
        "operationId": op.name,
        "summary": op.summary,
        "parameters": [*_parameters(op.where, "path"), *_parameters(op.query, "query")],
        "responses": {str(op.status): _answer(op), **{str(code): _fails(code) for code in _codes(op)}},
    }
    if op.scope:
        said["description"] = f"Needs the scope `{op.scope}`."
    if op.is_repeatable:
        said["parameters"].append(_KEY)
    if op.method == "POST":
        said["requestBody"] = {"required": True, "content": _body(op)}
    return said


def _body(op: Operation) -> dict[str, Any]:
    if op.body is File:
        return {"application/octet-stream": {}}
    return {"application/json": {"schema": {"$ref": _REF.format(name=op.body.__name__)}}}


def _answer(op: Operation) -> dict[str, Any]:
    if isinstance(op.gives, str):
        return {"description": "The file.", "content": {op.gives: {}}}
    schema = {"$ref": _REF.format(name=op.gives.__name__)}
    return {"description": "Done.", "content": {"application/json": {"schema": schema}}}


def _codes(op: Operation) -> list[int]:
    own = (404,) if op.where is not Nothing else ()
    posts = (408, 409, 413, 415, 422) if op.method == "POST" else ()
    return sorted({*_ALWAYS, *own, *posts, *op.fails})


def _fails(code: int) -> dict[str, Any]:
    return {
        "description": HTTPStatus(code).phrase,
        "content": {MEDIA_TYPE: {"schema": {"$ref": _REF.format(name="Problem")}}},
    }


def _parameters(shape: type[msgspec.Struct], place: str) -> Iterator[dict[str, Any]]:
    """Yield what stands in an address, a parameter for each field."""
    schema = msgspec.json.schema_components([shape], ref_template=_REF)[1].get(shape.__name__, {})
    for name, each in schema.get("properties", {}).items():
        told = {key: value for key, value in each.items() if key != "description"}
        one = {"name": name, "in": place, "required": name in schema.get("required", ()), "schema": told}
        yield one | ({"description": each["description"]} if "description" in each else {})
