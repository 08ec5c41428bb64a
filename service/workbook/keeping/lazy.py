"""The cells of a very large sheet, made when somebody asks for them.

An editor with a million cells takes half a gigabyte and many seconds, for an edit of one.
So the rows stay bytes, and blocks of them become cells when a cell in them is asked for.
Whoever asks for all cells gets all.
"""

from __future__ import annotations

import re
from array import array
from bisect import bisect_left, bisect_right
from collections.abc import Callable, Iterable, Iterator
from functools import cached_property
from itertools import pairwise
from typing import Any, TypeAlias
from xml.sax.saxutils import unescape

from lxml import etree
from openpyxl.utils import column_index_from_string
from openpyxl.worksheet.worksheet import Worksheet

from service.workbook.keeping.cells import OpenedCell
from service.workbook.keeping.sheet_xml import SheetXml

Place: TypeAlias = tuple[int, int]
Chunk: TypeAlias = bytes | memoryview
BLOCK = 128  # rows
_NUMBER = re.compile(rb"""\br\s*=\s*["'](\d+)["']""")
_TELLING = re.compile(rb"""\b(ht|hidden|s|outlineLevel|collapsed|thickBot|thickTop|ph)\s*=""")
_ATTRIBUTE = re.compile(rb"""\s(\w+)\s*=\s*["']([^"']*)["']""")
_MASTER = re.compile(
    rb"""<PREFIXc\b[^>]*?\br=["']([A-Z]+\d+)["'][^>]*>\s*<PREFIXf\b([^>]*[^/>])>([^<]+)</"""
)
_FILLING = re.compile(rb"""\bt\s*=\s*["'](?:array|dataTable)["']""")
# A cell with metadata and the formula in it.
_WITH_METADATA = re.compile(
    rb"""<PREFIXc\b([^>]*?\bcm=["'](\d+)["'][^>]*)>\s*<PREFIXf\b([^>]*?)/?>"""
)
_PLACE = re.compile(rb"""\br\s*=\s*["']([A-Z]+)(\d+)["']""")
_LETTERS = re.compile(rb"""\br\s*=\s*["']([A-Z]+)\d""")


