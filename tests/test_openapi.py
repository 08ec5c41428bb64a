"""The API's own description is true: valid, complete, and its examples run."""

from __future__ import annotations

import io
import re
from collections.abc import Iterator
from typing import Any

import openpyxl
import pytest
from jsonschema import Draft202012Validator

import service.operations  # noqa: F401 - declares the operations
from service.operations.registry import Operation, operations
from service.web.app import Service
from tests.service_fixtures import Chat, answer_of, error_of, workbook_bytes

METHODS = {"get", "post", "put", "delete", "patch", "head", "options"}
OWNER_HEADERS = {"X-User-Id", "X-Chat-Id", "X-OpenWebUI-User-Id", "X-OpenWebUI-Chat-Id"}


@pytest.fixture(scope="module")
def document(service: Service) -> dict[str, Any]:
    response = service.app.test_client().get("/openapi.json")
    assert response.status_code == 200
    found: dict[str, Any] = response.get_json()
    return found


def routes_of(document: dict[str, Any]) -> Iterator[tuple[str, str, dict[str, Any]]]:
    for path, item in document["paths"].items():
        for method, route in item.items():
            assert method in METHODS
            yield path, method, route


def validator(document: dict[str, Any], schema: dict[str, Any]) -> Draft202012Validator:
    return Draft202012Validator({**schema, "components": document["components"]})


def body_of(document: dict[str, Any], operation: Operation) -> dict[str, Any]:
    route = document["paths"][f"/v1/operations/{operation.name}"]["post"]
    found: dict[str, Any] = route["requestBody"]["content"]["application/json"]
    return found


def test_the_document_has_what_openapi_3_1_demands(document: dict[str, Any]) -> None:
    assert re.fullmatch(r"3\.1\.\d", document["openapi"])
    assert {"title", "version"} <= set(document["info"])
    assert document["servers"] == [{"url": "/"}], "it is tried out where it is read"
    schemes = document["components"]["securitySchemes"]
    for route in [document, *(route for _, _, route in routes_of(document))]:
        for demand in route.get("security", []):
            assert set(demand) <= set(schemes)


def test_each_route_is_whole(document: dict[str, Any]) -> None:
    ids = [route["operationId"] for _, _, route in routes_of(document) if "operationId" in route]
    assert sorted(ids) == sorted(operations()), "Open WebUI makes a tool of each"
    for path, _, route in routes_of(document):
        named = {p["name"] for p in route.get("parameters", []) if p["in"] == "path"}
        assert named == set(re.findall(r"{(\w+)}", path)), path
        assert all(p["required"] for p in route.get("parameters", []) if p["in"] == "path")
        assert route["summary"].endswith("."), path
        assert {"default"} < set(route["responses"])
        for status, response in route["responses"].items():
            assert status == "default" or re.fullmatch(r"2\d\d", status)
            assert response["description"]


def schemas_in(node: Any) -> Iterator[dict[str, Any]]:
    if isinstance(node, dict):
        for key, value in node.items():
            if key == "schema":
                yield value
            if key not in ("example", "properties"):
                yield from schemas_in(value)
    elif isinstance(node, list):
        for item in node:
            yield from schemas_in(item)


def test_all_schemas_are_json_schemas_and_all_references_lead_somewhere(
    document: dict[str, Any],
) -> None:
    schemas = [*schemas_in(document["paths"]), *document["components"]["schemas"].values()]
    assert len(schemas) > 2 * len(operations())
    for schema in schemas:
        Draft202012Validator.check_schema(schema)
    for reference in re.findall(r"'\$ref': '([^']+)'", str(document)):
        node: Any = document
        for part in reference.removeprefix("#/").split("/"):
            node = node[part]


def test_the_document_describes_the_routes_there_are(
    service: Service, document: dict[str, Any]
) -> None:
    described = {(path, method.upper()) for path, method, _ in routes_of(document)}
    served = set()
    for rule in service.app.url_map.iter_rules():
        path = re.sub(r"<(?:\w+:)?(\w+?)_?>", r"{\1}", rule.rule)
        for method in (rule.methods or set()) - {"HEAD", "OPTIONS"}:
            if path == "/v1/operations/{name}":
                served |= {(f"/v1/operations/{name}", method) for name in operations()}
            elif path.startswith(("/v1/", "/files/", "/preview/")) or path == "/health":
                served.add((path, method))
    assert described == served


