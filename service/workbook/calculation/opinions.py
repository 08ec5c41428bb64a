"""One answer out of what several calculators say about a cell."""

from __future__ import annotations

import re
from dataclasses import dataclass, replace

from service.workbook.calculation.results import Computed, is_error, same, told
from service.workbook.calculation.rewrite import Prepared

# What the reasons begin with that are told and counted.
_DIFFER = "two calculators differ"
_ALONE = "only one calculator can"
# Calculators answer these also to what they lack, so agreeing on them proves little.
_DOUBTFUL = frozenset({"#VALUE!", "#NUM!", "#NAME?", "#NULL!", "#CALC!", "#SPILL!"})


@dataclass(frozen=True)
class Said:
    """What one calculator says about a cell.

    :param guarded: what it says about the expressions that IFERROR and its like guard there
    """

    result: Computed
    guarded: tuple[Computed, ...] = ()

    @property
    def settled(self) -> Computed:
        """The result; unknown where an error is hidden that the calculator may have made."""
        for one in self.guarded:
            if one.unknown:
                return Computed(unknown=f"behind IFERROR or its like: {one.unknown}")
        return self.result

    @property
    def doubt(self) -> str:
        """An error, shown or hidden, that may be for want of something; "" if there is none."""
        if not self.result.unknown and self.result.value in _DOUBTFUL:
            return str(self.result.value)
        return next((str(one.value) for one in self.guarded if one.value in _DOUBTFUL), "")


def two(first: Said, second: Said, *, prefer_first: bool = False) -> Computed:
    """What two calculators say together.

    :param prefer_first: where they differ; in user workbooks the second is right more often
    """
    one, other = first.settled, second.settled
    if one.unknown and other.unknown:
        return one
    if one.unknown:
        return _alone(other, second.doubt, one.unknown)
    if other.unknown:
        return _alone(one, first.doubt, other.unknown)
    if not same(one.value, other.value):
        reason = f"{_DIFFER}: {told(one.value)} and {told(other.value)}"
        weak = other.value == "#REF!" or (one.value, other.value) == ("#N/A", "#VALUE!")
        chosen = one if prefer_first or weak else other
        return replace(chosen, unverified=reason)
    doubt = first.doubt or second.doubt
    if doubt:
        reason = f"both calculators meet {doubt}, which they also answer to what they lack"
        return replace(one, unverified=reason)
    return one


def _alone(result: Computed, doubt: str, lacking: str) -> Computed:
    if doubt:
        return Computed(unknown=f"{lacking}; the other calculator meets {doubt}")
    return replace(result, unverified=f"{_ALONE}: {lacking}")


def three(
    first: Said, second: Said, third: Computed, before: Computed, doubt: str = ""
) -> Computed:
    """What the third one makes of a cell that the two leave open.

    :param before: what the two say together
    :param doubt: why the two may be wrong together; then the third one counts more
    """
    open_ = [said.settled for said in (first, second) if not said.settled.unknown]
    if third.unknown or (first.guarded and len(open_) < 2):
        return before
    agreeing = [one for one in open_ if same(one.value, third.value)]
    if not is_error(third.value):
        if agreeing:
            return replace(agreeing[0], unverified="") if _decides(first, second) else before
        if not open_:
            return replace(third, unverified="only LibreOffice can calculate it")
        if doubt:
            others = " and ".join(dict.fromkeys(told(one.value) for one in open_))
            reason = f"LibreOffice says so, other calculators {others}: {doubt}"
            return replace(third, unverified=reason)
    elif len(agreeing) == 2:
        return replace(agreeing[0], unverified="")
    if agreeing:
        return before
    said = f"LibreOffice says {told(third.value)}"
    return replace(before, unverified=f"{before.unverified}; {said}") if open_ else before


def kind(result: Computed) -> str:
    """How sure a result is, in a word: agreed, differ, alone, doubted or unknown."""
    if result.unknown:
        return "unknown"
    if not result.unverified:
        return "agreed"
    if result.unverified.startswith(_DIFFER):
        return "differ"
    return "alone" if result.unverified.startswith(_ALONE) else "doubted"


def doubted(result: Computed, doubt: str) -> Computed:
    """The result, unverified where the two calculators may be wrong together."""
    if doubt and not result.unknown and not result.unverified:
        return replace(result, unverified=doubt)
    return result


def _decides(first: Said, second: Said) -> bool:
    """Not where an error is hidden: the third one may hide it for the same want."""
    return not any(one.value in _DOUBTFUL for said in (first, second) for one in said.guarded)


# Where calculators agree with each other, and yet not always with Excel.
_SEARCHING = frozenset("XIRR IRR RATE YIELD ODDFYIELD BESSELI BESSELJ BESSELK BESSELY".split())
_CAVEATS = _SEARCHING | {"DATEVALUE", "VALUE", "ERROR.TYPE", "DATE"}
_EARLY = re.compile(r"\bDATE\(\s*1900\s*,")
_DECIMAL = re.compile(r"\d+\.\d+")
_DIGITS = 15
_DATES_AS_NUMBERS = (20_000, 80_000)


def caveat(formula: Prepared, value: object) -> str:
    """Why even what calculators agree on may differ from Excel; "" where it does not."""
    called = formula.functions
    if with_long_number(value) and (called or "&" in formula.text):
        return "Excel writes a number in a text with 15 digits; ROUND or TEXT make that sure"
    if not called:
        return ""
    if called & _SEARCHING:
        return "an approximation, of which Excel's last digits may differ"
    if "DATEVALUE" in called or ("VALUE" in called and _may_be_date(value)):
        return "how Excel reads a date in a text depends on its language"
    if "ERROR.TYPE" in called:
        return "calculators do not tell all of Excel's errors apart"
    if "DATE" in called and _EARLY.search(formula.text):
        return "Excel counts 29 February 1900, which calculators do not"
    return ""


def with_long_number(value: object) -> bool:
    """Whether a text holds a number with more digits than Excel gives one that it writes."""
    numbers = _DECIMAL.findall(value) if isinstance(value, str) else []
    return any(len(one.replace(".", "").lstrip("0")) > _DIGITS for one in numbers)


def may_differ(formula: Prepared) -> bool:
    """Whether there may be a caveat, whatever the value is."""
    return bool(formula.functions & _CAVEATS)


def _may_be_date(value: object) -> bool:
    first, last = _DATES_AS_NUMBERS
    return isinstance(value, int | float) and first < value < last
