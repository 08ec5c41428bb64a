"""What may differ after an edit, and why: one function each, whose docstring is the reason."""

from __future__ import annotations

from collections.abc import Callable

from lxml import etree

from tests.corpus.dependents import Spot, spot
from tests.corpus.parts import local, parse
from tests.corpus.trial import Difference, Trial
from tests.corpus.xmldiff import Change


def _edited_sheet(difference: Difference, trial: Trial) -> str:
    """The name of the sheet that a difference is in, lower case, if the edit touches it."""
    name = trial.sheet_of.get(difference.part, "")
    touched = {sheet for sheet, _ in trial.edit.cells + trial.edit.formats}
    return name.lower() if name in touched | set(trial.edit.charts) else ""


def _cell(difference: Difference, trial: Trial) -> Spot | None:
    """The cell that a difference is in or is."""
    where = difference.change.where if difference.change else ()
    for step in where:
        if step.startswith("c["):
            return spot(trial.sheet_of.get(difference.part, ""), step[2:-1])
    return None


def _spots(cells: tuple[tuple[str, str], ...]) -> set[Spot]:
    return {spot(*cell) for cell in cells}


def the_edited_cell(difference: Difference, trial: Trial) -> bool:
    """The cell whose contents were set holds the new ones; its format stays."""
    change = difference.change
    if change is None or _cell(difference, trial) not in _spots(trial.edit.cells):
        return False
    return not (change.what == "attribute" and change.name == "s")


def the_formatted_cell(difference: Difference, trial: Trial) -> bool:
    """The cell that was formatted has another format; what it holds stays."""
    change = difference.change
    if change is None or _cell(difference, trial) not in _spots(trial.edit.formats):
        return False
    if change.what == "element added":
        return change.new is not None and len(change.new) == 0
    return change.what == "attribute" and change.name == "s" and change.where[-1][:2] == "c["


def a_new_row(difference: Difference, trial: Trial) -> bool:
    """A row that wasn't there is added for the cells that were set, and holds no others."""
    change = difference.change
    if change is None or change.what != "element added" or change.where[-1][:4] != "row[":
        return False
    sheet = _edited_sheet(difference, trial)
    mine = _spots(trial.edit.cells) | _spots(trial.edit.formats)
    new = change.new if change.new is not None else ()
    return bool(sheet) and all(spot(sheet, str(cell.get("r"))) in mine for cell in new)


def spans_of_an_edited_row(difference: Difference, trial: Trial) -> bool:
    """A row's spans, a hint for readers, follow the cells that were set in it."""
    change, sheet = difference.change, _edited_sheet(difference, trial)
    if change is None or not sheet or change.name != "spans":
        return False
    rows = {row for name, row, _ in _spots(trial.edit.cells + trial.edit.formats) if name == sheet}
    return change.where[-1] in {f"row[{row}]" for row in rows}


def dimension(difference: Difference, trial: Trial) -> bool:
    """The used range of an edited sheet grows with what was set in it."""
    change = difference.change
    return bool(
        change
        and _edited_sheet(difference, trial)
        and change.what == "attribute"
        and change.where == ("worksheet", "dimension")
    )


def value_of_a_formula(difference: Difference, trial: Trial) -> bool:
    """Stored values of formulas that depend on the cells that were set are calculated anew."""
    change, place = difference.change, _cell(difference, trial)
    if change is None or place is None or place not in trial.affected:
        return False
    return _is_value(change)


def _is_value(change: Change) -> bool:
    if change.what == "attribute":
        return change.where[-1][:2] == "c[" and change.name == "t"
    return change.where[-1] == "v"


def value_of_the_moment(difference: Difference, trial: Trial) -> bool:
    """NOW, TODAY and RAND have another value at every calculation, and what reads them too."""
    change, place = difference.change, _cell(difference, trial)
    if change is None or place is None or not _is_value(change):
        return False
    return place in trial.restless


def value_where_there_was_none(difference: Difference, trial: Trial) -> bool:
    """A formula that came without a stored value gets one: previews then show it."""
    change, place = difference.change, _cell(difference, trial)
    if change is None or place is None or not _is_value(change):
        return False
    return place in trial.unvalued(difference.part)


def value_stale_by_its_own_word(difference: Difference, trial: Trial) -> bool:
    """A file that asks to be calculated on opening holds stale values; new ones replace them."""
    change = difference.change
    if change is None or _cell(difference, trial) is None or not _is_value(change):
        return False
    return change.what != "element lost" and trial.stale


def room_of_a_dynamic_array(difference: Difference, trial: Trial) -> bool:
    """A dynamic array in a file that asks to be calculated takes the cells of its result."""
    change = difference.change
    if change is None or not trial.stale or _cell(difference, trial) is None:
        return False
    if change.what == "attribute":
        return change.where[-1] == "f" and change.name == "ref"
    filled = change.new if change.what == "element added" else None
    if filled is None or local(filled.tag) != "c":
        return False
    return [local(item.tag) for item in filled] == ["v"]


