"""A formula taken apart into the parts that a person would work out one after the other."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Literal

from service.workbook.calculation.syntax import Part, function, located, parts

Kind = Literal["value", "ref", "name", "call", "operator", "bracket"]
_DEEPEST = 60
# What binds less comes first.
_BINARY: tuple[tuple[str, ...], ...] = (
    ("=", "<>", "<", ">", "<=", ">="),
    ("&",),
    ("+", "-"),
    ("*", "/"),
    ("^",),
    (":",),
)


class NotUnderstoodError(Exception):
    """The formula has something that is not taken apart here."""


@dataclass
class Node:
    """A part of a formula.

    :param text: as it is written, without blanks around it
    :param name: of a function, in capitals; of an operator, its sign
    """

    kind: Kind
    text: str
    name: str = ""
    children: list[Node] = field(default_factory=list)

    def walk(self) -> Iterator[Node]:
        """The node and all below it, what is worked out first before the rest."""
        for child in self.children:
            yield from child.walk()
        yield self

    @property
    def wide(self) -> bool:
        """Whether it may have several values by itself."""
        if self.kind == "ref":
            found = located(self.text)
            return found is None or found[1].cells > 1
        if self.kind == "name":
            return "[#This Row]" not in self.text
        if self.kind == "call" and self.name in _ONE_VALUE:
            return False
        if self.kind == "call" and self.name in _SEVERAL:
            return True
        return any(child.wide for child in self.children)


# These make one value of ranges.
_ONE_VALUE = frozenset(
    """
    SUM AVERAGE COUNT COUNTA COUNTBLANK MAX MIN MEDIAN PRODUCT SUMIF SUMIFS COUNTIF COUNTIFS
    AVERAGEIF AVERAGEIFS MAXIFS MINIFS SUMPRODUCT VLOOKUP HLOOKUP LOOKUP XLOOKUP INDEX MATCH XMATCH
    AND OR XOR NPV IRR XNPV XIRR PMT STDEV STDEV.S STDEV.P VAR VAR.S VAR.P LARGE SMALL RANK RANK.EQ
    PERCENTILE PERCENTILE.INC QUARTILE QUARTILE.INC MODE MODE.SNGL SUBTOTAL AGGREGATE TEXTJOIN
    CONCAT ROWS COLUMNS CORREL SLOPE INTERCEPT RSQ FORECAST FORECAST.LINEAR SUMSQ AVERAGEA MAXA
    MINA REDUCE GEOMEAN HARMEAN
    """.split()
)
_SEVERAL = frozenset(
    """
    FILTER SORT SORTBY UNIQUE SEQUENCE RANDARRAY TRANSPOSE FREQUENCY MMULT TOCOL TOROW VSTACK HSTACK
    TAKE DROP CHOOSECOLS CHOOSEROWS TEXTSPLIT MAP BYROW BYCOL SCAN MAKEARRAY LET LAMBDA OFFSET
    INDIRECT LINEST TREND GROWTH WRAPROWS WRAPCOLS EXPAND
    """.split()
)


def parsed(formula: str) -> Node:
    """The parts of a formula.

    :raises NotUnderstoodError: where it is of a form that is not taken apart
    """
    reader = _Reader([part for part in parts(formula) if part.kind != "space"])
    node = reader.expression(0, 0)
    if reader.at < len(reader.parts):
        raise NotUnderstoodError
    return node


class _Reader:
    def __init__(self, found: list[Part]) -> None:
        self.parts = found
        self.at = 0

    @property
    def now(self) -> Part:
        """The next part."""
        if self.at >= len(self.parts):
            raise NotUnderstoodError
        return self.parts[self.at]

    def _is(self, *signs: str) -> bool:
        inside = self.at < len(self.parts)
        return inside and self.parts[self.at].kind == "sign" and self.parts[self.at].text in signs

    def _text(self, start: int) -> str:
        return "".join(part.text for part in self.parts[start : self.at])

    def expression(self, level: int, depth: int) -> Node:
        """An expression of operators that bind at least as much as ``level``."""
        if depth > _DEEPEST:
            raise NotUnderstoodError
        if level == len(_BINARY):
            return self._prefixed(depth)
        start = self.at
        left = self.expression(level + 1, depth)
        while self._is(*_BINARY[level]):
            sign = self.now.text
            self.at += 1
            right = self.expression(level + 1, depth)
            left = Node("operator", self._text(start), sign, [left, right])
        return left

    def _prefixed(self, depth: int) -> Node:
        start = self.at
        if self._is("-", "+", "@"):
            sign = self.now.text
            self.at += 1
            inner = self._prefixed(depth + 1) if depth < _DEEPEST else self._operand(depth)
            return Node("operator", self._text(start), sign, [inner])
        node = self._operand(depth)
        while self._is("%", "#"):
            sign = self.now.text
            self.at += 1
            node = Node("operator", self._text(start), sign, [node])
        return node

    def _operand(self, depth: int) -> Node:
        start, part = self.at, self.now
        self.at += 1
        if part.kind in ("text", "number", "error"):
            return Node("value", part.text)
        if part.kind == "ref":
            return Node("ref", part.text)
        if part.kind == "call":
            return self._call(start, function(part.text), depth)
        if part.kind in ("name", "table"):
            logical = part.text.upper() in ("TRUE", "FALSE")
            return Node("value" if logical else "name", part.text)
        if part.text == "(":
            inner = self.expression(0, depth + 1)
            self._close()
            return Node("bracket", self._text(start), "", [inner])
        raise NotUnderstoodError

    def _call(self, start: int, name: str, depth: int) -> Node:
        arguments: list[Node] = []
        while not self._is(")"):
            if self._is(","):
                arguments.append(Node("value", ""))
            else:
                arguments.append(self.expression(0, depth + 1))
            if not self._is(","):
                break
            self.at += 1
        self._close()
        return Node("call", self._text(start), name, arguments)

    def _close(self) -> None:
        if not self._is(")"):
            raise NotUnderstoodError
        self.at += 1
