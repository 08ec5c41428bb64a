"""``python -m service install``: the tool into an Open WebUI, or a newer one over the old.

What an admin has set stays: valves, name, description and who may use the tool. Sessions are the
service's own, found by user and chat, so they go on as well.
"""

from __future__ import annotations

import argparse
import getpass
import sys
import time
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, cast

from service.openwebui.api import OpenWebUI, OpenWebUIError, older
from service.settings import Settings
from service.tool import AUTHOR, Facts, Size, facts_of, same_tool, tool_text

TOOL_ID = "excel_tools"
_NAME = "Excel Tools"
_DESCRIPTION = "Make, read, change, format and chart Excel workbooks in the chat."
_EVERYONE = [{"principal_type": "user", "principal_id": "*", "permission": "read"}]
_WAIT_EVERY = 2.0
_ABOUT = (
    "Puts the tool into an Open WebUI, or a newer one over the old. What an admin has set stays: "
    "valves, name, description and who may use the tool. Chats go on where they were."
)


@dataclass(frozen=True)
class Wanted:
    """What the command line asks for; "" leaves it to what is there, or to the habit."""

    size: str
    tool_id: str
    service_url: str
    api_key: str
    public_url: str
    private: bool


def main(arguments: list[str], settings: Settings, environ: Mapping[str, str]) -> int:
    """Run the command; returns its exit status: 0, 1 if it failed, 2 for misuse."""
    asked = _parser(environ).parse_args(arguments)
    if asked.size == "off":
        print("INSTALL_TOOL is off: nothing is installed.")
        return 0
    wanted = Wanted(
        asked.size, asked.id, asked.service_url, asked.key, asked.public_url, asked.private
    )
    try:
        _wait(asked.url, asked.wait)
        webui = connected(asked)
        for line in install(webui, wanted, settings):
            print(line)
    except OpenWebUIError as error:
        print(f"excel-tools: {error.message}\n  {error.cure}", file=sys.stderr)
        return 1
    return 0


def add_address(parser: argparse.ArgumentParser, environ: Mapping[str, str]) -> None:
    """The options that say which Open WebUI is meant, and as whom."""
    for option, variable, help_ in (
        ("--url", "OPEN_WEBUI_URL", "address of Open WebUI, such as http://localhost:8080"),
        ("--email", "WEBUI_ADMIN_EMAIL", "email address of an admin there"),
        ("--password", "WEBUI_ADMIN_PASSWORD", "and password; without it you are asked"),
        ("--token", "OPEN_WEBUI_TOKEN", "instead of both: API key or session token of an admin"),
    ):
        secret = option in ("--password", "--token")
        where = f"better in {variable}, as process lists show options" if secret else variable
        text = f"{help_} ({where})"
        parser.add_argument(option, default=environ.get(variable, ""), help=text)


def connected(asked: argparse.Namespace) -> OpenWebUI:
    """Open WebUI as an admin, by token or by password.

    :raises OpenWebUIError: if it is not there, or does not let us in
    """
    if not asked.url:
        raise OpenWebUIError(
            "The address of Open WebUI is missing.",
            "Give it: URL=http://localhost:8080 for make, OPEN_WEBUI_URL or --url otherwise.",
        )
    if asked.token or not asked.email:
        return OpenWebUI(asked.url, asked.token)
    OpenWebUI(asked.url).version()  # that it is Open WebUI, before a password is sent to it
    password = asked.password or _password(asked.email)
    return OpenWebUI.signed_in(asked.url, asked.email, password)


def _password(email: str) -> str:
    if not sys.stdin.isatty():
        raise OpenWebUIError(
            f"There is no password for {email}, and nobody to ask.",
            "Set the variable WEBUI_ADMIN_PASSWORD, or give the API key of an admin instead.",
        )
    return getpass.getpass(f"Password of {email} in Open WebUI: ")


def _parser(environ: Mapping[str, str]) -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m service install", description=_ABOUT)
    add_address(parser, environ)
    for option, help_ in (
        ("--id", f"id of the tool, where it is not to be {TOOL_ID} or the one that is there"),
        ("--service-url", "how Open WebUI reaches the service; left out: it tries the usual ways"),
        ("--key", "key of the service for the tool; left out: the first of EXCEL_TOOLS_API_KEYS"),
        ("--public-url", "address at which browsers reach the service, if it is another"),
    ):  # fmt: skip
        parser.add_argument(option, default="", help=help_)
    sizes = "left out: full for a new tool, else what it is; off does nothing"
    parser.add_argument(
        "--size",
        default="",
        choices=["", "full", "small", "off"],
        metavar="full|small|off",
        help=sizes,
    )
    parser.add_argument("--private", action="store_true", help="a new tool is for admins alone")
    parser.add_argument(
        "--wait", type=float, default=0, help="seconds to wait for an Open WebUI that is starting"
    )
    return parser


def _wait(url: str, seconds: float) -> None:
    end = time.monotonic() + seconds
    while url and time.monotonic() < end:
        try:
            OpenWebUI(url).version()
            return
        except OpenWebUIError:
            time.sleep(_WAIT_EVERY)


# Installing ---------------------------------------------------------------------


def install(webui: OpenWebUI, wanted: Wanted, settings: Settings) -> list[str]:
    """Install or update; returns what was done, a line each.

    :raises OpenWebUIError: before anything is changed, but where Open WebUI itself fails
    """
    version = webui.version()
    needs = facts_of(tool_text("full")).needs
    if older(version, needs):
        raise OpenWebUIError(
            f"Open WebUI at {webui.url} is version {version}; the tool needs {needs} or newer.",
            "Update Open WebUI.",
        )
    webui.check_admin()
    there = _there(webui, wanted.tool_id)
    return _updated(webui, there, wanted) if there else _created(webui, wanted, settings)