class Rows:
    """What can be told of the rows without making cells of them.

    :param numbers: of the rows, ascending
    :param starts: where they begin in the data
    :param telling: start tags of rows with a height, a style or the like, by number
    """

    held = False  # whether there are more than those in the part

    def __init__(self, sheet: SheetXml) -> None:
        self.sheet = sheet
        self.numbers, self.starts = array("l"), array("q")
        self.telling: dict[int, bytes] = {}
        self._columns: dict[bytes, int] = {}
        self._read()

    def _read(self) -> None:
        data, number = self.sheet.data, 0
        tags = re.compile(rb"<" + self.sheet.prefix + rb'row\b(?: r="(\d+)">|[^>]*>)')
        for match in tags.finditer(data, self.sheet.start, self.sheet.stop):
            plain = match.group(1)  # most rows tell nothing but this
            tag = b"" if plain else match.group()
            told = None if plain else _NUMBER.search(tag)
            following = int(plain or (told.group(1) if told else number + 1))
            if following <= number:
                raise ValueError(f"row {following} stands after row {number}")
            number = following
            self.numbers.append(number)
            self.starts.append(match.start())
            if tag and _TELLING.search(tag):
                self.telling[number] = tag

    @cached_property
    def last_columns(self) -> array[int]:
        """The column of the last cell with a value in each row; 0 where there is none."""
        places = range(len(self.numbers))
        return array("H", [self._last_column(*self.bounds(place)) for place in places])

    @property
    def content(self) -> tuple[object, ...]:
        """What they are made of: of the same things, they are the same."""
        return (self.sheet.data,)

    def same_as(self, other: Rows) -> bool:
        """Whether the rows are the same as others."""
        mine, theirs = self.sheet, other.sheet
        same = (mine.start, mine.stop) == (theirs.start, theirs.stop)
        return type(self) is type(other) and same and mine.data == theirs.data

    def stretch(self, first: int, last: int) -> Iterator[Chunk]:
        """The XML of rows, from one position up to another, with what stands between them."""
        if first < last:
            start = self.sheet.start if first == 0 else self._start(first)
            yield memoryview(self.sheet.data)[start : self._start(last)]

    def _start(self, place: int) -> int:
        return self.starts[place] if place < len(self.starts) else self.sheet.stop

    def row_bytes(self, place: int) -> bytes:
        """The XML of one row."""
        start, end = self.bounds(place)
        return self.sheet.data[start:end]

    def bounds(self, place: int) -> tuple[int, int]:
        """Where a row begins and ends in the data."""
        return self.starts[place], self._start(place + 1)

    def counted(self, mark: bytes, size: int) -> array[int]:
        """How many elements of a name each block of rows has."""
        blocks = range(0, len(self.numbers), size)
        bounds = [*(self.starts[place] for place in blocks), self.sheet.stop]
        counts = [self.count(self.sheet.data, mark, *pair) for pair in pairwise(bounds)]
        return array("l", counts)

    def count(self, data: bytes, mark: bytes, start: int = 0, end: int | None = None) -> int:
        """How many elements of a name there are, not those whose name only begins alike."""
        name = b"<" + self.sheet.prefix + mark
        stop = len(data) if end is None else end
        return sum(data.count(name + after, start, stop) for after in (b" ", b">", b"/"))

    def _last_column(self, start: int, end: int) -> int:
        """The column of the row's last cell with a value."""
        data, mark = self.sheet.data, b"<" + self.sheet.prefix + b"c "
        stop = end
        while True:
            cell = data.rfind(mark, start, stop)
            if cell < 0:
                return 0
            tag_end = data.find(b">", cell, stop)
            if data[tag_end - 1 : tag_end] != b"/":
                found = _LETTERS.search(data, cell, tag_end)
                if found is None:
                    raise ValueError("a cell does not say where it stands")
                return self._column(found.group(1))
            stop = cell

    def first_column(self, place: int) -> int:
        """The column of the row's first cell with a value; 0 where there is none."""
        start, end = self.bounds(place)
        data, mark = self.sheet.data, b"<" + self.sheet.prefix + b"c "
        while (start := data.find(mark, start, end)) >= 0:
            tag_end = data.find(b">", start, end)
            if data[tag_end - 1 : tag_end] != b"/":
                found = _LETTERS.search(data, start, tag_end)
                return self._column(found.group(1)) if found else 0
            start = tag_end
        return 0

    def _column(self, letters: bytes) -> int:
        found = self._columns.get(letters)
        if found is None:
            found = self._columns[letters] = column_index_from_string(letters.decode())
        return found

    def place(self, number: int) -> int:
        """The position of a row, or of the next one there is."""
        return bisect_left(self.numbers, number)

    def dimensions(self) -> Iterator[tuple[int, dict[str, str]]]:
        """Numbers and attributes of the rows that have any that tell something."""
        for number, tag in self.telling.items():
            yield number, {k.decode(): v.decode() for k, v in _ATTRIBUTE.findall(tag)}

    def shared_formulas(self) -> Iterator[tuple[str, str, str]]:
        """(index, cell, text) of the formulas that others share."""
        sheet = self.sheet
        if sheet.data.find(b"shared", sheet.start, sheet.stop) < 0:
            return
        pattern = _MASTER.pattern.replace(b"PREFIX", sheet.prefix)
        for match in re.finditer(pattern, memoryview(sheet.data)[sheet.start : sheet.stop]):
            place, attributes, text = match.groups()
            found = dict(_ATTRIBUTE.findall(b" " + attributes))
            if found.get(b"t") == b"shared" and b"si" in found:
                yield found[b"si"].decode(), place.decode(), unescape(text.decode())

    def dynamic_arrays(self, indices: frozenset[str]) -> Iterator[tuple[int, int, str]]:
        """(row, column, what it filled) of the dynamic arrays.

        :param indices: the values of ``cm`` that mean one
        """
        sheet = self.sheet
        if not indices or sheet.data.find(b" cm=", sheet.start, sheet.stop) < 0:
            return
        pattern = _WITH_METADATA.pattern.replace(b"PREFIX", sheet.prefix)
        for match in re.finditer(pattern, memoryview(sheet.data)[sheet.start : sheet.stop]):
            cell, index, formula = match.groups()
            place = _PLACE.search(cell)
            found = dict(_ATTRIBUTE.findall(b" " + formula))
            if place and index.decode() in indices and found.get(b"t") == b"array":
                column = self._column(place.group(1))
                yield int(place.group(2)), column, found.get(b"ref", b"").decode()


