"""What somebody may try who has a key, a link, or only the address: one row each.

A row is a name, the request, and the statuses that are right; codes of errors where those matter.
``{ann}``, ``{link}`` and their like are put in by :class:`tests.abuse.world.World`. For every row
holds besides: no answer of 500 and more, nothing of Ann's in it, and nothing of hers changed.
"""

from __future__ import annotations

import gzip
import json
from dataclasses import dataclass
from typing import Any

REFUSED = frozenset(range(400, 500))
# gunicorn closes a connection on which what came is no HTTP.
DROPPED = REFUSED | {0}
FINE = frozenset({200, 201, 204, 206, 304})


@dataclass(frozen=True)
class Case:
    """One attempt.

    :param line: "METHOD /path"
    :param headers: "Name: value"
    :param body: sent as JSON; ``raw`` is sent as it is, after no headers of ours where ``bare``
    :param ends: say that nothing more comes
    :param code: of the error that has to be answered, "" for any
    """

    name: str
    line: str
    headers: tuple[str, ...] = ()
    expect: frozenset[int] = REFUSED
    code: str = ""
    body: Any = None
    raw: bytes | None = None
    bare: bool = False
    ends: bool = False


CASES: list[Case] = []


def case(name: str, line: str, *headers: str, expect: Any = REFUSED, **more: Any) -> None:
    CASES.append(Case(name, line, headers, frozenset(expect), **more))


# Sessions of others ---------------------------------------------------------------------

EVE = "X-User-Id: eve"
ANNS = "X-Excel-Session: {ann}"
NOT_FOUND = {"expect": {400}, "code": "session_not_found"}
for verb, path, body in [
    ("GET", "/v1/sessions/{ann}", None),
    ("GET", "/v1/sessions/{ann}/history", None),
    ("POST", "/v1/sessions/{ann}/branch", {"message": "m", "earlier": []}),
    ("DELETE", "/v1/sessions/{ann}/links", None),
    ("DELETE", "/v1/sessions/{ann}", None),
    ("PUT", "/v1/files", {"files": []}),
    ("GET", "/v1/calls/any", None),
    ("DELETE", "/v1/calls/any", None),
    ("POST", "/v1/operations/list_excel_files", {}),
    ("POST", "/v1/operations/read_excel_range", {"workbook": "budget.xlsx"}),
    ("POST", "/v1/operations/write_excel_range", {"start": "A1", "rows": [["eve"]]}),
    ("POST", "/v1/operations/query_excel_data", {"sql": "SELECT * FROM Sheet1"}),
    ("POST", "/v1/operations/preview_excel_file", {}),
    ("POST", "/v1/operations/export_excel_file", {"format": "csv"}),
    ("POST", "/v1/operations/undo_excel_change", {}),
    ("POST", "/v1/operations/close_excel_file", {}),
    ("POST", "/v1/operations/run_excel_steps", {"steps": [{"tool": "close_excel_file"}]}),
]:
    case(f"foreign session: {verb} {path}", f"{verb} {path}", EVE, ANNS, body=body, **NOT_FOUND)

MULTIPART = "Content-Type: multipart/form-data; boundary=b"
FORM = b'--b\r\nContent-Disposition: form-data; name="file"; filename="a.csv"\r\n\r\na\r\n--b--\r\n'
case("foreign session: an upload", "POST /v1/files", EVE, ANNS, MULTIPART, raw=FORM, **NOT_FOUND)
for name, headers in {
    "another chat of the same user": ("X-User-Id: ann", "X-Chat-Id: other", ANNS),
    "the chat alone is another": ("X-Chat-Id: chat-of-eve", ANNS),
    "two ids at once": (EVE, "X-Excel-Session: {eve}", ANNS),
    "two ids in one header": (EVE, "X-Excel-Session: {eve}, {ann}"),
    "half an id": ("X-Excel-Session: AAAAAAAAAAAAAAAA",),
    "a path": ("X-Excel-Session: ../../sessions/{ann}",),
    "a wildcard": ("X-Excel-Session: ****************",),
    "an id of 5,000 characters": (f"X-Excel-Session: {'a' * 5000}",),
    "an id in other letters": ("X-Excel-Session: äöüäöüäöüäöüäöüäöü",),
    "SQL": ("X-Excel-Session: ' OR '1'='1' -- ann",),
}.items():
    case(
        f"session id: {name}",
        "POST /v1/operations/list_excel_files",
        *headers,
        body={},
        **NOT_FOUND,
    )
