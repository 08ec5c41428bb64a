"""A real Open WebUI: fresh data, one admin, the scripted model, tools installed by REST."""

from __future__ import annotations

import dataclasses
from pathlib import Path
from types import TracebackType
from typing import Any, Self

import requests

from tests.e2e.scripted_model import MODEL_ID, ScriptedModel
from tests.processes import ServerProcess, clean_environ, free_port

BOOT_SECONDS = 300
# With it this Open WebUI signs who its users are, for services that ask for that.
USER_SECRET = "by-which-users-are-signed-in-end-to-end-tests"


class OpenWebUIError(RuntimeError):
    """Open WebUI answered a request with an error."""


@dataclasses.dataclass(frozen=True)
class User:
    """Somebody who may sign in."""

    id: str
    email: str
    password: str
    token: str


class OpenWebUI:
    """One Open WebUI for the tests.

    :param venv: venv in which Open WebUI is installed
    :param folder: empty folder for its data and its log
    :param admin: (email, password) of an admin whom its own environment makes, as by compose;
        otherwise the first who signs up is the admin
    """

    def __init__(
        self, venv: Path, folder: Path, model: ScriptedModel, admin: tuple[str, str] = ("", "")
    ) -> None:
        self._admin = admin
        self.url = f"http://127.0.0.1:{(port := free_port())}"
        self.model = model
        self._process = ServerProcess(
            [str(venv / "bin" / "open-webui"), "serve", "--host", "127.0.0.1", "--port", str(port)],
            env=_environment(folder, model.base_url)
            | {"WEBUI_ADMIN_EMAIL": admin[0], "WEBUI_ADMIN_PASSWORD": admin[1]}
            | {"ENABLE_API_KEYS": "true" if admin[0] else "false"},
            health_url=f"{self.url}/health",
            log=folder / "open-webui.log",
            cwd=folder,
            deadline=BOOT_SECONDS,
        )
        self.admin: User

    def __enter__(self) -> Self:
        self._process.start()
        try:
            if self._admin[0]:
                self.admin = self._sign("in", "Admin", *self._admin)
            else:
                self.admin = self._sign("up", "Alex Admin", "admin@example.com", "admin-password-1")
            # Otherwise a dialog with news covers the page.
            self._hide_news(self.admin)
        except BaseException:
            self._process.stop()
            raise
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._process.stop()

    @property
    def version(self) -> str:
        return str(self.request("GET", "/api/config").json()["version"])

    def log_tail(self) -> str:
        return self._process.log_tail()

    def request(
        self,
        method: str,
        path: str,
        *,
        user: User | None = None,
        check: bool = True,
        **options: Any,
    ) -> requests.Response:
        """One REST call, as the admin or as ``user``.

        :raises OpenWebUIError: for any status of 400 or more, unless ``check`` is off
        """
        token = (user or self.admin).token
        headers = {"Authorization": f"Bearer {token}"}
        answer = requests.request(method, self.url + path, headers=headers, timeout=120, **options)
        if check and not answer.ok:
            raise OpenWebUIError(f"{method} {path}: {answer.status_code} {answer.text[:1000]}")
        return answer

    def add_user(self, name: str) -> User:
        """An ordinary user who may use the model and every public tool."""
        email, password = f"{name.lower()}@example.com", "user-password-1"
        form = {"name": name, "email": email, "password": password, "role": "user"}
        self.request("POST", "/api/v1/auths/add", json=form)
        user = self._sign("in", name, email, password)
        self._hide_news(user)
        return user

    def install_tool(self, source: str, tool_id: str, valves: dict[str, Any] | None = None) -> None:
        """Create the tool, or save it again, as the editor does; set its valves if given.

        Valves that are left out go back to their defaults.
        """
        form = {
            "id": tool_id,
            "name": "Excel",
            "content": source,
            "meta": {"description": "Excel workbooks", "manifest": {}},
            "access_grants": [
                {"principal_type": "user", "principal_id": "*", "permission": "read"}
            ],
        }
        path = f"/api/v1/tools/id/{tool_id}"
        there = self.request("GET", path, check=False).ok
        self.request("POST", f"{path}/update" if there else "/api/v1/tools/create", json=form)
        if valves is not None:
            self.request("POST", f"{path}/valves/update", json=valves)

    def chat(self, chat_id: str, user: User | None = None) -> dict[str, Any]:
        """A stored chat: ``history.messages`` by id, each with text, output and files."""
        chat: dict[str, Any] = self.request("GET", f"/api/v1/chats/{chat_id}", user=user).json()[
            "chat"
        ]
        return chat

    def download(self, file_id: str, user: User | None = None) -> bytes:
        """The bytes of a stored file."""
        return self.request("GET", f"/api/v1/files/{file_id}/content", user=user).content

    def _sign(self, how: str, name: str, email: str, password: str) -> User:
        form = {"name": name, "email": email, "password": password}
        answer = requests.post(f"{self.url}/api/v1/auths/sign{how}", json=form, timeout=60)
        answer.raise_for_status()
        return User(answer.json()["id"], email, password, answer.json()["token"])

    def _hide_news(self, user: User) -> None:
        settings = {"ui": {"version": self.version}}
        self.request("POST", "/api/v1/users/user/settings/update", user=user, json=settings)


def _environment(folder: Path, model_url: str) -> dict[str, str]:
    off = (
        "ENABLE_OLLAMA_API ENABLE_VERSION_UPDATE_CHECK ENABLE_TITLE_GENERATION"
        " ENABLE_TAGS_GENERATION ENABLE_FOLLOW_UP_GENERATION ENABLE_AUTOCOMPLETE_GENERATION"
        " RAG_EMBEDDING_MODEL_AUTO_UPDATE RAG_RERANKING_MODEL_AUTO_UPDATE ANONYMIZED_TELEMETRY"
    )
    return (
        clean_environ()
        | dict.fromkeys(off.split(), "false")
        | {
            "DATA_DIR": str(folder / "data"),
            "WEBUI_SECRET_KEY": "end-to-end-tests-end-to-end-tests",
            "BYPASS_MODEL_ACCESS_CONTROL": "true",
            "ENABLE_FORWARD_USER_INFO_HEADERS": "true",
            "FORWARD_USER_INFO_HEADER_JWT_SECRET": USER_SECRET,
            "OPENAI_API_BASE_URLS": model_url,
            "OPENAI_API_KEYS": "sk-scripted",
            "DEFAULT_MODELS": MODEL_ID,
            # Nothing is downloaded: embeddings come from the scripted model.
            "OFFLINE_MODE": "true",
            "HF_HUB_OFFLINE": "1",
            "RAG_EMBEDDING_ENGINE": "openai",
            "RAG_EMBEDDING_MODEL": "scripted-embedding",
            "RAG_OPENAI_API_BASE_URL": model_url,
            "RAG_OPENAI_API_KEY": "sk-scripted",
            "AUDIO_STT_ENGINE": "openai",
            "DO_NOT_TRACK": "true",
            "SCARF_NO_ANALYTICS": "true",
            "PYTHONUNBUFFERED": "1",
        }
    )
