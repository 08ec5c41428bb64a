"""Cells that remember what they were when the file was opened.

openpyxl's reader is bypassed for the cells alone: it is slow, and what it makes of a file
can't be told from what an operation made of it afterwards.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from typing import Any, TypeAlias

from lxml import etree
from openpyxl.cell.cell import Cell
from openpyxl.styles.cell_style import StyleArray
from openpyxl.utils import column_index_from_string, get_column_letter
from openpyxl.worksheet._reader import WorkSheetParser
from openpyxl.worksheet.formula import ArrayFormula
from openpyxl.worksheet.worksheet import Worksheet
from openpyxl.xml.constants import SHEET_MAIN_NS

from service.workbook import serials
from service.workbook.dynamic import DynamicArray, note
from service.workbook.texts import escape, unescape

_CELL, _VALUE = f"{{{SHEET_MAIN_NS}}}c", f"{{{SHEET_MAIN_NS}}}v"
_TEXT = f"{{{SHEET_MAIN_NS}}}t"
_Read: TypeAlias = Callable[[str, int], tuple[object, str]]


class OpenedCell(Cell):  # type: ignore[misc]
    """A cell of the file: it knows its place, value, type and style at the opening."""

    __slots__ = ("opened_at", "opened_style", "opened_type", "opened_value")

    opened_at: tuple[int, int]
    opened_style: int
    opened_type: str
    opened_value: object

    @property
    def moved(self) -> bool:
        """Whether it stands elsewhere than in the file."""
        return self.opened_at != (self.row, self.column)

    @property
    def rewritten(self) -> bool:
        """Whether it was given another value."""
        value, opened = self._value, self.opened_value
        if self.data_type != self.opened_type:
            return True
        # Mostly the same object; a checkpoint makes two equal ones of it.
        return value is not opened and (type(value) is not type(opened) or value != opened)

    def restyled(self, styles: list[StyleArray]) -> bool:
        """Whether it has another style; ``styles`` are those of the workbook."""
        return bool(self._style != styles[self.opened_style])


class CellReader:
    """Makes the cells of one sheet from the rows of its XML.

    :param parser: openpyxl's parser of the sheet, for whatever isn't plain
    :param rows_known: whether the rows' heights and styles were read before
    :param dynamic: the values of ``cm`` that mean a dynamic array
    """

    def __init__(
        self,
        ws: Worksheet,
        parser: WorkSheetParser,
        *,
        rows_known: bool = False,
        dynamic: frozenset[str] = frozenset(),
    ) -> None:
        self._rows_known = rows_known
        self._dynamic = dynamic
        self._ws = ws
        self._parser = parser
        self.results: dict[tuple[int, int], tuple[str, str]] = {}
        self._columns: dict[str, int] = {}
        self._dates = parser.date_formats
        self._durations = parser.timedelta_formats
        self._strings = parser.shared_strings
        self._styles: list[StyleArray] = ws.parent._cell_styles
        self._last_style = len(self._styles) - 1
        self._plain: dict[str, _Read] = {
            "n": self._number,
            "s": self._shared,
            "b": lambda text, style: (bool(int(text)), "b"),
            "e": lambda text, style: (text, "e"),
        }

    def read(self, rows: Iterable[etree._Element]) -> Iterator[OpenedCell]:
        """The cells of the rows; rows and cells may come without their numbers."""
        parser, made, columns, plain = self._parser, self._made, self._columns, self._plain
        for row in rows:
            number = row.get("r")
            at = parser.row_counter = int(float(number)) if number else parser.row_counter + 1
            column = 0
            if not self._rows_known:
                self._note_dimension(row)
            for element in row:
                if element.tag != _CELL:
                    continue
                place = element.get("r")
                if place:
                    letters = place.rstrip("0123456789")
                    column = columns.get(letters) or self._column(letters)
                else:
                    column += 1
                style = int(element.get("s", 0))
                read = plain.get(element.get("t", "n"))
                if read is not None and len(element) == 1 and element[0].tag == _VALUE:
                    text = element[0].text
                    value, kind = read(text, style) if text else (None, "n")
                    yield made(at, column, value, kind, style)
                else:
                    yield self._special(element, at, column, style)

    def _special(self, element: etree._Element, row: int, column: int, style: int) -> OpenedCell:
        """A blank cell, a formula, or a text of its own."""
        kind = element.get("t", "n")
        if len(element) == 0:
            return self._made(row, column, None, "n" if kind == "s" else kind, style)
        if kind == "inlineStr" and len(element) == 1 and len(element[0]) == 1:
            text = element[0][0]
            if text.tag == _TEXT and text.text:
                return self._made(row, column, unescape(text.text), "s", style)
        if not element.get("r"):
            element.set("r", f"{get_column_letter(column)}{row}")
        found = self._parser.parse_cell(element)
        if found["data_type"] == "f":
            result = element.findtext(_VALUE)
            if result is not None:
                if kind == "s":
                    kind, result = "str", escape(str(self._strings[int(result)]))
                self.results[(row, column)] = (kind, result)
            if isinstance(found["value"], ArrayFormula) and element.get("cm") in self._dynamic:
                array = found["value"]
                found["value"] = DynamicArray(array.ref, array.text)
                note(self._ws, row, column, array.ref)
        return self._made(row, column, found["value"], found["data_type"], style)

    def _note_dimension(self, row: etree._Element) -> None:
        attributes = {str(k): str(v) for k, v in row.attrib.items() if not str(k).startswith("{")}
        if attributes.keys() - {"r", "spans"}:
            self._parser.row_dimensions[str(self._parser.row_counter)] = attributes

    def _column(self, letters: str) -> int:
        found = int(column_index_from_string(letters.upper()))
        self._columns[letters] = found
        return found

    def _number(self, text: str, style: int) -> tuple[object, str]:
        number: float
        try:
            number = int(text)
        except ValueError:
            number = float(text)
        if style not in self._dates:
            return number, "n"
        epoch, duration = self._parser.epoch, style in self._durations
        value = serials.moment(number, epoch, timedelta=duration)
        return value, "n" if value is number else "d"

    def _shared(self, text: str, style: int) -> tuple[object, str]:
        return self._strings[int(text)], "s"

    def _made(self, row: int, column: int, value: Any, kind: str, style: int) -> OpenedCell:
        cell = OpenedCell.__new__(OpenedCell)
        cell.parent = self._ws
        style = min(style, self._last_style)  # a damaged file may name one that is not there
        cell._style = StyleArray(self._styles[style])
        cell.row, cell.column = row, column
        cell._value = cell.opened_value = value
        cell.data_type = cell.opened_type = kind
        cell._hyperlink = cell._comment = None
        cell.opened_style = style
        cell.opened_at = (row, column)
        return cell
