"""The first calculator: formualizer.

It is given cells and formulas only, and calculates the workbook as a whole: that takes
time in proportion to the workbook, where its way of following each change takes the square.
"""

from __future__ import annotations

import contextlib
import functools
import threading
import time
from collections.abc import Iterable, Iterator
from dataclasses import replace

import formualizer

from service.workbook.areas import MAX_COLUMN, MAX_ROW, Area
from service.workbook.calculation.problem import Problem, Task, qualified
from service.workbook.calculation.results import Address, Computed, ErrorValue
from service.workbook.calculation.source import is_1904
from service.workbook.calculation.syntax import Part, function, located, parts, reference

_GAP = 100  # blank rows that are cheaper to load than to step over
_VAST = 500_000_000
_MOST_ARRAY_CELLS = 200
_PROBE = "_" * 40  # longer than the title of any sheet
_MOST_SPILLED = 10_000  # beyond, the calculator itself says that there is no room
_TOO_MANY = "its result has too many cells"
_NO_ROOM = Task("=#SPILL!")
_MOST_ROUNDS = 4  # of A1# that refer to one another
_ERRORS = {
    "Div": "#DIV/0!",
    "Na": "#N/A",
    "NA": "#N/A",
    "Name": "#NAME?",
    "Null": "#NULL!",
    "Num": "#NUM!",
    "Ref": "#REF!",
    "Value": "#VALUE!",
    "Spill": "#SPILL!",
    "Calc": "#CALC!",
}
# As a plain formula one of these shows its first value, and fills no other cells.
_SPILLING = frozenset(
    """
    ANCHORARRAY BYCOL BYROW CHOOSECOLS CHOOSEROWS DROP EXPAND FILTER FREQUENCY GROWTH HSTACK LAMBDA
    LET LINEST LOGEST MAKEARRAY MAP MINVERSE MMULT MODE.MULT MUNIT RANDARRAY SCAN SEQUENCE SORT
    SORTBY TAKE TEXTSPLIT TOCOL TOROW TRANSPOSE TREND UNIQUE VSTACK WRAPCOLS WRAPROWS XLOOKUP
    """.split()
)
CIRCULAR = "the formula refers to itself, directly or by way of others"


def calculate(problem: Problem, until: float) -> dict[Address, Computed]:
    """The results of all tasks, and of every cell that an array formula fills.

    :param until: of ``time.monotonic()``
    :raises TimeoutError: if that is not enough time; nothing is answered then
    """
    if not problem.tasks:
        return {}
    try:
        return _calculated(problem, until)
    except (TimeoutError, MemoryError, KeyboardInterrupt, SystemExit):
        raise
    except BaseException as error:  # noqa: BLE001 - native code panics with a BaseException
        reason = f"the calculator failed ({type(error).__name__})"
        return {address: Computed(unknown=reason) for address in problem.tasks}


def _calculated(problem: Problem, until: float) -> dict[Address, Computed]:
    engine = _engine(problem)
    refused = _load(engine, problem, until)
    timer = threading.Timer(max(0.0, until - time.monotonic()), engine.cancel)
    timer.start()
    try:
        engine.evaluate_all()
        barred = _bar(engine, problem)
        _anchor_single_cells(engine, problem)
    except formualizer.ExcelEvaluationError as error:
        raise TimeoutError from error
    finally:
        timer.cancel()
    found: dict[Address, Computed] = {}
    for address, task in (problem.tasks | barred).items():
        if address in refused:
            found |= dict.fromkeys(_cells(address, task), Computed(unknown=refused[address]))
        else:
            found |= _results(engine, address, task)
    return found


