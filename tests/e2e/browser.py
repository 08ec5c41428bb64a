"""Headless Chromium over the DevTools protocol: pages that click, type and download."""

from __future__ import annotations

import base64
import json
import shutil
import subprocess
import time
from collections.abc import Callable
from pathlib import Path
from types import TracebackType
from typing import Any, Self

import websocket

NAMES = ("chromium", "chromium-browser", "google-chrome")
_FLAGS = (
    "--headless",
    "--no-sandbox",
    "--disable-gpu",
    "--disable-dev-shm-usage",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--disable-extensions",
    "--hide-scrollbars",
    "--mute-audio",
    "--remote-debugging-port=0",
)


class BrowserError(RuntimeError):
    """The page or the browser did not do what was asked."""


class Browser:
    """One Chromium with a fresh profile in ``folder``; pages share nothing, but see ``page``."""

    def __init__(self, folder: Path) -> None:
        self._profile = folder / "profile"
        self._downloads = folder / "downloads"
        self._downloads.mkdir(parents=True)
        self._process: subprocess.Popen[bytes] | None = None
        self._socket: websocket.WebSocket | None = None
        self._last_id = 0
        self._listeners: dict[str | None, Callable[[str, dict[str, Any]], None]] = {}
        self._names: dict[str, str] = {}
        self._finished: list[str] = []
        self._left: dict[str, str] = {}

    def __enter__(self) -> Self:
        program = next(filter(None, map(shutil.which, NAMES)), None)
        if program is None:
            raise BrowserError("Chromium is missing")
        self._process = subprocess.Popen(
            [program, *_FLAGS, f"--user-data-dir={self._profile}", "about:blank"],
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
        )
        try:
            self._connect()
        except BaseException:
            self.__exit__(None, None, None)
            raise
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        if self._socket is not None:
            self._socket.close()
        if self._process is not None:
            self._process.terminate()
            try:
                self._process.wait(10)
            except subprocess.TimeoutExpired:
                self._process.kill()
                self._process.wait(10)

    def _connect(self) -> None:
        chosen = self._profile / "DevToolsActivePort"
        wait_until(lambda: chosen.exists() and chosen.read_text().count("\n") >= 1, 40, "Chromium")
        port, path = chosen.read_text().splitlines()[:2]
        self._socket = websocket.create_connection(
            f"ws://127.0.0.1:{port}{path}", timeout=60, suppress_origin=True
        )
        self._listeners[None] = self._on_browser_event

    def _on_browser_event(self, method: str, params: dict[str, Any]) -> None:
        if method == "Browser.downloadWillBegin":
            self._names[params["guid"]] = params["suggestedFilename"]
        elif method == "Browser.downloadProgress" and params["state"] == "completed":
            self._finished.append(params["guid"])

    def command(self, method: str, session: str | None = None, **params: Any) -> dict[str, Any]:
        """One DevTools command, to the browser or to the page of ``session``."""
        assert self._socket is not None
        self._last_id += 1
        message = {"id": self._last_id, "method": method, "params": params}
        self._socket.send(json.dumps(message | ({"sessionId": session} if session else {})))
        while True:
            answer = json.loads(self._socket.recv())
            if answer.get("id") == self._last_id:
                break
            listener = self._listeners.get(answer.get("sessionId"))
            if listener and "method" in answer:
                listener(answer["method"], answer["params"])
        if "error" in answer:
            raise BrowserError(f"{method}: {answer['error']}")
        result: dict[str, Any] = answer["result"]
        return result

    def page(self, width: int = 1280, height: int = 1000, who: str = "") -> Page:
        """A new page that shares nothing with those that are open.

        :param who: takes over cookies and cache of the page of the same name that was closed
            last: what it has loaded once need not be loaded again
        """
        context = self._left.pop(who, "") or self._new_context()
        target = self.command("Target.createTarget", url="about:blank", browserContextId=context)
        session = self.command("Target.attachToTarget", targetId=target["targetId"], flatten=True)
        page = Page(self, session["sessionId"], (context, target["targetId"], who))
        self._listeners[session["sessionId"]] = page.on_event
        page.resize(width, height)
        return page

    def leave(self, context: str, target: str, who: str) -> None:
        """Close a page; what it holds is kept for the next page of that name."""
        if who and who not in self._left:
            self.command("Target.closeTarget", targetId=target)
            self._left[who] = context
        else:
            self.command("Target.disposeBrowserContext", browserContextId=context)

    def _new_context(self) -> str:
        context: str = self.command("Target.createBrowserContext")["browserContextId"]
        self.command(
            "Browser.setDownloadBehavior",
            behavior="allowAndName",
            browserContextId=context,
            downloadPath=str(self._downloads),
            eventsEnabled=True,
        )
        return context

    def next_download(self, begin: Callable[[], None], timeout: float = 30) -> tuple[str, bytes]:
        """Name and bytes of the file whose download ``begin`` starts."""
        self._finished.clear()
        begin()

        def finished() -> bool:
            self.command("Browser.getVersion")  # lets the waiting events come in
            return bool(self._finished)

        wait_until(finished, timeout, "a download")
        guid = self._finished[0]
        return self._names[guid], (self._downloads / guid).read_bytes()


