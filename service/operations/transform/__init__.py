"""Rearranging what is in a range: sort, replace, split, fill, copy and the like."""

from __future__ import annotations

from collections.abc import Callable

from service.errors import InvalidParameters, InvalidRange
from service.operations.context import Context
from service.operations.registry import Answer, operation
from service.operations.room import make_room
from service.operations.transform import blocks, replacing, rows, series, shape, texts
from service.operations.transform.columns import area_of
from service.operations.transform.options import Action, Task, TransformOptions, check_taken

_ACTIONS: dict[str, Callable[[Task], Answer]] = {
    "sort": rows.sort,
    "replace": replacing.replace,
    "remove_duplicates": rows.remove_duplicates,
    "split": texts.split,
    "join": texts.join,
    "fill": series.fill,
    "clean": texts.clean,
    "unpivot": shape.unpivot,
    "transpose": shape.transpose,
    "copy": blocks.copy_cells,
    "move": blocks.move_cells,
    "clear": blocks.clear,
}
# Left out, the range of these is the block of data; of the others it must be said.
_WHOLE = ("sort", "replace", "remove_duplicates", "clean", "unpivot", "transpose")


@operation(
    effect="change",
    doing="Changing {where}",
    example={"action": "sort", "options": {"by": ["Cost desc"]}},
)
def transform_excel_range(
    ctx: Context,
    action: Action,
    sheet: str = "",
    range: str = "",
    options: TransformOptions = TransformOptions(),  # noqa: B008 - never changed
) -> Answer:
    """Sort, find and replace, remove duplicates, split, fill, clean, copy, move or clear cells.

    Formulas are adjusted as in Excel; filled cells are overwritten only with force.

    :param action: what to do
    :param sheet: leave out if there is one
    :param range: "A1:D20", a table, or a column's header; left out for sort, replace, clean and
        their like: all data
    :param options: sort {"by": ["Cost desc"]}; replace {"find", "replace"}; copy {"to": "E1"};
        others likewise.
    """
    check_taken(action, options)
    if not range.strip() and action not in _WHOLE:
        raise InvalidRange(f"{action} needs a range.", 'Send it, such as "A2:A20".')
    if options.all_sheets and (sheet.strip() or range.strip()):
        raise InvalidParameters(
            "all_sheets has no effect beside a sheet or range.", "Leave out what is not meant."
        )
    if action == "replace" and not range.strip():
        worksheet = ctx.book.xl.worksheets[0] if options.all_sheets else ctx.book.sheet(sheet)
        area = ctx.book.used_area(worksheet)
    else:
        heads = action in ("split", "join")
        worksheet, area = area_of(ctx, sheet, range, heads=heads)
    answer = _ACTIONS[action](Task(ctx, worksheet, area, options))
    if action == "fill" and answer.changed:
        room = make_room(ctx, worksheet, area)
        if room.widened:
            answer.result["widened_columns"] = room.widened
        if room.notes:
            answer.result.setdefault("notes", []).extend(room.notes)
    return answer