def _bar(engine: formualizer.Workbook, problem: Problem) -> dict[Address, Task]:
    """Have arrays fail that would spill over formulas, into merged cells or a table.

    They do so here, where formulas that can't be calculated are not seen, and in the problem.

    :returns: what they were
    """
    arrays = [a for a, t in problem.tasks.items() if t.kind == "dynamic"]
    barred = {title: problem.source.barred(title) for title in problem.source.sheets if arrays}
    places: dict[str, set[tuple[int, int]]] = {}
    for other, _ in problem.source.formulas() if arrays else ():
        places.setdefault(other[0], set()).add(other[1:])
    found = {}
    for address in arrays:
        area = _extent(engine, address) if address[0] in barred else None
        if area is None or area.cells == 1:
            continue
        on_way = any(map(area.overlaps, barred[address[0]]))
        if on_way or _several_in(area, places.get(address[0], set())):
            engine.set_formula(*address, _NO_ROOM.text)
            found[address] = problem.tasks[address]
            problem.tasks[address] = _NO_ROOM  # other calculators know nothing of such areas
    if found:
        engine.evaluate_all()
    return found


def _several_in(area: Area, places: set[tuple[int, int]]) -> bool:
    """Whether an area holds more of the places than one, which is the array's own."""
    if len(places) < area.cells:
        return sum(area.holds(*place) for place in places) > 1
    rows = range(area.first_row, area.last_row + 1)
    columns = range(area.first_column, area.last_column + 1)
    return sum((row, column) in places for row in rows for column in columns) > 1


def _anchor_single_cells(engine: formualizer.Workbook, problem: Problem) -> None:
    """Have ``A1#`` mean A1 where the formula there fills no other cell: it would be #REF!."""
    waiting = {a: t.text for a, t in problem.tasks.items() if "ANCHORARRAY" in t.functions}
    titles = {title.lower(): title for title in problem.sheets}
    for _ in range(_MOST_ROUNDS if waiting else 0):
        changed = {}
        for address, text in waiting.items():
            pieces, found = parts(text), []
            for index, part in enumerate(pieces):
                if part.kind == "call" and function(part.text) == "ANCHORARRAY":
                    place = located(pieces[index + 1].text) if index + 1 < len(pieces) else None
                    if place and _is_single(engine, problem, titles, address[0], place):
                        found.append(index)
            for index in found:
                pieces[index] = Part("sign", "(")
            if found:
                changed[address] = "=" + "".join(piece.text for piece in pieces)
        if not changed:
            return
        waiting |= changed
        for address, text in changed.items():
            # One that would read itself is not taken, and stays the error that it is.
            with contextlib.suppress(Exception):
                engine.set_formula(*address, text)
        engine.evaluate_all()


def _is_single(
    engine: formualizer.Workbook,
    problem: Problem,
    titles: dict[str, str],
    home: str,
    place: tuple[str, Area],
) -> bool:
    """Whether a dynamic array stands at a place that fills this cell alone."""
    sheet, area = place
    title = titles.get(sheet.lower(), sheet) if sheet else home
    address = (title, area.first_row, area.first_column)
    task = problem.tasks.get(address)
    dynamic = task is not None and task.kind == "dynamic"
    return (
        dynamic
        and _extent(engine, address).cells == 1
        and _computed(engine, address).value != "#SPILL!"
    )


def _engine(problem: Problem) -> formualizer.Workbook:
    settings = formualizer.EvaluationConfig()
    if is_1904(problem.epoch):
        settings.date_system = "1904"
    config = formualizer.WorkbookConfig(
        mode=formualizer.WorkbookMode.Ephemeral, eval_config=settings
    )
    engine = formualizer.Workbook(config=config)
    engine.set_temporal_egress("serial")
    return engine


def _load(engine: formualizer.Workbook, problem: Problem, until: float) -> dict[Address, str]:
    """Reasons for the tasks that were not taken."""
    vast = set()
    for sheet in problem.sheets:
        engine.add_sheet(sheet)
        if not _load_values(engine, problem, sheet):
            vast.add(sheet.lower())
    refused = _on_vast_sheets(problem, vast)
    for number, (address, task) in enumerate(problem.tasks.items()):
        if number % 1000 == 0 and time.monotonic() > until:
            raise TimeoutError
        if address not in refused:
            reason = _missing(task) or _set(engine, address, task)
            if reason:
                refused[address] = reason
    return refused