class Page:
    """One page. Selectors are CSS; scripts are JavaScript expressions."""

    def __init__(self, browser: Browser, session: str, held: tuple[str, str, str]) -> None:
        self.browser = browser
        self._session = session
        self._held = held
        self.errors: list[str] = []
        self._loading: dict[str, str] = {}
        self._failed: list[str] = []
        for domain in ("Page", "Runtime", "DOM", "Network"):
            self.command(f"{domain}.enable")

    def on_event(self, method: str, params: dict[str, Any]) -> None:
        """Keep what the page's scripts throw, and what is loading or failed to load."""
        if method == "Runtime.exceptionThrown":
            details = params["exceptionDetails"]
            self.errors.append(details.get("exception", {}).get("description", details["text"]))
        elif method == "Network.requestWillBeSent":
            self._loading[params["requestId"]] = params["request"]["url"]
        elif method == "Network.responseReceived" and params["response"]["status"] >= 400:
            self._failed.append(f"{params['response']['status']} {params['response']['url']}")
        elif method == "Network.loadingFinished":
            self._loading.pop(params["requestId"], None)
        elif method == "Network.loadingFailed":
            url = self._loading.pop(params["requestId"], "?")
            self._failed.append(f"{params['errorText']} {url}")

    def state(self) -> str:
        """What there is to say of a page that does not do what it should, for an error."""
        try:
            at, text = self.js("[location.href, document.body ? document.body.innerText : '']")
        except BrowserError as error:
            at, text = str(error), ""
        return (
            f"at {at}, showing {text[:300]!r}, loading {list(self._loading.values())[-10:]},"
            f" failed {self._failed[-10:]}, thrown {self.errors[-5:]}"
        )

    def command(self, method: str, **params: Any) -> dict[str, Any]:
        return self.browser.command(method, self._session, **params)

    def close(self) -> None:
        """Close the page; nothing of it is left but to a page of the same name."""
        self.browser.leave(*self._held)

    def resize(self, width: int, height: int) -> None:
        self.command(
            "Emulation.setDeviceMetricsOverride",
            width=width,
            height=height,
            deviceScaleFactor=1,
            mobile=False,
        )

    def js(self, expression: str) -> Any:
        """The value of a JavaScript expression, promises awaited."""
        answer = self.command(
            "Runtime.evaluate",
            expression=expression,
            awaitPromise=True,
            returnByValue=True,
            userGesture=True,
        )
        if "exceptionDetails" in answer:
            raise BrowserError(f"{expression[:200]}: {answer['exceptionDetails']}")
        return answer["result"].get("value")

    def wait(self, expression: str, what: str, timeout: float = 60) -> None:
        """Until the expression is true; a page that is just changing counts as not yet."""

        def holds() -> bool:
            try:
                return bool(self.js(f"!!({expression})"))
            except BrowserError:
                return False

        try:
            wait_until(holds, timeout, what)
        except BrowserError as error:
            raise BrowserError(f"{error}: {self.state()}") from None

    def goto(self, url: str) -> None:
        self.command("Page.navigate", url=url)
        self.wait("document.readyState === 'complete'", url)

    def type(self, text: str) -> None:
        """Insert text where the focus is."""
        self.command("Input.insertText", text=text)

    def press(self, key: str, text: str = "") -> None:
        codes = {"Enter": 13, "Escape": 27}
        for kind in ("keyDown", "keyUp"):
            extra = {"text": text} if text and kind == "keyDown" else {}
            self.command(
                "Input.dispatchKeyEvent",
                type=kind,
                key=key,
                code=key,
                windowsVirtualKeyCode=codes[key],
                **extra,
            )

    def click(self, element: str) -> None:
        """Click with the mouse into the middle of the element that the expression gives.

        Waits until the element is there, stands still, and nothing lies on top of it.
        """
        hit = (
            f"(() => {{ const e = {element}; if (!e) return null;"
            " e.scrollIntoView({block: 'center'}); const b = e.getBoundingClientRect();"
            " const x = b.x + b.width / 2, y = b.y + b.height / 2;"
            " const top = document.elementFromPoint(x, y);"
            " return top && (e.contains(top) || top.contains(e)) ? [x, y] : null; })()"
        )
        seen: list[Any] = [None]

        def stands_still() -> bool:
            seen.append(self.js(hit))
            return bool(seen[-1]) and seen[-1] == seen[-2]

        wait_until(stands_still, 20, f"{element} to be clickable")
        # What only shows under the mouse is drawn anew when it comes.
        x, y = seen[-1]
        self.command("Input.dispatchMouseEvent", type="mouseMoved", x=x, y=y)
        seen.append(None)
        wait_until(stands_still, 20, f"{element} to be clickable under the mouse")
        x, y = seen[-1]
        for kind in ("mousePressed", "mouseReleased"):
            self.command(
                "Input.dispatchMouseEvent", type=kind, x=x, y=y, button="left", clickCount=1
            )

    def set_files(self, selector: str, files: list[Path]) -> None:
        """Choose files in a file input."""
        root = self.command("DOM.getDocument", depth=0)["root"]["nodeId"]
        node = self.command("DOM.querySelector", nodeId=root, selector=selector)["nodeId"]
        self.command(
            "DOM.setFileInputFiles", nodeId=node, files=[str(path.resolve()) for path in files]
        )

    def screenshot(self, path: Path) -> Path:
        """Write what the page shows as PNG."""
        for _ in range(2):  # the first makes frames inside draw what they have become
            data = self.command("Page.captureScreenshot", format="png")["data"]
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(base64.b64decode(data))
        return path


def wait_until(condition: Callable[[], bool], timeout: float, what: str) -> None:
    """Ask until ``condition`` holds.

    :raises BrowserError: if it doesn't within ``timeout`` seconds
    """
    end = time.monotonic() + timeout
    while not condition():
        if time.monotonic() > end:
            raise BrowserError(f"waited {timeout:.0f} s in vain for {what}")
        time.sleep(0.1)