case(
    "session id: none at all",
    "POST /v1/operations/list_excel_files",
    body={},
    code="session_required",
)

# Users ------------------------------------------------------------------------------------

OPEN = "POST /v1/sessions"
INVALID = {"expect": {422}, "code": "invalid_parameters"}
case("user: two headers disagree", OPEN, EVE, "X-OpenWebUI-User-Id: ann", "X-Chat-Id: c", **INVALID)
case("user: the body names another", OPEN, EVE, body={"user": "ann", "chat": "c"}, **INVALID)
case("user: the body's chat is another", OPEN, EVE, "X-Chat-Id: a", body={"chat": "b"}, **INVALID)
case("user: an id of 300 characters", OPEN, f"X-User-Id: {'e' * 300}", "X-Chat-Id: c", **INVALID)
case("user: a list", OPEN, body={"user": ["ann"], "chat": "c"}, **INVALID)
case("user: an object", OPEN, body={"user": {"$ne": ""}, "chat": "c"}, **INVALID)
case("user: a control character", OPEN, body={"user": "ann\u0000", "chat": "c"}, **INVALID)
case("user: a line break", OPEN, body={"user": "ann\r\nX-A: b", "chat": "c"}, **INVALID)
case("user: a field too many", OPEN, body={"user": "e", "chat": "c", "admin": True}, **INVALID)
case("user: a path for a name", OPEN, body={"user": "../ann", "chat": "../.."}, expect={201})
case("user: everybody's sessions deleted", "DELETE /v1/sessions", **INVALID)
case("user: everybody's sessions, by *", "DELETE /v1/sessions", "X-User-Id: *", expect={200})
case("user: everybody's links withdrawn", "DELETE /v1/links", **INVALID)
case("user: nobody's preferences", "GET /v1/preferences", **INVALID)
case("user: a token that nobody asked for", OPEN, "X-OpenWebUI-User-Jwt: a.b.c", expect={403})

# Keys -------------------------------------------------------------------------------------

NO_KEY = {"expect": {401}, "code": "unauthorized"}
for name, value in {
    "none": "",
    "wrong": "Bearer wrong-key-of-nobody",
    "half of one": "Bearer key-of-the",
    "in capitals": "Bearer KEY-OF-THE-TESTS",
    "one and more": "Bearer {key} more",
    "two at once": "Bearer {key}, Bearer {second}",
    "by another scheme": "Basic a2V5LW9mLXRoZS10ZXN0cw==",
    "without a scheme": "{key}",
    "of other letters": "Bearer schlüssel-äöü",
    "very long": f"Bearer {'k' * 7000}",
    "as a made one": "Bearer excel-../../secret",
}.items():
    sent = f"Authorization: {value}"
    case(f"key: {name}", "GET /v1/preferences", sent, "X-User-Id: ann", **NO_KEY)
for path in [
    "/v1/preferences?key={key}&api_key={key}",
    "/%76%31/preferences",
    "/v1/%70references",
    "/v1/operations/list_excel_files",
    "/mcp",
    "/mcp/",
]:
    verb = "GET" if "preferences" in path else "POST"
    case(f"key: none, at {path}", f"{verb} {path}", "Authorization: ", "X-User-Id: ann", **NO_KEY)
for path in ["//v1/preferences", "/V1/preferences", "/./v1/preferences", "/health/../v1/preferences",
             "/v1;a/preferences", "/x/%2e%2e/v1/preferences", "/v1/preferences/"]:  # fmt: skip
    odd = frozenset({301, 308, 400, 401, 404})
    case(f"key: none, at {path}", f"GET {path}", "Authorization: ", "X-User-Id: ann", expect=odd)
