"""The tool for Open WebUI as files: both sizes, with an address and a key filled in.

A filled-in file differs from the one of the project in two lines alone, ``SERVICE_URL = "..."``
and ``API_KEY = "..."``: what the tool goes by where its valves say nothing.
"""

from __future__ import annotations

import ast
import json
import re
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

Size = Literal["full", "small"]

_FOLDER = Path(__file__).resolve().parent.parent / "openwebui_tool"
NAMES: dict[Size, str] = {
    "full": "excel_tools_openwebui.py",
    "small": "excel_tools_small_openwebui.py",
}
AUTHOR = "excel-tools-openwebui"


@dataclass(frozen=True)
class Facts:
    """What the text of a tool says of itself; "" where it does not."""

    author: str
    title: str
    version: str
    needs: str  # the oldest Open WebUI that will do
    service_url: str
    api_key: str

    @property
    def is_ours(self) -> bool:
        return self.author == AUTHOR

    @property
    def size(self) -> Size:
        return "small" if "(small)" in self.title else "full"


def tool_text(size: Size, service_url: str = "", api_key: str = "") -> str:
    """The text of the tool; what is empty stays as it is in the file."""
    text = (_FOLDER / NAMES[size]).read_text(encoding="utf-8")
    for name, value in (("SERVICE_URL", service_url), ("API_KEY", api_key)):
        if value:
            text = _with(text, name, value)
    return text


def facts_of(text: str) -> Facts:
    """What any tool's text says of itself."""
    top = [*text.split('"""', 2), "", ""][1]
    head = dict(re.findall(r"^([a-z_]+): *(.*?) *$", top, re.MULTILINE))
    return Facts(
        author=head.get("author", ""),
        title=head.get("title", ""),
        version=head.get("version", ""),
        needs=head.get("required_open_webui_version", ""),
        service_url=_value(text, "SERVICE_URL"),
        api_key=_value(text, "API_KEY"),
    )


def same_tool(one: str, other: str) -> bool:
    """Whether two texts are the same tool, whatever is filled in.

    Open WebUI's editor lays the lines of a pasted tool out anew: it is the program that counts.
    """
    return _program(one) == _program(other)


def _program(text: str) -> str:
    bare = _with(_with(text, "SERVICE_URL", ""), "API_KEY", "")
    try:
        return ast.dump(ast.parse(bare))
    except (SyntaxError, ValueError):
        return bare


def _with(text: str, name: str, value: str) -> str:
    line = f"{name} = {json.dumps(value)}"
    return re.sub(rf"^{name} = .*$", lambda _: line, text, count=1, flags=re.MULTILINE)


def _value(text: str, name: str) -> str:
    found = re.search(rf'^{name} = "((?:[^"\\]|\\.)*)"$', text, re.MULTILINE)
    return str(json.loads(f'"{found[1]}"')) if found else ""
