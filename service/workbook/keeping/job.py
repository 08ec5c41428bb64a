"""One saving: what is saved, from what, and into what."""

from __future__ import annotations

from dataclasses import dataclass, field
from functools import cached_property

from openpyxl import Workbook
from openpyxl.styles.cell_style import StyleArray

from service.workbook.calculation.results import Values
from service.workbook.keeping.loader import Memory
from service.workbook.keeping.metadata import dynamic_index
from service.workbook.package.opc import Draft


@dataclass
class Job:
    """The workbook, its memory, the values of its formulas and the draft of the new package.

    :param new_styles: whether something uses a style that the file does not have
    :param changed: places of the cells that changed, or whose values did, by their sheet's title
    """

    book: Workbook
    memory: Memory
    values: Values
    draft: Draft
    new_styles: bool = field(default=False)
    changed: dict[str, set[tuple[int, int]]] = field(default_factory=dict)

    @cached_property
    def styles(self) -> list[StyleArray]:
        """The formats of cells as they are numbered at the start."""
        return list(self.book._cell_styles)

    @cached_property
    def dynamic(self) -> int:
        """The ``cm`` of cells with a dynamic array; asking for it makes the metadata have it."""
        return dynamic_index(self.draft, self.main)

    @cached_property
    def main(self) -> str:
        """The part of the workbook."""
        return self.draft.relationships("").of_kind("officeDocument")[0].target
