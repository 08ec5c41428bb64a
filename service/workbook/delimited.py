"""CSV: from text to records, with everything that had to be guessed told.

Nothing is lost on the way: a row of another width keeps all its values, and quotes that
don't close are read as ordinary characters.
"""

from __future__ import annotations

import csv
import io
import re
from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from functools import cached_property
from itertools import chain

from service.errors import InvalidParameters, InvalidValue
from service.workbook.cells import MAX_TEXT, UNSTORABLE
from service.workbook.texts import utf16_length

DELIMITERS = (",", ";", "\t", "|")
_RARE = ("^", "~", ":")  # only where none of the usual ones separates anything
_NONE = "\x1f"  # stands between the values of a text of one column: it can't be in any
NAMES = {"tab": "\t", "\\t": "\t", "comma": ",", "semicolon": ";", "pipe": "|"}
_SAMPLE = 12_000  # characters; the dialect detector's time grows faster than its input
_KNOWN = 200_000  # texts
_PIECE = 1 << 18  # characters
_CONTROLS = "".join(map(chr, {*range(32)} - {9, 10, 13}))
_SENTINEL = "\x1aend"


@dataclass
class Records:
    """The records of a CSV text: no empty ones, each with the line it starts on.

    :param dialect: words about how the text was read, for the answer
    """

    rows: list[list[str]]
    lines: list[int]
    delimiter: str
    notes: list[str] = field(default_factory=list)


# Text to records --------------------------------------------------------------


@dataclass
class Delimited:
    """A CSV text of which it is known how it is to be read.

    :param delimiter: what separates values; ``told`` is what the answer says of it
    :param quote: what stands around values
    :param first_line: number of the text's first line in the file
    """

    text: str
    delimiter: str
    told: str
    quote: str
    first_line: int
    notes: list[str]

    @cached_property
    def line_feeds(self) -> int:
        """How many there are in the text."""
        return self.text.count("\n")

    @property
    def spaced(self) -> bool:
        """Whether spaces beside the delimiters are no content."""
        return _spaced(self.text, self.delimiter)


def understood(text: str, delimiter: str = "") -> Delimited:
    """How a CSV text is to be read; ``delimiter`` is a character or a name such as "tab".

    :raises InvalidValue: if the text holds NUL characters
    :raises InvalidParameters: if the delimiter is none
    """
    text, notes = _cleaned(text)
    chosen = _checked_delimiter(delimiter)
    declared = re.match(r"(?i)sep=(.)\r?(?:\n|$)", text)
    first_line = 1
    if declared:  # Excel's own way of saying it
        chosen, text, first_line = chosen or declared[1], text[declared.end() :], 2
    detected, quote, doubts = _dialect(text)
    notes += _nowhere(text, chosen, detected) if chosen else doubts
    told = "" if detected == _NONE and not chosen else chosen or detected
    return Delimited(text, chosen or detected, told, quote, first_line, notes)


def read_records(csv_text: Delimited) -> Records:
    """The records of a CSV text.

    :raises InvalidValue: if there is nothing in it, or a field is too long for a cell
    """
    notes = list(csv_text.notes)
    rows, lines, told = _parsed(csv_text.text, csv_text.delimiter, csv_text.quote)
    kept = [i for i, row in enumerate(rows) if any(value.strip() for value in row)]
    if not kept:
        raise InvalidValue(
            "The CSV holds no data.", "Send at least one line with values, such as headers."
        )
    blank = len(rows) - len(kept)
    if blank:
        notes.append(left_out(blank))
    records = Records(
        [rows[i] for i in kept],
        [lines[i] + csv_text.first_line - 1 for i in kept],
        csv_text.told,
        notes + told,
    )
    _unpad(records)
    _refuse_long(records)
    return records


def left_out(blank: int) -> str:
    """The note of empty lines."""
    return f"{blank} empty line{'s' * (blank > 1)} left out."


def _storable(text: str) -> bool:
    """Whether a text surely holds nothing that no cell can.

    It is looked at mark by mark, and in pieces that stay in the processor's memory: that takes a
    tenth of a pattern's time.
    """
    pieces = (text[start : start + _PIECE] for start in range(0, len(text), _PIECE))
    return text.isascii() and not any(mark in piece for piece in pieces for mark in _CONTROLS)