class LazyCells(dict[Place, Any]):
    """openpyxl's dictionary of a sheet's cells, filled block by block.

    :param read: makes the cells of rows
    """

    def __init__(
        self, rows: Rows, read: Callable[[Iterable[etree._Element]], Iterator[OpenedCell]]
    ) -> None:
        super().__init__()
        self.rows = rows
        self.opened = 0
        self._read = read
        self._blocks = (len(rows.numbers) + BLOCK - 1) // BLOCK
        self._loaded = bytearray(self._blocks)
        self._missing = self._blocks
        self._counts: dict[bytes, array[int]] = {}
        self._formulas: dict[int, list[OpenedCell]] = {}  # by block; not yet among the cells

    # Loading ------------------------------------------------------------------

    def loaded(self) -> Iterable[tuple[Place, Any]]:
        """The cells that were made so far, with their places."""
        return super().items()

    def is_loaded(self, row: int) -> bool:
        """Whether the cells of a row were made; a row that the file lacks counts as made."""
        place = self.rows.place(row)
        there = place < len(self.rows.numbers) and self.rows.numbers[place] == row
        return not there or bool(self._loaded[place // BLOCK])

    def made_places(self) -> Iterator[int]:
        """The positions of the rows whose cells were made."""
        for block in range(self._blocks):
            if self._loaded[block]:
                yield from range(block * BLOCK, min((block + 1) * BLOCK, len(self.rows.numbers)))

    def _load(self, block: int) -> None:
        self._loaded[block] = 1
        self._formulas.pop(block, None)
        self._missing -= 1
        for cell in self._cells_of(block):
            self.opened += 1
            super().setdefault(cell.opened_at, cell)

    def _cells_of(self, block: int) -> Iterator[OpenedCell]:
        first = block * BLOCK
        last = min(first + BLOCK, len(self.rows.numbers))
        return self._read(self.rows.sheet.elements(b"".join(self.rows.stretch(first, last))))

    def _look(self, key: Any) -> None:
        if self._missing and not super().__contains__(key):
            rows = self.rows
            place = rows.place(key[0])
            there = place < len(rows.numbers) and rows.numbers[place] == key[0]
            if there and not self._loaded[place // BLOCK]:
                self._load(place // BLOCK)

    def load_all(self) -> None:
        """Make all cells."""
        if self._missing:
            for block in range(self._blocks):
                if not self._loaded[block]:
                    self._load(block)

    def only_edits_of(self, other: LazyCells) -> bool:
        """Whether both came from the same rows, and hold no formula that may have changed."""
        same = self.rows.same_as(other.rows)
        return same and not any(cells.count(b"f", _is_formula) for cells in (self, other))

    def formula_cells(self) -> Iterator[tuple[Place, Any]]:
        """The cells with formulas; of rows that were not made these alone are."""
        self.count(b"f", _is_formula)
        for place, cell in super().items():
            if _is_formula(cell):
                yield place, cell
        for block, formulas in enumerate(self._counts[b"f"]):
            if formulas and not self._loaded[block]:
                found = self._formulas.get(block)
                if found is None:
                    found = [cell for cell in self._cells_of(block) if _is_formula(cell)]
                    self._formulas[block] = found
                yield from ((cell.opened_at, cell) for cell in found)

    def filling_cells(self) -> Iterator[Any]:
        """The cells that were made, and those others whose formula may fill several cells."""
        yield from super().values()
        sheet, starts = self.rows.sheet, self.rows.starts
        found = _FILLING.finditer(memoryview(sheet.data)[sheet.start : sheet.stop])
        blocks = {bisect_right(starts, sheet.start + match.start()) - 1 for match in found}
        for block in sorted({place // BLOCK for place in blocks if place >= 0}):
            if not self._loaded[block]:
                yield from self._cells_of(block)

    # What can be told without loading -------------------------------------------

    def last_column(self, place: int) -> int:
        """The column of the last cell with a value in the row at a position; 0 for none."""
        if not self._loaded[place // BLOCK]:
            return self.rows.last_columns[place]
        row = self.rows.numbers[place]
        columns = range(self.rows.last_columns[place] + 1, 0, -1)
        return next((c for c in columns if _filled(super(LazyCells, self).get((row, c)))), 0)

    def used(self) -> tuple[int, int]:
        """(last row, last column) of cells with a value; (0, 0) without any."""
        last_row = last_column = 0
        for block in range(self._blocks - 1, -1, -1):
            if not self._loaded[block]:
                row, column = self._edges[block]
                last_row, last_column = last_row or row, max(last_column, column)
        for (row, column), cell in super().items():
            if _filled(cell):
                last_row, last_column = max(last_row, row), max(last_column, column)
        return last_row, last_column

    @cached_property
    def _edges(self) -> list[tuple[int, int]]:
        """(last row, last column) with a value in each block as it came; 0 where there is none."""
        columns, numbers = self.rows.last_columns, self.rows.numbers
        found = []
        for start in range(0, len(numbers), BLOCK):
            lasts = columns[start : start + BLOCK]
            filled = [place for place, column in enumerate(lasts, start) if column][-1:]
            found.append((numbers[filled[0]] if filled else 0, max(lasts)))
        return found

    def unmade(self) -> int:
        """How many cells there are that were not made."""
        return self.count(b"c", lambda _: False)

    def count(self, mark: bytes, counts: Callable[[Any], bool]) -> int:
        """How many cells there are of a kind.

        :param mark: what tells one in the bytes of rows that were not made into cells
        :param counts: whether a cell is one
        """
        counts_there = self._counts.get(mark)
        if counts_there is None:
            counts_there = self._counts[mark] = self.rows.counted(mark, BLOCK)
        made = sum(counts(cell) for cell in super().values())
        unmade = zip(counts_there, self._loaded, strict=True)
        return made + sum(number for number, loaded in unmade if not loaded)

    # The dictionary -------------------------------------------------------------

    def __contains__(self, key: object) -> bool:
        self._look(key)
        return super().__contains__(key)

    def __getitem__(self, key: Place) -> Any:
        self._look(key)
        return super().__getitem__(key)

    def get(self, key: Place, default: Any = None) -> Any:
        self._look(key)
        return super().get(key, default)

    def __setitem__(self, key: Place, value: Any) -> None:
        self._look(key)
        super().__setitem__(key, value)

    def __delitem__(self, key: Place) -> None:
        self._look(key)
        super().__delitem__(key)

    def pop(self, key: Place, *default: Any) -> Any:
        self._look(key)
        return super().pop(key, *default)

    def setdefault(self, key: Place, default: Any = None) -> Any:
        self._look(key)
        return super().setdefault(key, default)

    def __iter__(self) -> Iterator[Place]:
        self.load_all()
        return super().__iter__()

    def __len__(self) -> int:
        self.load_all()
        return super().__len__()

    def __bool__(self) -> bool:
        return bool(self.rows.numbers) or super().__len__() > 0

    def keys(self) -> Any:
        self.load_all()
        return super().keys()

    def values(self) -> Any:
        self.load_all()
        return super().values()

    def items(self) -> Any:
        self.load_all()
        return super().items()


def _is_formula(cell: Any) -> bool:
    return bool(cell.data_type == "f")


def _filled(cell: Any) -> bool:
    return cell is not None and cell._value is not None


def loaded_cells(sheet: Worksheet) -> Iterable[tuple[tuple[int, int], Any]]:
    """The cells that may have changed since the opening, with their places."""
    cells = sheet._cells
    return cells.loaded() if isinstance(cells, LazyCells) else cells.items()
