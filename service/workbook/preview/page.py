"""The page: one HTML text with its own style, script and data, and no way to anything else."""

from __future__ import annotations

import base64
import hashlib
import json
from functools import cache
from html import escape
from pathlib import Path
from typing import Any

from service.languages import ENGLISH, say, texts

_FOLDER = Path(__file__).parent
_SIGNS = {"<": "\\u003c", ">": "\\u003e", "&": "\\u0026", "\u2028": "\\u2028", "\u2029": "\\u2029"}
_LOGO = (
    '<svg width="20" height="20" viewBox="0 0 20 20" aria-hidden="true"><rect x="1" y="2" '
    'width="18" height="16" rx="2" fill="#1d6f42"/><path d="M1 7.5H19M1 12.5H19M7 2V18M13 2V18" '
    'stroke="#fff" stroke-width="1.2" opacity=".85"/></svg>'
)
_PAGE = """<!doctype html>
<html lang="{language}"><head><meta charset="utf-8">
<meta name="viewport" content="width=device-width,initial-scale=1">
<meta http-equiv="Content-Security-Policy" content="{policy}">
<meta name="referrer" content="no-referrer">
<title>{title}</title>
<style>{css}</style><style id="looks"></style></head>
<body><header><h1>{logo}<span title="{title}">{title}</span></h1>
<div class="acts"><button type="button" id="changes"></button>
<a class="open" id="open" target="_blank" rel="noopener" hidden>{open}</a>
<button type="button" id="theme"></button></div></header>
<main><div class="detail"><b id="address"></b><span id="content"></span>\
<span id="about" class="more"></span></div>
<div id="panel" role="tabpanel"><div class="scroll" id="scroll"><div class="canvas" id="canvas">\
</div></div></div>
<p class="foot" id="foot" hidden></p><p class="away" id="live" role="status"></p></main>
<nav aria-label="{sheets}"><div role="tablist" id="tabs" aria-label="{sheets}"></div></nav>
<noscript><p>{noscript}</p></noscript>
<script type="application/json" id="data">{data}</script>
<script>{script}</script></body></html>
"""


def page(data: dict[str, Any], language: str = ENGLISH) -> str:
    """The whole page of a workbook's data, see ``sheets.Preview.whole``."""
    css, script = _parts()
    data = {**data, "texts": texts(language, "page")}
    return _PAGE.format(
        language=language,
        open=escape(say("Open in a tab")),
        sheets=escape(say("Sheets")),
        noscript=escape(say("This preview needs JavaScript. Download the workbook instead.")),
        policy=escape(policy()),
        title=escape(str(data["name"])),
        css=css,
        logo=_LOGO,
        data=embedded(data),
        script=script,
    )


def embedded(data: dict[str, Any]) -> str:
    """The data as JSON that can stand inside of an HTML element."""
    text = json.dumps(data, ensure_ascii=False, separators=(",", ":"))
    for sign, written in _SIGNS.items():
        text = text.replace(sign, written)
    return text


@cache
def policy() -> str:
    """What the page may do: run its own script, show pictures it holds, ask its own address."""
    css, script = _parts()
    return (
        f"default-src 'none'; script-src {_fingerprint(script)}; "
        f"style-src {_fingerprint(css)} {_fingerprint('')}; img-src data:; connect-src 'self'; "
        "base-uri 'none'; form-action 'none'"
    )


@cache
def _parts() -> tuple[str, str]:
    """(style, script)."""
    css, script = ((_FOLDER / name).read_text(encoding="utf-8") for name in ("page.css", "page.js"))
    return css, script


def _fingerprint(text: str) -> str:
    digest = hashlib.sha256(text.encode()).digest()
    return f"'sha256-{base64.b64encode(digest).decode()}'"
