"""Numbers as texts: decimals, percent, powers of ten, fractions."""

from __future__ import annotations

import math
from decimal import ROUND_HALF_UP, Context, Decimal
from fractions import Fraction

from service.workbook.display.codes import Section

_EXACT = Context(prec=15, rounding=ROUND_HALF_UP)  # Excel shows no more digits than these
_WIDE = Context(prec=400)
_GENERAL = 11  # characters that General has room for
_MOST_DENOMINATOR = 5  # digits


# General ----------------------------------------------------------------------


def general(number: float, room: int = _GENERAL) -> str:
    """A number as a cell without a number format shows it, in at most ``room`` characters."""
    exact = _EXACT.create_decimal(repr(number))
    if not exact:
        return "0"
    sign, exact = ("-" if exact < 0 else ""), abs(exact)
    plain = f"{exact.normalize():f}"
    power = exact.adjusted()
    if power < room and len(plain) > room and power >= -4:
        whole = len(plain.partition(".")[0])
        plain = _trimmed(f"{_rounded(exact, max(room - whole - 1, 0)):f}")
    if len(plain) <= room:
        return sign + plain
    places = max(room - 6, 0)
    mantissa = _rounded(exact.scaleb(-power), places)
    if mantissa >= 10:
        mantissa, power = mantissa / 10, power + 1
    return f"{sign}{_trimmed(f'{mantissa:f}')}E{power:+03}"


def _trimmed(text: str) -> str:
    return text.rstrip("0").rstrip(".") if "." in text else text


def _rounded(number: Decimal, places: int) -> Decimal:
    return number.quantize(Decimal(1).scaleb(-places), ROUND_HALF_UP, _WIDE)


# By a format --------------------------------------------------------------------


def numbered(number: float, section: Section) -> list[str]:
    """What each token of a section shows; the sign comes first."""
    tokens = section.tokens
    kinds = [kind for kind, _ in tokens]
    exact = _EXACT.create_decimal(repr(float(number)))
    sign = "-" if exact < 0 else ""
    exact = abs(exact).scaleb(2 * kinds.count("percent"))
    if "general" in kinds:
        return [sign, *_each(tokens, {"general": general(abs(number))})]
    if "digit" not in kinds:
        parts = _each(tokens, {})
        return [sign, *parts] if any(parts) else ["", *parts]
    if "exponent" in kinds:
        return [sign, *_scientific(exact, tokens)]
    slash = _slash(tokens)
    if slash > 0:
        return [sign, *_fraction(exact, tokens, slash)]
    return [sign, *_decimal(exact, tokens)]


def _each(tokens: tuple[tuple[str, str], ...], by_kind: dict[str, str]) -> list[str]:
    plain = ("literal", "point", "comma", "percent", "slash")
    return [by_kind.get(kind, text if kind in plain else "") for kind, text in tokens]


def _decimal(exact: Decimal, tokens: tuple[tuple[str, str], ...]) -> list[str]:
    kinds = [kind for kind, _ in tokens]
    point = kinds.index("point") if "point" in kinds else len(kinds)
    digits = [place for place, kind in enumerate(kinds) if kind == "digit"]
    last = max((place for place in digits if place < point), default=-1)
    thousands = _scaling(kinds, last, point, digits)
    behind = [place for place in digits if place > point]
    shown = _rounded(exact.scaleb(-3 * thousands), len(behind))
    whole, _, fraction = f"{shown:f}".partition(".")
    out = _each(tokens, {"comma": ""})
    before = [place for place in digits if place < point]
    grouped = any(
        kinds[place] == "comma" and before and before[0] < place < last
        for place in range(len(kinds))
    )
    _fill_whole(out, tokens, before, whole if whole != "0" else "", grouped=grouped)
    _fill_fraction(out, tokens, behind, fraction)
    return out


def _scaling(kinds: list[str], last: int, point: int, digits: list[int]) -> int:
    """How many commas follow the digits: each divides by a thousand."""
    count = 0
    for start in {last, digits[-1] if digits and digits[-1] > point else last}:
        place = start + 1
        while 0 < place < len(kinds) and kinds[place] == "comma":
            count, place = count + 1, place + 1
    return count


def _fill_whole(
    out: list[str],
    tokens: tuple[tuple[str, str], ...],
    places: list[int],
    digits: str,
    *,
    grouped: bool,
) -> None:
    """Put the digits before the point into their places, from the right."""
    done = 0
    for order, place in enumerate(reversed(places)):
        first = order == len(places) - 1
        take = digits if first else digits[-1:]
        digits = "" if first else digits[:-1]
        take = take or {"0": "0", "?": " "}.get(tokens[place][1], "")
        text = ""
        for digit in reversed(take):
            comma = "," if grouped and done and done % 3 == 0 and digit != " " else ""
            text = digit + comma + text
            done += 1
        out[place] = text
    if not places and digits:  # such as ".00": the digits stand before the point all the same
        point = next(place for place, (kind, _) in enumerate(tokens) if kind == "point")
        out[point] = digits + out[point]


