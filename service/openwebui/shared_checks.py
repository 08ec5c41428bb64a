"""The doctor's look at what several replicas share: Redis, and the store for files."""

from __future__ import annotations

import secrets
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

from service.errors import StorageFailed
from service.openwebui.findings import Finding, advice, fault, ok
from service.settings import Settings

if TYPE_CHECKING:  # a service on its own needs not have the libraries
    from service.store.shared.link import Link
    from service.store.shared.objects import Objects

_REDIS, _FILES = "Redis", "store for files"
_NEARLY_FULL = 0.8
_INSTALL = "Install what replicas need: pip install -r requirements-shared.lock"


def checks(settings: Settings) -> Iterator[Finding]:
    """What is to be said of both, if the settings name them."""
    if not settings.redis_url:
        return
    try:
        from service.store.shared.link import Link  # noqa: PLC0415
        from service.store.shared.objects import Objects  # noqa: PLC0415, F401
    except ModuleNotFoundError as error:
        yield fault(_REDIS, f"The library {error.name} is not installed.", _INSTALL)
        return
    link = Link(settings.redis_url)
    try:
        yield from _redis(link)
    finally:
        link.close()
    yield from _files(settings)


# Redis ------------------------------------------------------------------------------


def _redis(link: Link) -> Iterator[Finding]:
    try:
        with link.told():
            facts = link.redis.info()
    except StorageFailed as error:
        yield fault(
            _REDIS,
            error.message,
            "Start it, and look at EXCEL_TOOLS_REDIS_URL: host, port, password, redis:// or "
            "rediss://, and whether this machine or container reaches it.",
        )
        return
    refused = list(_refused(link, facts))
    yield from refused
    if not refused:
        version = facts.get("valkey_version") or facts.get("redis_version")
        yield ok(_REDIS, f"version {version} answers, takes what is written, and removes it")
    yield from _persistence(facts, _configured(link))
    yield from _memory(facts)


def _refused(link: Link, facts: dict[str, Any]) -> Iterator[Finding]:
    """Why nothing can be written there."""
    if facts.get("redis_mode") == "cluster":
        yield fault(
            _REDIS,
            "It is a cluster, and the service needs one server for all keys.",
            "Use one primary, with replicas and a failover if you like.",
        )
    elif facts.get("role") != "master":
        yield fault(
            _REDIS,
            "It is a replica of another one, and takes nothing.",
            "Name the primary in EXCEL_TOOLS_REDIS_URL, or an address that leads to it.",
        )
    else:
        yield from _unwritable(link)


def _unwritable(link: Link) -> Iterator[Finding]:
    name = f"excel-tools:doctor:{secrets.token_hex(8)}"
    try:
        with link.told():
            link.redis.set(name, "1", px=60_000)
        link.run("claim", name, "*", "2")  # a script, as nearly everything is
        link.run("drop", name)
    except StorageFailed as error:
        yield fault(
            _REDIS,
            f"It answers, and does not take what is written: {error.message}",
            "Give the account of that address all commands on keys excel-tools:* and EVAL; "
            "look whether its memory or disk is full.",
        )


def _configured(link: Link) -> dict[str, str]:
    """What its configuration says of keeping; nothing where it does not tell (hosted ones)."""
    try:
        with link.told():
            found = link.redis.config_get("save", "appendfsync")
    except StorageFailed:
        return {}
    return {str(key): str(value) for key, value in found.items()}


def _persistence(facts: dict[str, Any], configured: dict[str, str]) -> Iterator[Finding]:
    name, cure = "Redis' disk", "Set appendonly yes, and appendfsync always or everysec."
    told = ("aof_last_write_status", "rdb_last_bgsave_status")
    failed = [key for key in told if str(facts.get(key, "ok")) != "ok"]
    if failed:
        yield fault(name, f"Redis could not write to its disk ({failed[0]}).", "Look at its log.")
    elif facts.get("aof_enabled"):
        yield from _appended(name, configured.get("appendfsync", ""))
    elif configured.get("save") == "":
        yield fault(
            name,
            "Redis keeps nothing on its disk: with it all chats and open workbooks are gone.",
            cure,
        )
    else:
        yield advice(
            name,
            "Redis keeps no append-only file: changes since its last snapshot are lost if it ends.",
            cure,
        )


def _appended(name: str, how: str) -> Iterator[Finding]:
    if how == "no":
        yield advice(
            name,
            "appendfsync is no: up to half a minute is lost if its machine ends.",
            "Set appendfsync always, or everysec for one second.",
        )
    else:
        loss = " (a second may be lost with its machine)" if how == "everysec" else ""
        yield ok(name, f"append-only file{loss}")


def _memory(facts: dict[str, Any]) -> Iterator[Finding]:
    name, policy = "Redis' memory", str(facts.get("maxmemory_policy", "noeviction"))
    most, used = int(facts.get("maxmemory", 0)), int(facts.get("used_memory", 0))
    cure = "Set maxmemory-policy noeviction."
    if policy.startswith("allkeys"):
        yield fault(name, f"maxmemory-policy {policy}: it throws away what was kept.", cure)
    elif policy != "noeviction":
        yield advice(
            name, f"maxmemory-policy {policy}: it throws away who works on which chat.", cure
        )
    elif most and used > most * _NEARLY_FULL:
        yield advice(
            name,
            f"{used >> 20:,} of {most >> 20:,} MiB are taken; changes are refused when it is full.",
            "Raise maxmemory, shorten EXCEL_TOOLS_SESSION_TTL, or end old sessions: "
            "python -m service sessions purge --idle-days 7",
        )
    else:
        of = f" of {most >> 20:,}" if most else ""
        yield ok(name, f"{used >> 20:,}{of} MiB taken, nothing is thrown away")


# The store for files ----------------------------------------------------------------


def _files(settings: Settings) -> Iterator[Finding]:
    from service.store.shared.folder import OwnFolder  # noqa: PLC0415
    from service.store.shared.objects import Objects  # noqa: PLC0415

    with tempfile.TemporaryDirectory() as folder:
        objects = Objects(settings, OwnFolder(Path(folder)))
        try:
            yield from _bucket(settings, objects)
        finally:
            objects.close()


def _bucket(settings: Settings, objects: Objects) -> Iterator[Finding]:
    try:
        objects.check()
        objects.probe()
    except StorageFailed as error:
        yield fault(
            _FILES,
            error.message,
            "Look at EXCEL_TOOLS_S3_ENDPOINT, EXCEL_TOOLS_S3_REGION and the bucket "
            f"{settings.s3_bucket}; the key must be allowed to put, get and delete objects there.",
        )
        return
    yield ok(_FILES, f"objects in {settings.s3_bucket} can be written, read and removed")
    if objects.keeps_removed():
        yield advice(
            _FILES,
            f"The bucket {settings.s3_bucket} keeps versions: what is removed stays there.",
            "Switch that off, or have a lifecycle rule remove versions that are not current after "
            "some days.",
        )
