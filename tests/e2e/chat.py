"""A person at the chat page of Open WebUI: types, attaches, waits, clicks, downloads."""

from __future__ import annotations

import dataclasses
import json
from pathlib import Path
from typing import Any

from tests.e2e.browser import Page, wait_until
from tests.e2e.openwebui import OpenWebUI, User
from tests.e2e.scripted_model import MODEL_ID, Steps

REPLY_SECONDS = 120
_REPLIES = "[...document.querySelectorAll('[id^=\"message-\"]:has(.chat-assistant)')]"
_ASKED = "[...document.querySelectorAll('[id^=\"message-\"]:has(.chat-user)')]"
_CHIPS = "[...reply.querySelectorAll('.group > button[type=button]:has(svg)')]"
_ATTACHED = "[...document.querySelectorAll('#message-input-container .group > button:has(svg)')]"
_TOOL_IS_ON = "document.querySelector('button[aria-label=\"Available Tools\"]')"
_DIALOG = "document.querySelector('[role=dialog][aria-modal=true]')"


@dataclasses.dataclass(frozen=True)
class ToolCall:
    """One call of a tool as Open WebUI recorded it.

    ``status`` is "completed" or "failed"; ``result`` is decoded if it is JSON.
    """

    name: str
    arguments: dict[str, Any] | str
    status: str
    result: Any


@dataclasses.dataclass(frozen=True)
class Turn:
    """What one user message led to, as Open WebUI stored it.

    ``files`` are the items behind the chips; ``shown`` is the text on the page.
    """

    prompt: str
    shown: str
    calls: list[ToolCall]
    files: list[dict[str, Any]]
    statuses: list[dict[str, Any]]
    error: Any

    @property
    def result(self) -> Any:
        """Result of the last tool call."""
        return self.calls[-1].result


class SignedInPage:
    """A page on which ``user`` is signed in."""

    def __init__(self, page: Page, webui: OpenWebUI, user: User, *, dark: bool = False) -> None:
        self.page = page
        self.webui = webui
        self.user = user
        # The token of the user's first sign-in: Open WebUI refuses more than 15 in 3 minutes.
        # File links need it as a cookie; the page keeps it, too.
        page.command(
            "Network.setCookie", url=webui.url, name="token", value=user.token, httpOnly=True
        )
        page.goto(f"{webui.url}/health")  # the same place, without scripts of its own
        kept = {"token": user.token, "theme": "dark" if dark else "light", "locale": "en-US"}
        page.js(f"Object.assign(localStorage, {json.dumps(kept)}) && true")