def _missing(task: Task) -> str:
    missing = sorted(name for name in task.functions if not can_calculate(name))
    return f"the calculator has no function {', '.join(missing)}" if missing else ""


def _set(engine: formualizer.Workbook, address: Address, task: Task) -> str:
    """Set a formula; the reason why it was not taken, or ""."""
    try:
        if task.kind == "array" and task.cells > 1 and task.area:
            if task.cells > _MOST_ARRAY_CELLS:
                return "an array formula over so many cells"
            for place, text in _cell_by_cell(address[0], task.text, task.area):
                engine.set_formula(*place, text)
        else:
            engine.set_formula(*address, _one_value(task))
    except Exception as error:  # noqa: BLE001 - the calculator's error types are private
        return _reason(str(error)[:100])
    return ""


def _one_value(task: Task) -> str:
    if task.kind == "dynamic":
        return task.text
    single = task.kind == "array" or "{" in task.text or not _SPILLING.isdisjoint(task.functions)
    return f"=INDEX(({task.text[1:]}),1,1)" if single else task.text


def _cell_by_cell(title: str, text: str, area: Area) -> Iterator[tuple[Address, str]]:
    """A formula for each cell of an array formula; one row or column fills all of them."""
    body = f"({text[1:]})"
    for row in range(area.rows):
        for column in range(area.columns):
            down = f"IF(ROWS({body})=1,1,{row + 1})"
            right = f"IF(COLUMNS({body})=1,1,{column + 1})"
            place = (title, area.first_row + row, area.first_column + column)
            yield place, f"=INDEX({body},{down},{right})"


# Values -----------------------------------------------------------------------


def _load_values(engine: formualizer.Workbook, problem: Problem, sheet: str) -> bool:
    """Column by column: one block over cells far apart could be larger than the memory.

    :returns: False for a sheet with cells so far apart that the memory would not do
    """
    columns: dict[int, dict[int, object]] = {}
    rows = 0
    for (row, column), value in problem.values(sheet):
        columns.setdefault(column, {})[row] = value
        rows = max(rows, row)
    if rows * max(columns, default=0) > _VAST:
        return False
    # A blank cell that is loaded would hide what an array fills there.
    spills = any(a[0] == sheet and t.kind == "dynamic" for a, t in problem.tasks.items())
    for column, values in columns.items():
        found = [row for row, value in values.items() if isinstance(value, ErrorValue)]
        errors = {row: values.pop(row) for row in found}
        for first, last in _runs(sorted(values), 1 if spills else _GAP):
            block = [[values.get(row)] for row in range(first, last + 1)]
            engine.set_values_batch(sheet, first, column, block)
        for row, error in errors.items():  # after the blocks, which would make them blank
            engine.set_formula(sheet, row, column, f"={error}")
    return True


def _runs(rows: list[int], gap: int) -> Iterable[tuple[int, int]]:
    """(first, last) of stretches of ascending rows that are at most ``gap`` apart."""
    if not rows:
        return
    first = previous = rows[0]
    for row in rows[1:]:
        if row - previous > gap:
            yield first, previous
            first = row
        previous = row
    yield first, previous


def _on_vast_sheets(problem: Problem, vast: set[str]) -> dict[Address, str]:
    """Reasons for the formulas that stand on such sheets or name them."""
    if not vast:
        return {}
    return {
        address: "cells on its sheet, or one it refers to, are too far apart"
        for address, task in problem.tasks.items()
        if address[0].lower() in vast
        or any(f"{name}!" in task.text.lower() for name in vast)
        or any(f"'{name}'!" in task.text.lower().replace("''", "'") for name in vast)
    }


# Results ----------------------------------------------------------------------


def _cells(address: Address, task: Task) -> Iterator[Address]:
    if task.area is None:
        yield address
        return
    for row in range(task.area.first_row, task.area.last_row + 1):
        for column in range(task.area.first_column, task.area.last_column + 1):
            yield (address[0], row, column)


