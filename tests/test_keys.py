"""API keys: named, hashed, rotated without an interruption, revoked, with their last use."""

from __future__ import annotations

from pathlib import Path

import pytest

from service.errors import InvalidParameters
from service.sessions import keys
from service.sessions.console import main
from service.settings import Settings, SettingsError, digest_of, hashed_key, named_digest
from service.store.local import LocalStore
from service.web.app import Service
from tests.service_fixtures import KEY, Clock, MakeService

OWNER = {"user": "ada", "chat": "first"}


def status_with(service: Service, key: str) -> int:
    headers = {"Authorization": f"Bearer {key}"}
    return service.app.test_client().post("/v1/sessions", json=OWNER, headers=headers).status_code


@pytest.fixture
def operator(tmp_path: Path) -> Settings:
    return Settings(data_dir=tmp_path / "data", api_keys=(KEY,))


def test_a_configured_key_may_be_there_by_its_hash_alone(make_service: MakeService) -> None:
    service = make_service(api_keys=(hashed_key("Open WebUI", KEY), "plain-key-1"))
    assert [status_with(service, key) for key in (KEY, "plain-key-1")] == [201, 200]
    # What stands in the settings is not itself a key.
    for wrong in (hashed_key("Open WebUI", KEY), digest_of(KEY), f"sha256:{digest_of(KEY)}"):
        assert status_with(service, wrong) == 401


def test_a_hashed_key_has_the_name_that_it_was_given() -> None:
    assert hashed_key("Open WebUI, 2nd", KEY) == f"Open-WebUI-2nd:sha256:{digest_of(KEY)}"
    assert named_digest(hashed_key("office", KEY)) == ("office", digest_of(KEY))
    assert named_digest(KEY)[1] == digest_of(KEY)
    with pytest.raises(SettingsError, match="sha256"):
        Settings.from_env({"EXCEL_TOOLS_API_KEYS": f"office:sha256:{digest_of(KEY).upper()}"})


def test_a_key_is_rotated_without_an_interruption(make_service: MakeService) -> None:
    """Both keys are good until the old one ends by itself."""
    clock = Clock()
    service = make_service(clock=clock)
    store = service.sessions.parts.store
    old = keys.make_key(store, "office", clock())
    (found,) = keys.made_keys(store)
    assert status_with(service, old) == 201
    new = keys.rotate_key(store, found.id, clock(), overlap=3600)
    clock.now += 3599
    assert [status_with(service, key) for key in (old, new)] == [200, 200]
    clock.now += 1
    assert [status_with(service, key) for key in (old, new)] == [401, 200]
    assert [key.name for key in keys.made_keys(store, clock())] == ["office"]


def test_a_key_with_an_end_is_rotated_for_as_long_again(make_service: MakeService) -> None:
    clock = Clock()
    store = make_service(clock=clock).sessions.parts.store
    keys.make_key(store, "office", clock(), clock() + 30 * 86_400)
    (found,) = keys.made_keys(store)
    clock.now += 20 * 86_400
    keys.rotate_key(store, found.id, clock(), overlap=86_400)
    old, new = keys.made_keys(store, clock())
    assert (old.ends - clock(), new.ends - clock()) == (86_400, 30 * 86_400)
    with pytest.raises(InvalidParameters, match="ends already"):
        keys.rotate_key(store, old.id, clock(), overlap=86_400)


def test_what_ends_already_is_not_rotated_again(operator: Settings, capsys) -> None:
    store = LocalStore(operator.data_dir)
    keys.make_key(store, "office", 1.0)
    (found,) = keys.made_keys(store)
    assert main(["keys", "rotate", found.id, "--hours", "2"], operator) == 0
    assert "2 hours" in capsys.readouterr().out
    assert main(["keys", "rotate", found.id], operator) == 1
    assert "ends already" in capsys.readouterr().err
    assert main(["keys", "rotate", "0" * 12], operator) == 1


def test_keys_that_have_ended_make_room(operator: Settings) -> None:
    store = LocalStore(operator.data_dir)
    for number in range(keys.MOST):
        keys.make_key(store, str(number), 1.0, ends=2.0)
    key = keys.make_key(store, "one more", 3.0)
    assert [found.name for found in keys.made_keys(store)] == ["one more"]
    assert keys.Keys(store, (), lambda: 3.0).known(key) is not None


def test_the_last_use_of_each_key_is_listed(make_service: MakeService, capsys) -> None:
    service = make_service()
    settings = service.sessions.parts.settings
    assert main(["keys", "list"], settings) == 0
    assert "never used" in capsys.readouterr().out
    assert status_with(service, KEY) == 201
    assert main(["keys", "list"], settings) == 0
    line = capsys.readouterr().out.splitlines()[0]
    assert digest_of(KEY)[:12] in line
    assert "never used" not in line
    assert KEY not in line


def test_a_use_is_written_now_and_then(tmp_path: Path) -> None:
    clock, store = Clock(), LocalStore(tmp_path)
    held = keys.Keys(store, (KEY,), clock)
    seen = []
    for seconds in (0, 100, 199, 1):
        clock.now += seconds
        held.known(KEY)
        seen.append(keys.configured_keys(store, (KEY,))[0].used - 1_800_000_000)
    assert seen == [0, 0, 0, 300]


def test_a_new_hash_is_shown_with_its_key_and_nothing_is_kept(operator: Settings, capsys) -> None:
    assert main(["keys", "hash", "office"], operator) == 0
    key, setting = (line.split()[-1] for line in capsys.readouterr().out.splitlines())
    assert named_digest(setting) == ("office", digest_of(key))
    assert keys.made_keys(LocalStore(operator.data_dir)) == []


def test_where_all_keys_are_hashed_the_operators_commands_make_one(operator: Settings) -> None:
    hashed = Settings(data_dir=operator.data_dir, api_keys=(hashed_key("office", KEY),))
    store = LocalStore(operator.data_dir)
    assert keys.own_key(operator, "doctor") == KEY
    made = keys.own_key(hashed, "doctor", 600)
    (found,) = keys.made_keys(store)
    assert (found.name, found.ends - found.made) == ("doctor", 600)
    assert keys.Keys(store, hashed.api_keys, lambda: found.made).known(made) == found


def test_no_name_of_a_key_reaches_into_the_terminal(operator: Settings, capsys) -> None:
    store = LocalStore(operator.data_dir)
    keys.make_key(store, "a\x1b[2Jb\nexcel-0  made", 0.0)
    main(["keys", "list"], operator)
    first = capsys.readouterr().out.splitlines()[0]
    assert first.endswith("  a [2Jb excel-0  made")