def ours(webui: OpenWebUI) -> list[dict[str, Any]]:
    """The tools of this project that an Open WebUI holds, whatever they are called there."""
    found = []
    for item in webui.tools():
        manifest = (item.get("meta") or {}).get("manifest") or {}
        if manifest.get("author") == AUTHOR:
            found.append(item)
    return found


def _there(webui: OpenWebUI, asked: str) -> dict[str, Any] | None:
    """The tool to update, with its source; None if there is none yet."""
    found = [str(item["id"]) for item in ours(webui)]
    if asked and asked not in found:
        found = []
    if len(found) > 1 and asked not in found:
        raise OpenWebUIError(
            f"Open WebUI holds this tool {len(found)} times: {', '.join(sorted(found))}.",
            "Delete all but one of them, or say which one with ID=... (--id).",
        )
    id_ = asked or (found[0] if found else TOOL_ID)
    tool = webui.tool(id_)
    if tool and id_ not in found:
        raise OpenWebUIError(
            f'The id {id_} is taken by another tool, "{tool.get("name")}".',
            "Nothing was changed. Give this one another id: ID=excel_tools_2 (--id).",
        )
    return tool


def _created(webui: OpenWebUI, wanted: Wanted, settings: Settings) -> list[str]:
    id_ = wanted.tool_id or TOOL_ID
    if not id_.isidentifier() or id_ != id_.lower():
        raise OpenWebUIError(
            f"{id_!r} can't be the id of a tool.", "Use small letters, digits and underscores."
        )
    address, told = _address(webui, wanted.service_url, settings)
    key = wanted.api_key or settings.plain_key
    if settings.api_keys and not key:
        raise OpenWebUIError(
            "The tool needs a key, and EXCEL_TOOLS_API_KEYS holds hashes alone.",
            "Nothing was changed. Name one (KEY=...); python -m service keys make gives one.",
        )
    size = cast("Size", wanted.size or "full")
    content = tool_text(size)
    form = {
        "id": id_,
        "name": _NAME,
        "content": content,
        "meta": {"description": _DESCRIPTION, "manifest": {}},
        "access_grants": [] if wanted.private else _EVERYONE,
    }
    webui.create_tool(form)
    valves = {"service_url": address, "api_key": key, "public_url": wanted.public_url}
    webui.set_valves(id_, {name: value for name, value in valves.items() if value})
    who = "admins may use it" if wanted.private else "everyone may use it"
    version = facts_of(content).version
    return [f"Installed {_NAME} {version} ({size}) as {id_}; {who}. Service: {address}", *told]


def _updated(webui: OpenWebUI, tool: dict[str, Any], wanted: Wanted) -> list[str]:
    id_, content = str(tool["id"]), str(tool.get("content") or "")
    before = facts_of(content)
    text = tool_text(cast("Size", wanted.size or before.size))
    after = facts_of(text)
    valves = _kept_valves(webui.valves(id_), before, wanted)
    lines = []
    if same_tool(content, text):
        lines.append(f"{_NAME} {after.version} ({after.size}) is there already, as {id_}.")
    else:
        meta = tool.get("meta") or {}
        description = meta.get("description") or _DESCRIPTION
        form = {"id": id_, "name": tool.get("name") or _NAME, "content": text}
        webui.update_tool(id_, {**form, "meta": {**meta, "description": description}})
        change = f"{before.version} ({before.size}) -> {after.version} ({after.size})"
        lines.append(f"Updated {id_}: {change}. Its valves stay.")
    if valves != webui.valves(id_):
        webui.set_valves(id_, valves)
        lines.append("Set the valves: " + ", ".join(sorted(valves)) + ".")
    address = str(valves.get("service_url") or after.service_url)
    return [*lines, *_warning(webui, address)]


def _kept_valves(there: dict[str, Any], before: Facts, wanted: Wanted) -> dict[str, Any]:
    """What is set, then what the old file had filled in, unless the command says otherwise."""
    filled = {"api_key": before.api_key}
    if before.service_url != facts_of(tool_text("full")).service_url:
        filled["service_url"] = before.service_url
    asked = {
        "service_url": wanted.service_url,
        "api_key": wanted.api_key,
        "public_url": wanted.public_url,
    }
    kept = {name: value for name, value in filled.items() if value} | there
    return kept | {name: value for name, value in asked.items() if value}


# The service's address ----------------------------------------------------------------


def _address(webui: OpenWebUI, asked: str, settings: Settings) -> tuple[str, list[str]]:
    """Where Open WebUI reaches the service, tried from there, and a warning if it does not."""
    if asked:
        return asked, _warning(webui, asked)
    usual = [
        # Of the compose file; its name means nothing elsewhere, where the others are tried.
        "http://excel-tools:9080",
        f"http://127.0.0.1:{settings.port}",
        f"http://host.docker.internal:{settings.port}",
    ]
    for address in usual:
        if webui.reaches(address):
            return address, []
    return usual[1], _warning(webui, usual[1])


def _warning(webui: OpenWebUI, address: str) -> list[str]:
    if webui.reaches(address) is not False:
        return []
    warning = (
        f"Warning: Open WebUI does not reach the service at {address}. Start it, or run this "
        "again with SERVICE_URL=... (--service-url); python -m service doctor looks closer."
    )
    return [warning]