case("key: none, by a whole address", "GET http://excel.test/v1/preferences", "Authorization: ",
     "X-User-Id: ann", expect={401})  # fmt: skip
for header in ["X-Original-URL: /v1/preferences", "X-Rewrite-URL: /v1/preferences",
               "PATH_INFO: /v1/preferences", "SCRIPT_NAME: /v1", "X-Forwarded-Prefix: /v1"]:  # fmt: skip
    name = f"key: another path by {header.partition(':')[0]}"
    case(name, "GET /health", header, "Authorization: ", expect={200, 400})

# Links ------------------------------------------------------------------------------------

GONE = {"expect": {404}, "code": "file_not_found"}
case(
    "link: forged", "GET /files/W1sieCIsInciLCJ3MSIsImRyYWZ0Il1d.aaaaaa.bbbbbbbbbbb/a.xlsx", **GONE
)
case("link: cut", "GET /files/{link}x/a.xlsx", **GONE)
case("link: another file's name is no way in", "GET /files/{own}/budget.xlsx", expect={200})
case("link: of a download, as a preview", "GET /preview/{link}/a.xlsx", **GONE)
case("link: of a preview, as a download", "GET /files/{preview}/a.xlsx", **GONE)
case("link: of a place to send to, as a download", "GET /files/{send}/a.xlsx", **GONE)
case(
    "link: of a download, as a place to send to", "POST /send/{link}/a", MULTIPART, raw=FORM, **GONE
)
case("link: an Mcp-Session-Id", "GET /files/{ticket}/a.xlsx", **GONE)
case("link: a key", "GET /files/{key}/a.xlsx", **GONE)
case("link: a path", "GET /files/..%2f..%2f..%2fsecret.key/a", expect={404})
case("link: a path for a name", "GET /files/{own}/..%2f..%2fsecret.key", expect={404})
case("link: a null character", "GET /files/{own}%00/a.xlsx", expect={404})
case("link: posted to", "POST /files/{own}/a.xlsx", expect={405})
for name, value, right in [
    ("a thousand", "bytes=" + ",".join(f"{n}-{n}" for n in range(1000)), {200, 206, 416}),
    ("backwards", "bytes=9-1", {200, 416}),
    ("beyond the end", "bytes=999999999999999999-", {416}),
    ("negative", "bytes=--5", {200, 416}),
    ("of nothing", "bytes=-0", {200, 206, 416}),
    ("of words", "lines=one-two", {200, 416}),
]:
    case(f"link: a range, {name}", "GET /files/{own}/a.xlsx", f"Range: {value}", expect=right)

# Paths ------------------------------------------------------------------------------------

for path in ["/../../etc/passwd", "/guide/../../../etc/passwd", "/guide/%2e%2e/%2e%2e/etc/passwd",
             "/guide/..%5c..%5cetc", "/guide//etc/passwd", "/docs/static/..%2f..%2fpackage.json",
             "/docs/static/%2e%2e", "/guide/%00", "/docs/static/a%00b", "/guide/" + "a/" * 2000,
             "/%", "/%ff%fe", "/guide/%c0%ae%c0%ae/", "/.env", "/.git/config", "/data/secret.key"]:  # fmt: skip
    case(f"path: {path[:40]}", f"GET {path}", expect=DROPPED | {308})
OWN = (EVE, "X-Excel-Session: {eve}")
for name in ["/etc/passwd", "file:///etc/passwd", "../../../../etc/passwd", "http://127.0.0.1:9/a.xlsx",
             "\\\\host\\share\\a.xlsx", "budget.xlsx", "data/secret.key", "{link}"]:  # fmt: skip
    case(f"path: opening {name[:30]}", "POST /v1/operations/open_excel_file", *OWN,
         body={"file": name}, expect={404, 409, 415, 422})  # fmt: skip
UPLOADED = FORM.replace(b"a.csv", b"../../../../tmp/evil\\..\\a.csv")
case("path: an upload's name", "POST /v1/files", *OWN, MULTIPART, raw=UPLOADED, expect={201})

