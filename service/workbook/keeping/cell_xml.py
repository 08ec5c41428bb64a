"""One cell as it is stored. Source: CT_Cell in ECMA-376 part 1, 18.3.1.4."""

from __future__ import annotations

import re
from xml.sax.saxutils import escape as xml_escape
from xml.sax.saxutils import quoteattr

from openpyxl.cell._writer import _set_attributes
from openpyxl.cell.cell import Cell, MergedCell
from openpyxl.worksheet.formula import ArrayFormula, DataTableFormula
from openpyxl.xml.constants import SHEET_MAIN_NS
from openpyxl.xml.functions import tostring

from service.workbook.calculation.results import Computed, serial_number
from service.workbook.texts import escape, inline_string

_START = re.compile(rb"<(\w+:)?c\b((?:[^>\"']|\"[^\"]*\"|'[^']*')*?)(/?)>")
_NUMERIC = re.compile(rb"""<(?:\w+:)?c\b[^>]*\bt\s*=\s*["']n["']""")
_VALUE = re.compile(rb"<(?:\w+:)?v\b[^>]*?(?:/>|>.*?</(?:\w+:)?v\s*>)", re.DOTALL)
_INLINE = re.compile(rb"<(?:\w+:)?is\b.*?</(?:\w+:)?is\s*>", re.DOTALL)
_FORMULA = re.compile(rb"<(?:\w+:)?f\b[^>]*?(?:/>|>.*?</(?:\w+:)?f\s*>)", re.DOTALL)
# Files have #VALUE! for them, and Excel a rich value beside it; it calculates anew on opening.
_NEWER_ERRORS = frozenset("#SPILL! #CALC! #FIELD! #BLOCKED! #UNKNOWN! #CONNECT! #BUSY!".split())


def stored(value: object) -> tuple[str, str]:
    """(the cell's t attribute, the text of its v element); source: ECMA-376 18.18.11."""
    if isinstance(value, bool):
        return "b", str(int(value))
    if isinstance(value, int | float):
        return "", repr(value)
    text = str(value)
    if text in _NEWER_ERRORS:
        return "e", "#VALUE!"
    error = text.startswith("#") and text.endswith(("!", "?", "/A"))
    return ("e", text) if error else ("str", escape(text))


def cell_xml(
    cell: Cell | MergedCell,
    style: int | None,
    computed: Computed | None,
    *,
    namespace: bool = False,
    metadata: int | None = None,
) -> bytes:
    """A cell as the file has it.

    :param style: number of its format; None for the first, which need not be named
    :param computed: the value of a formula, or what an array formula elsewhere gives the cell
    :param namespace: declare the namespace, as a sheet needs that uses a prefix
    :param metadata: number of what the metadata part says of the cell
    """
    start = f'<c xmlns="{SHEET_MAIN_NS}"' if namespace else "<c"
    start += f' r="{cell.coordinate}"'
    if style is not None:
        start += f' s="{style}"'
    if metadata is not None:
        start += f' cm="{metadata}"'
    if computed is not None and not isinstance(cell, MergedCell) and cell.data_type != "f":
        return (start + _result(cell, computed)).encode()
    if isinstance(cell, MergedCell) or cell._value is None or cell._value == "":
        return f"{start}/>".encode()
    if cell.data_type == "f":
        return (start + _formula(cell, computed)).encode()
    value, attributes = _set_attributes(cell, False)
    kind = attributes.get("t", "n")
    if cell.data_type == "s":
        text = tostring(inline_string(value)).decode()
        return f'{start} t="inlineStr">{text}</c>'.encode()
    text = value if isinstance(value, str) else stored(value)[1]
    told = "" if kind == "n" else f' t="{kind}"'
    return f"{start}{told}><v>{xml_escape(str(text))}</v></c>".encode()


def _result(cell: Cell, computed: Computed) -> str:
    """The rest of a cell that an array formula elsewhere gives its value."""
    if computed.unknown:
        return "/>"
    kind, text = stored(serial_number(computed.value, cell.parent.parent.epoch))
    told = f' t="{kind}"' if kind else ""
    return f"{told}><v>{xml_escape(text)}</v></c>"


def _formula(cell: Cell, computed: Computed | None) -> str:
    value, told, result = cell._value, "", ""
    if computed is not None and not computed.unknown:
        known = serial_number(computed.value, cell.parent.parent.epoch)
        kind, text = stored(known)
        told = f' t="{kind}"' if kind else ""
        result = f"<v>{xml_escape(text)}</v>"
    attributes, text = "", value
    if isinstance(value, ArrayFormula | DataTableFormula):
        attributes = "".join(f" {name}={quoteattr(str(v))}" for name, v in dict(value).items())
        text = value.text if isinstance(value, ArrayFormula) else ""
    source = xml_escape(str(text or "").removeprefix("="))
    return f"{told}><f{attributes}>{source}</f>{result}</c>"


def with_style(xml: bytes, style: int) -> bytes:
    """The cell with another style, all else as it is."""
    return _with_attributes(xml, {"s": str(style) if style else ""})


def with_value(xml: bytes, value: object, *, known: bool) -> bytes:
    """The cell of a formula with another result; without any where it is not known."""
    kind, text = stored(value) if known else ("", "")
    changed = _INLINE.sub(b"", _VALUE.sub(b"", xml))
    if known:
        prefix = changed[1 : changed.index(b"c")]
        start = _START.match(changed)
        if start is None:
            raise ValueError("a cell can't be read")
        if start.group(3):
            changed = changed[: start.end() - 2] + b"></" + prefix + b"c>"
            start = _START.match(changed) or start
        before = _FORMULA.search(changed) or start
        element = b"<%bv>%b</%bv>" % (prefix, xml_escape(text).encode(), prefix)
        changed = changed[: before.end()] + element + changed[before.end() :]
    if not kind and _NUMERIC.match(changed):
        return changed
    return _with_attributes(changed, {"t": kind})


def _with_attributes(xml: bytes, attributes: dict[str, str]) -> bytes:
    """The cell with attributes given, or taken away where they are empty."""
    match = _START.match(xml)
    if match is None:
        raise ValueError("a cell can't be read")
    found = match.group(2)
    for name, value in attributes.items():
        pattern = rb"\s+" + name.encode() + rb"""\s*=\s*("[^"]*"|'[^']*')"""
        found = re.sub(pattern, b"", found)
        if value:
            found += f' {name}="{value}"'.encode()
    prefix = match.group(1) or b""
    return b"<" + prefix + b"c" + found + match.group(3) + b">" + xml[match.end() :]


def same_result(result: tuple[str, str] | None, value: object) -> bool:
    """Whether a result as the file has it, (t, v), is ``value``."""
    if result is None:
        return False
    kind, text = stored(value)
    if kind or result[0] not in ("", "n"):
        return (kind, text) == result
    try:
        return float(result[1]) == float(text)
    except ValueError:
        return False