def a_fitted_column_grows(difference: Difference, trial: Trial) -> bool:
    """A column at its best fit is widened for a number that is typed, as the standard has it.

    ECMA-376 part 1, 18.3.1.13: ``bestFit`` means that the width then follows by itself.
    """
    change = difference.change
    if change is None or not _edited_sheet(difference, trial) or change.name != "width":
        return False
    columns = parse(trial.before.parts[difference.part]).iter("{*}col")
    fitted = {item.get("width") for item in columns if item.get("bestFit") in ("1", "true")}
    grown = change.what == "attribute" and float(change.after) > float(change.before)
    return grown and change.before in fitted


def new_strings(difference: Difference, trial: Trial) -> bool:
    """The table of shared strings grows at its end, and its counts with it."""
    change = difference.change
    if change is None or not trial.edit.cells or change.where[0] != "sst":
        return False
    if change.what == "attribute":
        return len(change.where) == 1 and change.name in ("count", "uniqueCount")
    return change.what == "element added" and change.where == ("sst", "si") and change.appended


_STYLE_LISTS = frozenset("numFmts fonts fills borders cellStyleXfs cellXfs cellStyles dxfs".split())


def new_styles(difference: Difference, trial: Trial) -> bool:
    """The lists of formats grow at their ends, and their counts with them."""
    change = difference.change
    if change is None or change.where[0] != "styleSheet" or not trial.edit:
        return False
    if len(change.where) < 2 or change.where[1] not in _STYLE_LISTS or len(change.where) > 3:
        return False
    if change.what == "attribute":
        return len(change.where) == 2 and change.name == "count"
    return change.what == "element added" and change.appended


def new_shared_part(difference: Difference, trial: Trial) -> bool:
    """A workbook without formats or shared strings gets the part for them."""
    kinds = {"styles", "sharedStrings"}
    if not trial.edit:
        return False
    if difference.what == "relationship added" and difference.relationship:
        return difference.part == trial.before.workbook and difference.relationship.kind in kinds
    return difference.what == "part added" and trial.kind(difference.part) in kinds


_CALCULATE = {"calcId", "fullCalcOnLoad", "calcCompleted"}


def calculate_on_opening(difference: Difference, trial: Trial) -> bool:
    """Excel is asked to calculate when it opens the file: its own values always win."""
    change = difference.change
    if change is None or difference.part != trial.before.workbook:
        return False
    if change.where != ("workbook", "calcPr"):
        return False
    if change.what == "element added":
        return change.new is not None and set(map(str, change.new.keys())) <= _CALCULATE
    return change.name in ("fullCalcOnLoad", "calcCompleted") and change.after in ("1", "true")


def order_of_calculation(difference: Difference, trial: Trial) -> bool:
    """calcChain only remembers an order of formulas, and Excel makes it anew."""
    if not trial.edit:
        return False
    if difference.relationship is not None:
        return difference.relationship.kind == "calcChain" and "lost" in difference.what
    return trial.kind(difference.part) == "calcChain"


_WHEN = {"modified", "lastModifiedBy", "revision", "Application", "AppVersion"}


def who_and_when(difference: Difference, trial: Trial) -> bool:
    """The file's own properties may say when it was last written, and by which program."""
    change = difference.change
    kinds = {"core-properties", "extended-properties"}
    if change is None or trial.kind(difference.part) not in kinds:
        return False
    return len(change.where) == 2 and change.where[1] in _WHEN and "lost" not in change.what


_CACHES = {"numCache", "strCache", "multiLvlStrCache", "lvl"}


def values_in_a_chart(difference: Difference, trial: Trial) -> bool:
    """A chart's copy of values follows the cells that were set, or that depend on them."""
    change = difference.change
    kinds = {"chart", "chartEx"}
    if change is None or trial.kind(difference.part) not in kinds:
        return False
    if not _CACHES & set(change.where):
        return False
    element = change.old if change.old is not None else change.new
    for above in element.iterancestors() if element is not None else ():
        for child in above:
            if local(child.tag) == "f":
                return trial.dependents.reads(child.text or "", "", trial.affected)
    return False


def values_where_a_chart_had_none(difference: Difference, trial: Trial) -> bool:
    """A chart that came without its copy of the values gets one: previews then show it."""
    change = difference.change
    if change is None or trial.kind(difference.part) != "chart":
        return False
    if change.what == "text" and change.where[-1] == "formatCode":
        return not change.before
    if change.what != "element added":
        return False
    if change.where[-1] in _CACHES:
        return True
    # A cache without points, as openpyxl writes them, is none.
    above = [step for step in change.where[:-1] if step in _CACHES]
    parent = change.new.getparent() if change.new is not None else None
    place = trial.before.parts[difference.part]
    return bool(above) and parent is not None and not _points(place, parent)


