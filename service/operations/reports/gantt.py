"""The sheets of a project plan: the tasks, and the calendar beside them."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from copy import copy

from openpyxl.styles import Alignment, Border, Font, Side
from openpyxl.styles.differential import DifferentialStyle
from openpyxl.utils import quote_sheetname
from openpyxl.worksheet.worksheet import Worksheet

from service.operations.context import Context
from service.operations.layout import style_header
from service.operations.reports import forms, look
from service.operations.reports.forms import Line, letter
from service.operations.reports.project import GROUPS, Plan, Task
from service.operations.reports.words import in_language
from service.workbook.areas import Area
from service.workbook.cells import Scalar
from service.workbook.colors import blend

_FIRST, _HEADER = 2, 9
_WIDTHS = {"day": 2.9, "week": 3.3, "month": 4.0}
_TODAY, _WEEKEND = "C00000", "F2F2F2"
_DAYS_OFF_AT = 5
_MORE_DAYS_OFF = 20


class _Grid:
    """Where the columns of a plan stand."""

    def __init__(self, project: Plan) -> None:
        self.project = project
        phase = ["phase"] if "phase" in project.parts else []
        owner = ["owner"] if "owner" in project.parts else []
        after = ["after"] if "after" in project.parts else []
        self.parts = ["no", *phase, "task", *owner, *after]
        self.parts += ["start", "days", "end", "done", "status"]
        self.rows = len(project.tasks) + project.blank
        self.first, self.last = _HEADER + 1, _HEADER + self.rows
        self.band = _FIRST + len(self.parts) + 1
        self.band_last = self.band + project.columns - 1

    def column(self, part: str) -> int:
        return _FIRST + self.parts.index(part)

    def cell(self, part: str, row: int, *, fixed: bool = False) -> str:
        mark = "$" if fixed else ""
        return f"{mark}{letter(self.column(part))}{row}"

    def all(self, part: str) -> str:
        """The cells of a part in all rows."""
        name = letter(self.column(part))
        return f"${name}${self.first}:${name}${self.last}"


def write(ctx: Context, project: Plan) -> list[str]:
    """Write the project plan; returns the names of its sheets."""
    sheet = ctx.book.xl.create_sheet(project.sheet)
    grid = _Grid(project)
    columns = _columns(project)
    band_width = _WIDTHS[project.unit]
    widths = [columns[part].width for part in grid.parts]
    look.set_grid(sheet, (1.5, *widths, 1.5, *[band_width] * project.columns))
    house, say = project.order.choices.house, project.order.say
    look.write_title(sheet, _FIRST, project.order.choices.title or say("Project plan"), house)
    note = look.write_small(sheet, 3, _FIRST, f"'{say('The line marks today')}", house)
    note.font = Font(name=house.font, size=10, color=_TODAY)
    _write_tasks(sheet, grid, [columns[part] for part in grid.parts])
    _write_band(sheet, grid)
    _write_figures(sheet, grid)
    _check(sheet, grid)
    _finish(sheet, grid)
    if project.holidays:
        _write_days_off(ctx.book.xl.create_sheet(project.days_off), project)
    return [project.sheet, *([project.days_off] if project.holidays else [])]


def _columns(project: Plan) -> dict[str, Line]:
    say = project.order.say
    dated = project.order.dated
    names = [task.name for task in project.tasks]
    widest = min(max((len(name) * 1.05 + 3 for name in names), default=30), 42)
    owners = [str(task.given["owner"] or "") for task in project.tasks]
    phases = [str(task.given["phase"] or "") for task in project.tasks]
    return {
        "no": Line(say("No."), 5, "0", "center"),
        "phase": Line(say("Phase"), _fitting([say("Phase"), *phases]), wrap=True),
        "task": Line(say("Task"), max(widest, 20), wrap=True),
        "owner": Line(say("Owner"), _fitting([say("Owner"), *owners]), wrap=True),
        "after": Line(say("After"), 8, "General", "center"),
        "start": Line(say("Start"), 12, dated, "center"),
        "days": Line(say("Days"), 7, "0", "center"),
        "end": Line(say("End"), 12, dated, "center"),
        "done": Line(say("Done"), 8, "0%", "center"),
        "status": Line(say("Status"), 11, "General", "center"),
    }


def _fitting(texts: Sequence[str]) -> float:
    """A width for texts, of which the first is the header; without others there is more room."""
    return min(max(len(text) * 1.1 + 3 for text in texts) if any(texts[1:]) else 14, 22)


# The tasks -----------------------------------------------------------------------------


def _write_tasks(sheet: Worksheet, grid: _Grid, columns: Sequence[Line]) -> None:
    # Formulas that look among all rows above would refer to themselves where a task waits for
    # one below it.
    tasks = grid.project.tasks
    upwards = all(other < number for number, task in enumerate(tasks) for other in task.after)
    given: list[Task | None] = [*tasks, *[None] * grid.project.blank]
    lines = [
        [_cell(grid, part, task, grid.first + number, upwards) for part in grid.parts]
        for number, task in enumerate(given)
    ]
    forms.write_lines(sheet, (_HEADER, _FIRST), columns, lines, grid.project.order.choices.house)


def _cell(grid: _Grid, part: str, task: Task | None, row: int, upwards: bool) -> Scalar:
    start, days = (grid.cell(name, row) for name in ("start", "days"))
    if part == "no":
        return row - grid.first + 1
    if part == "end":
        moment = f"WORKDAY({start}-1,{days}{_off(grid)})"
        return f'=IF(OR({start}="",{days}=""),"",IF({days}=0,{start},{moment}))'
    if part == "status":
        return _status(grid, row)
    if part == "start":
        return _start(grid, task, row, upwards)
    if task is None:
        return None
    if part == "task":
        return f"'{task.name}" if task.name else None
    if part == "after":
        numbers = [str(other + 1) for other in task.after]
        return (
            int(numbers[0]) if len(numbers) == 1 else f"'{', '.join(numbers)}" if numbers else None
        )
    if part in ("days", "done"):
        return task.days if part == "days" else task.done
    return task.given[part]


def _numbers(task: Task) -> Scalar:
    """The tasks that it waits for, as people count them."""
    numbers = [other + 1 for other in task.after]
    if len(numbers) < 2:
        return numbers[0] if numbers else None
    return f"'{', '.join(map(str, numbers))}"


def _off(grid: _Grid) -> str:
    """The days off, as the last argument of WORKDAY."""
    project = grid.project
    if not project.holidays:
        return ""
    last = _DAYS_OFF_AT + len(project.holidays) + _MORE_DAYS_OFF
    return f",{quote_sheetname(project.days_off)}!$B${_DAYS_OFF_AT + 1}:$B${last}"


def _start(grid: _Grid, task: Task | None, row: int, upwards: bool) -> Scalar:
    """A day; of a task that waits, the working day after; never before the day given."""
    if task is None:
        waits = upwards and row > grid.first and "after" in grid.parts
        return f"={_by_number(grid, row)}" if waits else None
    given = task.start
    if not task.after:
        first = given or grid.project.start
        return first.isoformat() if first else None
    if len(task.after) == 1 and upwards:
        return f"={_by_number(grid, row, given)}"
    ends = ",".join(grid.cell("end", grid.first + other) for other in task.after)
    following = f"WORKDAY(MAX({ends}),1{_off(grid)})"
    return f'=IF(COUNT({ends})<{len(task.after)},"",{_not_before(following, given)})'


def _not_before(formula: str, given: object) -> str:
    if given is None:
        return formula
    year, month, number = str(given).split("-")
    return f"MAX(DATE({year},{int(month)},{int(number)}),{formula})"


def _by_number(grid: _Grid, row: int, given: object = None) -> str:
    """The working day after the task whose number stands in the row."""
    after = grid.cell("after", row)
    ends, numbers = (
        f"{letter(grid.column(part))}${grid.first}:{letter(grid.column(part))}{row - 1}"
        for part in ("end", "no")
    )
    found = f"INDEX({ends},MATCH({after},{numbers},0))"
    following = _not_before(f"WORKDAY({found},1{_off(grid)})", given)
    return f'IF(COUNTIF({numbers},{after})=0,"",IF({found}="","",{following}))'


def _status(grid: _Grid, row: int) -> str:
    say = grid.project.order.say
    start, end, done = (grid.cell(part, row) for part in ("start", "end", "done"))
    words = {name: f'"{say(name)}"' for name in ("done", "late", "running", "planned")}
    return (
        f'=IF({end}="","",IF(N({done})>=1,{words["done"]},IF({end}<TODAY(),{words["late"]},'
        f"IF({start}<=TODAY(),{words['running']},{words['planned']}))))"
    )


def _check(sheet: Worksheet, grid: _Grid) -> None:
    if not grid.rows:
        return
    plain = {part: grid.all(part).replace("$", "") for part in grid.parts}
    forms.check(sheet, plain["start"], "date", grid.project.order.say("Enter a date."))
    forms.check(
        sheet,
        plain["days"],
        "whole",
        grid.project.order.say("Enter whole working days."),
        "0",
        "10000",
    )
    forms.check(
        sheet, plain["done"], "decimal", grid.project.order.say("Enter 0% to 100%."), "0", "1"
    )
    say, status = grid.project.order.say, f"${letter(grid.column('status'))}{grid.first}"
    looks = {"done": forms.GOOD, "late": forms.BAD, "running": forms.WARNING}
    for name, colors in looks.items():
        formula = f'{status}="{say(name)}"'
        forms.mark(sheet, plain["status"], formula, forms.colored(*colors))


# The calendar ---------------------------------------------------------------------------


def _write_band(sheet: Worksheet, grid: _Grid) -> None:
    """Two header rows of dates, and rules that make bars of the cells below."""
    house, unit = grid.project.order.choices.house, grid.project.unit
    first_row = _HEADER - 1
    style_header(sheet, Area(first_row, grid.band, _HEADER, grid.band_last), house)
    starts = grid.all("start")
    origin = f"MIN({starts})"
    begin = f"{origin}-DAY({origin})+1" if unit == "month" else f"{origin}-WEEKDAY({origin},2)+1"
    for column in range(grid.band, grid.band_last + 1):
        before = letter(column - 1)
        formula = f'=IF(COUNT({starts})=0,"",{begin})'
        if column > grid.band:
            step = {"day": f"{before}{_HEADER}+1", "week": f"{before}{_HEADER}+7"}
            following = step.get(unit, f"EDATE({before}{_HEADER},1)")
            formula = f'=IF({before}{_HEADER}="","",{following})'
        cell = look.put(sheet, _HEADER, column, formula)
        shown = {"day": "d", "week": "d mmm", "month": "mmm yy"}[unit]
        cell.number_format = in_language(shown, grid.project.order.options.language)
        turned = 0 if unit == "day" else 90
        cell.alignment = Alignment("center", "center", text_rotation=turned)
        cell.font = copy(house.header_font)
        cell.font = Font(
            name=house.font, size=8, bold=unit != "day", color=cell.font.color or "000000"
        )
    _write_weeks(sheet, grid, first_row)
    _add_rules(sheet, grid)


def _write_weeks(sheet: Worksheet, grid: _Grid, row: int) -> None:
    """Above days the first of their week, above weeks their month, above months their year."""
    house, unit = grid.project.order.choices.house, grid.project.unit
    span = GROUPS[unit]
    sheet.row_dimensions[_HEADER].height = 20 if unit == "day" else 42
    for column in range(grid.band, grid.band_last + 1, span):
        last = min(column + span - 1, grid.band_last)
        cell = look.put(sheet, row, column, f"={letter(column)}{_HEADER}")
        shown = {"day": "d mmm yyyy", "week": "mmm yyyy", "month": "yyyy"}[unit]
        cell.number_format = in_language(shown, grid.project.order.options.language)
        cell.font = Font(
            name=house.font, size=9, bold=True, color=house.header_font.color or "000000"
        )
        cell.alignment = Alignment("left", "center")
        edge = Side("thin", color="FFFFFF" if house.name != "plain" else "BFBFBF")
        cell.border = Border(left=edge, bottom=copy(cell.border.bottom))
        if last > column:
            sheet.merge_cells(start_row=row, start_column=column, end_row=row, end_column=last)


def _add_rules(sheet: Worksheet, grid: _Grid) -> None:
    """Today's line, bars with what is done in them, milestones, weekends."""
    if not grid.rows:
        return
    house, unit, row = grid.project.order.choices.house, grid.project.unit, grid.first
    main = house.main if house.name != "plain" else "404040"
    area = str(Area(grid.first, grid.band, grid.last, grid.band_last))
    first = letter(grid.band)
    date = f"{first}${_HEADER}"
    following = {"day": f"{date}+1", "week": f"{date}+7"}.get(unit, f"EDATE({date},1)")
    start, end, days, done = (
        grid.cell(part, row, fixed=True) for part in ("start", "end", "days", "done")
    )
    line = DifferentialStyle(border=Border(left=Side("thin", color=_TODAY), bottom=forms.HAIRLINE))
    today = f'{date}<>"",TODAY()>={date},TODAY()<{following}'
    heads = str(Area(_HEADER, grid.band, _HEADER, grid.band_last))
    forms.mark(sheet, heads, f"AND({today})", line)
    on = f'{date}<>"",{end}<>"",{date}<={end},{following}>{start}'
    share = f"MAX({date},{start})<{start}+({end}-{start}+1)*N({done})"
    looks = [
        (f"{on},{days}=0", house.accents[1]),
        (f"{on},{share}", main),
        (on, blend(main, "FFFFFF", 0.55)),
    ]
    if unit == "day":
        looks.append((f'{date}<>"",WEEKDAY({date},2)>5', _WEEKEND))
    # Not every program lays a second rule over the first: today has rules of its own.
    for formula, color in looks:
        style = forms.colored(color)
        style.border = line.border
        forms.mark(sheet, area, f"AND({formula},{today})", style, last=True)
    forms.mark(sheet, area, f"AND({today})", line, last=True)
    for formula, color in looks:
        forms.mark(sheet, area, f"AND({formula})", forms.colored(color), last=True)
    grid_line = Border(bottom=forms.HAIRLINE)
    for cells in sheet.iter_rows(grid.first, grid.last, grid.band, grid.band_last):
        for cell in cells:
            cell.border = grid_line