# What is no sound HTTP --------------------------------------------------------------------

HTTP = {"expect": DROPPED | FINE, "bare": True}
HOST = "Host: excel.test"
case("http: a header of 70 KB", "GET /health", HOST, f"X-A: {'a' * 70_000}", **HTTP)
case("http: 500 headers", "GET /health", HOST, *(f"X-{n}: a" for n in range(500)), **HTTP)
case("http: a path of 20 KB", f"GET /{'a' * 20_000}", HOST, **HTTP)
case("http: a method of 5 KB", f"{'G' * 5_000} /health", HOST, **HTTP)
for verb in ["TRACE", "CONNECT", "PROPFIND", "FOO", "get", "PATCH"]:
    case(f"http: {verb}", f"{verb} /v1/sessions", HOST, **HTTP)
case("http: no host", "GET /health", **HTTP)
case("http: two hosts", "GET /", HOST, "Host: evil.test", **HTTP)
case("http: a host of markup", "GET /", "Host: <script>alert(1)</script>", **HTTP)
case("http: a space in a header's name", "GET /health", HOST, "X Evil: a", **HTTP)
case("http: a header without a name", "GET /health", HOST, ": a", **HTTP)
case("http: a header that goes on", "GET /health", HOST, "X-A: a\r\n b", **HTTP)
case("http: two lengths", OPEN, HOST, "Content-Length: 5", "Content-Length: 6", raw=b"{}", **HTTP)
case("http: a negative length", OPEN, HOST, "Content-Length: -1", raw=b"{}", **HTTP)
case("http: a length of words", OPEN, HOST, "Content-Length: many", raw=b"{}", **HTTP)
case("http: length and pieces", OPEN, HOST, "Content-Length: 3", "Transfer-Encoding: chunked",
     raw=b"0\r\n\r\nGET /v1/preferences HTTP/1.1\r\n\r\n", **HTTP)  # fmt: skip
case(
    "http: pieces, hidden",
    OPEN,
    HOST,
    "Transfer-Encoding: xchunked",
    raw=b"0\r\n\r\n",
    expect={501},
    bare=True,
)
case("http: pieces of a wrong size", OPEN, HOST, "Transfer-Encoding: chunked",
     "Content-Length: 9", raw=b"zz\r\n{}\r\n0\r\n\r\n", **HTTP)  # fmt: skip
PIECES = "Transfer-Encoding: chunked"
for name, data in {
    "no size": b"\r\n{}\r\n0\r\n\r\n",
    "a size of words": b"zz\r\n{}\r\n0\r\n\r\n",
    "a size beyond all": b"F" * 40 + b"\r\n{}",
    "a size of an exabyte": b"FFFFFFFFFFFFFFF\r\n{}",
    "a size below zero": b"-2\r\n{}\r\n0\r\n\r\n",
    "more than its size": b"1\r\n{}\r\n0\r\n\r\n",
    "an end that is none": b"2\r\n{}\r\n0\r\nX-Evil\x00: a\r\n\r\n",
    "words behind the size": b"2;a=\rb\r\n{}\r\n0\r\n\r\n",
}.items():
    for line in (OPEN, "POST /v1/files", "POST /send/{send}/file", "DELETE /mcp"):
        case(f"pieces: {name}: {line[:16]}", line, PIECES, raw=data, ends=True, expect=REFUSED)
    case(f"pieces: {name}: no key", OPEN, HOST, PIECES, raw=data, ends=True, bare=True,
         expect={401})  # fmt: skip
case("http: a length of a gigabyte", OPEN, "Content-Length: 1000000000", raw=b"{", expect={413})
case("http: an upload of a gigabyte", "POST /v1/files", *OWN, MULTIPART,
     "Content-Length: 1000000000", raw=FORM, expect={413})  # fmt: skip
case("http: something to expect", OPEN, EVE, "Expect: 200-nothing", expect=DROPPED)
case("http: a line break in an address", "GET /%0d%0aX-Evil:%20a", expect={404})
case("http: a line break in a request id", "GET /health", "X-Request-Id: a%0d%0ab", expect={200})