def _cleaned(text: str) -> tuple[str, list[str]]:
    text, notes = text.removeprefix("\ufeff"), []
    if "\x00" in text:
        raise InvalidValue("The CSV holds NUL characters.", "Send plain text.")
    if "\ufffd" in text:
        line = text.count("\n", 0, text.index("\ufffd")) + 1
        lost = text.count("\ufffd")
        notes.append(
            f"{lost} characters were lost before this file was written: they "
            f"stand as \ufffd, first in line {line}."
        )
    found = [] if _storable(text) else list(UNSTORABLE.finditer(text))
    if not found:
        return text, notes
    lines = sorted({text.count("\n", 0, match.start()) + 1 for match in found[:200]})
    notes.append(
        f"{len(found)} control characters that no cell can hold left out ({_lines(lines)})."
    )
    return UNSTORABLE.sub("", text), notes


def _checked_delimiter(text: str) -> str:
    mark = NAMES.get(text.strip().lower(), text)
    if len(mark) > 1 or mark in ('"', "\r", "\n") or mark.isalnum():
        raise InvalidParameters(
            f"{text[:40]!r} can't separate values.", 'Use one character, such as ";" or "tab".'
        )
    return mark


def _dialect(text: str) -> tuple[str, str, list[str]]:
    """(delimiter, quote, doubts about the delimiter) of a text."""
    sample = text[:_SAMPLE]
    if len(text) > _SAMPLE:
        sample = sample[: sample.rfind("\n") + 1] or sample
    plain = _plain_to_see(sample)
    if plain:
        return _judged(sample, plain, '"')
    # It takes half a second and 12 MB of an engine, which most engines never need.
    from clevercsv.detect import Detector  # noqa: PLC0415

    found = Detector().detect(sample, delimiters=list(DELIMITERS))
    delimiter = (found.delimiter or "") if found is not None else ""
    single = found is not None and found.quotechar == "'" and '"' not in text
    quote = "'" if single and _quotes_singly(sample, delimiter) else '"'
    counted, share = _counted(sample, quote)
    if counted and (delimiter not in DELIMITERS or _evenness(sample, delimiter, quote) < share):
        delimiter = counted
    return _judged(sample, delimiter or ",", quote)


def _plain_to_see(sample: str) -> str:
    """The delimiter that parts all rows alike, where no other parts any; "" for none.

    Whatever a detector finds there, it is counted out by this one.
    """
    widths = {mark: set(_widths(sample, mark, '"')) for mark in DELIMITERS}
    parting = [mark for mark in DELIMITERS if widths[mark] != {1}]
    alone = len(parting) == 1 and len(widths[parting[0]]) == 1 and "'" not in sample
    return parting[0] if alone else ""


def _nowhere(text: str, chosen: str, detected: str) -> list[str]:
    """The note of a delimiter that was asked for and does not occur."""
    if chosen in text:
        return []
    found = _NAMES.get(detected, "") if detected in text else ""
    other = f"; {found} seem to separate values" if found else ""
    return [f'"{chosen}" stands nowhere in the text, so it is one column{other}.']


def _judged(sample: str, delimiter: str, quote: str) -> tuple[str, str, list[str]]:
    """What was detected, or better where it can't be; and what else it may be."""
    widths = _widths(sample, delimiter, quote)
    if not widths or max(widths) == 1:
        rare = [mark for mark in _RARE if _splits_all(sample, mark, quote, 3)]
        if rare:
            note = (
                f'Values are taken as separated by "{rare[0]}"; {_SAY.format(",")} if they are not.'
            )
            return rare[0], quote, [note]
        aligned = _ALIGNED.findall(sample)
        many = len(aligned) > 1 and len(aligned) == sum(
            map(bool, map(str.strip, sample.splitlines()))
        )
        doubt = f"The lines look like columns with spaces between; {_SAY.format(' ')} to part them."
        return delimiter, quote, [doubt] * many
    if _is_one_column(widths, sample, delimiter):
        doubt = (
            f"Taken as one column, as {_NAMES[delimiter]} stand in some of its values only; "
            f"{_SAY.format(delimiter)} if they separate values."
        )
        return _NONE, quote, [doubt]
    others = [m for m in DELIMITERS if m != delimiter and _splits_all(sample, m, quote, 2)]
    fits = _splits_all(sample, delimiter, quote, 2)
    return delimiter, quote, [
        f"{_NAMES[delimiter].capitalize()} were taken for what separates values; {_NAMES[other]} "
        f"would fit as well: {_SAY.format(other)} if they do."
        for other in others
        if fits
    ]  # fmt: skip


