"""The OpenAPI document, made from the registry.

Open WebUI makes a tool of everything in it that has an ``operationId``, and a parameter for the
model of every header that stands among the parameters. So only the operations have an
``operationId``, and what they take by header is told as their security.
"""

from __future__ import annotations

from typing import Any

from service.operations.preferences import Preferences
from service.operations.registry import Operation, operations
from service.operations.tool_schemas import tool_schema
from service.sessions.model import MOST_OFFERED, PLACES
from service.web.identity import HEADER
from service.web.openapi_answers import answer_schema, error_schema, file_schema

_ERROR = {"$ref": "#/components/schemas/Error"}

_TEXT = {"type": "string"}
_NUMBER = {"type": "integer"}
_SESSION = {
    "name": "X-Excel-Session",
    "in": "header",
    "required": True,
    "schema": {"type": "string"},
    "description": "Id of the session, from POST /v1/sessions.",
}
_OWNER = {
    "type": "object",
    "description": "Whose session it is. What X-User-Id and X-Chat-Id say may be left out here.",
    "properties": {
        "user": {"type": "string", "description": "Needed without the header X-User-Id."},
        "chat": {"type": "string", "description": "Needed without the header X-Chat-Id."},
    },
    "additionalProperties": False,
}
_UPLOAD = {
    "type": "object",
    "properties": {
        "file": {"type": "string", "contentMediaType": "application/octet-stream"},
        "source": {"type": "string", "description": "The caller's own id of the file."},
    },
    "required": ["file"],
}

_OFFERS = {
    "type": "object",
    "properties": {
        "files": {
            "type": "array",
            "maxItems": MOST_OFFERED,
            "items": {
                "type": "object",
                "properties": {
                    "id": {"type": "string", "description": "The caller's own id of the file."},
                    "name": {"type": "string"},
                    "time": {"type": "number", "description": "Unix time of its coming."},
                    "place": {"enum": list(PLACES)},
                    "digest": {"type": "string", "description": "SHA-256 of its contents."},
                },
                "required": ["id", "name"],
                "additionalProperties": False,
            },
        }
    },
    "required": ["files"],
    "additionalProperties": False,
}


def _header(name: str, what: str) -> dict[str, Any]:
    return {"name": name, "in": "header", "schema": _TEXT, "description": what}


_HEADERS = [
    _header("X-User-Id", "For whom the caller acts; a session of another user is not found."),
    _header("X-Chat-Id", "In which chat; a session of another chat is not found."),
    _header("X-OpenWebUI-User-Id", "Another name of X-User-Id."),
    _header("X-OpenWebUI-Chat-Id", "Another name of X-Chat-Id."),
    _header(HEADER, "Open WebUI's signed token of the user, where the service asks for it."),
]


_SCHEMES = {
    "key": {"type": "http", "scheme": "bearer"},
    "session": {"name": "X-Excel-Session", "description": "Id of a session."},
    "user": {"name": "X-User-Id", "description": "For whom the caller acts."},
    "chat": {"name": "X-Chat-Id", "description": "In which chat."},
    "openwebui_user": {"name": "X-OpenWebUI-User-Id", "description": "Open WebUI's X-User-Id."},
    "openwebui_token": {"name": HEADER, "description": "Open WebUI's signed token of the user."},
    "openwebui_chat": {"name": "X-OpenWebUI-Chat-Id", "description": "Open WebUI's X-Chat-Id."},
}
_BY_SESSION: list[dict[str, list[str]]] = [
    {"key": [], "session": []},
    {"key": [], "user": [], "chat": []},
    {"key": [], "openwebui_user": [], "openwebui_chat": []},
    {"key": [], "openwebui_token": [], "openwebui_chat": []},
]
_ABOUT = """Excel workbooks for chats: sessions, operations, files.

An operation is done in a session: the one that `X-Excel-Session` names, or that of the user and
the chat in `X-User-Id` and `X-Chat-Id` (or Open WebUI's headers), which is opened if there is
none. The routes with an `operationId` are tools for a model; all the others are for programs.

With the header `Idempotency-Key` (a UUID) a repeated operation gets the first answer. Keys are
remembered as long as the workbook is open, and the last 100 of a session after that.

With `X-Excel-May-Discard` (a number, such as 0) a workbook with more unsaved changes than that is
not closed, and the answer is 409 `unsaved_changes`."""


def document(version: str) -> dict[str, Any]:
    """The whole document, OpenAPI 3.1."""
    return {
        "openapi": "3.1.0",
        "info": {
            "title": "Excel Tools",
            "version": version,
            "description": _ABOUT,
        },
        # Wherever the document was fetched from, so that it can be tried out there.
        "servers": [{"url": "/"}],
        "security": [{"key": []}],
        "paths": {**_fixed_paths(), **_operation_paths()},
        "components": {
            "securitySchemes": {
                name: {"type": "apiKey", "in": "header"} | facts if "name" in facts else facts
                for name, facts in _SCHEMES.items()
            },
            "schemas": {
                **{item.name: body_schema(item) for item in operations().values()},
                "Error": error_schema(),
                "Answer": answer_schema(),
                "File": file_schema(),
                "Preferences": _inlined(Preferences.model_json_schema(), {}),
                "Session": _session_schema(),
            },
        },
    }


