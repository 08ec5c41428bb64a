"""Texts as the file format stores them, where openpyxl stores or reads them otherwise.

``_x0007_`` in a file stands for the character with that number, so a text that looks like
this itself is stored with its first underscore as ``_x005F_``. Source: ECMA-376 part 1,
22.9.2.19 (ST_Xstring). openpyxl writes such texts as they are, so that Excel shows other
ones, and reads only some of them.
"""

from __future__ import annotations

import re
from typing import Any

import openpyxl.reader.excel
import openpyxl.worksheet._reader
from openpyxl.cell.rich_text import CellRichText, TextBlock
from openpyxl.cell.text import Text
from openpyxl.xml.constants import SHEET_MAIN_NS
from openpyxl.xml.functions import XML_NS, Element, iterparse

_ESCAPED = re.compile(r"_x([0-9A-Fa-f]{4})_")
# Underscores that a reader would take for the start of an escape, and what XML can't hold.
_TO_ESCAPE = re.compile(
    "_(?=x[0-9A-Fa-f]{4}_)|[\x00-\x08\x0b\x0c\x0e-\x1f\ud800-\udfff\ufffe\uffff]"
)
_TEXT, _ITEM = f"{{{SHEET_MAIN_NS}}}t", f"{{{SHEET_MAIN_NS}}}si"
_SPACE = f"{{{XML_NS}}}space"


def escape(text: str) -> str:
    """The text as a file holds it."""
    return _TO_ESCAPE.sub(lambda match: f"_x{ord(match.group()):04X}_", text)


def unescape(text: str) -> str:
    """The text that a file means."""
    if "_x" not in text:
        return text
    plain = _ESCAPED.sub(lambda match: chr(int(match.group(1), 16)), text)
    # Two escapes may be the halves of one character.
    return plain.encode("utf-16-le", "surrogatepass").decode("utf-16-le", "surrogatepass")


def utf16_length(text: str) -> int:
    """How many characters Excel counts: those beyond U+FFFF are two."""
    return len(text) + sum(character > "\uffff" for character in text)


def cut(text: str, most: int) -> str:
    """The beginning of the text, as many characters as Excel counts ``most``."""
    return text.encode("utf-16-le", "surrogatepass")[: 2 * most].decode("utf-16-le", "ignore")


# Writing --------------------------------------------------------------------


def inline_string(value: str | CellRichText) -> Any:
    """The ``is`` element of a text."""
    container = Element("is")
    if isinstance(value, CellRichText):
        container.extend(_run(part) for part in value)
    else:
        container.append(_text_element(value))
    return container


def _run(part: str | TextBlock) -> Any:
    run = Element("r")
    if isinstance(part, TextBlock):
        run.append(part.font.to_tree(tagname="rPr"))
    run.append(_text_element(str(part)))
    return run


def _text_element(text: str) -> Any:
    element = Element("t")
    element.text = escape(text)
    if text != text.strip():
        element.set(_SPACE, "preserve")
    return element


# Reading --------------------------------------------------------------------


def teach_openpyxl() -> None:
    """Let openpyxl read texts by this module: it mends no text that it has read wrongly."""
    openpyxl.worksheet._reader.parse_richtext_string = read_string
    openpyxl.reader.excel.read_rich_text = read_strings


def read_strings(source: Any) -> list[str | CellRichText]:
    """All texts of the part with the shared strings."""
    strings = []
    for _, node in iterparse(source):
        if node.tag == _ITEM:
            strings.append(read_string(node))
            node.clear()
    return strings


def read_string(node: Any) -> str | CellRichText:
    """The text of an ``si`` or ``is`` element; rich only where parts have formats."""
    plain = node.find(_TEXT)
    if plain is not None and plain.text:
        return unescape(plain.text)
    parts: list[str | TextBlock] = [
        TextBlock(run.rPr, unescape(run.t or "")) if run.rPr else unescape(run.t or "")
        for run in Text.from_tree(node).r
    ]
    if any(isinstance(part, TextBlock) for part in parts):
        return CellRichText(parts)
    return "".join(map(str, parts))
