"""The parts that hang on a sheet: drawings, comments, tables."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from openpyxl.comments import Comment

from service.workbook.keeping import comments, drawings, tables
from service.workbook.keeping.comments import CommentMemory, Place
from service.workbook.keeping.drawings import DrawingMemory
from service.workbook.keeping.tables import TableMemory
from service.workbook.package.opc import Draft, Package


@dataclass
class Memory:
    """What a sheet had hanging on it when it was opened.

    It holds the editor's objects themselves, so it is to be pickled together with the workbook.
    It speaks of one package, and is used with drafts of that one.
    """

    drawings: DrawingMemory = field(default_factory=DrawingMemory)
    comments: CommentMemory = field(default_factory=CommentMemory)
    tables: TableMemory = field(default_factory=TableMemory)


@dataclass(frozen=True)
class Links:
    """The relationship ids that elements of a sheet are to have; None where as before.

    :param drawing: of ``drawing``; empty where the element is to go
    :param legacy_drawing: of ``legacyDrawing``; likewise
    :param table_parts: of the ``tablePart`` elements in ``tableParts``; likewise
    """

    drawing: tuple[str, ...] | None = None
    legacy_drawing: tuple[str, ...] | None = None
    table_parts: tuple[str, ...] | None = None

    def __bool__(self) -> bool:
        """Whether the sheet's part has to change."""
        return (self.drawing, self.legacy_drawing, self.table_parts) != (None, None, None)


def remember(
    ws: Any, package: Package, part: str, notes: Mapping[Place, Comment] | None = None
) -> Memory:
    """Note what hangs on a sheet, right after openpyxl has read it from ``part``.

    :param ws: a worksheet or chartsheet of openpyxl's
    :param notes: its comments by (row, column); left out, all its cells are looked at
    """
    if not hasattr(ws, "_cells"):
        return Memory(drawings.remember(ws, package, part))
    return Memory(
        drawings.remember(ws, package, part),
        comments.remember(ws, package, part, notes),
        tables.remember(ws, package, part),
    )


def update(
    ws: Any,
    memory: Memory | None,
    draft: Draft,
    part: str,
    notes: Mapping[Place, Comment] | None = None,
) -> Links:
    """Bring what hangs on a sheet up to date in a draft. What did not change is not written.

    :param memory: what :func:`remember` gave; None for a sheet that is new
    :param part: name of the sheet's part in the draft
    """
    memory = memory or Memory()
    drawing = drawings.update(ws, memory.drawings, draft, part)
    if not hasattr(ws, "_cells"):
        return Links(drawing)
    return Links(
        drawing,
        comments.update(ws, memory.comments, draft, part, notes),
        tables.update(ws, memory.tables, draft, part),
    )
