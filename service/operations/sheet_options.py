"""What edit_excel_sheet can set: lines, view, page, protection; each option with its meaning."""

from __future__ import annotations

from typing import Literal

from pydantic import Field

from service.operations.registry import BriefOptions

Allowed = Literal[
    "select_locked", "select_unlocked", "format_cells", "format_columns", "format_rows",
    "insert_columns", "insert_rows", "insert_hyperlinks", "delete_columns", "delete_rows",
    "sort", "filter", "pivot", "edit_objects", "edit_scenarios",
]  # fmt: skip


class SheetOptions(BriefOptions):
    """Extras of edit_excel_sheet: those of layout, and the last three of protect."""

    rare = frozenset(
        """
        headings view zoom right_to_left allow print_headings print_gridlines page_order scale
        center collapsed editable
        """.split()
    )

    width: float | Literal["auto"] | None = Field(
        default=None, description="of the columns in target, in characters, or auto"
    )
    height: float | Literal["auto"] | None = Field(
        default=None, description="of the rows in target, in points; auto: as the text needs it"
    )
    hidden: bool | None = Field(default=None, description="the rows or columns in target")
    group: bool | None = Field(
        default=None, description="true: one more outline level for target; false: one less"
    )
    collapsed: bool | None = Field(default=None, description="whether the group in target is shut")
    freeze: str | None = Field(
        default=None,
        description='first cell that scrolls, "row", "column", or none',
    )
    filter: str | None = Field(
        default=None, description='cells to filter with their headers, "auto" for the data, none'
    )
    tab_color: str | None = Field(default=None, description="of the sheet's tab, or none")
    zoom: int | None = Field(default=None, description="per cent, 10 to 400")
    gridlines: bool | None = Field(default=None, description="shown on the screen")
    headings: bool | None = Field(default=None, description="A, B, C and 1, 2, 3 at the edges")
    right_to_left: bool | None = Field(default=None, description="column A on the right")
    view: Literal["normal", "page layout", "page breaks"] | None = Field(
        default=None, description="how Excel shows the sheet"
    )
    orientation: Literal["portrait", "landscape"] | None = Field(
        default=None, description="of the paper"
    )
    paper: str | None = Field(default=None, description="A3, A4, A5, letter, legal, tabloid ...")
    margins: str | float | dict[str, float] | None = Field(
        default=None,
        description="normal, narrow, wide, or centimetres: one number, or by side (left, right, "
        "top, bottom, header, footer)",
    )
    fit: str | None = Field(
        default=None, description='width (one page wide), page, "2x3" pages, none'
    )
    scale: int | None = Field(default=None, description="of the print, per cent, 10 to 400")
    print_area: str | None = Field(default=None, description='cells to print: "A1:F40", or none')
    print_titles: str | None = Field(
        default=None, description='repeated on each page: "1:2", "A:A", "1:1,A:B", or none'
    )
    center: Literal["horizontal", "vertical", "both", "none"] | None = Field(
        default=None, description="on the paper"
    )
    print_gridlines: bool | None = Field(default=None, description="printed, too")
    print_headings: bool | None = Field(default=None, description="printed, too")
    page_order: Literal["down", "over"] | None = Field(
        default=None, description="which pages of a wide sheet follow the first"
    )
    header: str | dict[str, str] | None = Field(
        default=None,
        description='text in the middle, or {"left", "center", "right"}; with {page}, {pages}, '
        "{date}, {time}, {file}, {sheet}, {path}, or Excel's &-codes (&& is an ampersand)",
    )
    footer: str | dict[str, str] | None = Field(default=None, description="as header")
    page_breaks: str | list[str | int] | None = Field(
        default=None, description='rows and columns that start a page: "20, 40, F", or none'
    )
    password: str = Field(default="", description="to take the protection off again")
    allow: list[Allowed] = Field(
        default=[], description="what stays possible on a protected sheet beside selecting"
    )
    editable: str = Field(default="", description='cells to unlock before, such as "B2:B9,D2"')


PROTECTING = ("password", "allow", "editable")
LINES = ("width", "height", "hidden", "group", "collapsed")


def chosen(options: SheetOptions) -> list[str]:
    """The names of the options that were given."""
    return [name for name, value in options.model_dump().items() if value not in (None, "", [])]