# The rest ----------------------------------------------------------------------------------


def _write_figures(sheet: Worksheet, grid: _Grid) -> None:
    project = grid.project
    house, say = project.order.choices.house, project.order.say
    dated = project.order.dated
    starts, ends, days, done = (grid.all(part) for part in ("start", "end", "days", "done"))
    progress = f"=IF(SUM({days})=0,0,SUMPRODUCT({days},{done})/SUM({days}))"
    late = f'=COUNTIF({grid.all("status")},"{say("late")}")'
    figures = [
        look.Figure(say("Project start"), f'=IF(COUNT({starts})=0,"",MIN({starts}))', dated),
        look.Figure(say("Project end"), f'=IF(COUNT({ends})=0,"",MAX({ends}))', dated),
        look.Figure(say("Progress"), progress, "0%"),
        look.Figure(say("Tasks late"), late, "0"),
    ]
    task, last = grid.column("task"), grid.column("status")
    areas = [
        (_FIRST, task),
        (task + 1, grid.column("days")),
        (grid.column("end"), grid.column("done")),
        (last, last),
    ]
    look.write_figures(sheet, 5, areas, figures, house)


def _finish(sheet: Worksheet, grid: _Grid) -> None:
    house = grid.project.order.choices.house
    sheet.freeze_panes = f"{letter(grid.column('task') + 1)}{_HEADER + 1}"
    look.set_up_page(sheet, house, landscape=True, one_page=grid.rows <= 35, repeat=_HEADER)
    sheet.print_title_rows = f"{_HEADER - 1}:{_HEADER}"
    sheet.print_area = str(Area(1, 1, max(grid.last, _HEADER), grid.band_last))
    forms.in_font(sheet, house)


def _write_days_off(sheet: Worksheet, project: Plan) -> None:
    house, say = project.order.choices.house, project.order.say
    look.set_grid(sheet, (2, 24))
    look.write_title(sheet, 2, say("Days off"), house)
    text = say("Working days leave these out, besides weekends.")
    look.write_small(sheet, 3, 2, f"'{text}", house)
    lines = [*_days_off(project)]
    columns = [Line(say("Date"), 24, project.order.dated)]
    area = forms.write_lines(sheet, (_DAYS_OFF_AT, 2), columns, lines, house)
    forms.check(sheet, str(area.below(1)), "date", say("Enter a date."))
    look.set_up_page(sheet, house, landscape=False, repeat=_DAYS_OFF_AT)
    forms.in_font(sheet, house)


def _days_off(project: Plan) -> Iterator[list[Scalar]]:
    for one in project.holidays:
        yield [one.isoformat()]
    for _ in range(_MORE_DAYS_OFF):
        yield [None]
