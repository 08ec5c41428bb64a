"""Merging and parting cells, checked before and done afterwards."""

from __future__ import annotations

from dataclasses import dataclass

from openpyxl.worksheet.worksheet import Worksheet

from service.errors import InvalidRange
from service.workbook.areas import Area
from service.workbook.merged import check_merge, merge, merged_areas, unmerge

_MOST_CELLS, _MOST_NEW = 100_000, 1_000


@dataclass(frozen=True)
class Merging:
    """The merged cells that there are to be, and those that are to be parted."""

    sheet: Worksheet
    new: list[Area]
    old: list[Area]

    @classmethod
    def planned(cls, sheet: Worksheet, areas: list[Area], how: str | None) -> Merging:
        """:raises InvalidRange: if the cells can't be merged, or none are merged

        :param how: cells, across (each row by itself), none (to part them), or nothing at all
        """
        if how is None:
            return cls(sheet, [], [])
        there = merged_areas(sheet)
        if how == "none":
            old = [item for item in there if any(item.overlaps(area) for area in areas)]
            if not old:
                raise InvalidRange(
                    f"{','.join(map(str, areas))[:60]} holds no merged cells.",
                    f"Merged: {', '.join(map(str, there[:12])) or 'none on this sheet'}.",
                )
            return cls(sheet, [], old)
        _check_number(areas, how)
        new = areas
        if how == "across":
            new = [area.below(row).top(1) for area in areas for row in range(area.rows)]
        for number, area in enumerate(new):
            check_merge(sheet, area)
            if len(areas) > 1 and any(area.overlaps(other) for other in new[:number]):
                raise InvalidRange(f"{area} is named twice.", "Merge ranges that lie apart.")
        return cls(sheet, [area for area in new if area not in there], [])

    def part(self) -> None:
        """Part the merged cells that are to be no more."""
        for area in self.old:
            unmerge(self.sheet, area)

    def join(self) -> None:
        """Merge those that are to be."""
        for area in self.new:
            merge(self.sheet, area)


def _check_number(areas: list[Area], how: str) -> None:
    cells = sum(area.cells for area in areas)
    new = sum(area.rows for area in areas) if how == "across" else len(areas)
    if cells > _MOST_CELLS or new > _MOST_NEW:
        raise InvalidRange(
            f"These are {cells:,} cells, to be merged into {new:,}; at most {_MOST_CELLS:,} are "
            f"merged at once, into at most {_MOST_NEW:,}.",
            "Merge fewer cells.",
        )
