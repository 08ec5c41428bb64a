"""How a pivot table stands in its cells: its lines, its labels, its figures.

As Excel lays it out: filters, a blank row, the header rows, the rows, the grand total.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import Literal

from service.workbook.areas import Area
from service.workbook.pivots.design import Design, Value, label
from service.workbook.pivots.fields import Field, Fields
from service.workbook.pivots.figures import Figures, Prefix

Kind = Literal["", "default", "grand"]
Role = Literal["filter", "header", "label", "group", "figure", "subtotal", "grand"]
ROW_LABELS, COLUMN_LABELS = "Row Labels", "Column Labels"
GRAND_TOTAL, VALUES, ALL, SEVERAL = "Grand Total", "Values", "(All)", "(Multiple Items)"


@dataclass(frozen=True)
class Line:
    """A row or column of figures.

    :param prefix: the items that it is of
    :param kind: "default" for a subtotal with its own line, "grand" for a grand total
    :param value: which value, of a column
    :param bare: whether it only names its items, without figures
    """

    prefix: Prefix
    kind: Kind = ""
    value: int = 0
    bare: bool = False


@dataclass(frozen=True)
class Put:
    """What a cell of a pivot table holds; rows and columns are counted from 0.

    :param indent: how far a label stands inwards
    """

    row: int
    column: int
    value: Value
    role: Role
    number_format: str = "General"
    indent: int = 0


@dataclass
class Laid:
    """A pivot table in its cells; its rows are counted from its first filter on.

    :param head: how many rows of headers there are
    :param side: how many columns of labels
    :param skipped: rows of filters, with the blank one under them
    """

    design: Design
    fields: Fields
    figures: Figures
    rows: list[Line]
    columns: list[Line]
    head: int
    side: int
    skipped: int
    first_header: int
    puts: list[Put] = field(default_factory=list)

    @property
    def height(self) -> int:
        return self.skipped + self.head + len(self.rows)

    @property
    def width(self) -> int:
        return max(self.side + len(self.columns), 2 if self.skipped else 1)

    def table(self, row: int, column: int) -> Area:
        """The area of the table itself, if its upper left corner stands there."""
        first = row + self.skipped
        return Area(
            first,
            column,
            first + self.head + len(self.rows) - 1,
            column + self.side + len(self.columns) - 1,
        )


def lay(
    design: Design, fields: Fields, figures: Figures, check: Callable[[int, int], None]
) -> Laid:
    """Lay a pivot table out, with all its figures.

    :param check: refuses so many rows and columns, before any figure is worked out
    """
    several = len(design.values) > 1
    levels = len(design.columns)
    side = 1 if design.layout == "compact" else max(1, len(design.rows))
    head = levels + several + 1 if levels else 1
    laid = Laid(
        design,
        fields,
        figures,
        rows=list(_row_lines(design, figures, ())),
        columns=list(_column_lines(design, figures)),
        head=head,
        side=side if design.rows or levels else 0,
        skipped=len(design.pages) + 1 if design.pages else 0,
        first_header=0 if several and not levels else 1,
    )
    check(laid.height, laid.width)
    for part in (_filters, _column_heads, _row_heads, _row_labels, _body):
        laid.puts += part(laid)
    return laid


# Lines ------------------------------------------------------------------------


def _row_lines(design: Design, figures: Figures, prefix: Prefix) -> Iterator[Line]:
    deepest = len(design.rows)
    if len(prefix) == deepest:
        yield Line(prefix)  # without fields on rows, the only one
        return
    tabular = design.layout == "tabular"
    for item in figures.children(prefix, on_rows=True):
        below = (*prefix, item)
        inner = len(below) < deepest
        if inner and not tabular:
            yield Line(below, bare=not design.subtotals)
        yield from _row_lines(design, figures, below)
        if inner and tabular and design.subtotals:
            yield Line(below, "default")
    if not prefix and deepest and design.bottom_totals:
        yield Line((), "grand")


def _column_lines(design: Design, figures: Figures) -> Iterator[Line]:
    values = range(len(design.values))
    yield from _inner_columns(design, figures, ())
    if design.columns and design.right_totals:
        yield from (Line((), "grand", value) for value in values)


def _inner_columns(design: Design, figures: Figures, prefix: Prefix) -> Iterator[Line]:
    values = range(len(design.values))
    if len(prefix) == len(design.columns):
        yield from (Line(prefix, "", value) for value in values)
        return
    for item in figures.children(prefix, on_rows=False):
        below = (*prefix, item)
        yield from _inner_columns(design, figures, below)
        if design.subtotals and len(below) < len(design.columns):
            yield from (Line(below, "default", value) for value in values)


# Labels -----------------------------------------------------------------------


def _item(item: Field, place: int) -> Value:
    value = item.items[place]
    return label(value) if value is None or isinstance(value, bool) else value


def _labelled(row: int, column: int, item: Field, place: int, role: Role, indent: int = 0) -> Put:
    value = _item(item, place)
    number_format = "General" if isinstance(value, str) else item.number_format
    return Put(row, column, value, role, number_format, indent)


def _filters(laid: Laid) -> Iterator[Put]:
    for row, level in enumerate(laid.design.pages):
        item = laid.fields.used[level]
        yield Put(row, 0, level.caption, "filter")
        shown = [n for n in item.present if n not in item.hidden]
        if not item.hidden:
            yield Put(row, 1, ALL, "filter")
        elif len(laid.design.filters[level]) == 1 and shown:
            yield _labelled(row, 1, item, shown[0], "filter")
        else:
            yield Put(row, 1, SEVERAL, "filter")


def _column_heads(laid: Laid) -> Iterator[Put]:
    design, top = laid.design, laid.skipped
    several = len(design.values) > 1
    if not design.columns:
        for place, shown in enumerate(design.values):
            yield Put(top, laid.side + place, shown.name, "header")
        return
    if not several:
        yield Put(top, 0, design.values[0].name, "header")
    yield from _captions_over_columns(laid, several=several)
    before: Line | None = None
    for place, line in enumerate(laid.columns):
        yield from _column_label(laid, line, before, laid.side + place)
        before = line


def _captions_over_columns(laid: Laid, *, several: bool) -> Iterator[Put]:
    captions = [level.caption for level in laid.design.columns]
    if laid.design.layout == "compact":
        captions = captions if len(captions) == 1 else [COLUMN_LABELS]
    elif several:
        captions.append(VALUES)
    for place, text in enumerate(captions[: len(laid.columns)]):
        yield Put(laid.skipped, laid.side + place, text, "header")


def _column_label(laid: Laid, line: Line, before: Line | None, column: int) -> Iterator[Put]:
    design, first = laid.design, laid.skipped + 1
    name = design.values[line.value].name
    several = len(design.values) > 1
    if line.kind == "grand":
        yield Put(first, column, f"Total {name}" if several else GRAND_TOTAL, "header")
        return
    if line.kind == "default":
        depth = len(line.prefix) - 1
        text = label(laid.figures.columns[depth].items[line.prefix[depth]])
        yield Put(first + depth, column, f"{text} {name if several else 'Total'}", "header")
        return
    for depth, place in enumerate(line.prefix):
        known = before is not None and before.kind == "" and (
            before.prefix[: depth + 1] == line.prefix[: depth + 1]
        )  # fmt: skip
        if not known or (design.repeat_labels and not several):
            yield _labelled(first + depth, column, laid.figures.columns[depth], place, "header")
    if several:
        yield Put(first + len(design.columns), column, name, "header")


def row_caption(design: Design) -> str:
    """What stands above the row labels in the compact form."""
    return design.rows[0].caption if len(design.rows) == 1 else ROW_LABELS


def _row_heads(laid: Laid) -> Iterator[Put]:
    design, row = laid.design, laid.skipped + laid.head - 1
    if not design.rows:
        return
    if design.layout == "compact":
        yield Put(row, 0, row_caption(design), "header")
        return
    for place, level in enumerate(design.rows):
        yield Put(row, place, level.caption, "header")


def _row_labels(laid: Laid) -> Iterator[Put]:
    before: Prefix = ()
    for number, line in enumerate(laid.rows):
        row = laid.skipped + laid.head + number
        if line.kind == "grand":
            yield Put(row, 0, GRAND_TOTAL, "grand")
        elif line.kind == "default":
            depth = len(line.prefix) - 1
            text = label(laid.figures.rows[depth].items[line.prefix[depth]])
            yield Put(row, depth, f"{text} Total", "subtotal")
        elif line.prefix:
            yield from _own_labels(laid, line, before, row)
        elif laid.side:
            yield Put(row, 0, laid.design.values[0].name, "label")
        before = line.prefix


def _own_labels(laid: Laid, line: Line, before: Prefix, row: int) -> Iterator[Put]:
    design, last = laid.design, len(line.prefix) - 1
    role: Role = "label" if last == len(design.rows) - 1 else "group"
    if design.layout == "compact":
        yield _labelled(row, 0, laid.figures.rows[last], line.prefix[last], role, indent=last)
        return
    for depth, place in enumerate(line.prefix):
        new = before[: depth + 1] != line.prefix[: depth + 1]
        own = depth == last or (design.layout == "tabular" and new)
        if own or design.repeat_labels:
            of = laid.figures.rows[depth]
            yield _labelled(row, depth, of, place, role if depth == last else "label")


def _body(laid: Laid) -> Iterator[Put]:
    formats = [shown.number_format for shown in laid.design.values]
    roles: dict[Kind, Role] = {"": "figure", "default": "subtotal", "grand": "grand"}
    for number, line in enumerate(laid.rows):
        inner = line.kind == "" and len(line.prefix) < len(laid.design.rows)
        role: Role = "subtotal" if inner else roles[line.kind]
        for place, column in enumerate(laid.columns):
            figure = None
            if not line.bare:
                figure = laid.figures.shown(line.prefix, column.prefix, column.value)
            at = laid.skipped + laid.head + number, laid.side + place
            yield Put(*at, figure, role, formats[column.value])