def test_each_answer_fits_what_is_described(document: dict[str, Any], chat: Chat) -> None:
    schemas = document["components"]["schemas"]
    answer = chat.op("create_excel_file", filename="a.xlsx", rows=[["=1/0"]])
    saved = chat.op("save_excel_file")
    for found in (answer, saved, chat.op("list_excel_files")):
        validator(document, schemas["Answer"]).validate(found)
        assert set(found) <= set(schemas["Answer"]["properties"])
        for entry in found["files"]:
            assert set(entry) == set(schemas["File"]["properties"])
    error = chat.call("read_excel_range", {"sheet": "none"}).get_json()
    validator(document, schemas["Error"]).validate(error)
    assert not list(validator(document, schemas["Error"]).iter_errors(error))
    assert list(validator(document, schemas["Error"]).iter_errors({"error": {}}))


@pytest.mark.parametrize(
    ("method", "path"), [("post", "/v1/sessions"), ("post", "/v1/files"), ("get", "/health")]
)
def test_the_described_statuses_are_those_that_come(
    document: dict[str, Any], chat: Chat, method: str, path: str
) -> None:
    described = set(document["paths"][path][method]["responses"])
    if path == "/v1/sessions":
        found = {"201", str(chat.open().status_code)}
    elif path == "/v1/files":
        found = {str(chat.send(b"a", "a.csv").status_code)}
    else:
        found = {str(chat.http.get(path).status_code)}
    assert described == found | {"default"}


def test_the_answers_of_the_other_routes_are_as_described(
    document: dict[str, Any], chat: Chat
) -> None:
    key = {"Authorization": chat.headers["Authorization"]}
    chat.op("create_excel_file", filename="a", headers=["A"])
    answers = {
        ("post", "/v1/files", "201"): chat.send(b"a,b", "a.csv"),
        ("post", "/v1/sessions", "200"): chat.open(),
        ("post", "/v1/sessions", "201"): chat.http.post(
            "/v1/sessions", json={"user": chat.user, "chat": "another"}, headers=key
        ),
        ("get", "/v1/sessions/{id}", "200"): chat.http.get(f"/v1/sessions/{chat.id}", headers=key),
        ("get", "/health", "200"): chat.http.get("/health"),
    }
    for (method, path, status), response in answers.items():
        assert str(response.status_code) == status
        described = document["paths"][path][method]["responses"][status]
        schema = described["content"]["application/json"]["schema"]
        check = Draft202012Validator(
            {**closed(schema), "components": closed(document["components"])}
        )
        check.validate(response.get_json())


def closed(schema: Any) -> Any:
    """The schema with every object refusing what it does not name."""
    if isinstance(schema, list):
        return [closed(item) for item in schema]
    if not isinstance(schema, dict):
        return schema
    more = {"additionalProperties": False} if "properties" in schema else {}
    return {**{key: closed(value) for key, value in schema.items()}, **more}


def test_headers_alone_open_a_session_as_described(document: dict[str, Any], chat: Chat) -> None:
    body = document["paths"]["/v1/sessions"]["post"]["requestBody"]
    assert body["required"] is False
    validator(document, body["content"]["application/json"]["schema"]).validate({})
    response = chat.http.post("/v1/sessions", json={}, headers=chat.headers)
    assert response.get_json()["session_id"] == chat.id


