"""Comments, links, pictures and names: one operation, a module for each kind."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Literal

from openpyxl.worksheet.worksheet import Worksheet
from pydantic import Field

from service.errors import InvalidParameters, NotFound, listed
from service.operations.annotations import comments, images, links, names
from service.operations.annotations.asked import Asked, Found
from service.operations.context import Context
from service.operations.registry import Answer, BriefOptions, operation
from service.workbook.book import Book
from service.workbook.cells import refuse_unstorable

Kind = Literal["comment", "link", "image", "name"]
Action = Literal["comment", "link", "image", "name", "list", "remove"]
_MOST_LISTED = 100


class AnnotationOptions(BriefOptions):
    """Extras of annotate_excel_cells."""

    author: str | None = Field(default=None, description="of a comment")
    tip: str | None = Field(default=None, description="shown when the mouse is over a link")
    width_cm: float | None = Field(default=None, description="of a comment or picture")
    height_cm: float | None = Field(
        default=None, description="of a comment or picture; of a picture one of both is enough"
    )
    scope: Literal["workbook", "sheet"] | None = Field(
        default=None, description="where a name is known; left out: in the workbook"
    )
    kind: Kind | None = Field(
        default=None, description="what to list or remove, where there are several"
    )


# What each action takes beside the sheet.
_TAKES: dict[str, tuple[str, ...]] = {
    "comment": ("range", "text", "author", "width_cm", "height_cm"),
    "link": ("range", "target", "text", "tip"),
    "image": ("range", "target", "text", "name", "width_cm", "height_cm"),
    "name": ("name", "target", "range", "text", "scope"),
    "list": ("range", "kind"),
    "remove": ("range", "name", "kind", "scope"),
}
_ADD: dict[str, Callable[[Context, Asked], Answer]] = {
    "comment": comments.put,
    "link": links.put,
    "image": images.put,
    "name": names.put,
}


@operation(
    effect="change",
    doing="Changing notes of {where}",
    example={"action": "comment", "range": "B2", "text": "Checked with the bank."},
    file_parameter="target",
    file_if=("action", "image"),
)
def annotate_excel_cells(
    ctx: Context,
    action: Action,
    sheet: str = "",
    range: str = "",
    text: str = "",
    target: str = "",
    name: str = "",
    options: AnnotationOptions = AnnotationOptions(),  # noqa: B008 - never changed
) -> Answer:
    """Comments, links, pictures and defined names: add, change, list or remove them.

    :param action: what to add or change, or list, remove
    :param sheet: leave out if there is one
    :param range: cell such as "B2"; a picture is fitted into several
    :param text: the comment, a link's words, or a picture's description
    :param target: link: address or "Costs!A1"; image: uploaded file; name: cells or "=0.19"
    :param name: of a defined name or picture
    :param options: extras, such as {"author": "Ana"}.
    """
    asked = Asked(sheet, range.strip(), text, target.strip(), name.strip(), options.model_dump())
    _refuse_without_effect(action, asked)
    given = {"text": text, "target": target, "name": name, **asked.options}
    for parameter, value in given.items():
        refuse_unstorable(parameter, value)
    if action == "list":
        return _listed(ctx.book, asked)
    if action == "remove":
        return _removed(ctx.book, asked)
    return _ADD[action](ctx, asked)


def _refuse_without_effect(action: str, asked: Asked) -> None:
    takes = _TAKES[action]
    given = [name for name in ("range", "text", "target", "name") if getattr(asked, name)]
    given += [name for name, value in asked.options.items() if value is not None]
    for name in given:
        if name not in takes:
            option = "options." if name in asked.options else ""
            raise InvalidParameters(
                f"{option}{name} has no effect on {action}.",
                f"Leave it out; {action} takes {listed(list(takes))}.",
            )


# Listing ----------------------------------------------------------------------


def _sheets(book: Book, asked: Asked) -> list[Worksheet]:
    if asked.sheet or asked.range:
        return [asked.place(book)[0] if asked.range else book.sheet(asked.sheet)]
    return list(book.xl.worksheets)


def _all(book: Book, asked: Asked) -> list[Found]:
    """All that there is, or only what is asked for."""
    found: list[Found] = []
    wanted = asked.options["kind"]
    for sheet in _sheets(book, asked):
        area = asked.place(book)[1] if asked.range else None
        for kind, module in (("comment", comments), ("link", links), ("image", images)):
            if wanted in (None, kind):
                items = module.found(sheet)
                found += [i for i in items if area is None or area.holds(i.row, i.column)]
    if wanted in (None, "name") and not asked.range:
        found += names.found(book, book.sheet(asked.sheet) if asked.sheet else None)
    return found


def _listed(book: Book, asked: Asked) -> Answer:
    found = _all(book, asked)
    several = len(book.xl.worksheets) > 1 and not asked.sheet
    result: dict[str, Any] = {}
    for kind in ("comment", "link", "image", "name"):
        told = [item.told(sheet=several) for item in found if item.kind == kind]
        if told:
            result[f"{kind}s"] = told[:_MOST_LISTED]
        if len(told) > _MOST_LISTED:
            result[f"more_{kind}s"] = len(told) - _MOST_LISTED
    return Answer(
        result or {"found": "nothing"},
        sheet=_sheets(book, asked)[0].title if asked.sheet else "",
        changed=False,
    )


# Removing ---------------------------------------------------------------------


def _removed(book: Book, asked: Asked) -> Answer:
    if bool(asked.range) == bool(asked.name):
        raise InvalidParameters(
            "remove needs range for comments, links and pictures, or name for a name or picture.",
            'Send one of them, such as range "B2".',
        )
    if asked.range:
        sheet, area = asked.place(book)
        there = [item for item in _all(book, asked) if area.holds(item.row, item.column)]
        where = f"{area} on {sheet.title}"
    else:
        there, where = _named(book, asked), f'name "{asked.name}"'
    if not there:
        exist = _all(book, Asked(asked.sheet, options=asked.options))
        raise NotFound(
            f"There is nothing to remove at {where}.",
            f"There are: {listed([item.label for item in exist]) or 'none at all'}.",
        )
    kinds = list(dict.fromkeys(item.kind for item in there))
    if len(kinds) > 1:
        raise InvalidParameters(
            f"{where} has several kinds: {', '.join(kinds)}.",
            f'Say which with options, such as {{"kind": "{kinds[0]}"}}.',
        )
    notes = names.notes(book, [item for item in there if item.kind == "name"])
    with book.changing():
        for item in there:
            item.remove()
    result: dict[str, Any] = {"removed": kinds[0], "from": [item.label for item in there][:20]}
    return Answer(result | ({"notes": notes} if notes else {}), sheet=there[0].sheet)


def _named(book: Book, asked: Asked) -> list[Found]:
    plain = asked.name.casefold()
    found = [item for item in _all(book, asked) if item.name.casefold() == plain]
    scope = asked.options["scope"]
    if scope:
        found = [i for i in found if i.kind == "name" and bool(i.sheet) == (scope == "sheet")]
    if len(found) > 1 and len({item.kind for item in found}) == 1:
        raise InvalidParameters(
            f'There are several "{asked.name}": {listed([item.label for item in found])}.',
            'Name the sheet, or say {"scope": "workbook"}.',
        )
    return found