_NAMES = {",": "commas", ";": "semicolons", "\t": "tabs", "|": "pipes"}
_SAY = 'say {{"delimiter": "{}"}} in options'
_ALIGNED = re.compile(r"^\S+(?: \S+)*(?: {2,}\S+(?: \S+)*)+ *$", re.MULTILINE)
_DECIMAL = re.compile(r"\s*-?\d+,\d+\s*")


def _is_one_column(widths: list[int], sample: str, delimiter: str) -> bool:
    """Whether the first line is one value, and those below only happen to hold a delimiter."""
    if widths[0] > 1 or len(widths) < 2 or (max(widths) > 2 and delimiter != ","):
        return False
    body = [line for line in sample.splitlines()[1:] if line.strip()]
    if delimiter == "," and all(map(_DECIMAL.fullmatch, body)):
        return True
    return '"' not in sample and sum(width == 1 for width in widths) > len(widths) / 2


def _splits_all(sample: str, delimiter: str, quote: str, least: int) -> bool:
    """Whether every row has the same number of values, ``least`` at least."""
    widths = _widths(sample, delimiter, quote)
    return len(widths) > 1 and len(set(widths)) == 1 and widths[0] >= least


def _quotes_singly(sample: str, delimiter: str) -> bool:
    """Whether apostrophes stand around values, or are needed to make the rows even."""
    values = [v.strip() for line in sample.splitlines() for v in line.split(delimiter or ",")]
    opened = [value for value in values if value.startswith("'")]
    if all(len(value) > 1 and value.endswith("'") for value in opened):
        return True
    mark = delimiter or ","
    return _evenness(sample, mark, "'") > _evenness(sample, mark, '"')


def _counted(sample: str, quote: str) -> tuple[str, float]:
    """The delimiter that gives most rows the same width, and their share; ("", 0) if none."""
    shares = {mark: _evenness(sample, mark, quote) for mark in DELIMITERS}
    best = max(DELIMITERS, key=lambda mark: shares[mark])
    return (best, shares[best]) if shares[best] >= 0.8 else ("", 0.0)


def _evenness(sample: str, delimiter: str, quote: str) -> float:
    """The share of rows that have the commonest width above one, over all rows."""
    widths = Counter(_widths(sample, delimiter, quote))
    width, count = max(widths.items(), key=lambda item: item[1], default=(0, 0))
    return count / widths.total() if width > 1 else 0.0


def _widths(sample: str, delimiter: str, quote: str) -> list[int]:
    """How many values each row has that is not empty; none where the quotes make no sense."""
    reader = csv.reader(io.StringIO(sample, newline=""), delimiter=delimiter, quotechar=quote)
    try:
        return [len(row) for row in reader if row]
    except csv.Error:
        return []


def _parsed(text: str, delimiter: str, quote: str) -> tuple[list[list[str]], list[int], list[str]]:
    """(rows, first line of each, notes). The strictest reading that fits is taken."""
    spaced = _spaced(text, delimiter)
    try:
        return *_read(text, delimiter, quote, spaced, strict=True), []
    except csv.Error as error:
        first = str(error)
    if '\\"' in text:  # quotes escaped by a backslash instead of doubled
        try:
            doubled = text.replace('\\"', '""')
            return *_read(doubled, delimiter, quote, spaced, strict=True), []
        except csv.Error:
            pass
    try:
        rows, lines = _read(f"{text}\n{_SENTINEL}", delimiter, quote, spaced, strict=False)
        if rows[-1] == [_SENTINEL]:
            note = f"Some quotation marks don't stand as CSV wants them ({first}): check the texts."
            return rows[:-1], lines[:-1], [note]
    except csv.Error:
        pass
    rows, lines = _read(text, delimiter, None, spaced, strict=False)
    return rows, lines, ["A quotation mark is never closed: all are read as ordinary characters."]