def _operation_paths() -> dict[str, Any]:
    return {
        f"/v1/operations/{item.name}": {"post": _operation(item)} for item in operations().values()
    }


def _operation(item: Operation) -> dict[str, Any]:
    schema = {**tool_schema(item), "additionalProperties": False}
    done = _responses("200", "Done.", {"$ref": "#/components/schemas/Answer"})
    if item.previews:
        page = {"schema": {**_TEXT, "description": "The page itself, to callers without a session"}}
        done["200"]["content"]["text/html"] = page
    return {
        "operationId": item.name,
        "summary": item.summary,
        "description": item.description,
        "tags": ["operations"],
        "security": _BY_SESSION,
        "requestBody": {
            "required": any(p.required for p in item.parameters),
            "content": {"application/json": {"schema": schema, "example": item.example}},
        },
        # With all options; what stands in requestBody is short, for models.
        "x-parameters": {"$ref": f"#/components/schemas/{item.name}"},
        "responses": done,
    }


def body_schema(item: Operation) -> dict[str, Any]:
    """The JSON schema of an operation's parameters with all options, without references."""
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
    return {
        "/v1/sessions": _sessions(),
        "/v1/sessions/{id}": _session(),
        "/v1/sessions/{id}/history": _history(),
        "/v1/sessions/{id}/branch": _branch(),
        "/v1/sessions/{id}/links": _links("End all links of the session.", [_path("id")]),
        "/v1/links": _links("End all links of the user whom the headers name.", []),
        "/v1/calls/{key}": _calls(),
        "/v1/preferences": _preferences(),
        "/v1/files": _files(),
        "/files/{token}/{name}": _download(),
        "/preview/{token}/{name}": _preview(),
        "/health": _health(),
    }


def _sessions() -> dict[str, Any]:
    opened = _object(**_session_schema()["properties"], resumed={"type": "boolean"})
    route = _route(
        "Open or resume the session of a user and chat.",
        "200",
        _OWNER,
        _HEADERS,
    )
    responses = {
        **_responses("200", "The session there was already.", opened),
        "201": _response("A new session.", opened),
    }
    clear = _route(
        "End all sessions of the user whom the headers name.",
        "200",
        parameters=_HEADERS,
        answer=_object(deleted={"type": "integer"}),
    )
    return {"post": {**route, "responses": responses}, "delete": clear}


def _session() -> dict[str, Any]:
    parameters = [_path("id"), *_HEADERS]
    schema = {"$ref": "#/components/schemas/Session"}
    return {
        "get": _route("What the session holds.", "200", parameters=parameters, answer=schema),
        "delete": _route("End the session.", "204", parameters=parameters),
    }


def _history() -> dict[str, Any]:
    def number(name: str, default: int, text: str) -> dict[str, Any]:
        schema = {"type": "integer", "minimum": 0, "default": default}
        return {"name": name, "in": "query", "schema": schema, "description": text}

    page = _object(
        events={"type": "array", "items": {"type": "object"}},
        count={"type": "integer"},
        next_first={"type": "integer"},
    )
    page["required"] = ["events", "count"]
    parameters = [
        _path("id"),
        number("first", 0, "How many of the newest events to leave out."),
        number("most", 100, "How many events to answer, up to 1,000."),
        *_HEADERS,
    ]
    return {
        "get": _route(
            "What happened in the session, the newest first.",
            "200",
            parameters=parameters,
            answer=page,
        )
    }


def _branch() -> dict[str, Any]:
    texts = {"type": "array", "items": _TEXT}
    body = _object(message=_TEXT, earlier=texts)
    moved = _object(workbook=_TEXT, taken_back=_NUMBER, brought_back=_NUMBER)
    answer = _object(workbooks={"type": "array", "items": moved}, aside=texts, back=texts)
    text = "The chat goes on from another message: workbooks are brought to where they stood there."
    return {"post": _route(text, "200", body, [_path("id"), *_HEADERS], answer=answer)}


def _links(summary: str, path: list[dict[str, Any]]) -> dict[str, Any]:
    return {"delete": _route(summary, "204", parameters=[*path, *_HEADERS])}


def _calls() -> dict[str, Any]:
    properties: dict[str, Any] = {
        "key": _TEXT,
        "operation": {**_TEXT, "description": "Empty if it has not come yet."},
        "state": {"enum": ["running", "cancelling", "cancelled", "ended"]},
        "seconds": {"type": "number", "description": "How long it has taken so far."},
    }
    more = {
        "doing": {**_TEXT, "description": "While it runs: loading, calculating, writing ..."},
        "done": {**_NUMBER, "description": "Where that is known, how many of total are done."},
        "total": _NUMBER,
    }
    told = _object(**properties)
    cancelled = _object(**properties, cancelled={"type": "boolean"})
    for schema in (told, cancelled):
        schema["properties"] |= more
    parameters = [_path("key"), _SESSION, *_HEADERS]
    show = "What is being done for the call with that Idempotency-Key."
    cancel = "Cancel the call with that Idempotency-Key; nothing of it is done then."
    return {
        "get": _route(show, "200", parameters=parameters, answer=told),
        "delete": _route(cancel, "200", parameters=parameters, answer=cancelled),
    }