def _points(part: bytes, cache: etree._Element) -> bool:
    """Whether the chart as it was held values for what this cache's reference names."""
    wanted = cache.getparent().findtext("{*}f")
    return any(
        element.findtext("{*}f") == wanted and element.find("{*}*/{*}pt") is not None
        for element in parse(part).iter("{*}numRef", "{*}strRef", "{*}multiLvlStrRef")
    )


def refresh_on_opening(difference: Difference, trial: Trial) -> bool:
    """A pivot table over cells that were set is refreshed when Excel opens the file."""
    change = difference.change
    return bool(
        change
        and trial.edit.cells
        and trial.kind(difference.part) == "pivotCacheDefinition"
        and change.what == "attribute"
        and change.name == "refreshOnLoad"
    )


def a_new_chart(difference: Difference, trial: Trial) -> bool:
    """A chart was put on the sheet: its part, its anchor, and what leads to them."""
    if not trial.edit.charts:
        return False
    kind = trial.kind(difference.part)
    if difference.what == "part added":
        return kind in ("drawing", "chart", "chartStyle", "chartColorStyle")
    charted = {trial.before.sheets[name] for name in trial.edit.charts}
    drawings = {name for sheet in charted for name in trial.before.related(sheet, "drawing")}
    if difference.relationship is not None:
        leads = (difference.part in charted, difference.relationship.kind)
        into = difference.part in drawings and difference.relationship.kind == "chart"
        return "added" in difference.what and (leads == (True, "drawing") or into)
    change = difference.change
    if change is None or change.what != "element added":
        return False
    if difference.part in charted:
        return change.where == ("worksheet", "drawing")
    holds = any(local(item.tag) == "chart" for item in change.new.iter())
    return difference.part in drawings and len(change.where) == 2 and change.appended and holds


def hints_after_a_shift(difference: Difference, trial: Trial) -> bool:
    """Hints for readers (a row's spans, which sheet is in front, how far a view is scrolled)."""
    change = difference.change
    if change is None or not trial.edit.shifted or change.what != "attribute":
        return False
    return change.name in ("spans", "tabSelected", "topLeftCell")


def titles_after_a_shift(difference: Difference, trial: Trial) -> bool:
    """The list of sheets and ranges in the properties goes: programs make it anew on saving."""
    change = difference.change
    if change is None or not trial.edit.shifted or "lost" not in change.what:
        return False
    known = trial.kind(difference.part) == "extended-properties"
    return known and any(name in ("HeadingPairs", "TitlesOfParts") for name in change.where)


def the_same_reference_in_another_spelling(difference: Difference, trial: Trial) -> bool:
    """A reference that was written anew means the same without quotes it doesn't need."""
    change = difference.change
    if change is None or not trial.edit.shifted or change.what not in ("attribute", "text"):
        return False
    if change.where[-1] not in ("f", "definedName", "Anchor", "autoFilter"):
        return False
    plain = str.maketrans("", "", "'$ " if change.where[-1] == "autoFilter" else "' ")
    return change.before.translate(plain) == change.after.translate(plain)


def a_shared_formula_on_its_own(difference: Difference, trial: Trial) -> bool:
    """Formulas that were stored as one are stored each for itself once they were shifted."""
    change = difference.change
    if change is None or not trial.edit.shifted or change.where[-1] != "f" or change.old is None:
        return False
    if change.old.get("t") != "shared":
        return False
    text = change.what == "text" and not change.before and bool(change.after)
    return text or (change.what == "attribute" and change.name in ("t", "ref", "si"))


_EDGE = {"16384", "1048576", "16383", "1048575"}


def pushed_over_the_edge(difference: Difference, trial: Trial) -> bool:
    """What reached to the last column or row was pushed over the edge, and does not come back."""
    change = difference.change
    if change is None or not trial.edit.shifted or change.what not in ("attribute", "text"):
        return False
    if change.where[-2:] in (("to", "colOff"), ("to", "rowOff")):
        return change.after == "0"
    place = change.where[-2:] in (("to", "col"), ("to", "row")) or change.name == "max"
    return place and change.before in _EDGE and int(change.after) < int(change.before)


RULES: tuple[Callable[[Difference, Trial], bool], ...] = (
    the_edited_cell,
    the_formatted_cell,
    a_new_row,
    spans_of_an_edited_row,
    dimension,
    value_of_a_formula,
    value_of_the_moment,
    value_where_there_was_none,
    value_stale_by_its_own_word,
    room_of_a_dynamic_array,
    a_fitted_column_grows,
    new_strings,
    new_styles,
    new_shared_part,
    calculate_on_opening,
    order_of_calculation,
    who_and_when,
    values_in_a_chart,
    values_where_a_chart_had_none,
    refresh_on_opening,
    a_new_chart,
    hints_after_a_shift,
    titles_after_a_shift,
    the_same_reference_in_another_spelling,
    a_shared_formula_on_its_own,
    pushed_over_the_edge,
)
