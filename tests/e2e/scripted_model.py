"""An OpenAI-compatible model that plays a script, so that chats run without a real one.

A script is a list of turns, one per user message; a turn is a list of steps::

    [
        [
            {"tool_calls": [{"name": "create_excel_file", "arguments": {"filename": "a"}}]},
            {"text": "Done: {{results.0.workbook}}"},
        ],
    ]

Which step is due follows from the request alone (number of user messages, number of
tool rounds since the last one), so a repeated request gets the same answer. Behind the
last step the turn's last text is repeated.

Placeholders, in texts and anywhere inside arguments:

    {{last}}            the turn's last tool result, verbatim
    {{results.N.a.b}}   path into the turn's N-th tool result, decoded from JSON
    {{all.N.a.b}}       the same over all tool results of the chat
    {{find:REGEX}}      first match (group 1 if there is one) in the whole request

An argument that is one placeholder and nothing else keeps the JSON type of its value.
``"raw_arguments"`` in place of ``"arguments"`` sends text as it is, well-formed or not.
"""

from __future__ import annotations

import hashlib
import json
import re
import threading
import uuid
from collections.abc import Sequence
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from types import TracebackType
from typing import Any, ClassVar, Self

MODEL_ID = "scripted"
Steps = Sequence[dict[str, Any]]
_PLACEHOLDER = re.compile(r"\{\{(.+?)\}\}", re.DOTALL)
# Open WebUI sends images of tool results as one more user message of the same turn.
_IMAGES = "Here are the images from the tool results"


def _text_of(content: object) -> str:
    if isinstance(content, list):
        return "".join(str(part.get("text", "")) for part in content)
    return content if isinstance(content, str) else ""


class Conversation:
    """Where a chat request stands in its script."""

    def __init__(self, messages: list[dict[str, Any]]) -> None:
        users = [
            index
            for index, message in enumerate(messages)
            if message["role"] == "user" and not _text_of(message["content"]).startswith(_IMAGES)
        ]
        since = messages[users[-1] + 1 :] if users else []
        self.first_prompt = _text_of(messages[users[0]]["content"]) if users else ""
        self.turn = max(len(users) - 1, 0)
        self.step = sum(1 for message in since if message.get("tool_calls"))
        self.results = [_text_of(m["content"]) for m in since if m["role"] == "tool"]
        self.all_results = [_text_of(m["content"]) for m in messages if m["role"] == "tool"]
        self.raw = json.dumps(messages, ensure_ascii=False)

    def fill(self, value: Any) -> Any:
        """``value`` with its placeholders replaced, however deep they are."""
        if isinstance(value, dict):
            return {key: self.fill(item) for key, item in value.items()}
        if isinstance(value, list):
            return [self.fill(item) for item in value]
        if not isinstance(value, str):
            return value
        whole = _PLACEHOLDER.fullmatch(value)
        if whole:
            return self._resolve(whole[1].strip())
        return _PLACEHOLDER.sub(lambda match: self._resolved_text(match[1].strip()), value)

    def _resolved_text(self, expression: str) -> str:
        found = self._resolve(expression)
        return found if isinstance(found, str) else json.dumps(found, ensure_ascii=False)

    def _resolve(self, expression: str) -> Any:
        if expression == "last":
            return self.results[-1]
        if expression.startswith("find:"):
            match = re.search(expression.removeprefix("find:"), self.raw)
            if match is None:
                raise KeyError(expression)
            return match[1] if match.re.groups else match[0]
        head, *path = expression.split(".")
        value: Any = {"results": self.results, "all": self.all_results}[head]
        for key in path:
            if isinstance(value, str):
                value = json.loads(value)
            value = value[int(key)] if isinstance(value, list) else value[key]
        return value


def due_step(turns: Sequence[Steps], conversation: Conversation) -> dict[str, Any]:
    """The step that answers ``conversation``."""
    turn = turns[min(conversation.turn, len(turns) - 1)]
    if conversation.step < len(turn):
        return turn[conversation.step]
    return next(step for step in reversed(turn) if "text" in step)


def assistant_message(step: dict[str, Any], conversation: Conversation) -> dict[str, Any]:
    """The OpenAI message of a step, placeholders filled."""
    message: dict[str, Any] = {
        "role": "assistant",
        "content": conversation.fill(step.get("text", "")),
    }
    calls = [
        {
            "index": index,
            "id": f"call_{uuid.uuid4().hex[:12]}",
            "type": "function",
            "function": {
                "name": call["name"],
                "arguments": call.get("raw_arguments")
                or json.dumps(conversation.fill(call.get("arguments", {})), ensure_ascii=False),
            },
        }
        for index, call in enumerate(step.get("tool_calls", []))
    ]
    return message | {"tool_calls": calls} if calls else message


def hash_vector(text: str, size: int = 64) -> list[float]:
    """An embedding without a model: equal words, close vectors. Unit length."""
    vector = [0.0] * size
    for word in re.findall(r"\w+", text.lower()) or ["empty"]:
        vector[int.from_bytes(hashlib.sha256(word.encode()).digest()[:4], "little") % size] += 1
    norm = sum(number * number for number in vector) ** 0.5
    return [number / norm for number in vector]