def test_each_route_of_a_session_names_the_headers_that_are_checked(
    document: dict[str, Any], chat: Chat
) -> None:
    for path, _, route in routes_of(document):
        named = {p["name"] for p in route.get("parameters", []) if p["in"] == "header"}
        if "X-Excel-Session" in named or path.startswith("/v1/sessions"):
            assert named >= OWNER_HEADERS, path
        if path.startswith("/v1/operations/"):
            assert not named, "Open WebUI would have the model fill them in"
            schemes = document["components"]["securitySchemes"]
            ways = [{schemes[n].get("name", n) for n in way} for way in route["security"]]
            assert {"key", "X-Excel-Session"} in ways
            assert {"key", "X-User-Id", "X-Chat-Id"} in ways
            assert {"key", "X-OpenWebUI-User-Id", "X-OpenWebUI-Chat-Id"} in ways
    for header in sorted(OWNER_HEADERS):
        headers = {"Authorization": chat.headers["Authorization"], header: "someone else"}
        answer = chat.http.get(f"/v1/sessions/{chat.id}", headers=headers)
        assert error_of(answer)["code"] == "session_not_found"


# Operations ------------------------------------------------------------------------

OPERATIONS = pytest.mark.parametrize("operation", operations().values(), ids=operations())


@OPERATIONS
def test_each_parameter_is_described(document: dict[str, Any], operation: Operation) -> None:
    short = body_of(document, operation)["schema"]
    schema = document["components"]["schemas"][operation.name]
    assert list(schema.get("properties", {})) == [p.name for p in operation.parameters]
    assert set(short["properties"]) == set(schema.get("properties", {}))
    assert short["additionalProperties"] is False
    for parameter in operation.parameters:
        text = short["properties"][parameter.name]["description"]
        assert text.startswith(parameter.help)
    required = [p.name for p in operation.parameters if p.required]
    assert schema.get("required", []) == required
    assert schema["additionalProperties"] is False
    for parameter in operation.parameters:
        assert schema["properties"][parameter.name]["description"] == parameter.help


@OPERATIONS
def test_each_example_fits_its_schema(document: dict[str, Any], operation: Operation) -> None:
    body = body_of(document, operation)
    assert body["example"] == operation.example
    strange = {**body["example"], "no_such_thing": 1}
    for schema in (body["schema"], document["components"]["schemas"][operation.name]):
        validator(document, schema).validate(body["example"])
        assert list(validator(document, schema).iter_errors(strange))


@OPERATIONS
def test_each_example_runs(service: Service, operation: Operation) -> None:
    """On the workbook that the example of create_excel_file makes, or an upload."""
    chat = Chat(service)
    chat.upload(workbook_bytes(), "sales.xlsx")
    if operation.name != "create_excel_file":
        chat.op("create_excel_file", **operations()["create_excel_file"].example)
        chat.op("write_excel_range", start="D1", rows=[["a change that can be undone"]])
    answer = answer_of(chat.call(operation.name, operation.example))
    for entry in answer["files"]:
        data = chat.download(entry)
        assert data
        if entry["name"].endswith(".xlsx"):
            openpyxl.load_workbook(io.BytesIO(data))


# Pages -----------------------------------------------------------------------------


def test_the_documentation_loads_only_what_the_service_has(service: Service) -> None:
    http = service.app.test_client()
    page = http.get("/docs")
    assert page.status_code == 200
    text = page.get_data(as_text=True)
    links = re.findall(r'(?:src|href)="([^"]+)"', text)
    assert len(links) == 3
    for link in links:
        assert link.startswith("/docs/")
        found = http.get(link, buffered=True)
        assert found.status_code == 200
        assert len(found.get_data()) > 50
    assert "<script>" not in text, "the content policy allows no inline script"
    policy = page.headers["Content-Security-Policy"]
    assert "default-src 'none'" in policy
    assert "unsafe-eval" not in policy
    assert '"/openapi.json"' in http.get("/docs/start.js").get_data(as_text=True)


@pytest.mark.parametrize("name", ["..%2f__init__.py", "%2e%2e", "none.js", "..\\x"])
def test_no_other_files_are_served(service: Service, name: str) -> None:
    response = service.app.test_client().get(f"/docs/static/{name}", buffered=True)
    assert error_of(response)["status"] == 404


def test_health_says_ok_and_the_version(service: Service) -> None:
    response = service.app.test_client().get("/health")
    assert response.get_json() == {"status": "ok", "version": "0.1.0"}