def _spaced(text: str, delimiter: str) -> bool:
    """Whether a space follows each delimiter, as in ``a, b, c``: then it is no content."""
    marks = re.escape(delimiter)
    sample = text[:_SAMPLE]
    if delimiter == " ":  # several of them line columns up
        return bool(_ALIGNED.search(sample))
    return bool(re.search(f'{marks} "', sample)) or (
        delimiter in sample and not re.search(f"{marks}[^ ]", sample.replace("\r", " "))
    )


def _padded(text: str, delimiter: str) -> bool:
    """Whether a space stands in front of each delimiter, too, as in ``a | b | c``."""
    sample = text[:_SAMPLE]
    return delimiter in sample and not re.search(f"[^ ]{re.escape(delimiter)}", sample)


def _read(
    text: str, delimiter: str, quote: str | None, spaced: bool, *, strict: bool
) -> tuple[list[list[str]], list[int]]:
    reader = csv.reader(
        _text_lines(text),
        delimiter=delimiter,
        quotechar=quote,
        quoting=csv.QUOTE_MINIMAL if quote else csv.QUOTE_NONE,
        skipinitialspace=spaced,
        strict=strict,
    )
    rows, lines, line = [], [], 1
    padded = spaced and _padded(text, delimiter)
    known: dict[str, str] = {}  # equal texts are kept once
    try:
        for row in reader:
            if padded:
                row = [value.rstrip(" ") for value in row]
            if len(known) < _KNOWN:
                rows.append([known.setdefault(value, value) for value in row])
            else:
                rows.append([known.get(value, value) for value in row])
            lines.append(line)
            line = reader.line_num + 1
    except csv.Error as error:
        if "field larger" in str(error):
            raise _too_long(line) from None
        raise csv.Error(f"line {line}: {error}") from None
    return rows, lines


def _text_lines(text: str) -> Iterable[str]:
    """The lines of a text with their ends; without a copy, as StringIO makes."""
    return io.StringIO(text, newline="") if _LONE_RETURN.search(text) else _fed_lines(text)


def _fed_lines(text: str) -> Iterator[str]:
    start = 0
    while end := text.find("\n", start) + 1:
        yield text[start:end]
        start = end
    if start < len(text):
        yield text[start:]


_LONE_RETURN = re.compile(r"\r(?!\n)")


def _unpad(records: Records) -> None:
    """Drop columns at the end that are blank in every record: delimiters that end lines."""
    widest = max(len(row) for row in records.rows)
    needed = max(_filled(row) for row in records.rows)
    if needed < widest:
        records.rows = [row[:needed] for row in records.rows]


def _filled(row: list[str]) -> int:
    """How many values the row has up to its last one that isn't blank."""
    width = len(row)
    while width and not row[width - 1].strip():
        width -= 1
    return width


def _refuse_long(records: Records) -> None:
    longest = max(map(len, chain.from_iterable(records.rows)))
    if 2 * longest <= MAX_TEXT:
        return
    for row, line in zip(records.rows, records.lines, strict=True):
        if any(2 * len(v) > MAX_TEXT and utf16_length(v) > MAX_TEXT for v in row):
            raise _too_long(line)


def _too_long(line: int) -> InvalidValue:
    return InvalidValue(
        f"Line {line} holds a value of more than {MAX_TEXT:,} characters, the most a cell takes.",
        "Shorten it; perhaps a quotation mark in front of it is never closed.",
    )


def _lines(numbers: list[int], most: int = 5) -> str:
    shown = ", ".join(map(str, numbers[:most]))
    more = f" and {len(numbers) - most} more" if len(numbers) > most else ""
    return f"line{'s' * (len(numbers) > 1)} {shown}{more}"
