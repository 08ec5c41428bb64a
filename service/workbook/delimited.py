"""CSV: from bytes or text to records, with everything that had to be guessed told.

Nothing is lost on the way: a row of another width keeps all its values, and quotes that
don't close are read as ordinary characters. What is no text is refused.
"""

from __future__ import annotations

import codecs
import csv
import io
import re
from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from itertools import chain

from service.errors import InvalidParameters, InvalidValue, UnsupportedFile
from service.workbook.cells import MAX_TEXT, UNSTORABLE
from service.workbook.texts import utf16_length

DELIMITERS = (",", ";", "\t", "|")
_RARE = ("^", "~", ":")  # only where none of the usual ones separates anything
_NONE = "\x1f"  # stands between the values of a text of one column: it can't be in any
NAMES = {"tab": "\t", "\\t": "\t", "comma": ",", "semicolon": ";", "pipe": "|"}
_SAMPLE = 12_000  # characters; the dialect detector's time grows faster than its input
_ENCODING_SAMPLE = 60_000
_BOMS = (
    (codecs.BOM_UTF8, "utf-8-sig"),
    (codecs.BOM_UTF32_LE, "utf-32"),
    (codecs.BOM_UTF32_BE, "utf-32"),
    (codecs.BOM_UTF16_LE, "utf-16"),
    (codecs.BOM_UTF16_BE, "utf-16"),
)
_BINARY = {
    b"PK\x03\x04": "an archive, perhaps a workbook",
    b"\xd0\xcf\x11\xe0": "an old Office document",
    b"%PDF": "a PDF document",
    b"\x89PNG": "a picture",
    b"\xff\xd8\xff": "a picture",
    b"\x1f\x8b": "a compressed file",
}
_KNOWN = 200_000  # texts
_PIECE = 1 << 20  # characters
_CONTROLS = bytes({*range(32)} - {9, 10, 13})
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


# Bytes to text --------------------------------------------------------------


def decode(data: bytes, encoding: str = "") -> tuple[str, str]:
    """(text, name of the encoding) of a file's bytes; the byte order mark is gone.

    :raises UnsupportedFile: if the bytes are no text
    :raises InvalidParameters: if ``encoding`` is none or does not fit
    """
    for head, what in _BINARY.items():
        if data.startswith(head):
            raise UnsupportedFile(
                f"The file is no CSV text but {what}.",
                "Open workbooks with open_excel_file; send CSV as plain text.",
            )
    marked = next((name for bom, name in _BOMS if data.startswith(bom)), "")
    if encoding:
        chosen = _checked_encoding(encoding)
        # utf-8 as asked for, but without the mark that would stick to the first header.
        chosen = marked if marked.startswith(chosen) else chosen
    else:
        chosen = marked
    text, chosen = (_decoded(data, chosen), chosen) if chosen else _guessed(data)
    return text.removeprefix("\ufeff"), chosen.removesuffix("-sig")


def _decoded(data: bytes, encoding: str) -> str:
    try:
        return data.decode(encoding)
    except (UnicodeDecodeError, UnicodeError) as error:
        raise _undecodable(data, encoding, error) from None


def _checked_encoding(name: str) -> str:
    try:
        info = codecs.lookup(name.strip())
        "".encode(info.name)  # binary transforms such as hex are no encodings of text
    except (LookupError, ValueError):
        raise InvalidParameters(
            f"{name[:40]!r} is no text encoding.", "Use utf-8, cp1252, latin-1 or utf-16."
        ) from None
    return info.name


def _undecodable(data: bytes, encoding: str, error: UnicodeError) -> InvalidParameters:
    start = getattr(error, "start", 0)
    line = data.count(b"\n", 0, start) + 1
    return InvalidParameters(
        f"The file is not {encoding}: line {line} does not fit.",
        'Name its encoding in options, such as {"encoding": "cp1252"}.',
    )


def _guessed(data: bytes) -> tuple[str, str]:
    """(text, encoding) of bytes that say nothing of their encoding."""
    if b"\x00" in data:
        chosen = _utf16(data)
    else:
        try:
            return data.decode("utf-8"), "utf-8"
        except UnicodeDecodeError:
            chosen = _code_page(data)
    return _decoded(data, chosen), chosen


def _code_page(data: bytes) -> str:
    foreign = [line for line in data.splitlines() if not line.isascii()]
    sample = b"\n".join(foreign)[:_ENCODING_SAMPLE]
    # Short Western texts come out as half a dozen code pages with equal marks.
    if _reads_as_western(sample):
        return "cp1252"
    from charset_normalizer import from_bytes  # noqa: PLC0415 - see _dialect

    best = from_bytes(sample).best()
    return best.encoding if best else "latin-1"


def _utf16(data: bytes) -> str:
    sample = data[:4000]
    odd, even = sample[1::2].count(0), sample[0::2].count(0)
    if max(odd, even) > 0.3 * len(sample) / 2 and min(odd, even) == 0:
        return "utf-16-le" if odd > even else "utf-16-be"
    raise UnsupportedFile(
        "The file holds NUL bytes: it is no CSV text.", "Send CSV as plain text, best in utf-8."
    )


_WESTERN = re.compile(
    r"(?:[\x00-\x7f]|[äöüÄÖÜßéèêëàâçîïôûùœæñáíóúøåÅØÆÉÈÊÀÂÇÑÁÍÓÚÔÎãõÃÕìòÌÒ]"
    r"|[€£¥°§µ²³¹½¼¾–—‘’“”„…•»«®©™¿¡ºª·\xa0×±†‰](?![A-Za-z]{2})|[„“‘‚«¿¡](?=\w))*"
)
_ALL_ACCENTS = re.compile(r"[^\W\d_a-zA-Z]{3}")


def _reads_as_western(data: bytes) -> bool:
    try:
        text = data.decode("cp1252")
    except UnicodeDecodeError:
        return False
    return bool(_WESTERN.fullmatch(text)) and not _ALL_ACCENTS.search(text)


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
    notes += [] if chosen else doubts
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
    """Whether a text surely holds nothing that no cell can; ASCII is looked at in its bytes,
    which takes a tenth of the time."""
    if not text.isascii():
        return False
    for start in range(0, len(text), _PIECE):
        piece = text[start : start + _PIECE].encode("ascii")
        if len(piece.translate(None, _CONTROLS)) != len(piece):
            return False
    return True


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
    # These two take 12 MB of an engine, which most engines never need.
    from clevercsv.detect import Detector  # noqa: PLC0415

    found = Detector().detect(sample, delimiters=list(DELIMITERS))
    delimiter = (found.delimiter or "") if found is not None else ""
    single = found is not None and found.quotechar == "'" and '"' not in text
    quote = "'" if single and _quotes_singly(sample, delimiter) else '"'
    counted, share = _counted(sample, quote)
    if counted and (delimiter not in DELIMITERS or _evenness(sample, delimiter, quote) < share):
        delimiter = counted
    return _judged(sample, delimiter or ",", quote)


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
