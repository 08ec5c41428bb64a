"""What the plugin uses inside Open WebUI 0.12.4, in memory: users, files, storage, chats, page.

A stand-in for the parts around the plugin, with the behaviour that was seen in a running
Open WebUI; the end-to-end tests run the plugin inside the real one.
"""

from __future__ import annotations

import asyncio
import copy
import hashlib
import sys
import types
import uuid
from collections.abc import Callable
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from tests.backends import refuse_event_loop
from tests.plugin_fixtures import Page, ToolCalls


class OpenWebUI:
    """One Open WebUI.

    :param folder: where uploads are stored
    :ivar broken: names of functions that fail, such as ``Files.get_file_by_id``
    """

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.broken: set[str] = set()
        self.users: dict[str, SimpleNamespace] = {}
        self.files: dict[str, SimpleNamespace] = {}
        self.chats: dict[str, SimpleNamespace] = {}
        self.shared: set[tuple[str, str]] = set()
        self.knowledge: dict[str, SimpleNamespace] = {}
        self.folders: dict[str, SimpleNamespace] = {}
        self.live: dict[tuple[str, str], list[dict[str, Any]]] = {}
        self.prefix = ""
        self.linked: list[tuple[str, str, str]] = []

    # What people do -----------------------------------------------------------

    def user(self, id_: str, role: str = "user") -> None:
        email = f"{id_}@example.org"
        self.users[id_] = SimpleNamespace(id=id_, role=role, email=email, name=id_)

    def message(
        self, user: str, chat: str, message: str, parent: str | None = None, role: str = "assistant"
    ) -> None:
        """An answer begins in a stored chat."""
        found = self.chats.setdefault(
            chat, SimpleNamespace(user_id=user, chat={"history": {"messages": {}}})
        )
        messages = found.chat["history"]["messages"]
        entry = {"id": message, "role": role, "parentId": parent, "timestamp": len(messages)}
        messages[message] = entry

    def attach(self, user: str, name: str, data: bytes) -> dict[str, Any]:
        """A person uploads a file; the entry is one of ``__files__``."""
        file = self._insert(user, name, data, "application/octet-stream", {})
        facts = {"filename": name, "created_at": file.created_at, "meta": file.meta}
        return {"type": "file", "id": file.id, "name": name, "file": facts}

    def collect(self, id_: str, owner: str, *files: str, readers: tuple[str, ...] = ()) -> None:
        """A knowledge collection with files, and who may read it besides its owner."""
        found = SimpleNamespace(user_id=owner, files=list(files), readers=readers)
        self.knowledge[id_] = found

    def folder_with(
        self, id_: str, owner: str, *entries: dict[str, Any], readers: tuple[str, ...] = ()
    ) -> None:
        """A folder of chats with files and collections, and who may use it."""
        self.folders[id_] = SimpleNamespace(
            id=id_, user_id=owner, data={"files": list(entries)}, readers=readers
        )

    def chips(self, chat: str, message: str) -> list[dict[str, Any]]:
        """What the message shows now, and would show after a reload: they must not differ."""
        stored = self._messages(chat).get(message, {}).get("files", [])
        live = self.live.get((chat, message), [])
        if chat in self.chats:
            assert [chip["id"] for chip in live] == [chip["id"] for chip in stored]
        return copy.deepcopy(live)

    def content(self, file_id: str) -> bytes:
        return Path(self.files[file_id].path).read_bytes()

    # Its modules ----------------------------------------------------------------

    def install(self, monkeypatch: pytest.MonkeyPatch) -> None:
        """Let ``import open_webui...`` find this one."""
        parts: dict[str, dict[str, Any]] = {
            "open_webui": {},
            "open_webui.models": {},
            "open_webui.models.files": {"Files": self._class("Files")},
            "open_webui.models.users": {"Users": self._class("Users")},
            "open_webui.models.chats": {"Chats": self._class("Chats")},
            "open_webui.models.folders": {"Folders": self._class("Folders")},
            "open_webui.models.knowledge": {"Knowledges": self._class("Knowledges")},
            "open_webui.storage": {},
            "open_webui.storage.provider": {"Storage": self._class("Storage")},
            "open_webui.routers": {},
            "open_webui.routers.files": {"upload_file_handler": self._step("upload_file_handler")},
            "open_webui.utils": {},
            "open_webui.utils.access_control": {},
            "open_webui.utils.access_control.files": {
                "has_access_to_file": self._step("has_access_to_file"),
                "get_owner_accessible_folder_files": self._step(
                    "get_owner_accessible_folder_files"
                ),
            },
            "open_webui.utils.access_control.folders": {
                "has_folder_access": self._step("has_folder_access")
            },
            "fastapi": {"UploadFile": SimpleNamespace},
            "starlette": {},
            "starlette.datastructures": {"Headers": dict},
        }
        for name, contents in parts.items():
            module = types.ModuleType(name)
            module.__dict__.update(contents)
            monkeypatch.setitem(sys.modules, name, module)

    def _class(self, name: str) -> SimpleNamespace:
        start = f"_{name}_"
        found = {
            key[len(start) :]: f"{name}.{key[len(start) :]}"
            for key in dir(self)
            if key.startswith(start)
        }
        return SimpleNamespace(**{key: self._step(whole) for key, whole in found.items()})

    def _step(self, name: str) -> Callable[..., Any]:
        function = getattr(self, "_" + name.replace(".", "_"))

        def checked(*args: Any, **kwargs: Any) -> Any:
            if name in self.broken:
                raise RuntimeError(f"{name} is not what it was")
            return function(*args, **kwargs)

        async def checked_later(*args: Any, **kwargs: Any) -> Any:
            await asyncio.sleep(0)
            return await checked(*args, **kwargs)

        return checked_later if asyncio.iscoroutinefunction(function) else checked

    # models/files.py, models/users.py, utils/access_control/files.py

    async def _Files_get_file_by_id(self, id: str) -> Any:
        return copy.deepcopy(self.files.get(id))

    async def _Files_update_file_metadata_by_id(self, id: str, meta: dict[str, Any]) -> Any:
        self.files[id].meta = {**self.files[id].meta, **meta}
        return self.files[id]

    async def _Users_get_user_by_id(self, id: str) -> Any:
        return self.users.get(id)

    async def _has_access_to_file(self, file_id: str, access_type: str, user: Any) -> bool:
        assert access_type == "read"
        return (file_id, user.id) in self.shared

    async def _Files_get_file_metadatas_by_ids(self, ids: list[str]) -> list[Any]:
        return [copy.deepcopy(self.files[id_]) for id_ in ids if id_ in self.files]

    # models/knowledge.py, models/folders.py

    async def _Knowledges_get_file_metadatas_by_id(self, id: str) -> list[Any]:
        found = self.knowledge.get(id)
        return await self._Files_get_file_metadatas_by_ids(found.files) if found else []

    async def _Knowledges_get_files_by_id(self, id: str) -> list[Any]:
        return await self._Knowledges_get_file_metadatas_by_id(id)

    async def _Knowledges_check_access_by_user_id(
        self, id: str, user_id: str, permission: str = "write"
    ) -> bool:
        assert permission == "read"
        found = self.knowledge.get(id)
        return bool(found) and user_id in (found.user_id, *found.readers)

    async def _Folders_get_folder_by_id(self, id: str) -> Any:
        return self.folders.get(id)

    async def _has_folder_access(self, user: str, folder: Any, permission: str, db: Any) -> bool:
        assert (permission, db) == ("read", None)
        return user in (folder.user_id, *folder.readers)

    async def _get_owner_accessible_folder_files(self, folder: Any) -> list[dict[str, Any]]:
        return list(folder.data["files"])

    # storage/provider.py: these two block

    def _Storage_upload_file(self, file: Any, filename: str, tags: dict[str, str]) -> Any:
        refuse_event_loop()
        contents = file.read()
        if not contents:
            raise ValueError("empty content")
        path = self.folder / f"{self.prefix}{filename}"
        path.write_bytes(contents)
        return contents, str(path)

    def _Storage_get_file(self, path: str) -> str:
        refuse_event_loop()
        if not Path(path).exists():
            raise RuntimeError("no such object")
        return path

    # routers/files.py

    async def _upload_file_handler(
        self, request: Any, file: Any, metadata: dict[str, Any], process: bool, user: Any
    ) -> Any:
        assert request is not None
        assert process is False
        data = file.file.read()
        return self._insert(user.id, file.filename, data, file.headers["content-type"], metadata)

    def _insert(
        self, user: str, name: str, data: bytes, mime: str, metadata: dict[str, Any]
    ) -> SimpleNamespace:
        id_ = str(uuid.uuid4())
        path = self.folder / f"{id_}_{name}"
        path.write_bytes(data)
        digest = hashlib.sha256(data).hexdigest()
        meta = {"name": name, "content_type": mime, "size": len(data), "file_hash": digest}
        self.files[id_] = SimpleNamespace(
            id=id_,
            user_id=user,
            filename=name,
            path=str(path),
            created_at=1_700_000_000 + len(self.files),
            data={},
            meta={**meta, "data": metadata},
        )
        return self.files[id_]

    # models/chats.py

    def _messages(self, chat: str) -> dict[str, Any]:
        found = self.chats.get(chat)
        messages: dict[str, Any] = found.chat["history"]["messages"] if found else {}
        return messages

    async def _Chats_get_message_metadata(self, chat: str, message: str, key: str) -> Any:
        return copy.deepcopy(self._messages(chat).get(message, {}).get(key))

    async def _Chats_add_message_files_by_id_and_message_id(
        self, id: str, message_id: str, files: list[dict[str, Any]]
    ) -> list[dict[str, Any]] | None:
        if id not in self.chats:
            return None
        message = self._messages(id).get(message_id)
        if message is None:
            return []
        message["files"] = copy.deepcopy([*message.get("files", []), *files])
        return copy.deepcopy(message["files"])

    async def _Chats_upsert_message_to_chat_by_id_and_message_id(
        self, id: str, message_id: str, message: dict[str, Any], *, touch: bool = True
    ) -> Any:
        if id not in self.chats:
            return None
        self._messages(id).setdefault(message_id, {}).update(copy.deepcopy(message))
        return self.chats[id]

    async def _Chats_get_message_by_id_and_message_id(self, id: str, message_id: str) -> Any:
        return copy.deepcopy(self._messages(id).get(message_id))

    async def _Chats_insert_chat_files(
        self, chat_id: str, message_id: str, file_ids: list[str], user_id: str
    ) -> None:
        assert all(self.files[file_id].user_id == user_id for file_id in file_ids)
        self.linked += [(chat_id, message_id, file_id) for file_id in file_ids]

    async def _Chats_get_messages_map_by_chat_id(self, id: str) -> dict[str, Any] | None:
        return copy.deepcopy(self._messages(id)) if id in self.chats else None

    async def _Chats_get_chat_by_id_and_user_id(self, id: str, user_id: str) -> Any:
        found = self.chats.get(id)
        return copy.deepcopy(found) if found and found.user_id == user_id else None

    # socket/main.py and the page

    def emitter(self, chat: str, message: str, page: Page) -> Callable[..., Any]:
        """The event emitter of a message, whose page is open."""

        async def emit(event: dict[str, Any]) -> None:
            kind, files = event["type"], event["data"].get("files")
            if kind == "files":
                stored = self._messages(chat).get(message, {}).get("files")
                shown = copy.deepcopy(files)
                # The emitter puts the new ones first, and changes the caller's own list.
                files.extend(stored or [])
                await self._Chats_upsert_message_to_chat_by_id_and_message_id(
                    chat, message, {"files": files}
                )
                self._show(chat, message, shown)
            elif kind == "chat:message:files":
                self._show(chat, message, files)
            await page.emit(event)

        return emit

    def _show(self, chat: str, message: str, files: list[dict[str, Any]]) -> None:
        temporary = chat.startswith("local:")
        before = self.live.get((chat, message), []) if temporary else []
        self.live[chat, message] = [*before, *copy.deepcopy(files)]


