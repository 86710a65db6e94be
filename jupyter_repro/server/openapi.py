"""The OpenAPI document of the table of operations."""

from __future__ import annotations

import re
from typing import Any

import msgspec

from jupyter_repro.server.operations import OPERATIONS, Operation

_REFERENCE = "#/components/schemas/{name}"
_TYPES = {int: "integer", str: "string"}
_ERRORS = {
    "400": "An argument is missing or wrong",
    "403": "Not for this user",
    "404": "No such notebook below the server's root, session, execution or export",
    "500": "What was recorded can't be read",
}


def document(version: str) -> dict[str, Any]:
    """OpenAPI 3.1; paths are relative to `jupyter-repro/` below the server's base URL."""
    kinds = [each.answer for each in OPERATIONS] + [each.body for each in OPERATIONS if each.body is not None]
    schemas, components = msgspec.json.schema_components(kinds, ref_template=_REFERENCE)
    bodies = iter(schemas[len(OPERATIONS) :])
    paths: dict[str, dict[str, Any]] = {}
    for operation, answer in zip(OPERATIONS, schemas, strict=False):
        body = next(bodies) if operation.body is not None else None
        paths.setdefault(operation.path, {})[operation.method.lower()] = _described(operation, answer, body)
    return {
        "openapi": "3.1.0",
        "info": {"title": "jupyter_repro", "version": version},
        "paths": paths,
        "components": {
            "schemas": components,
            "securitySchemes": {"token": {"type": "apiKey", "in": "header", "name": "Authorization"}},
        },
        "security": [{"token": []}],
    }


def _described(operation: Operation, answer: dict[str, Any], body: dict[str, Any] | None) -> dict[str, Any]:
    described = {
        "summary": operation.summary,
        "parameters": _parameters(operation),
        "responses": {
            str(operation.status): {"description": operation.summary, "content": _json(answer)},
            **{code: {"description": meaning} for code, meaning in _ERRORS.items()},
        },
    }
    return described if body is None else {**described, "requestBody": {"required": True, "content": _json(body)}}


def _parameters(operation: Operation) -> list[dict[str, Any]]:
    numbers = ("ordinal",)
    path = [
        {"name": name, "in": "path", "required": True, "schema": {"type": "integer" if name in numbers else "string"}}
        for name in re.findall(r"\{(\w+)\}", operation.path)
    ]
    notebook = {
        "name": "notebook",
        "in": "query",
        "required": True,
        "description": "Relative to the server's root",
        "schema": {"type": "string"},
    }
    query = [
        {"name": name, "in": "query", "schema": {"type": "array", "items": {"type": _TYPES[kind]}}}
        for name, kind in operation.query.items()
    ]
    return [*path, notebook, *query]


def _json(schema: dict[str, Any]) -> dict[str, Any]:
    return {"application/json": {"schema": schema}}