def _results(engine: formualizer.Workbook, address: Address, task: Task) -> dict[Address, Computed]:
    if task.kind == "dynamic":
        return _spilled(engine, address, task)
    if task.kind == "plain" or task.cells == 1:
        return {address: _computed(engine, address)}
    found = {}
    for place in _cells(address, task):
        computed = _computed(engine, place)
        # Cells beyond the array: INDEX answers #REF! there, an array formula #N/A.
        beyond = computed.value == "#REF!" and place != address
        found[place] = Computed("#N/A") if beyond else computed
    return found


def _spilled(engine: formualizer.Workbook, address: Address, task: Task) -> dict[Address, Computed]:
    """The cells that a dynamic array fills now; those of before that it leaves are blank."""
    first = _computed(engine, address)
    if first.unknown:
        return dict.fromkeys(_cells(address, task), first)
    found = {cell: _left(engine, cell) for cell in _cells(address, task)}
    if first.value == "#SPILL!":
        wanted = _wanted(engine, address, task)
        if wanted is None or wanted.cells > _MOST_SPILLED:
            return dict.fromkeys(found, Computed(unknown=_TOO_MANY))
        return found | {address: replace(first, fills=wanted)}
    area = _extent(engine, address)
    for row in range(area.first_row, area.last_row + 1):
        for column in range(area.first_column, area.last_column + 1):
            place = (address[0], row, column)
            found[place] = _computed(engine, place)
    found[address] = replace(found[address], fills=area)
    return found


def _left(engine: formualizer.Workbook, cell: Address) -> Computed:
    """What there is in a cell that an array filled before: blank, or what another one fills."""
    computed = _computed(engine, cell)
    return Computed("") if computed.unknown else computed


def _wanted(engine: formualizer.Workbook, address: Address, task: Task) -> Area | None:
    """The cells that an array would fill if nothing were in its way; None if it can't be told."""
    if _PROBE not in engine.sheet_names:
        engine.add_sheet(_PROBE)
    sizes = []
    for number, name in enumerate(("ROWS", "COLUMNS"), start=1):
        text = qualified(task.text, address[0])[1:]
        try:
            engine.set_formula(_PROBE, number, 1, f"={name}({text})")
            size = engine.evaluate_cell(_PROBE, number, 1)
        except Exception:  # noqa: BLE001 - the calculator's error types are private
            return None
        if not isinstance(size, int | float):
            return None
        sizes.append(int(size))
    _, row, column = address
    last_row, last_column = row + sizes[0] - 1, column + sizes[1] - 1
    return Area(row, column, min(last_row, MAX_ROW), min(last_column, MAX_COLUMN))


def _extent(engine: formualizer.Workbook, address: Address) -> Area:
    title, row, column = address
    alone = Area(row, column, row, column)
    report = engine.inspect_cell(reference(title, alone, absolute=False), include_values=False)
    extent = getattr(report.cell.spill, "extent", None)
    place = located(str(extent)) if extent else None
    return place[1] if place else alone


def _computed(engine: formualizer.Workbook, address: Address) -> Computed:
    value = engine.get_value(*address)
    if isinstance(value, dict):
        kind = str(value.get("kind"))
        if kind in _ERRORS:
            return Computed(_ERRORS[kind])
        return Computed(unknown=_reason(kind))
    if isinstance(value, list):
        value = value[0][0] if value and isinstance(value[0], list) and value[0] else None
    if value is None:
        return Computed(unknown="the calculator gave no value")
    return Computed(value)


def _reason(kind: str) -> str:
    if "circ" in kind.lower():
        return CIRCULAR
    if kind == "NImpl":
        return "the calculator lacks this form of a function"
    return f"the calculator answered {kind}"


@functools.lru_cache(maxsize=2048)
def can_calculate(name: str) -> bool:
    """Whether the calculator has the function.

    It keeps no list of its built-in functions, but answers #NAME? to those it lacks.
    """
    probe = formualizer.Workbook(mode=formualizer.WorkbookMode.Ephemeral)
    probe.add_sheet("Probe")
    probe.set_formula("Probe", 1, 1, f"={name}()")
    value = probe.evaluate_cell("Probe", 1, 1)
    return not (isinstance(value, dict) and value.get("kind") == "Name")
