"""A workbook of values and formulas only, as a file that other calculators open.

The parts and their names are those of ECMA-376 part 1; nothing of the look is in it.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import TypeAlias
from xml.sax.saxutils import escape, quoteattr
from zipfile import ZIP_STORED, ZipFile

from openpyxl.cell.cell import ILLEGAL_CHARACTERS_RE
from openpyxl.utils import get_column_letter
from openpyxl.writer.theme import theme_xml

from service.workbook.areas import Area
from service.workbook.calculation.problem import Task
from service.workbook.calculation.results import ErrorValue
from service.workbook.calculation.source import NameFacts, TableFacts

Cell: TypeAlias = "tuple[tuple[int, int], object]"

_HEAD = '<?xml version="1.0" encoding="UTF-8" standalone="yes"?>\n'
_MAIN = "http://schemas.openxmlformats.org/spreadsheetml/2006/main"
_RELATION = "http://schemas.openxmlformats.org/officeDocument/2006/relationships"
_PACKAGE = "http://schemas.openxmlformats.org/package/2006"
_KIND = "application/vnd.openxmlformats-officedocument.spreadsheetml"
_DYNAMIC = "http://schemas.microsoft.com/office/spreadsheetml/2017/dynamicarray"
_STYLES = (
    f'{_HEAD}<styleSheet xmlns="{_MAIN}"><fonts count="1"><font><sz val="11"/>'
    '<name val="Calibri"/></font></fonts><fills count="1"><fill><patternFill patternType="none"/>'
    '</fill></fills><borders count="1"><border/></borders><cellStyleXfs count="1"><xf/>'
    '</cellStyleXfs><cellXfs count="1"><xf xfId="0"/></cellXfs><cellStyles count="1">'
    '<cellStyle name="Normal" xfId="0" builtinId="0"/></cellStyles></styleSheet>'
)
# What a cell's cm="1" points at: the formula fills as many cells as its result has.
_METADATA = (
    f'{_HEAD}<metadata xmlns="{_MAIN}" xmlns:xda="{_DYNAMIC}"><metadataTypes count="1">'
    '<metadataType name="XLDAPR" minSupportedVersion="120000" copy="1" pasteAll="1" '
    'pasteValues="1" merge="1" splitFirst="1" rowColShift="1" clearFormats="1" '
    'clearComments="1" assign="1" coerce="1" cellMeta="1"/></metadataTypes>'
    '<futureMetadata name="XLDAPR" count="1"><bk><extLst>'
    '<ext uri="{bdbb8cdc-fa1e-496e-a857-3c3f30c029c3}">'
    '<xda:dynamicArrayProperties fDynamic="1" fCollapsed="0"/></ext></extLst></bk>'
    '</futureMetadata><cellMetadata count="1"><bk><rc t="1" v="0"/></bk></cellMetadata></metadata>'
)


@dataclass
class Content:
    """What the file holds.

    :param values: plain values of each sheet, by (row, column)
    :param tasks: formulas of each sheet, by (row, column)
    :param placeholder: what stands as the value of a formula; None for nothing
    """

    sheets: list[str]
    values: Mapping[str, Iterable[Cell]]
    tasks: Mapping[str, Mapping[tuple[int, int], Task]]
    date1904: bool = False
    tables: list[TableFacts] = field(default_factory=list)
    names: list[NameFacts] = field(default_factory=list)
    placeholder: int | None = None


def write(path: Path, content: Content) -> None:
    """Write the file; not compressed, as it is read once."""
    with ZipFile(path, "w", ZIP_STORED) as archive:
        archive.writestr("[Content_Types].xml", _types(content))
        archive.writestr("_rels/.rels", _relations([("officeDocument", "xl/workbook.xml")]))
        archive.writestr("xl/workbook.xml", _workbook(content))
        sheets = [
            ("worksheet", f"worksheets/sheet{number}.xml")
            for number in range(1, len(content.sheets) + 1)
        ]
        others = [("styles", "styles.xml"), ("theme", "theme/theme1.xml")]
        others.append(("sheetMetadata", "metadata.xml"))
        archive.writestr("xl/_rels/workbook.xml.rels", _relations(sheets + others))
        archive.writestr("xl/styles.xml", _STYLES)
        archive.writestr("xl/theme/theme1.xml", theme_xml)
        archive.writestr("xl/metadata.xml", _METADATA)
        for number, title in enumerate(content.sheets, start=1):
            _write_sheet(archive, content, number, title)


def _write_sheet(archive: ZipFile, content: Content, number: int, title: str) -> None:
    own = [(i, t) for i, t in enumerate(content.tables, start=1) if t.sheet == title]
    archive.writestr(f"xl/worksheets/sheet{number}.xml", _sheet(content, title, len(own)))
    if own:
        relations = [("table", f"../tables/table{index}.xml") for index, _ in own]
        archive.writestr(f"xl/worksheets/_rels/sheet{number}.xml.rels", _relations(relations))
    for index, table in own:
        archive.writestr(f"xl/tables/table{index}.xml", _table(index, table))


def _types(content: Content) -> str:
    parts = [("/xl/workbook.xml", f"{_KIND}.sheet.main+xml")]
    parts += [
        (f"/xl/worksheets/sheet{number}.xml", f"{_KIND}.worksheet+xml")
        for number in range(1, len(content.sheets) + 1)
    ]
    parts += [
        (f"/xl/tables/table{number}.xml", f"{_KIND}.table+xml")
        for number in range(1, len(content.tables) + 1)
    ]
    parts.append(("/xl/styles.xml", f"{_KIND}.styles+xml"))
    parts.append(("/xl/metadata.xml", f"{_KIND}.sheetMetadata+xml"))
    theme = "application/vnd.openxmlformats-officedocument.theme+xml"
    parts.append(("/xl/theme/theme1.xml", theme))
    found = "".join(f'<Override PartName="{name}" ContentType="{type_}"/>' for name, type_ in parts)
    return (
        f'{_HEAD}<Types xmlns="{_PACKAGE}/content-types"><Default Extension="rels" '
        'ContentType="application/vnd.openxmlformats-package.relationships+xml"/>'
        f'<Default Extension="xml" ContentType="application/xml"/>{found}</Types>'
    )


def _relations(targets: list[tuple[str, str]]) -> str:
    found = "".join(
        f'<Relationship Id="rId{number}" Type="{_RELATION}/{kind}" Target="{target}"/>'
        for number, (kind, target) in enumerate(targets, start=1)
    )
    return f'{_HEAD}<Relationships xmlns="{_PACKAGE}/relationships">{found}</Relationships>'


def _workbook(content: Content) -> str:
    sheets = "".join(
        f'<sheet name={quoteattr(title)} sheetId="{number}" r:id="rId{number}"/>'
        for number, title in enumerate(content.sheets, start=1)
    )
    names = "".join(
        f"<definedName name={quoteattr(name.name)}{_scope(content, name)}>"
        f"{_text(name.text)}</definedName>"
        for name in content.names
    )
    dates = '<workbookPr date1904="1"/>' if content.date1904 else ""
    return (
        f'{_HEAD}<workbook xmlns="{_MAIN}" xmlns:r="{_RELATION}">{dates}<sheets>{sheets}</sheets>'
        + (f"<definedNames>{names}</definedNames>" if names else "")
        + "</workbook>"
    )


def _scope(content: Content, name: NameFacts) -> str:
    return f' localSheetId="{content.sheets.index(name.sheet)}"' if name.sheet else ""


def _table(number: int, table: TableFacts) -> str:
    columns = "".join(
        f'<tableColumn id="{index}" name={quoteattr(name)}/>'
        for index, name in enumerate(table.columns, start=1)
    )
    header = "" if table.header else ' headerRowCount="0"'
    totals = ' totalsRowCount="1"' if table.totals else ""
    name = quoteattr(table.name)
    return (
        f'{_HEAD}<table xmlns="{_MAIN}" id="{number}" name={name} displayName={name} '
        f'ref="{table.area}"{header}{totals}><tableColumns count="{len(table.columns)}">'
        f"{columns}</tableColumns></table>"
    )


# Cells ------------------------------------------------------------------------


def _sheet(content: Content, title: str, tables: int) -> str:
    cells: dict[int, dict[int, str]] = {}
    for (row, column), value in content.values.get(title, ()):
        cells.setdefault(row, {})[column] = _value(value)
    placeholder = "" if content.placeholder is None else f"<v>{content.placeholder}</v>"
    for (row, column), task in content.tasks.get(title, {}).items():
        cells.setdefault(row, {})[column] = _formula(task, row, column) + placeholder + "</c>"
    parts = [f'{_HEAD}<worksheet xmlns="{_MAIN}" xmlns:r="{_RELATION}"><sheetData>']
    for row in sorted(cells):
        parts.append(f'<row r="{row}">')
        for column, text in sorted(cells[row].items()):
            parts.append(f'<c r="{get_column_letter(column)}{row}"{text}')
        parts.append("</row>")
    parts.append("</sheetData>")
    if tables:
        found = "".join(f'<tablePart r:id="rId{n}"/>' for n in range(1, tables + 1))
        parts.append(f'<tableParts count="{tables}">{found}</tableParts>')
    parts.append("</worksheet>")
    return "".join(parts)


def _value(value: object) -> str:
    """The rest of a c element that holds a value, from its attributes on."""
    if isinstance(value, bool):
        return f' t="b"><v>{int(value)}</v></c>'
    if isinstance(value, int | float):
        return f"><v>{value!r}</v></c>"
    if isinstance(value, ErrorValue):
        return f' t="e"><v>{_text(value)}</v></c>'
    return f' t="inlineStr"><is><t xml:space="preserve">{_text(str(value))}</t></is></c>'


def _formula(task: Task, row: int, column: int) -> str:
    text = _text(task.text.removeprefix("="))
    if task.kind == "plain":
        return f"><f>{text}</f>"
    area = task.area or Area(row, column, row, column)
    cell = ' cm="1"' if task.kind == "dynamic" else ""
    return f'{cell}><f t="array" ref="{area}">{text}</f>'


_UNWRITTEN = re.compile(f"{ILLEGAL_CHARACTERS_RE.pattern}|[\ud800-\udfff\ufffe\uffff]")


def _text(text: str) -> str:
    return escape(_UNWRITTEN.sub(" ", text)).replace("\r", "&#13;")