def _fill_fraction(
    out: list[str], tokens: tuple[tuple[str, str], ...], places: list[int], digits: str
) -> None:
    """Put the digits behind the point into their places; # shows no zeros at the end."""
    needed = len(digits.rstrip("0"))
    for order, place in enumerate(places):
        if order < needed:
            out[place] = digits[order]
        else:
            out[place] = {"0": "0", "?": " "}.get(tokens[place][1], "")


def _scientific(exact: Decimal, tokens: tuple[tuple[str, str], ...]) -> list[str]:
    kinds = [kind for kind, _ in tokens]
    at = kinds.index("exponent")
    head, tail = tokens[:at], tokens[at + 1 :]
    head_kinds = kinds[:at]
    point = head_kinds.index("point") if "point" in head_kinds else at
    step = max(head_kinds[:point].count("digit"), 1)
    places = head_kinds[point:].count("digit")
    power = _power(exact, step)
    if _rounded(exact.scaleb(-power), places) >= Decimal(10) ** step and exact:
        power += step
    mantissa = _decimal(exact.scaleb(-power), head)
    sign = "-" if power < 0 else ("+" if tokens[at][1][1] == "+" else "")
    exponent = _decimal(Decimal(abs(power)), tail) if tail else []
    return [*mantissa, f"E{sign}", *exponent]


def _power(exact: Decimal, step: int) -> int:
    if not exact:
        return 0
    return math.floor(exact.adjusted() / step) * step


# Fractions ----------------------------------------------------------------------


def _slash(tokens: tuple[tuple[str, str], ...]) -> int:
    """The place of the slash of a fraction, 0 for none."""
    for place, (kind, _) in enumerate(tokens[1:-1], start=1):
        after = tokens[place + 1]
        known = after[0] == "digit" or (after[0] == "literal" and after[1].isdigit())
        if kind == "slash" and tokens[place - 1][0] == "digit" and known:
            return place
    return 0


def _fraction(exact: Decimal, tokens: tuple[tuple[str, str], ...], slash: int) -> list[str]:
    start = slash
    while start and tokens[start - 1][0] == "digit":
        start -= 1
    end = slash + 1
    while end < len(tokens) and _denominates(tokens[end]):
        end += 1
    wholes = [place for place in range(start) if tokens[place][0] == "digit"]
    whole, over, under = _parted(exact, tokens[slash + 1 : end], whole=bool(wholes))
    out = _each(tokens, {})
    widths = (slash - start, end - slash - 1)
    if wholes:
        plain = str(whole) if whole or not over else ""
        _fill_whole(out, tokens, wholes, plain, grouped=False)
    for place in range(start, end):
        out[place] = ""
    if over or not wholes:
        out[start] = _padded(str(over), tokens[start:slash], left=True)
        out[slash], out[slash + 1] = "/", _padded(str(under), tokens[slash + 1 : end], left=False)
    else:
        out[start] = " " * (sum(widths) + 1)
    return out


def _denominates(token: tuple[str, str]) -> bool:
    return token[0] == "digit" or (token[0] == "literal" and token[1].isdigit())


def _padded(text: str, tokens: tuple[tuple[str, str], ...], *, left: bool) -> str:
    if any(sign == "0" for _, sign in tokens) and tokens[0][0] == "digit":
        return text.zfill(len(tokens)) if left else text
    if not any(sign == "?" for _, sign in tokens):
        return text
    return text.rjust(len(tokens)) if left else text.ljust(len(tokens))


def _parted(
    exact: Decimal, denominator: tuple[tuple[str, str], ...], *, whole: bool
) -> tuple[int, int, int]:
    """(whole part, numerator, denominator)."""
    value = Fraction(exact)
    units = int(value) if whole else 0
    rest = value - units
    digits = "".join(text for _, text in denominator)
    if digits.isdigit() and int(digits):
        under = int(digits)
        over = int(rest * under + Fraction(1, 2))
    else:
        most = 10 ** min(len(digits), _MOST_DENOMINATOR) - 1
        over, under = _convergent(rest, most)
    return (units + 1, 0, under) if whole and over == under else (units, over, under)


def _convergent(rest: Fraction, most: int) -> tuple[int, int]:
    """The last continued fraction with a small denominator: Excel takes no others between."""
    before, now = (0, 1), (1, 0)
    for _ in range(60):
        whole = rest.numerator // rest.denominator
        following = (whole * now[0] + before[0], whole * now[1] + before[1])
        if following[1] > most:
            break
        before, now = now, following
        if rest == whole:
            break
        rest = 1 / (rest - whole)
    return now