class Chat:
    """One chat, fresh until the first message is sent.

    :param shots: folder for screenshots; their names begin with ``name``
    """

    def __init__(
        self,
        signed_in: SignedInPage,
        *,
        shots: Path,
        name: str,
        tool_id: str = "excel_tools",
        temporary: bool = False,
    ) -> None:
        self.page = signed_in.page
        self.webui = signed_in.webui
        self.user = signed_in.user
        self.id = ""
        self._shots = shots
        self._name = name
        self._shot_number = 0
        self._turns: list[Steps] = []
        self._prompts: list[str] = []
        self.temporary = temporary
        kind = "&temporary-chat=true" if temporary else ""
        self.page.goto(f"{self.webui.url}/?models={MODEL_ID}&tools={tool_id}{kind}")
        self.page.wait("document.querySelector('#chat-input')", "the message box")
        self.page.wait(_TOOL_IS_ON, "the tool to be on")

    def ask(self, prompt: str, steps: Steps, attach: list[Path] | None = None) -> Turn:
        """Attach, type and send; wait for the whole reply, which goes by ``steps``.

        The first prompt of a chat picks its script: chats that run at the same time
        begin with different prompts.
        """
        self.send(prompt, steps, attach)
        return self.wait_reply()

    def send(self, prompt: str, steps: Steps, attach: list[Path] | None = None) -> None:
        """As ``ask``, without waiting for the reply."""
        self._turns[len(self._prompts) :] = [steps]
        self._prompts.append(prompt)
        if len(self._prompts) == 1:
            self.webui.model.play(self._turns, first_prompt=prompt)
        if attach:
            self.attach(attach)
        self.page.click("document.querySelector('#chat-input')")
        self.page.type(prompt)
        self.page.click("document.querySelector('#send-message-button')")
        self.page.wait(f"{_REPLIES}.length === {len(self._prompts)}", "the message to be sent")

    def attach(self, files: list[Path]) -> None:
        """Put files into the message box and wait until they are uploaded."""
        self.page.set_files("#message-input-container input[type=file], input[type=file]", files)
        self.page.wait(
            f"{_ATTACHED}.length === {len(files)} && !{_ATTACHED}.some(e =>"
            " e.querySelector('.spinner_ajPY'))",
            "the upload",
            REPLY_SECONDS,  # Open WebUI reads and embeds the file meanwhile
        )

    def wait_reply(self) -> Turn:
        """Until the reply to the last message is complete, on the page and in the store."""
        count = len(self._prompts)
        self.page.wait(
            f"{_REPLIES}.length === {count} &&"
            f" {_REPLIES}.at(-1).querySelector('.copy-response-button')",
            f"the reply to {self._prompts[-1]!r}",
            REPLY_SECONDS,
        )
        if self.temporary:  # it is stored nowhere, so the page has to do
            return Turn(self._prompts[-1], self.text(), [], [], [], None)
        self.id = self.page.js("location.pathname").removeprefix("/c/")
        message_id = self.page.js(f"{_REPLIES}.at(-1).id").removeprefix("message-")
        stored: dict[str, Any] = {}

        def done() -> bool:
            stored.update(self.stored()["history"]["messages"][message_id])
            return bool(stored.get("done"))

        wait_until(done, 20, "the reply to be stored")
        return _turn(self._prompts[-1], self.text(), stored)

    def regenerate(self) -> Turn:
        """Have the last answer made anew; the first stays beside it."""
        before = self.page.js(f"{_REPLIES}.at(-1).id")
        self.page.click(f"{_REPLIES}.at(-1).querySelector('button[aria-label=Regenerate]')")
        self.page.click(
            "[...document.querySelectorAll('button, [role=menuitem]')]"
            ".find(e => e.innerText.trim() === 'Try Again')"
        )
        self.page.wait(f"{_REPLIES}.at(-1).id !== {json.dumps(before)}", "the new answer")
        return self.wait_reply()

    def edit(self, turn: int, prompt: str, steps: Steps) -> Turn:
        """Write the message of a turn anew and send it; later turns stay on the other branch."""
        before = self.page.js(f"{_REPLIES}.at({turn}).id")
        self._prompts[turn:], self._turns[turn:] = [prompt], [steps]
        asked = self.page.js(f"{_ASKED}.at({turn}).id").removeprefix("message-")
        self.page.click(f"{_ASKED}.at({turn}).querySelector('.edit-user-message-button')")
        box = f"document.getElementById('message-edit-{asked}')"
        self.page.wait(box, "the message to be open for changes")
        self.page.js(f"({box}.focus(), {box}.select())")
        self.page.type(prompt)
        self.page.click("document.querySelector('#confirm-edit-message-button')")
        gone = f"{_REPLIES}.at({turn})?.id"
        self.page.wait(f"{gone} && {gone} !== {json.dumps(before)}", "the new answer")
        return self.wait_reply()

    def fork(self, turn: int) -> None:
        """Go on in a new chat that holds this one up to the answer of a turn."""
        del self._prompts[turn + 1 :]
        self.page.click(f"{_REPLIES}.at({turn}).querySelector('button[aria-label=\"Fork chat\"]')")
        self.page.wait(
            f"location.pathname !== '/c/{self.id}' && {_REPLIES}.length === {turn + 1}",
            "the new chat",
        )
        # Open WebUI has every tool off in a copy of a chat.
        self.take_over(self, self.page.js("location.pathname").removeprefix("/c/"))

    def take_over(self, other: Chat, id_: str, tool_id: str = "excel_tools") -> None:
        """Go on in a stored copy of another chat, as it is now."""
        self.id = id_
        self._prompts, self._turns = list(other._prompts), other._turns  # they begin alike
        draft = {"prompt": "", "files": [], "selectedToolIds": [tool_id]}
        self.page.js(f"sessionStorage.setItem('chat-input-{id_}', {json.dumps(json.dumps(draft))})")
        self.reload()
        self.page.wait(_TOOL_IS_ON, "the tool to be on")

    def leaf(self, way: str, *, asked: bool = False, turns: int) -> None:
        """Click "Previous" or "Next" at the last answer, or at the last message that was asked.

        :param turns: how many turns there are on the other branch
        """
        messages = _ASKED if asked else _REPLIES
        before = self.page.js(f"{messages}.at(-1).id")
        self.page.click(f"{messages}.at(-1).querySelector('button[aria-label=\"{way} message\"]')")
        self.page.wait(
            f"{messages}.at(-1).id !== {json.dumps(before)} && {_REPLIES}.length === {turns}",
            "the other branch",
        )
        self._prompts = self.page.js(f"{_ASKED}.map(e => e.querySelector('.chat-user').innerText)")
        # What was said there is not said again, but the turns are counted.
        self._turns += [[{"text": ""}]] * (turns - len(self._turns))

    def stored(self) -> dict[str, Any]:
        """The chat as Open WebUI stores it."""
        return self.webui.chat(self.id, self.user)

    def reload(self) -> None:
        """Load the page of this chat again, as on another day."""
        self.page.goto(f"{self.webui.url}/c/{self.id}")
        self.page.wait(
            f"{_REPLIES}.length === {len(self._prompts)} && {_REPLIES}.every(e =>"
            " e.querySelector('.copy-response-button'))",
            "the chat to be shown again",
        )

    def text(self, turn: int = -1) -> str:
        """What the page shows of a reply."""
        return str(self.page.js(f"{_REPLIES}.at({turn}).innerText"))

    def chips(self, turn: int = -1) -> list[str]:
        """Names on the file chips of a reply, in order."""
        names: list[str] = self.page.js(
            f"(reply => {_CHIPS}.map(e => e.querySelector('.truncate').innerText))"
            f"({_REPLIES}.at({turn}))"
        )
        return names

    def download_chip(self, name: str, turn: int = -1) -> bytes:
        """Click the chip, then the title of the dialog that opens; what the browser got."""
        self.open_chip(name, turn)
        saved_as, data = self.page.browser.next_download(
            lambda: self.page.click(f"{_DIALOG}.querySelector('a[href$=\"/content\"]')")
        )
        assert saved_as == name
        self.close_dialog()
        return data

    def open_chip(self, name: str, turn: int = -1) -> None:
        """Click the chip and wait for its dialog."""
        wanted = json.dumps(name)
        self.page.click(
            f"(reply => {_CHIPS}.find(e => e.querySelector('.truncate').innerText === {wanted}))"
            f"({_REPLIES}.at({turn}))"
        )
        self.page.wait(f"{_DIALOG}?.innerText.includes({wanted})", f"the dialog of {name}")

    def close_dialog(self) -> None:
        self.page.press("Escape")
        self.page.wait(f"!{_DIALOG}", "the dialog to close")

    def download_link(self, text: str, turn: int = -1) -> tuple[str, bytes]:
        """Click the link with this text in a reply: name and bytes of what came."""
        wanted = json.dumps(text)
        link = (
            f"[...{_REPLIES}.at({turn}).querySelectorAll('a')]"
            f".find(a => a.innerText.includes({wanted}))"
        )
        return self.page.browser.next_download(lambda: self.page.click(link))

    def shot(self, what: str) -> Path:
        """A screenshot of the page as it is, newest message in view."""
        self.page.js(f"{_REPLIES}.at(-1)?.scrollIntoView({{block: 'end'}})")
        self._shot_number += 1
        return self.page.screenshot(self._shots / f"{self._name}-{self._shot_number}-{what}.png")


def _turn(prompt: str, shown: str, message: dict[str, Any]) -> Turn:
    output = message.get("output") or []
    results = {item["call_id"]: item for item in output if item["type"] == "function_call_output"}
    calls = [
        ToolCall(item["name"], _decoded(item["arguments"]), item["status"], _result(results, item))
        for item in output
        if item["type"] == "function_call"
    ]
    return Turn(
        prompt=prompt,
        shown=shown,
        calls=calls,
        files=message.get("files") or [],
        statuses=message.get("statusHistory") or [],
        error=message.get("error"),
    )


def _result(results: dict[str, dict[str, Any]], call: dict[str, Any]) -> Any:
    parts = results[call["call_id"]]["output"]
    return _decoded("".join(part.get("text", "") for part in parts))


def _decoded(text: str) -> Any:
    try:
        return json.loads(text)
    except ValueError:
        return text
