"""Rows and columns that stay when a sheet is scrolled."""

from __future__ import annotations

from openpyxl.worksheet.views import Selection
from openpyxl.worksheet.worksheet import Worksheet


def freeze(sheet: Worksheet, cell: str | None) -> None:
    """Let the rows above and the columns left of ``cell`` stay; None lets everything scroll.

    What is selected stays selected. Excel repairs a sheet that has a selection in a part that
    it is not split into, or two in one part.
    """
    view = sheet.sheet_view
    chosen = view.selection[-1] if view.selection else Selection()
    active, cells = chosen.activeCell or "A1", chosen.sqref or "A1"
    view.selection = (Selection(),)
    sheet.freeze_panes = cell
    others = [Selection(pane=item.pane, activeCell=None, sqref=None) for item in view.selection]
    pane = view.pane.activePane if view.pane is not None else None
    view.selection = (*others[:-1], Selection(pane=pane, activeCell=active, sqref=cells))
