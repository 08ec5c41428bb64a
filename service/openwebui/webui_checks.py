"""The doctor's look at Open WebUI: the tool in it, its valves, and the models' settings."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import requests

from service.openwebui.api import OpenWebUI, OpenWebUIError, older
from service.openwebui.findings import (
    Finding,
    advice,
    fault,
    host_of,
    is_loopback,
    ok,
    only_in_containers,
    skipped,
)
from service.openwebui.install import ours
from service.openwebui.service_checks import clock, local_address
from service.settings import Settings
from service.tool import Facts, facts_of, same_tool, tool_text

_TIMEOUT = 30.0
_UPDATE = "make install-openwebui URL=... EMAIL=... (python -m service install)"


def checks(webui: OpenWebUI, settings: Settings) -> Iterator[Finding]:
    """Everything about Open WebUI; ends where the rest can't be seen."""
    try:
        version = webui.version()
        needs = facts_of(tool_text("full")).needs
        if older(version, needs):
            yield fault("Open WebUI", f"It is version {version}.", f"Update it: {needs} or newer.")
            return
        yield ok("Open WebUI", f"version {version} answers at {webui.url}")
        yield from clock("clock of Open WebUI", webui.ahead())
        webui.check_admin()
        yield from _models(webui)
        found = ours(webui)
        yield from _one(found)
        for item in found:
            yield from _tool(webui, str(item["id"]), settings)
    except OpenWebUIError as error:
        yield fault("Open WebUI", error.message, error.cure)


def _one(found: list[dict[str, Any]]) -> Iterator[Finding]:
    if not found:
        yield fault("tool", "Open WebUI does not have the tool.", f"Install it: {_UPDATE}")
    elif len(found) > 1:
        ids = ", ".join(sorted(str(item["id"]) for item in found))
        yield fault(
            "tool",
            f"Open WebUI has it {len(found)} times: {ids}. In one chat their names collide.",
            "Keep one, and delete the others under Workspace > Tools.",
        )


# The tool -----------------------------------------------------------------------


def _tool(webui: OpenWebUI, id_: str, settings: Settings) -> Iterator[Finding]:
    tool = webui.tool(id_) or {}
    content = str(tool.get("content") or "")
    facts = facts_of(content)
    yield _age(id_, content, facts)
    yield _access(id_, tool)
    valves = {"service_url": facts.service_url, "api_key": facts.api_key} | webui.valves(id_)
    yield _service_url(webui, str(valves.get("service_url") or ""), settings)
    yield _key(str(valves.get("api_key") or ""), settings)
    yield from _public_url(webui, str(valves.get("public_url") or settings.link_address))


def _age(id_: str, content: str, facts: Facts) -> Finding:
    mine = tool_text(facts.size)
    version = facts_of(mine).version
    if older(facts.version, version):
        what = f"{id_} is version {facts.version}, and the service {version}."
        return fault("version of the tool", what, f"Update it: {_UPDATE}")
    if older(version, facts.version):
        what = f"{id_} is version {facts.version}, and the service only {version}."
        return fault("version of the tool", what, "Update the service.")
    if not same_tool(content, mine):
        what = f"{id_} differs from the file of this service, though both are {version}."
        return advice("version of the tool", what, f"Install it anew: {_UPDATE}")
    return ok("version of the tool", f"{id_} is {version}, size {facts.size}")


def _access(id_: str, tool: dict[str, Any]) -> Finding:
    if tool.get("is_active") is False:
        what, cure = f"{id_} is switched off.", "Switch it on under Workspace > Tools."
        return fault("access", what, cure)
    grants = tool.get("access_grants") or []
    if any(grant.get("principal_id") == "*" for grant in grants):
        return ok("access", f"everyone may use {id_}")
    if grants:
        return ok("access", f"{id_} is for chosen users or groups")
    return fault(
        "access",
        f"Only admins may use {id_}: other people do not see it.",
        "Workspace > Tools > the tool > Access: make it public, or share it with groups.",
    )


