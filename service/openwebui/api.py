"""Open WebUI's own API, as far as an administrator's program needs it."""

from __future__ import annotations

import re
import time
from email.utils import parsedate_to_datetime
from typing import Any, Self
from urllib.parse import quote

import requests

TIMEOUT = 30.0
_FOREIGN = "The address must be that of Open WebUI itself, such as http://localhost:8080."


class OpenWebUIError(Exception):
    """Open WebUI did not do what was asked: what happened, and what to change."""

    def __init__(self, message: str, cure: str) -> None:
        super().__init__(message)
        self.message, self.cure = message, cure


class OpenWebUI:
    """One Open WebUI, spoken to as the admin whose token it is.

    :param url: its address, as this machine reaches it
    :param token: an API key or the token of a session; "" sees only what everyone sees
    :raises OpenWebUIError: from every method
    """

    def __init__(self, url: str, token: str = "") -> None:
        self.url = url.strip().rstrip("/")
        self.token = token.strip()
        if not re.match(r"https?://[^/\s]+", self.url):
            raise OpenWebUIError(f"{url!r} is no address of Open WebUI.", _FOREIGN)
        if not (self.token.isascii() and self.token.isprintable()):
            raise OpenWebUIError("The token holds characters that no token has.", _TOKEN)

    @classmethod
    def signed_in(cls, url: str, email: str, password: str) -> Self:
        """As the account of that email address."""
        found = cls(url)
        form = {"email": email, "password": password}
        answer = found._send("POST", "/api/v1/auths/signin", json=form)
        body = _object(answer)
        if answer.status_code == 429:
            raise OpenWebUIError(
                "Open WebUI takes no more sign-ins for now.", "Wait three minutes and try again."
            )
        if not answer.ok or not body.get("token"):
            detail = str(body.get("detail") or body.get("next_step") or answer.status_code)
            raise OpenWebUIError(
                f"Open WebUI did not let {email} sign in: {detail[:200]}",
                "Correct the email address and password, or give the API key of an admin instead "
                "(TOKEN=..., --token).",
            )
        return cls(url, str(body["token"]))

    # What is there --------------------------------------------------------------

    def version(self) -> str:
        """Such as "0.12.4"; the first thing to ask, for it tells whether this is Open WebUI."""
        answer = self._send("GET", "/api/version")
        version = _object(answer).get("version")
        if not answer.ok or not isinstance(version, str):
            raise OpenWebUIError(
                f"What answers at {self.url} is not Open WebUI (status {answer.status_code}).",
                _FOREIGN,
            )
        return version

    def ahead(self) -> float | None:
        """By how many seconds its clock is ahead of ours, if it tells the time."""
        return ahead(self._send("GET", "/api/version"))

    def check_admin(self) -> None:
        """Whether the token is that of an admin."""
        if not self.token:
            raise OpenWebUIError("There is no token for Open WebUI.", _TOKEN)
        self._ask("GET", "/api/v1/tools/list", "read the list of tools")
        answer = self._send("GET", "/api/v1/auths/admin/config")
        if answer.status_code in (401, 403):
            raise OpenWebUIError(
                "The token belongs to somebody who is no admin of Open WebUI.",
                "Give the token of an admin.",
            )

    def settings(self) -> dict[str, Any]:
        """The admin's general settings, such as WEBUI_URL."""
        return dict(self._ask("GET", "/api/v1/auths/admin/config", "read the settings"))

    def tools(self) -> list[dict[str, Any]]:
        """All tools, without their source."""
        return list(self._ask("GET", "/api/v1/tools/list", "read the list of tools"))

    def tool(self, id_: str) -> dict[str, Any] | None:
        """One tool with its source, or None."""
        answer = self._send("GET", f"/api/v1/tools/id/{quote(id_)}")
        if answer.status_code == 404:
            return None
        found = self._checked(answer, f"read the tool {id_}")
        return dict(found) if found else None

    def valves(self, id_: str) -> dict[str, Any]:
        """Those valves of a tool that an admin has set."""
        found = self._ask("GET", f"/api/v1/tools/id/{quote(id_)}/valves", "read the valves")
        return dict(found or {})

    def models(self) -> dict[str, dict[str, Any]]:
        """The models that people may choose: id -> what admins have set (params, meta)."""
        offered = self._ask("GET", "/api/models", "read the models").get("data") or []
        found = {str(model.get("id")): model.get("info") or {} for model in offered}
        # The list for everyone leaves most params out; older versions have no other.
        records = self._send("GET", "/api/v1/models/all")
        if records.ok and isinstance(records.json(), list):
            found |= {str(r.get("id")): r for r in records.json() if str(r.get("id")) in found}
        return found

    def model_defaults(self) -> dict[str, Any]:
        """What counts for every model: DEFAULT_MODEL_PARAMS, DEFAULT_MODEL_METADATA."""
        return dict(self._ask("GET", "/api/v1/configs/models", "read the models' settings"))

    def reaches(self, address: str) -> bool | None:
        """Whether Open WebUI itself, from where it runs, reaches the service at an address.

        None: it does not say, because tool servers are switched off in it.
        """
        form = {
            "url": address,
            "path": "openapi.json",
            "type": "openapi",
            "auth_type": "none",
            "key": "",
            "config": {},
        }
        answer = self._send("POST", "/api/v1/configs/tool_servers/verify", json=form)
        if answer.status_code in (403, 404, 405, 422):
            return None
        info = _object(answer).get("info")
        found = isinstance(info, dict) and str(info.get("title", "")).startswith("Excel Tools")
        return answer.ok and found

    # Changing it ----------------------------------------------------------------

    def create_tool(self, form: dict[str, Any]) -> None:
        self._ask("POST", "/api/v1/tools/create", "make the tool", json=form)

    def update_tool(self, id_: str, form: dict[str, Any]) -> None:
        self._ask("POST", f"/api/v1/tools/id/{quote(id_)}/update", "change the tool", json=form)

    def set_valves(self, id_: str, valves: dict[str, Any]) -> None:
        """Replace all valves: those left out go back to their defaults."""
        path = f"/api/v1/tools/id/{quote(id_)}/valves/update"
        self._ask("POST", path, "set the valves", json=valves)

    # Asking ---------------------------------------------------------------------

    def _ask(self, method: str, path: str, what: str, **body: Any) -> Any:
        return self._checked(self._send(method, path, **body), what)

    def _checked(self, answer: requests.Response, what: str) -> Any:
        if answer.ok:
            try:
                return answer.json()
            except ValueError:
                raise OpenWebUIError(
                    f"What answers at {self.url} is not Open WebUI.", _FOREIGN
                ) from None
        detail = str(_object(answer).get("detail") or answer.reason)[:300]
        if answer.status_code in (401, 403):
            raise OpenWebUIError(f"Open WebUI refused to {what}: {detail}", _TOKEN)
        raise OpenWebUIError(
            f"Open WebUI could not {what} (status {answer.status_code}): {detail}",
            "See the log of Open WebUI.",
        )

    def _send(self, method: str, path: str, **body: Any) -> requests.Response:
        headers = {"Authorization": f"Bearer {self.token}"} if self.token else {}
        try:
            return requests.request(
                method,
                self.url + path,
                headers=headers,
                timeout=TIMEOUT,
                allow_redirects=False,
                **body,
            )
        except requests.RequestException as error:
            raise OpenWebUIError(
                f"Open WebUI can't be reached at {self.url} ({type(error).__name__}).",
                "Start it, or correct the address. Inside of a container localhost is that "
                "container: by compose it is http://open-webui:8080, and on the machine itself "
                "http://host.docker.internal:8080.",
            ) from None


_TOKEN = (
    "Give EMAIL=... of an admin (--email), who is then asked for the password, or TOKEN=..., an "
    "API key: Settings > Account, once API keys are on (Admin Panel > Settings > General)."
)


def _object(answer: requests.Response) -> dict[str, Any]:
    try:
        body = answer.json()
    except ValueError:
        return {}
    return body if isinstance(body, dict) else {}


def ahead(answer: requests.Response) -> float | None:
    """By how many seconds the clock of whoever answered is ahead of ours."""
    try:
        told = parsedate_to_datetime(answer.headers["Date"]).timestamp()
    except (KeyError, ValueError):
        return None
    return told - time.time()


def older(version: str, than: str) -> bool:
    """Whether a version such as "0.6.18" comes before another."""
    return _numbers(version) < _numbers(than)


def _numbers(version: str) -> tuple[int, ...]:
    return tuple(int(part) for part in re.findall(r"\d+", version)[:3])
