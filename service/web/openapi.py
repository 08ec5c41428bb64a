"""The OpenAPI document, made from the registry."""

from __future__ import annotations

from typing import Any

from service.operations.preferences import Preferences
from service.operations.registry import Operation, operations

_ERROR = {"$ref": "#/components/schemas/Error"}
_SESSION = {
    "name": "X-Excel-Session",
    "in": "header",
    "required": True,
    "schema": {"type": "string"},
    "description": "Id of the session, from POST /v1/sessions.",
}
_KEY = {
    "name": "Idempotency-Key",
    "in": "header",
    "required": False,
    "schema": {"type": "string"},
    "description": "A repeated request with the same key gets the first answer.",
}

_OWNER = {
    "type": "object",
    "properties": {"user": {"type": "string"}, "chat": {"type": "string"}},
    "required": ["user", "chat"],
    "additionalProperties": False,
}
_UPLOAD = {
    "type": "object",
    "properties": {
        "file": {"type": "string", "contentMediaType": "application/octet-stream"},
        "source": {"type": "string"},
    },
    "required": ["file"],
}


def document(version: str, url: str) -> dict[str, Any]:
    """The whole document, OpenAPI 3.1."""
    return {
        "openapi": "3.1.0",
        "info": {
            "title": "Excel Tools",
            "version": version,
            "description": "Excel workbooks for chats: sessions, operations, files.",
        },
        "servers": [{"url": url}],
        "security": [{"key": []}],
        "paths": {**_fixed_paths(), **_operation_paths()},
        "components": {
            "securitySchemes": {"key": {"type": "http", "scheme": "bearer"}},
            "schemas": {
                "Error": _error(),
                "Answer": _answer(),
                "File": _file(),
                "Preferences": _inlined(Preferences.model_json_schema(), {}),
            },
        },
    }


def _operation_paths() -> dict[str, Any]:
    return {
        f"/v1/operations/{item.name}": {"post": _operation(item)} for item in operations().values()
    }


def _operation(item: Operation) -> dict[str, Any]:
    return {
        "operationId": item.name,
        "summary": item.summary,
        "description": item.description,
        "tags": ["operations"],
        "parameters": [_SESSION, _KEY],
        "requestBody": {
            "required": any(p.required for p in item.parameters),
            "content": {"application/json": {"schema": body_schema(item), "example": item.example}},
        },
        "responses": _responses("200", "Done.", {"$ref": "#/components/schemas/Answer"}),
    }


def body_schema(item: Operation) -> dict[str, Any]:
    """The JSON schema of an operation's parameters, without references."""
    schema = item.model.model_json_schema()
    found: dict[str, Any] = _inlined(schema, schema.pop("$defs", {}))
    return found


def _inlined(node: Any, definitions: dict[str, Any]) -> Any:
    if isinstance(node, list):
        return [_inlined(item, definitions) for item in node]
    if not isinstance(node, dict):
        return node
    if "$ref" in node:
        target = definitions[node["$ref"].rsplit("/", 1)[1]]
        rest = {key: value for key, value in node.items() if key != "$ref"}
        return _inlined({**target, **rest}, definitions)
    return {
        key: _inlined(value, definitions)
        for key, value in node.items()
        # pydantic's own title of a schema, which says nothing new; not a property of that name
        if key != "title" or not isinstance(value, str)
    }


def _fixed_paths() -> dict[str, Any]:
    id_ = {"name": "id", "in": "path", "required": True, "schema": {"type": "string"}}
    text = {"type": "string"}
    return {
        "/v1/sessions": {
            "post": {
                **_route(
                    "open_session", "Open or resume the session of a user and chat.", "200", _OWNER
                ),
                "responses": {
                    "201": {"description": "A new session."},
                    **_responses("200", "The session there was already."),
                },
            }
        },
        "/v1/sessions/{id}": {
            "get": _route("show_session", "What the session holds.", "200", parameters=[id_]),
            "delete": _route("delete_session", "End the session.", "204", parameters=[id_]),
        },
        "/v1/preferences": _preferences(),
        "/v1/files": {
            "post": _route(
                "upload_file",
                "Send a file to the session.",
                "201",
                _UPLOAD,
                [_SESSION],
                "multipart/form-data",
            )
        },
        "/files/{token}/{name}": {
            "get": {
                **_route(
                    "download_file",
                    "The file that a signed link leads to.",
                    "200",
                    parameters=[
                        {"name": "token", "in": "path", "required": True, "schema": text},
                        {"name": "name", "in": "path", "required": True, "schema": text},
                    ],
                ),
                "security": [],
            }
        },
        "/health": {
            "get": {**_route("health", "Whether the service runs.", "200"), "security": []}
        },
    }


def _preferences() -> dict[str, Any]:
    user = {
        "name": "X-User-Id",
        "in": "header",
        "required": True,
        "schema": {"type": "string"},
        "description": "Whose preferences are meant.",
    }
    schema = {"$ref": "#/components/schemas/Preferences"}
    show = _route("show_preferences", "The preferences of a user.", "200", parameters=[user])
    replace = _route(
        "replace_preferences",
        "Replace all preferences of a user. They outlive sessions.",
        "200",
        schema,
        [user],
    )
    done = _responses("200", "Done.", schema)
    return {"get": {**show, "responses": done}, "put": {**replace, "responses": done}}


def _route(
    name: str,
    summary: str,
    status: str,
    body: dict[str, Any] | None = None,
    parameters: list[dict[str, Any]] | None = None,
    media: str = "application/json",
) -> dict[str, Any]:
    route: dict[str, Any] = {"operationId": name, "summary": summary, "tags": ["service"]}
    if parameters:
        route["parameters"] = parameters
    if body:
        route["requestBody"] = {"required": True, "content": {media: {"schema": body}}}
    return {**route, "responses": _responses(status, "Done.")}


def _responses(status: str, text: str, schema: dict[str, Any] | None = None) -> dict[str, Any]:
    done: dict[str, Any] = {"description": text}
    if schema:
        done["content"] = {"application/json": {"schema": schema}}
    failed = {"description": "An error.", "content": {"application/json": {"schema": _ERROR}}}
    return {status: done, "default": failed}


def _error() -> dict[str, Any]:
    text = {"type": "string"}
    error = {
        "type": "object",
        "properties": {
            "code": text,
            "message": text,
            "hint": text,
            "details": {"type": "object"},
            "request_id": text,
        },
        "required": ["code", "message", "hint", "request_id"],
    }
    return {"type": "object", "properties": {"error": error}, "required": ["error"]}


def _answer() -> dict[str, Any]:
    return {
        "type": "object",
        "properties": {
            "workbook": {"type": "string"},
            "sheet": {"type": "string"},
            "result": {"type": "object"},
            "unsaved_changes": {"type": "integer"},
            "files": {"type": "array", "items": {"$ref": "#/components/schemas/File"}},
            "next": {"type": "array", "items": {"type": "string"}, "maxItems": 2},
        },
        "required": ["result", "unsaved_changes", "files"],
    }


def _file() -> dict[str, Any]:
    return {
        "type": "object",
        "properties": {
            "name": {"type": "string"},
            "download_url": {"type": "string", "format": "uri"},
            "version": {"type": ["integer", "null"]},
            "state": {"enum": ["draft", "saved"]},
            "size": {"type": ["integer", "null"]},
            "mime_type": {"type": "string"},
        },
        "required": ["name", "download_url", "version", "state", "size", "mime_type"],
    }