# Bodies -----------------------------------------------------------------------------------

LIST = "POST /v1/operations/list_excel_files"
WRITE = "POST /v1/operations/write_excel_range"
DEEP = b"[" * 100_000
for name, data in {
    "a hundred thousand brackets": b'{"workbook": ' + DEEP,
    "objects in objects": b'{"a":' * 50_000 + b"1" + b"}" * 50_000,
    "a number of a million digits": b'{"start": ' + b"1" * 900_000 + b"}",
    "infinity": b'{"start": Infinity}',
    "an overflow": b'{"start": 1e999}',
    "the same name twice": b'{"workbook": 1, "workbook": 2}',
    "bytes that are no text": b'{"workbook": "\xff\xfe"}',
    "another encoding": json.dumps({"workbook": "a"}).encode("utf-16"),
    "half a letter": b'{"workbook": "\\ud800"}',
    "a list": b"[1]",
    "nothing but null": b"null",
    "XML": b'<?xml version="1.0"?><!DOCTYPE a [<!ENTITY b SYSTEM "file:///etc/passwd">]><a>&b;</a>',
    "a form": b"workbook=a",
    "packed": gzip.compress(b'{"a": 1}' + b" " * 500_000),
    "a prototype": b'{"__proto__": {"admin": true}, "constructor": 1}',
    "a class": b'{"py/object": "os.system", "__reduce__": ["id"]}',
    "trailing": b'{} {"more": 1}',
}.items():
    case(f"body: {name}", LIST, *OWN, "Content-Type: application/json", raw=data, expect={413, 422})
case("body: packed, and said so", LIST, *OWN, "Content-Encoding: gzip",
     raw=gzip.compress(b"{}" * 100_000), expect={415, 422})  # fmt: skip
case(
    "body: another media type",
    LIST,
    *OWN,
    "Content-Type: text/plain",
    raw=b"{}",
    expect=FINE | REFUSED,
)
case("body: a form without a border", "POST /v1/files", *OWN, "Content-Type: multipart/form-data",
     raw=FORM, expect={400, 415, 422})  # fmt: skip
case(
    "body: a form without an end",
    "POST /v1/files",
    *OWN,
    MULTIPART,
    raw=FORM[:-6],
    expect={201, 422},
)
case(
    "body: two files", "POST /v1/files", *OWN, MULTIPART, raw=FORM[:-7] + b"\r\n" + FORM, **INVALID
)
PART = b'--b\r\nContent-Disposition: form-data; name="%d"\r\n\r\na\r\n'
case("body: 5,000 fields", "POST /v1/files", *OWN, MULTIPART,
     raw=b"".join(PART % n for n in range(5_000)) + FORM, expect={413, 422})  # fmt: skip
case("body: a field of its own", "POST /v1/files", *OWN, MULTIPART, raw=PART % 1 + FORM, **INVALID)
case(
    "body: a table too wide",
    WRITE,
    *OWN,
    body={"start": "XFD1", "rows": [["a", "b"]]},
    expect={422},
)
case(
    "body: a table too deep",
    WRITE,
    *OWN,
    body={"start": "A1048576", "rows": [["a"], ["b"]]},
    expect={422},
)
case("body: a name of 5,000 letters", "POST /v1/operations/create_excel_file", *OWN,
     body={"filename": "a" * 5_000}, expect=FINE | REFUSED)  # fmt: skip
case("body: a tool of another name", "POST /v1/operations/__class__", *OWN, body={}, expect={404})
case("body: steps in steps in steps", "POST /v1/operations/run_excel_steps", *OWN,
     body={"steps": [{"tool": "run_excel_steps", "arguments": {"steps": []}}]}, expect={422})  # fmt: skip

# What would reach further than the workbook --------------------------------------------------

