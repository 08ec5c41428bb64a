"""Walking back and forth: undo, redo, and what changed."""

from __future__ import annotations

from typing import Literal

from service.errors import InvalidParameters
from service.operations.context import Desk
from service.operations.registry import Answer, operation

MOST_STEPS = 10_000


@operation(
    effect="session",
    doing="Looking at the changes of {workbook}",
    nature=("loses",),
    example={"action": "changes", "steps": 1},
    delivers=True,
)
def undo_excel_change(
    desk: Desk,
    workbook: str = "",
    action: Literal["undo", "redo", "changes"] = "undo",
    steps: int = 1,
    until: int = 0,
    page: int = 1,
) -> Answer:
    """Undo or redo changes of an open workbook, or tell cell by cell what changed.

    :param action: changes tells what the last steps did
    :param steps: how many changes; for changes 0 is all since the opening
    :param until: changes: how many steps back the later state lies
    :param page: page of a long list of changed cells
    """
    lowest = 0 if action == "changes" else 1
    if not lowest <= steps <= MOST_STEPS:
        raise InvalidParameters(
            f"steps is {steps}; for {action} it goes from {lowest} to {MOST_STEPS}.",
            "Each change that was answered is one step.",
        )
    if until and action != "changes":
        raise InvalidParameters(
            f"until has no effect on {action}.", "Leave it out; it belongs to changes."
        )
    if not 0 <= until <= MOST_STEPS:
        raise InvalidParameters(
            f"until is {until}; it goes from 0 to {MOST_STEPS}.", "Count steps back from now."
        )
    if not 1 <= page <= MOST_STEPS:
        raise InvalidParameters(f"page is {page}; pages count from 1.", "Begin with page 1.")
    if action == "changes":
        return desk.changes(workbook, steps, until, page)
    return desk.walk(workbook, steps if action == "redo" else -steps)
