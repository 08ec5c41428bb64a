"""A backup is the way from a folder to replicas, and back."""

from __future__ import annotations

from pathlib import Path
from urllib.parse import urlsplit

import pytest

from service.errors import InvalidParameters, StorageFailed
from service.sessions import console
from service.sessions.backup import back_up
from service.sessions.keys import made_keys, make_key
from service.sessions.preferences import set_preferences
from service.sessions.restore import restore
from service.settings import Settings
from service.store.local import LocalStore
from service.store.opening import opened
from service.store.shared.kept import SharedStore
from service.web.app import Service
from tests.service_fixtures import KEY, Chat
from tests.shared_servers import Shared, shared_of_run
from tests.test_backup import as_it_was, worked

__all__ = ["shared_of_run"]

pytestmark = [pytest.mark.needs("redis-server"), pytest.mark.needs("s3rver")]


def replicas(shared: Shared, folder: Path, database: int) -> Settings:
    """Of a service with a Redis and a bucket of its own."""
    given = shared.settings
    given["redis_url"] = given["redis_url"].removesuffix("/0") + f"/{database}"
    return Settings(
        data_dir=folder, engines=1, api_keys=(KEY,), s3_bucket=f"moved-{database}", **given
    )


def links_of(chat: Chat) -> list[str]:
    return [urlsplit(f["download_url"]).path for f in chat.op("list_excel_files")["files"]]


def lead_somewhere(service: Service, links: list[str]) -> bool:
    client = service.app.test_client()
    return all(client.get(link, buffered=True).status_code == 200 for link in links)


def test_a_folder_moves_to_replicas_and_back(shared_of_run: Shared, tmp_path: Path) -> None:
    """Every change, undo, version, upload, link, key and preference, both ways."""
    local = Settings(data_dir=tmp_path / "data", engines=1, api_keys=(KEY,))
    with Service(local) as service:
        chats = [worked(service, user) for user in ("anna", "ben")]
        chosen = {"json": {"font": "Arial"}, "headers": chats[0].headers}
        assert chats[0].http.put("/v1/preferences", **chosen).status_code == 200
        store = service.sessions.parts.store
        made = make_key(store, "a key", 1.0)
        links = [link for chat in chats for link in links_of(chat)]
        before = (made_keys(store), set_preferences(store, "anna"))
    moved = replicas(shared_of_run, tmp_path / "replica", 5)
    assert console.main(["backup", str(tmp_path / "there.tar.gz")], local) == 0
    assert console.main(["restore", str(tmp_path / "there.tar.gz")], moved) == 0
    with Service(moved) as service:
        store = service.sessions.parts.store
        assert (made_keys(store), set_preferences(store, "anna")) == before
        assert lead_somewhere(service, links)
        as_it_was(Chat(service, "anna", "one"))
        Chat(service, "ben", "one").op(
            "write_excel_range", workbook="made.xlsx", start="append", rows=[["More", 1]]
        )
    assert console.main(["backup", str(tmp_path / "back.tar")], moved) == 0
    back = Settings(data_dir=tmp_path / "back", engines=1, api_keys=(KEY,))
    assert console.main(["restore", str(tmp_path / "back.tar")], back) == 0
    with Service(back) as service:
        assert (service.sessions.parts.store.secret()) == LocalStore(local.data_dir).secret()
        assert lead_somewhere(service, links)
        assert Chat(service, "ben", "one").rows("made.xlsx")[-1] == ["More", 1]
        answer = service.app.test_client().get(
            "/v1/preferences", headers={"Authorization": f"Bearer {made}", "X-User-Id": "anna"}
        )
        assert answer.status_code == 200


@pytest.fixture(scope="module")
def backup(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Two chats with a file each, made without an engine."""
    folder = tmp_path_factory.mktemp("made")
    with Service(Settings(data_dir=folder / "data", engines=1, api_keys=(KEY,))) as service:
        for user in ("anna", "ben"):
            chat = Chat(service, user, "one")
            chat.upload(user.encode() * 99, "first.csv")
            chat.upload(user.encode() * 99, "same.csv")
        store = service.sessions.parts.store
        make_key(store, "a key", 1.0)
        back_up(store, folder / "all.tar")
    return folder / "all.tar"


def test_nothing_is_replaced_and_equal_files_are_kept_once(
    shared_of_run: Shared, tmp_path: Path, backup: Path
) -> None:
    with opened(replicas(shared_of_run, tmp_path, 6)) as there:
        store, board = there.store, there.board
        told, _ = restore(store, backup, user="anna", board=board)
        assert told.sessions == 1
        (key,) = store.keys("sessions")
        assert len(store.held(key).files) == 2
        assert store.size(key) < 2 * 99 * 4 + 2_000
        with pytest.raises(InvalidParameters, match="has 1 of these sessions already"):
            restore(store, backup, board=board)
        assert restore(store, backup, user="ben", board=board)[0].sessions == 1
        assert len(list(store.keys("sessions"))) == 2


def test_a_restore_that_fails_leaves_nothing(
    shared_of_run: Shared, tmp_path: Path, backup: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with opened(replicas(shared_of_run, tmp_path, 7)) as there:
        store, real, left = there.store, SharedStore.keep, [1, 1, 1]

        def keep(self: SharedStore, source: Path, key: str) -> None:
            if not left:
                raise StorageFailed("The store for files is down.", "Repeat it.")
            left.pop()
            real(self, source, key)

        with monkeypatch.context() as patched:
            patched.setattr(SharedStore, "keep", keep)
            with pytest.raises(StorageFailed):
                restore(store, backup, board=there.board)
        for folder in ("sessions", "users", "owners"):
            assert not list(store.keys(folder))
        assert not list(store.others())
        assert restore(store, backup, board=there.board)[0].sessions == 2