QUERY = "POST /v1/operations/query_excel_data"
for sql in ["SELECT * FROM read_csv('/etc/passwd')", "SELECT * FROM '/etc/passwd'",
            "COPY (SELECT 1) TO '/tmp/evil.csv'", "INSTALL httpfs", "LOAD '/tmp/evil.so'",
            "ATTACH '/tmp/evil.db'", "SELECT * FROM read_text('http://169.254.169.254/')",
            "PRAGMA database_list", "SET enable_external_access = true", "SELECT getenv('PATH')",
            "SELECT 1; DROP TABLE Sheet1", "SELECT * FROM duckdb_settings()"]:  # fmt: skip
    case(f"beyond: {sql[:40]}", QUERY, *OWN, body={"sql": sql}, expect={422})
NOTE = "POST /v1/operations/annotate_excel_cells"
for target in ["javascript:alert(1)", "file:///etc/passwd", "\\\\host\\share", "data:text/html,a",
               "vbscript:a", "ms-excel:ofe|u|http://evil.test"]:  # fmt: skip
    link = {"action": "hyperlink", "range": "A1", "text": target}
    case(f"beyond: a hyperlink to {target[:12]}", NOTE, *OWN, body=link, expect={422})
for source in ["http://169.254.169.254/latest/meta-data/", "file:///etc/passwd", "/etc/passwd"]:
    picture = {"action": "image", "range": "A1", "text": source}
    case(f"beyond: a picture of {source[:20]}", NOTE, *OWN, body=picture, expect={404, 415, 422})
for source in ["sqlite:////etc/passwd", "postgresql://a:b@127.0.0.1/c", "shop'; --", "../shop"]:
    case(f"beyond: the database {source[:20]}", "POST /v1/operations/query_database", *OWN,
         body={"action": "query", "source": source, "sql": "SELECT 1"}, expect={404, 422})  # fmt: skip

# Calls that come again, and those of others -----------------------------------------------------

for name, key in {"a key of 300 letters": "k" * 300, "a key of spaces": "a b c", "ü": "ü"}.items():
    case(f"again: {name}", LIST, *OWN, f"Idempotency-Key: {key}", body={}, **INVALID)
case(
    "again: discarding less than nothing", LIST, *OWN, "X-Excel-May-Discard: -1", body={}, **INVALID
)
case("again: a call of others", "GET /v1/calls/anns-call", *OWN, expect={404})
case("again: a path for a call", "GET /v1/calls/../../sessions/x", *OWN, expect=REFUSED)

# MCP --------------------------------------------------------------------------------------------

TICKET = "Mcp-Session-Id: {ticket}"
ACCEPT = "Accept: application/json, text/event-stream"
CALL = {"jsonrpc": "2.0", "id": 2, "method": "tools/list", "params": {}}
READ = {
    **CALL,
    "method": "resources/read",
    "params": {"uri": "excel://workbooks/w1/draft/budget.xlsx"},
}
MCP = "POST /mcp"
case("mcp: a session of another key", MCP, TICKET, ACCEPT, body=CALL, expect={404})
case("mcp: its end by another key", "DELETE /mcp", TICKET, ACCEPT, expect={404})
case("mcp: a forged session", MCP, "Mcp-Session-Id: a.b.c", ACCEPT, body=CALL, expect={404})
case("mcp: no session", MCP, ACCEPT, body=CALL, expect={400})
case("mcp: a link for a session", MCP, "Mcp-Session-Id: {link}", ACCEPT, body=CALL, expect={404})
case("mcp: a file of another chat", MCP, ACCEPT, EVE, "X-Chat-Id: chat-of-nobody", TICKET,
     "Authorization: Bearer {second}", body=READ, expect={200, 404})  # fmt: skip
case("mcp: listening", "GET /mcp", ACCEPT, expect={405})
case("mcp: a page of another place", MCP, "Origin: https://evil.test", body=CALL, expect={403})
case(
    "mcp: brackets", MCP, TICKET, ACCEPT, "Authorization: Bearer {second}", raw=DEEP, expect=REFUSED
)
case("mcp: several at once", MCP, TICKET, ACCEPT, "Authorization: Bearer {second}",
     body=[CALL] * 100, expect=REFUSED)  # fmt: skip