def _service_url(webui: OpenWebUI, address: str, settings: Settings) -> Finding:
    name = "valve service_url"
    if not address.startswith(("http://", "https://")):
        return fault(name, f"It is {address!r}, no address.", "Set it, such as http://...:9080.")
    reached = webui.reaches(address)
    if reached is None:
        return skipped(name, f"{address} could not be tried: tool servers are off in Open WebUI.")
    if reached:
        return ok(name, f"Open WebUI reaches the service at {address}")
    cure = f"Set it to where Open WebUI reaches the service, and open port {settings.port} there."
    if is_loopback(address):
        cure = (
            "In a container, localhost is that container itself. Set the valve to "
            f"http://excel-tools:9080 (compose) or http://host.docker.internal:{settings.port} "
            "(service on the machine, with EXCEL_TOOLS_HOST=0.0.0.0 and a key), or start the "
            "service if Open WebUI runs outside of Docker."
        )
    elif only_in_containers(address):
        cure = (
            f"{host_of(address)} is known in containers alone, and there only of the same compose "
            "file or with --add-host=host.docker.internal:host-gateway. Outside of Docker: "
            f"http://127.0.0.1:{settings.port}"
        )
    return fault(name, f"Open WebUI does not reach the service at {address}.", cure)


def _key(key: str, settings: Settings) -> Finding:
    name = "valve api_key"
    headers = {"X-User-Id": "doctor", "Authorization": f"Bearer {key}"}
    if not key:
        headers.pop("Authorization")
    try:
        address = f"{local_address(settings)}/v1/preferences"
        answer = requests.get(address, headers=headers, timeout=_TIMEOUT)
    except (requests.RequestException, UnicodeError):
        return skipped(name, "It could not be tried: the service does not answer here.")
    if answer.status_code != 401:
        return ok(name, "the service takes it")
    what = "The service does not take the key." if key else "It is empty, and the service asks."
    return fault(
        name,
        what,
        "Set the valve to a key in EXCEL_TOOLS_API_KEYS, or to a fresh one: "
        "python -m service keys make openwebui",
    )


def _public_url(webui: OpenWebUI, public: str) -> Iterator[Finding]:
    page = str(webui.settings().get("WEBUI_URL") or "")
    cure = "Set EXCEL_TOOLS_PUBLIC_URL, or the valve public_url, to an address for browsers."
    if only_in_containers(public):
        yield fault("links in the chat", f"They start with {public}: no browser knows it.", cure)
    elif page and is_loopback(public) and not is_loopback(page):
        yield fault(
            "links in the chat",
            f"They start with {public}, but people come to {page}, from other machines.",
            cure,
        )
    elif page.startswith("https://") and public.startswith("http://"):
        yield fault(
            "links in the chat",
            f"They start with {public}; browsers block such downloads on {page}.",
            "Put the service behind https://, too, and set EXCEL_TOOLS_PUBLIC_URL to that.",
        )


# The models ---------------------------------------------------------------------------


def _models(webui: OpenWebUI) -> Iterator[Finding]:
    defaults = webui.model_defaults()
    every = defaults.get("DEFAULT_MODEL_PARAMS") or {}
    meta = defaults.get("DEFAULT_MODEL_METADATA") or {}
    reading = (meta.get("capabilities") or {}).get("file_context", True)
    models = webui.models()
    legacy = [id_ for id_, info in models.items() if _legacy(info.get("params") or {})]
    if _legacy(every):
        legacy = ["all models by default", *legacy]
    if legacy:
        yield fault(
            "function calling",
            f"It is not native for: {_some(legacy)}. The tool can't work in several steps.",
            "Admin Panel > Settings > Models > the model > Advanced Params > Function Calling: "
            "Native.",
        )
    else:
        yield ok("function calling", "native")
    extracting = [id_ for id_, info in models.items() if _capability(info, reading)]
    if extracting:
        yield advice(
            "text of attached files",
            f"Open WebUI sends the text of spreadsheets along with questions to: "
            f"{_some(extracting)}. It costs room and time, and formulas are not in it.",
            "Admin Panel > Settings > Models > the model > Capabilities: File Context off.",
        )
    elif models:
        yield ok("text of attached files", "left to the tool")
    else:
        yield fault("models", "Open WebUI has no model.", "Connect one: Admin Panel > Settings.")


def _legacy(params: dict[str, Any]) -> bool:
    return params.get("function_calling") == "legacy"


def _capability(info: dict[str, Any], default: bool) -> bool:
    capabilities = (info.get("meta") or {}).get("capabilities") or {}
    return bool(capabilities.get("file_context", default))


def _some(names: list[str]) -> str:
    return ", ".join(names[:5]) + (f" and {len(names) - 5} more" if len(names) > 5 else "")