def _files() -> dict[str, Any]:
    upload = _route(
        "Send a file to the session.",
        "201",
        _UPLOAD,
        [_SESSION, *_HEADERS],
        "multipart/form-data",
        _uploaded(),
    )
    offer = _route(
        "Say which files could be sent; a call for one is answered with file_not_sent.",
        "200",
        _OFFERS,
        [_SESSION, *_HEADERS],
        answer=_object(files=_NUMBER),
    )
    return {"post": upload, "put": offer}


def _download() -> dict[str, Any]:
    route = _route(
        "The file that a signed link leads to.",
        "200",
        parameters=[_path("token"), _path("name")],
    )
    return {"get": {**route, "security": []}}


def _preview() -> dict[str, Any]:
    def query(name: str, schema: dict[str, Any], what: str) -> dict[str, Any]:
        return {
            "name": name, "in": "query", "required": False, "schema": schema, "description": what
        }  # fmt: skip

    more = [
        query("sheet", _TEXT, "Sheet to begin with; with row the sheet to have more of."),
        query("row", _NUMBER, "First row of more of a sheet, as JSON; left out: the page."),
        query("embed", {"enum": ["1"]}, "1: a smaller page that asks for nothing more."),
        query("language", _TEXT, 'Such as "de"; left out: by Accept-Language, else English.'),
    ]
    route = _route(
        "The page that shows a workbook as it is now; the link comes with preview_excel_file.",
        "200",
        parameters=[_path("token"), _path("name"), *more],
    )
    return {"get": {**route, "security": []}}


def _health() -> dict[str, Any]:
    schema = _object(status={"const": "ok"}, version=_TEXT)
    return {
        "get": {
            **_route("Whether the service runs.", "200", answer=schema),
            "security": [],
        }
    }


def _path(name: str) -> dict[str, Any]:
    return {"name": name, "in": "path", "required": True, "schema": _TEXT}


def _preferences() -> dict[str, Any]:
    user = {
        "name": "X-User-Id",
        "in": "header",
        "required": True,
        "schema": {"type": "string"},
        "description": "Whose preferences are meant.",
    }
    schema = {"$ref": "#/components/schemas/Preferences"}
    show = _route("The preferences of a user.", "200", parameters=[user])
    replace = _route(
        "Replace all preferences of a user. They outlive sessions.",
        "200",
        schema,
        [user],
    )
    done = _responses("200", "Done.", schema)
    return {"get": {**show, "responses": done}, "put": {**replace, "responses": done}}


def _route(
    summary: str,
    status: str,
    body: dict[str, Any] | None = None,
    parameters: list[dict[str, Any]] | None = None,
    media: str = "application/json",
    answer: dict[str, Any] | None = None,
) -> dict[str, Any]:
    route: dict[str, Any] = {"summary": summary, "tags": ["service"]}
    if parameters:
        route["parameters"] = parameters
    if body:
        route["requestBody"] = {
            "required": bool(body.get("required")),
            "content": {media: {"schema": body}},
        }
    return {**route, "responses": _responses(status, "Done.", answer)}


def _responses(status: str, text: str, schema: dict[str, Any] | None = None) -> dict[str, Any]:
    return {status: _response(text, schema), "default": _response("An error.", _ERROR)}


def _response(text: str, schema: dict[str, Any] | None = None) -> dict[str, Any]:
    done: dict[str, Any] = {"description": text}
    if schema:
        done["content"] = {"application/json": {"schema": schema}}
    return done


def _object(**properties: dict[str, Any]) -> dict[str, Any]:
    """An object that has all of these properties."""
    return {"type": "object", "properties": properties, "required": list(properties)}


def _list(items: dict[str, Any]) -> dict[str, Any]:
    return {"type": "array", "items": items}


def _session_schema() -> dict[str, Any]:
    time = {"type": "number", "description": "Unix time"}
    workbook = _object(
        name=_TEXT,
        open={"type": "boolean"},
        unsaved_changes=_NUMBER,
        versions=_NUMBER,
        files=_list({"$ref": "#/components/schemas/File"}),
    )
    return _object(
        session_id=_TEXT,
        user=_TEXT,
        chat=_TEXT,
        created=time,
        used=time,
        expires=time,
        workbooks=_list(workbook),
        uploads=_list(_object(id=_TEXT, name=_TEXT, size=_NUMBER)),
    )


def _uploaded() -> dict[str, Any]:
    return _object(file=_object(id=_TEXT, name=_TEXT, size=_NUMBER, mime_type=_TEXT))
