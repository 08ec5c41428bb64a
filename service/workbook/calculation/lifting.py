"""Functions of one value that are given a range: calculated cell by cell beforehand.

``SUMPRODUCT(LEN(A1:A9))`` needs the length of each cell, and calculators often take the
first alone. So LEN is calculated for each cell on a sheet that the workbook does not have,
and the formula is given the range of these results: all that calculators know well.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field

from service.workbook.areas import Area
from service.workbook.calculation.contexts import (
    Group,
    Node,
    TooDeepError,
    arrayish,
    is_plain,
    takes_several,
    tree,
    wanted,
)
from service.workbook.calculation.syntax import Part, function, located, parts, reference

_MOST_CELLS = 2_000  # of one expression
_MOST_ALL = 50_000
_BY_CELL = frozenset({"ROW", "COLUMN"})
Shape = tuple[int, int]


class _GiveUpError(Exception):
    """It can't be calculated cell by cell."""


@dataclass
class Lifter:
    """The expressions of one problem that are calculated cell by cell.

    :param sheet: title of the sheet on which that happens
    :param tasks: its formulas, by (row, column)
    """

    sheet: str
    tasks: dict[tuple[int, int], str] = field(default_factory=dict)
    _known: dict[str, Part] = field(default_factory=dict)
    _next_row: int = 1

    def lifted(self, text: str, title: str, *, plain: bool) -> str | None:
        """The formula with ranges of results in the place of such expressions.

        :param title: of the sheet on which the formula stands
        :param plain: it is no array formula
        :returns: None where one of them can't be calculated cell by cell
        """
        out: list[Part] = []
        try:
            self._copy(tree(parts(text)), "V" if plain else "A", title, out)
        except (_GiveUpError, TooDeepError):
            return None
        return "=" + "".join(part.text for part in out)

    def _copy(self, nodes: list[Node], want: str, title: str, out: list[Part]) -> None:
        for node in nodes:
            if isinstance(node, Part):
                out.append(node)
                continue
            name = function(node.opening.text) if node.opening.kind == "call" else ""
            if name == "LOOKUP" and len(node.arguments) > 1 and not is_plain(node.arguments[1]):
                out += self._last_match(node, title)
                continue
            if name and takes_several(node, name, want):
                out.append(self._range(node, title))
                continue
            out.append(node.opening)
            for index, argument in enumerate(node.arguments):
                if index:
                    out.append(Part("sign", ","))
                inner = wanted(name, index, want) if name else want
                self._copy(argument, inner, title, out)
            out.append(Part("sign", node.closing))

    def _range(self, group: Group, title: str) -> Part:
        """The range of the results of a call, one for each cell of what it is given."""
        key = f"{title}!{_text([group])}"
        if key in self._known:
            return self._known[key]
        rows, columns = _shape([group])
        texts = (
            f"={_element([group], (row, column), title)}"
            for row in range(rows)
            for column in range(columns)
        )
        return self._placed(key, texts, (rows, columns))

    def _placed(self, key: str, texts: Iterable[str], shape: Shape) -> Part:
        """The range in which formulas are put, row by row."""
        rows, columns = shape
        if rows * columns > _MOST_CELLS or len(self.tasks) + rows * columns > _MOST_ALL:
            raise _GiveUpError
        top = self._next_row
        for number, text in enumerate(texts):
            self.tasks[top + number // columns, number % columns + 1] = text
        self._next_row += rows
        area = Area(top, 1, top + rows - 1, columns)
        self._known[key] = Part("ref", reference(self.sheet, area))
        return self._known[key]

    def _last_match(self, call: Group, title: str) -> list[Part]:
        """``LOOKUP(2,1/(A1:A9="x"),B1:B9)`` is the last cell of B1:B9 where that is so.

        Each quotient is 1 (or 0) or an error, so all that are numbers are less than 2. That
        holds for no other form of LOOKUP with an expression.
        """
        wanted_, found, *result = call.arguments
        signs = [node.text for node in found[:2] if isinstance(node, Part)]
        idiom = signs in (["1", "/"], ["0", "/"]) and _text(wanted_).strip() in ("2", "3")
        if not idiom or len(result) != 1:
            raise _GiveUpError
        rows, columns = _shape(found)
        if min(rows, columns) > 1 or not is_plain(result[0]):
            raise _GiveUpError
        numbered = [
            f"=IF(ISNUMBER({_element(found, (row, column), title)}),{row + column + 1},0)"
            for row in range(rows)
            for column in range(columns)
        ]
        place = f"MAX({self._placed(f'{title}!{_text([call])}', numbered, (rows, columns)).text})"
        return parts(f"=IF({place}=0,NA(),INDEX({_text(result[0])},{place}))")


def _text(nodes: list[Node]) -> str:
    return "".join(
        node.text
        if isinstance(node, Part)
        else node.opening.text + ",".join(map(_text, node.arguments)) + node.closing
        for node in nodes
    )


def _parameters(group: Group) -> list[tuple[str, list[Node]]]:
    """(what is taken, argument): "V" what differs from cell to cell, "R" what stays as it is."""
    if group.opening.kind != "call":
        return [("V", argument) for argument in group.arguments]
    name = function(group.opening.text)
    if name == "INDIRECT" or (name in _BY_CELL and not _text(group.arguments[0]).strip()):
        raise _GiveUpError  # it means another place on another sheet
    if name in _BY_CELL:
        return [("V", argument) for argument in group.arguments]
    found = []
    for index, argument in enumerate(group.arguments):
        letter = wanted(name, index, "P")
        letter = "V" if letter in ("V", "P") else "R"
        whole = is_plain(argument) or _is_constant(argument)
        if letter == "R" and arrayish(argument) and not whole:
            raise _GiveUpError
        found.append((letter, argument))
    return found


def _is_constant(argument: list[Node]) -> bool:
    return all(isinstance(node, Group) and node.opening.text == "{" for node in argument)


def _shape(nodes: list[Node]) -> Shape:
    """(rows, columns) of the results."""
    rows = columns = 1
    for node in nodes:
        found = (1, 1)
        if isinstance(node, Part):
            place = located(node.text) if node.kind == "ref" else None
            if place is not None:
                found = (place[1].rows, place[1].columns)
        elif node.opening.text == "{":
            constant = _constant(node)
            found = (len(constant), len(constant[0]))
        else:
            for letter, argument in _parameters(node):
                if letter == "V":
                    found = _common(found, _shape(argument))
        rows, columns = _common((rows, columns), found)
    return rows, columns


def _common(one: Shape, other: Shape) -> Shape:
    """The shape that both spread to: of one row or column the same for all."""
    if any(1 not in (a, b) and a != b for a, b in zip(one, other, strict=True)):
        raise _GiveUpError
    return max(one[0], other[0]), max(one[1], other[1])


def _element(nodes: list[Node], at: tuple[int, int], title: str) -> str:
    """The expression for one cell of the results."""
    out = []
    for node in nodes:
        if isinstance(node, Part):
            out.append(_cell(node, at, title) if node.kind == "ref" else node.text)
        elif node.opening.text == "{":
            constant = _constant(node)
            row, column = at[0] % len(constant), at[1] % len(constant[0])
            out.append(constant[row][column])
        else:
            arguments = [
                _element(argument, at, title) if letter == "V" else _whole(argument, title)
                for letter, argument in _parameters(node)
            ]
            out.append(node.opening.text + ",".join(arguments) + node.closing)
    return "".join(out)


def _cell(part: Part, at: tuple[int, int], title: str) -> str:
    place = located(part.text)
    if place is None:
        raise _GiveUpError
    sheet, area = place
    row = area.first_row + (at[0] if area.rows > 1 else 0)
    column = area.first_column + (at[1] if area.columns > 1 else 0)
    return reference(sheet or title, Area(row, column, row, column))


def _whole(nodes: list[Node], title: str) -> str:
    if "INDIRECT(" in _text(nodes).upper():
        raise _GiveUpError
    out = []
    for part in parts(_text(nodes)):
        place = located(part.text) if part.kind == "ref" else None
        out.append(reference(place[0] or title, place[1]) if place else part.text)
    return "".join(out)


def _constant(group: Group) -> list[list[str]]:
    """The rows of an array constant such as ``{1,"a";2,"b"}``."""
    rows: list[list[str]] = [[""]]
    for part in parts(_text([group])[1:-1]):
        if part.text == ";":
            rows.append([""])
        elif part.text == ",":
            rows[-1].append("")
        else:
            rows[-1][-1] += part.text.strip()
    if len({len(row) for row in rows}) > 1:
        raise _GiveUpError
    return rows