class ChatCalls(ToolCalls):
    """A person's calls in a chat of Open WebUI; ``say`` begins the next answer."""

    def __init__(self, webui: OpenWebUI, module: Any, **given: Any) -> None:
        super().__init__(module, **given)
        self.webui = webui
        self.injected.setdefault("__request__", object())
        self.injected.setdefault("__files__", [])
        webui.user(self.user)
        self.say("message-1")

    def say(self, message: str) -> None:
        self.message = message
        if message and not self.chat.startswith("local:"):
            self.webui.message(self.user, self.chat, message)

    def reply(self, message: str, asked: str, before: str | None = None, **more: str) -> None:
        """The next answer is to the message ``asked``, which came after the answer ``before``."""
        if not self.chat.startswith("local:"):
            self.webui.message(self.user, self.chat, asked, before, "user")
            self.webui.message(self.user, self.chat, message, asked)
        self.message = message
        user_message = {"id": asked, "parentId": before, "role": "user"}
        ids = {"chat_id": self.chat, "message_id": message, "user_message_id": asked}
        self.injected["__metadata__"] = {**ids, "user_message": user_message, **more}

    def attach(self, name: str, data: bytes) -> str:
        """Upload a file to the chat; its id."""
        entry = self.webui.attach(self.user, name, data)
        self.injected["__files__"].append(entry)
        return str(entry["id"])

    @property
    def chips(self) -> list[dict[str, Any]]:
        return self.webui.chips(self.chat, self.message)

    async def answer(self, name: str, /, **arguments: Any) -> Any:
        emitter = self.webui.emitter(self.chat, self.message, self.page)
        self.injected["__event_emitter__"] = emitter
        return await super().answer(name, **arguments)