class ScriptedModel:
    """The model server, in threads of this process, on a free loopback port."""

    def __init__(self) -> None:
        handler = type("Handler", (_Handler,), {"model": self})
        self._server = ThreadingHTTPServer(("127.0.0.1", 0), handler)
        self._scripts: list[tuple[str, Sequence[Steps]]] = []
        self.base_url = f"http://127.0.0.1:{self._server.server_address[1]}/v1"
        self.requests: list[dict[str, Any]] = []
        # What it suggests to ask next, where Open WebUI wants to know.
        self.follow_ups: list[str] = []
        # Cleared by a test that wants to look at a turn while it runs.
        self.may_answer = threading.Event()
        self.may_answer.set()

    def __enter__(self) -> Self:
        threading.Thread(target=self._server.serve_forever, daemon=True).start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.may_answer.set()
        self._server.shutdown()
        self._server.server_close()

    def play(self, turns: Sequence[Steps], *, first_prompt: str) -> None:
        """Answer the chat that began with ``first_prompt`` with these turns.

        ``turns`` may grow later. Of two scripts that fit, the newer one counts.
        """
        self._scripts.insert(0, (first_prompt, turns))

    def tool_schemas(self) -> dict[str, dict[str, Any]]:
        """Schemas by tool name, as the model got them in the last request with tools."""
        for body in reversed(self.requests):
            if body.get("tools"):
                return {tool["function"]["name"]: tool["function"] for tool in body["tools"]}
        return {}

    def reply(self, body: dict[str, Any]) -> dict[str, Any]:
        """The assistant's message for the body of a chat request."""
        conversation = Conversation(body["messages"])
        if not body.get("tools") and not conversation.results:
            return {"role": "assistant", "content": self._without_tools(conversation)}
        self.requests.append(body)
        self.may_answer.wait()
        turns = self._script(conversation)
        if turns is None:
            return {"role": "assistant", "content": "(no script for this chat)"}
        try:
            return assistant_message(due_step(turns, conversation), conversation)
        except (KeyError, IndexError, ValueError) as error:
            return {"role": "assistant", "content": f"(script failed: {error!r})"}

    def _script(self, conversation: Conversation) -> Sequence[Steps] | None:
        # The prompt stands inside a longer message once files are attached.
        fits = (turns for prompt, turns in self._scripts if prompt in conversation.first_prompt)
        return next(fits, None)

    def _without_tools(self, conversation: Conversation) -> str:
        """Open WebUI's own tasks (titles, search queries) want JSON; chats want their script."""
        if "### Task:" in conversation.raw and "JSON" in conversation.raw:
            return json.dumps({"queries": [], "follow_ups": self.follow_ups})
        turns = self._script(conversation)
        step = due_step(turns, conversation) if turns else {}
        return str(step.get("text", "(no tools were offered to the model)"))


class _Handler(BaseHTTPRequestHandler):
    model: ClassVar[ScriptedModel]
    protocol_version = "HTTP/1.1"

    def log_message(self, format: str, *args: Any) -> None:
        """Keep the output of the tests readable."""

    def do_GET(self) -> None:
        models = [{"id": MODEL_ID, "object": "model", "created": 0, "owned_by": "scripted"}]
        self._send_json({"object": "list", "data": models})

    def do_POST(self) -> None:
        body = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
        if self.path.endswith("/embeddings"):
            self._send_embeddings(body["input"])
            return
        message = self.model.reply(body)
        finish = "tool_calls" if message.get("tool_calls") else "stop"
        if body.get("stream"):
            self._send_stream(message, finish)
        else:
            choice = {"index": 0, "message": message, "finish_reason": finish}
            self._send_json({"id": "chatcmpl", "object": "chat.completion", "choices": [choice]})

    def _send_embeddings(self, texts: str | list[str]) -> None:
        texts = [texts] if isinstance(texts, str) else texts
        data = [
            {"object": "embedding", "index": index, "embedding": hash_vector(text)}
            for index, text in enumerate(texts)
        ]
        self._send_json({"object": "list", "model": "scripted-embedding", "data": data})

    def _send_json(self, value: object) -> None:
        data = json.dumps(value).encode()
        self.send_response(200)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(data)))
        self.end_headers()
        self.wfile.write(data)

    def _send_stream(self, message: dict[str, Any], finish: str) -> None:
        self.send_response(200)
        self.send_header("Content-Type", "text/event-stream")
        self.send_header("Connection", "close")
        self.end_headers()
        self.close_connection = True
        self._send_delta({"role": "assistant", "content": ""})
        content = message["content"]
        for start in range(0, len(content), 200):
            self._send_delta({"content": content[start : start + 200]})
        for call in message.get("tool_calls", []):
            self._send_delta({"tool_calls": [call]})
        self._send_delta({}, finish)
        self.wfile.write(b"data: [DONE]\n\n")

    def _send_delta(self, delta: dict[str, Any], finish: str | None = None) -> None:
        choice = {"index": 0, "delta": delta, "finish_reason": finish}
        chunk = {"id": "chatcmpl", "object": "chat.completion.chunk", "choices": [choice]}
        self.wfile.write(b"data: " + json.dumps(chunk).encode() + b"\n\n")
        self.wfile.flush()
