"""Files made to harm, or merely odd, by code: a name, how to make it, and what may come of it.

``REFUSED`` are to be answered by an error, ``OPENS`` are to be of use, and of the rest either
is right as long as it is said in the one error shape.
"""

from __future__ import annotations

import io
import random
import re
import struct
import zipfile
import zlib
from collections.abc import Callable
from dataclasses import dataclass

from tests.formats_fixtures import (
    compound,
    encrypted,
    parts_of,
    record,
    small_xlsb,
    xlsb,
    xlsb_cell,
    xlsb_row,
    xlsb_sheet,
    zipped,
)
from tests.service_fixtures import workbook_bytes

MAIN = "http://schemas.openxmlformats.org/spreadsheetml/2006/main"
RELS = "http://schemas.openxmlformats.org/package/2006/relationships"
OFFICE = "http://schemas.openxmlformats.org/officeDocument/2006/relationships"
DRAWING = "http://schemas.openxmlformats.org/drawingml/2006/spreadsheetDrawing"
SHEET, BOOK, STYLES = "xl/worksheets/sheet1.xml", "xl/workbook.xml", "xl/styles.xml"
STRINGS, SHEET_RELS = "xl/sharedStrings.xml", "xl/worksheets/_rels/sheet1.xml.rels"
CELL = '<row r="1"><c r="A1"><v>1</v></c></row>'

OPENS = "opens"
DAMAGED, LARGE, OTHER = "workbook_damaged", "too_large", "unsupported_file"
REFUSED = frozenset({DAMAGED, LARGE, OTHER})
EITHER = REFUSED | {OPENS}
CSV = frozenset({"invalid_value", "invalid_range"})


@dataclass(frozen=True)
class Case:
    """A file, made when it is asked for.

    :param make: takes the address of a server that must never be asked for anything
    :param outcomes: codes of errors that are right, and ``OPENS``
    """

    make: Callable[[str], bytes]
    outcomes: frozenset[str]
    filename: str = "sent.xlsx"


CASES: dict[str, Case] = {}


def case(
    name: str,
    make: Callable[[], bytes] | Callable[[str], bytes],
    *outcomes: str,
    filename: str = "sent.xlsx",
    asks: bool = False,
) -> None:
    """Add a case; ``asks`` where its maker takes the server's address."""
    assert name not in CASES
    given = make if asks else (lambda _url: make())  # type: ignore[call-arg, arg-type]
    CASES[name] = Case(given, frozenset(outcomes or EITHER), filename)  # type: ignore[arg-type]


def changed(parts: dict[str, bytes | str | None]) -> bytes:
    """A sound workbook with some parts replaced, added or (None) left out."""
    found = parts_of(workbook_bytes())
    for name, data in parts.items():
        found.pop(name, None)
        if data is not None:
            found[name] = data.encode() if isinstance(data, str) else data
    return zipped(found)


def sheet_part(rows: str, after: str = "", before: str = "") -> str:
    return (
        f'<?xml version="1.0"?><worksheet xmlns="{MAIN}" xmlns:r="{OFFICE}">{before}'
        f"<sheetData>{rows}</sheetData>{after}</worksheet>"
    )


def with_sheet(rows: str, after: str = "", before: str = "", **parts: str | bytes) -> bytes:
    return changed({SHEET: sheet_part(rows, after, before)})


def with_cell(cell: str) -> bytes:
    return with_sheet(f'<row r="1">{cell}</row>')


def with_formula(formula: str) -> bytes:
    return with_cell(f'<c r="A1"><f>{formula}</f></c>')


def after_data(element: str) -> bytes:
    return with_sheet(CELL, element)


def with_book(old: str, new: str) -> bytes:
    book = parts_of(workbook_bytes())[BOOK].decode()
    assert old in book
    return changed({BOOK: book.replace(old, new, 1)})


def with_styles(styles: str) -> bytes:
    return changed({STYLES: f'<styleSheet xmlns="{MAIN}">{styles}</styleSheet>'})


def related(*relations: tuple[str, str, str], sheet: str = "", **parts: bytes | str) -> bytes:
    """A workbook whose sheet has these relations: id, type, target."""
    items = "".join(
        f'<Relationship Id="{id_}" Type="{OFFICE}/{type_}" Target="{target}"'
        + (' TargetMode="External"' if ":" in target else "")
        + "/>"
        for id_, type_, target in relations
    )
    rels = f'<Relationships xmlns="{RELS}">{items}</Relationships>'
    named = {name.replace("__", "/").replace("_DOT_", "."): data for name, data in parts.items()}
    return changed({SHEET: sheet_part(CELL, sheet), SHEET_RELS: rels, **named})


# The archive --------------------------------------------------------------------


def raw_zip(entries: list[tuple[str, bytes]], compression: int = zipfile.ZIP_DEFLATED) -> bytes:
    """An archive with entries as they come, those of one name among them."""
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", compression) as archive:
        for name, data in entries:
            info = zipfile.ZipInfo(name)
            info.compress_type = compression
            archive.filelist.append(info)
            archive.filelist.pop()
            archive.NameToInfo.pop(name, None)
            archive.writestr(info, data)
    return out.getvalue()


def entries() -> list[tuple[str, bytes]]:
    return list(parts_of(workbook_bytes()).items())


def patched(data: bytes, mark: bytes, offset: int, value: bytes, which: str = "all") -> bytes:
    """An archive with some bytes behind its headers replaced."""
    found = bytearray(data)
    for place in [match.start() for match in re.finditer(re.escape(mark), data)]:
        found[place + offset : place + offset + len(value)] = value
        if which == "first":
            break
    return bytes(found)


def flagged_as_encrypted() -> bytes:
    return patched(patched(workbook_bytes(), b"PK\3\4", 6, b"\1\0"), b"PK\1\2", 8, b"\1\0")


def lying_about_sizes() -> bytes:
    """The archive's index says a part has ten bytes, and it has fifty megabytes."""
    data = changed({"xl/media/image1.xml": b" " * 50_000_000})
    found = bytearray(data)
    at = data.rfind(b"PK\1\2", 0, data.rfind(b"xl/media/image1.xml"))
    found[at + 24 : at + 28] = struct.pack("<I", 10)
    return bytes(found)


def overlapping() -> bytes:
    """Many names in the index for one and the same compressed part."""
    out = io.BytesIO(changed({"xl/media/big.xml": b" " * 20_000_000}))
    with zipfile.ZipFile(out, "a") as archive:
        big = archive.getinfo("xl/media/big.xml")
        for number in range(100):
            info = zipfile.ZipInfo(f"xl/media/big{number}.xml")
            for field in ("compress_type", "CRC", "compress_size", "file_size", "header_offset"):
                setattr(info, field, getattr(big, field))
            archive.filelist.append(info)
            archive.NameToInfo[info.filename] = info
        archive._didModify = True  # type: ignore[attr-defined]
    return out.getvalue()


def broken_inside() -> bytes:
    data = bytearray(workbook_bytes())
    at = data.find(SHEET.encode()) + len(SHEET) + 20
    data[at : at + 20] = b"\xff" * 20
    return bytes(data)


def huge_index() -> bytes:
    """200,000 entries of no content at all."""
    one = struct.pack("<4s5H3I2H", b"PK\3\4", 20, 0, 0, 0, 33, 0, 0, 0, 1, 0) + b"a"
    row = struct.pack("<4s6H3I5H2I", b"PK\1\2", 20, 20, 0, 0, 0, 33, 0, 0, 0, 1, 0, 0, 0, 0, 0, 0)
    index = (row + b"a") * 200_000
    end = struct.pack("<4s4H2IH", b"PK\5\6", 0, 0, 65535, 65535, len(index), len(one), 0)
    return one + index + end


def far_index() -> bytes:
    """An index of zip64 that says it is longer than any disk."""
    data = workbook_bytes()
    end = data.rfind(b"PK\5\6")
    wide = struct.pack(
        "<4sQ2H2I4Q", b"PK\6\6", 44, 45, 45, 0, 0, 1 << 60, 1 << 60, 1 << 62, 1 << 61
    )
    locator = struct.pack("<4sIQI", b"PK\6\7", 0, end, 1)
    return data[:end] + wide + locator + data[end:]


case("text", lambda: b"Dear Sir or Madam", OTHER)
case("PDF", lambda: b"%PDF-1.7\n" + b"x" * 1_000, OTHER)
case("a program", lambda: b"MZ\x90\0" + bytes(2_000), OTHER)
case("a gzip bomb", lambda: zlib.compress(bytes(10_000_000), wbits=31), OTHER)
case("one byte", lambda: b"P", OTHER)
case("start of an archive", lambda: b"PK\3\4" + bytes(100), DAMAGED)
case("cut short", lambda: workbook_bytes()[:-100], DAMAGED)
case("half of it", lambda: workbook_bytes()[:2_000], DAMAGED)
case("flagged as encrypted", flagged_as_encrypted, OTHER)
case("an empty archive", lambda: zipped({}), OTHER)
case("an archive of something else", lambda: zipped({"a.txt": b"a"}), OTHER)
case(
    "a Word document",
    lambda: zipped({"[Content_Types].xml": b"<Types/>", "word/document.xml": b"<a/>"}),
    OTHER,
)
case("unpacks to too much", lambda: changed({"xl/media/a.bin": bytes(120_000_000)}), LARGE)
case(
    "unpacks five hundred times",
    lambda: zipped({"[Content_Types].xml": b"", "xl/media/a.bin": bytes(60_000_000)}, 9),
    LARGE,
)
case("lies about its sizes", lying_about_sizes, DAMAGED, LARGE)
case("one part under many names", overlapping, DAMAGED, LARGE)
case("20,000 parts", lambda: changed({f"xl/media/{n}.bin": b"" for n in range(20_000)}), LARGE)
case("an index of 200,000 entries", huge_index, LARGE, DAMAGED)
case("an index larger than any disk", far_index, LARGE, DAMAGED)
case(
    "paths out of the archive",
    lambda: changed({"../../../tmp/evil.xml": b"<a/>"}),
    DAMAGED,
)
case(
    "paths of Windows", lambda: raw_zip([(n.replace("/", "\\"), d) for n, d in entries()]), DAMAGED
)
case("a path from the root", lambda: changed({"/xl/extra.xml": b"<a/>"}))
case("a name of 60,000 letters", lambda: changed({"x" * 60_000: b""}), DAMAGED)
case("the same in other letters", lambda: changed({SHEET.upper(): b"<a/>"}), DAMAGED)
case("a broken part", broken_inside, DAMAGED)
case("a wrong checksum", lambda: patched(workbook_bytes(), b"PK\1\2", 16, b"\1\2\3\4"), DAMAGED)
case(
    "parts beyond the end",
    lambda: patched(workbook_bytes(), b"PK\1\2", 42, struct.pack("<I", 1 << 30)),
    DAMAGED,
)
case("packed with bzip2", lambda: raw_zip(entries(), zipfile.ZIP_BZIP2), OTHER)
case("packed with LZMA", lambda: raw_zip(entries(), zipfile.ZIP_LZMA), OTHER)
case("not packed at all", lambda: raw_zip(entries(), zipfile.ZIP_STORED), OPENS)
case("something before the archive", lambda: b"#!/bin/sh\n" * 9 + workbook_bytes(), OTHER)
case("something behind the archive", lambda: workbook_bytes() + b"\0" * 10_000, DAMAGED, OPENS)
case(
    "archives in archives",
    lambda: changed({"xl/embeddings/a.xlsx": zipped({"b.zip": zipped({"c": bytes(9_000_000)})})}),
    OPENS,
)

# XML ------------------------------------------------------------------------------


def entities() -> str:
    return (
        '<?xml version="1.0"?><!DOCTYPE lolz [<!ENTITY a "lol">'
        + "".join(f'<!ENTITY {chr(98 + n)} "{("&" + chr(97 + n) + ";") * 10}">' for n in range(9))
        + f']><worksheet xmlns="{MAIN}"><sheetData><row r="1"><c r="A1" t="inlineStr"><is>'
        "<t>&j;</t></is></c></row></sheetData></worksheet>"
    )


def foreign_entity(encoding: str = "utf-8", url: str = "file:///etc/passwd") -> str:
    return (
        f'<?xml version="1.0" encoding="{encoding}"?><!DOCTYPE x [<!ENTITY e SYSTEM '
        f'"{url}">]><worksheet xmlns="{MAIN}"><sheetData><row r="1">'
        '<c r="A1" t="inlineStr"><is><t>&e;</t></is></c></row></sheetData></worksheet>'
    )


def in_part(name: str, text: str | bytes) -> Callable[[], bytes]:
    return lambda: changed({name: text})


case("entities that multiply", in_part(SHEET, entities()), DAMAGED)
case("an entity that reads a file", in_part(SHEET, foreign_entity()), DAMAGED)
for encoding in ("utf-16", "utf-16-le", "utf-16-be", "utf-7", "cp037", "utf-32"):
    case(
        f"the same in {encoding}",
        in_part(SHEET, foreign_entity(encoding).encode(encoding)),
        DAMAGED,
    )
for part in (BOOK, STYLES, STRINGS, "xl/_rels/workbook.xml.rels", "docProps/core.xml"):
    case(
        f"an entity in {part}",
        in_part(part, f'<!DOCTYPE a [<!ENTITY e "x">]><a xmlns="{MAIN}">&e;</a>'),
        DAMAGED,
    )
case(
    "a DTD from the network",
    lambda url: changed({SHEET: f'<!DOCTYPE x SYSTEM "{url}/dtd"><x/>'}),
    DAMAGED,
    asks=True,
)
case(
    "an entity from the network",
    lambda url: changed({SHEET: foreign_entity(url=f"{url}/entity")}),
    DAMAGED,
    asks=True,
)
case("deep XML", in_part(SHEET, b"<a>" * 100_000 + b"</a>" * 100_000))
case("deeper XML", in_part(SHEET, b"<a>" * 3_000_000), DAMAGED)
case(
    "100,000 attributes",
    lambda: with_cell("<c " + " ".join(f'a{n}="1"' for n in range(100_000)) + "/>"),
    DAMAGED,
)
case("an attribute of five megabytes", lambda: with_cell(f'<c r="{"A" * 5_000_000}"/>'), DAMAGED)
case("an element with a long name", in_part(SHEET, f"<{'a' * 3_000_000}/>"), DAMAGED)
case("a million comments", lambda: with_sheet(CELL + "<!-- x -->" * 1_000_000))
case("bytes that are no UTF-8", in_part(SHEET, sheet_part(CELL).encode() + b"\xff\xfe\xfd"))
case("zeros in XML", in_part(SHEET, sheet_part(CELL).replace("<v>1", "<v>\0001")))
case("two marks of order", in_part(SHEET, b"\xef\xbb\xbf" * 2 + sheet_part(CELL).encode()))
case("an end that is missing", in_part(SHEET, sheet_part(CELL)[:-20]))
case(
    "a sheet in UTF-16",
    in_part(SHEET, sheet_part(CELL).replace("?>", ' encoding="UTF-16"?>', 1).encode("utf-16")),
)
case("no XML in a sheet", in_part(SHEET, b"\0\1\2"), DAMAGED)
case("an empty sheet part", in_part(SHEET, b""), DAMAGED)

# Parts that are not there ---------------------------------------------------------

case("no sheet part", lambda: changed({SHEET: None}), DAMAGED)
case("no relations", lambda: changed({"xl/_rels/workbook.xml.rels": None}), DAMAGED)
case("no relations of the package", lambda: changed({"_rels/.rels": None}), DAMAGED)
case("no workbook part", lambda: changed({BOOK: None}), OTHER, DAMAGED)
case("no content types", lambda: changed({"[Content_Types].xml": None}), OTHER)
case("content types of nothing", in_part("[Content_Types].xml", "<Types/>"), OTHER, DAMAGED)
case("no styles", in_part(STYLES, b"<"), DAMAGED)
case(
    "relations out of the archive",
    in_part(
        "xl/_rels/workbook.xml.rels",
        f'<Relationships xmlns="{RELS}"><Relationship Id="rId1" Type="{OFFICE}/worksheet" '
        'Target="../../../../../../etc/passwd"/></Relationships>',
    ),
    DAMAGED,
)
case(
    "relations in a circle",
    lambda: related(
        ("rId1", "drawing", "sheet1.xml"),
        ("rId2", "comments", "/xl/workbook.xml"),
        sheet='<drawing r:id="rId1"/><legacyDrawing r:id="rId2"/>',
    ),
)
case("a drawing that is missing", lambda: related(("rId1", "drawing", "../no.xml")))
case(
    "300,000 relations",
    in_part(
        SHEET_RELS,
        f'<Relationships xmlns="{RELS}">'
        + "".join(f'<Relationship Id="r{n}" Type="t" Target="t"/>' for n in range(300_000))
        + "</Relationships>",
    ),
    LARGE,
)
for kind in ("hyperlink", "image", "externalLinkPath", "oleObject", "drawing", "attachedTemplate"):
    case(
        f"an {kind} in the network",
        lambda url, kind=kind: related(  # type: ignore[misc]
            ("rId1", kind, f"{url}/{kind}"),
            sheet='<hyperlinks><hyperlink ref="A1" r:id="rId1"/></hyperlinks>',
        ),
        asks=True,
    )
case(
    "a formula from the network",
    lambda url: with_formula(f'WEBSERVICE("{url}/webservice")'),
    OPENS,
    asks=True,
)

# Workbooks ------------------------------------------------------------------------


def sheets(count: int) -> bytes:
    book = parts_of(workbook_bytes())[BOOK].decode()
    sheet = re.search(r"<sheet [^>]*/>", book)
    assert sheet
    many = "".join(sheet[0].replace('name="Sheet"', f'name="S{n}"') for n in range(count))
    return changed({BOOK: book.replace(sheet[0], many)})


def names(count: int, text: str = "Sheet!$A$1") -> bytes:
    items = "".join(f'<definedName name="n{n}">{text}</definedName>' for n in range(count))
    return with_book("</sheets>", f"</sheets><definedNames>{items}</definedNames>")


case("300 sheets of one part", lambda: sheets(300))
case("5,000 sheets", lambda: sheets(5_000), LARGE)
case(
    "no sheets", lambda: changed({BOOK: f'<workbook xmlns="{MAIN}"><sheets/></workbook>'}), DAMAGED
)
case("a sheet name of 10,000 letters", lambda: with_book('name="Sheet"', f'name="{"x" * 10_000}"'))
case("a sheet name that is a path", lambda: with_book('name="Sheet"', 'name="../[a]*?:b"'))
case("300,000 names", lambda: names(300_000), LARGE)
case("a name for everything", lambda: names(50, "Sheet!$A$1:$XFD$1048576"))
case("a name of a sheet that is not there", lambda: names(1, "Gone!$A$1"), OPENS)
case(
    "names that refer to each other",
    lambda: changed(
        {
            BOOK: parts_of(workbook_bytes())[BOOK]
            .decode()
            .replace(
                "</sheets>",
                "</sheets><definedNames><definedName name='a'>b</definedName>"
                "<definedName name='b'>a</definedName></definedNames>",
            ),
            SHEET: sheet_part('<row r="1"><c r="A1"><f>a+b</f></c></row>'),
        }
    ),
    OPENS,
)

# Sheets ---------------------------------------------------------------------------

MERGED = '<mergeCells><mergeCell ref="A1:XFD1048576"/></mergeCells>'
MANY_CELLS = "".join(
    f'<row r="{row}">' + "<c><v>1</v></c>" * 1_000 + "</row>" for row in range(1, 301)
)


def repeated(outer: str, element: str, count: int) -> Callable[[], bytes]:
    """A sheet with many of one element; ``{n}`` in it is the number."""
    return lambda: after_data(
        f"<{outer}>"
        + "".join(element.replace("{n}", str(n + 1)) for n in range(count))
        + f"</{outer.split(maxsplit=1)[0]}>"
    )


case("the whole sheet merged", lambda: after_data(MERGED), LARGE)
case(
    "the same in other words",
    lambda: after_data("<mergeCells count='1'><mergeCell\n ref = 'A1:XFD1048576' /></mergeCells>"),
    LARGE,
)
case("400,000 merged areas", repeated("mergeCells", '<mergeCell ref="A{n}:B{n}"/>', 400_000), LARGE)
case("merged areas that overlap", repeated("mergeCells", '<mergeCell ref="A1:C{n}"/>', 100))
case("a merged area that is none", lambda: after_data(MERGED.replace("A1:XFD1048576", "A0:ZZZZ9")))
case(
    "a link over the whole sheet",
    lambda: after_data('<hyperlinks><hyperlink location="A1" ref="A1:XFD1048576"/></hyperlinks>'),
    LARGE,
)
case(
    "400,000 links",
    repeated("hyperlinks", '<hyperlink ref="A{n}" location="A1"/>', 400_000),
    LARGE,
)
case(
    "300,000 conditional formats",
    repeated(
        'conditionalFormatting sqref="A1"',
        '<cfRule type="expression" priority="{n}"><formula>1</formula></cfRule>',
        300_000,
    ),
    LARGE,
)
case(
    "300,000 validation rules",
    repeated("dataValidations", '<dataValidation type="whole" sqref="A{n}"/>', 300_000),
    LARGE,
)
case(
    "a rule over 50,000 areas",
    lambda: after_data(
        f'<conditionalFormatting sqref="{" ".join(f"A{n}" for n in range(1, 50_000))}">'
        '<cfRule type="expression" priority="1"><formula>A1</formula></cfRule>'
        "</conditionalFormatting>"
    ),
)
case(
    "rules over the whole sheet",
    lambda: after_data(
        '<conditionalFormatting sqref="A1:XFD1048576"><cfRule type="expression" priority="1">'
        "<formula>A1=1</formula></cfRule></conditionalFormatting>"
        '<dataValidations count="1"><dataValidation type="whole" sqref="A1:XFD1048576">'
        "<formula1>1</formula1></dataValidation></dataValidations>"
    ),
    OPENS,
)
case("more cells than allowed", lambda: with_sheet(MANY_CELLS), LARGE)
case(
    "the same with a prefix",
    lambda: changed(
        {
            SHEET: f'<x:worksheet xmlns:x="{MAIN}"><x:sheetData>'
            + re.sub(r"<(/?)(\w)", r"<\1x:\2", MANY_CELLS)
            + "</x:sheetData></x:worksheet>"
        }
    ),
    LARGE,
)
case(
    "two far cells",
    lambda: with_sheet(f'{CELL}<row r="1048576"><c r="XFD1048576"><v>2</v></c></row>'),
    OPENS,
)
case(
    "a formula over two far cells",
    lambda: with_sheet(
        '<row r="1"><c r="A1"><f>SUM(B1:XFD1048576)</f></c></row>'
        '<row r="1048576"><c r="XFD1048576"><v>2</v></c></row>'
    ),
    OPENS,
)
case(
    "a false dimension", lambda: with_sheet(CELL, before='<dimension ref="A1:XFD1048576"/>'), OPENS
)
case("a dimension that is none", lambda: with_sheet(CELL, before='<dimension ref="A0:ZZZZ0"/>'))
case(
    "columns to the end of the grid",
    lambda: with_sheet(CELL, before='<cols><col min="1" max="16384" width="9"/></cols>'),
    OPENS,
)
case(
    "columns beyond it",
    lambda: with_sheet(CELL, before='<cols><col min="1" max="2000000000" width="9"/></cols>'),
)
case(
    "100,000 column definitions",
    lambda: with_sheet(CELL, before="<cols>" + '<col min="1" max="1"/>' * 100_000 + "</cols>"),
    LARGE,
)
case(
    "a cell outside the grid",
    lambda: with_sheet('<row r="9999999"><c r="ZZZZ9999999"><v>1</v></c></row>'),
    *REFUSED,
)
for place in ("XFE1", "A1048577", "A0", "1A", "", "A-1", "$A$1", "A1:B2", "a1"):
    case(f"a cell at {place!r}", lambda place=place: with_cell(f'<c r="{place}"><v>1</v></c>'))  # type: ignore[misc]
case("a row number that is a word", lambda: with_sheet('<row r="one"><c><v>1</v></c></row>'))
case("rows in disorder", lambda: with_sheet(CELL.replace("1", "9") + CELL + CELL), DAMAGED)
case("a row of infinite height", lambda: with_sheet('<row r="1" ht="1e400" customHeight="1"/>'))
case(
    "a freeze at the end of the grid",
    lambda: with_sheet(
        CELL,
        before='<sheetViews><sheetView workbookViewId="99"><pane xSplit="16383" ySplit="1048575" '
        'topLeftCell="XFD1048576" state="frozen"/></sheetView></sheetViews>',
    ),
)
for words, value in {
    "a number of a million digits": f"<v>{'9' * 1_000_000}</v>",
    "a number beyond all numbers": "<v>1e999</v>",
    "no number": "<v>NaN</v>",
    "a number that is a text": "<v>one</v>",
}.items():
    case(words, lambda value=value: with_cell(f'<c r="A1">{value}</c>'))  # type: ignore[misc]
for type_ in ("s", "b", "e", "d", "str", "zz"):
    case(
        f"a value that does not fit the type {type_}",
        lambda type_=type_: with_cell(f'<c r="A1" t="{type_}"><v>-99999999999</v></c>'),  # type: ignore[misc]
    )
case("an unknown string", lambda: with_cell('<c r="A1" t="s"><v>99999999</v></c>'), DAMAGED)
case("an unknown style", lambda: with_cell('<c r="A1" s="4000000000"><v>1</v></c>'))
case("a style below zero", lambda: with_cell('<c r="A1" s="-5"><v>1</v></c>'))
case(
    "a text of eight megabytes",
    lambda: with_cell(f'<c r="A1" t="inlineStr"><is><t>{"x " * 4_000_000}</t></is></c>'),
)

# Formulas -------------------------------------------------------------------------

case(
    "formulas that can't be read",
    lambda: with_cell(
        '<c r="A1"><f>SUM(((</f></c><c r="B1"><f>A1:"</f></c><c r="C1"><f>1+1</f></c>'
    ),
    OPENS,
)
case("ten thousand brackets", lambda: with_formula(f"{'(' * 10_000}1{')' * 10_000}"), OPENS)
case("a thousand IFs", lambda: with_formula(f"{'IF(1,' * 1_000}1{')' * 1_000}"), OPENS)
case("ten thousand signs", lambda: with_formula(f"{'-' * 10_000}1"), OPENS)
case("a formula of 200,000 letters", lambda: with_formula("1+" * 100_000 + "1"), DAMAGED)
case("a formula of a gigabyte", lambda: with_formula('REPT("x",1000000000)'), OPENS)
case(
    "gigabytes in steps",
    lambda: with_formula('REPT(REPT("x",32767),32767)&amp;REPT("y",9E9)'),
    OPENS,
)
case("everything times everything", lambda: with_formula("SUMPRODUCT((A:A=B:B)*(C:C=D:D))"), OPENS)
case("a circle", lambda: with_cell('<c r="A1"><f>B1</f></c><c r="B1"><f>A1</f></c>'), OPENS)
case(
    "a chain of 5,000",
    lambda: with_sheet(
        CELL
        + "".join(f'<row r="{n}"><c r="A{n}"><f>A{n - 1}+1</f></c></row>' for n in range(2, 5_001))
    ),
    OPENS,
)
case(
    "an array over the whole sheet",
    lambda: with_cell('<c r="A1"><f t="array" ref="A1:XFD1048576">ROW()</f></c>'),
    OPENS,
)
case(
    "a shared formula over the whole sheet",
    lambda: with_cell(
        '<c r="A1"><f t="shared" ref="A1:XFD1048576" si="0">ROW()</f></c>'
        '<c r="B1"><f t="shared" si="0"/></c><c r="C1"><f t="shared" si="77"/></c>'
    ),
)
case(
    "a data table of itself",
    lambda: with_cell('<c r="A1"><f t="dataTable" ref="A1:Z9" dt2D="1" r1="A1" r2="A1"/></c>'),
)

# Strings and styles -----------------------------------------------------------------


def strings(count: int, item: str = "<si><t/></si>") -> bytes:
    text = f'<sst xmlns="{MAIN}" count="{count}" uniqueCount="{count}">{item * count}</sst>'
    return changed({STRINGS: text})


case("500,000 shared strings", lambda: strings(500_000), OPENS)
case("two million shared strings", lambda: strings(2_000_000), LARGE)
case("a string of 300,000 pieces", lambda: strings(1, f"<si>{'<r><t>x</t></r>' * 300_000}</si>"))
case(
    "a count of strings that is not true",
    lambda: changed(
        {
            STRINGS: f'<sst xmlns="{MAIN}" count="4294967295" uniqueCount="4294967295">'
            "<si><t>Item</t></si><si><t>Cost</t></si><si><t>Rent</t></si></sst>"
        }
    ),
    OPENS,
)
case("300,000 cell formats", lambda: with_styles(f"<cellXfs>{'<xf/>' * 300_000}</cellXfs>"), LARGE)
case("200,000 fonts", lambda: with_styles(f"<fonts>{'<font><b/></font>' * 200_000}</fonts>"), LARGE)
case("300,000 rule formats", lambda: with_styles(f"<dxfs>{'<dxf/>' * 300_000}</dxfs>"), LARGE)
case("fonts that are not there", lambda: with_styles('<cellXfs><xf fontId="9999999"/></cellXfs>'))
case("styles of nothing", lambda: with_styles(""))
case(
    "a number format of a megabyte",
    lambda: with_styles(
        f'<numFmts><numFmt numFmtId="200" formatCode="{"0" * 900_000}"/></numFmts>'
    ),
)

# Pictures, drawings, comments ---------------------------------------------------------


def png(width: int, height: int) -> bytes:
    head = struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0)
    return (
        b"\x89PNG\r\n\x1a\n\0\0\0\rIHDR"
        + head
        + struct.pack(">I", zlib.crc32(b"IHDR" + head))
        + b"\0\0\0\0IEND\xaeB`\x82"
    )


def with_picture(picture: bytes, row: int = 1) -> bytes:
    anchor = (
        f"<xdr:oneCellAnchor><xdr:from><xdr:col>1</xdr:col><xdr:colOff>0</xdr:colOff><xdr:row>{row}"
        '</xdr:row><xdr:rowOff>0</xdr:rowOff></xdr:from><xdr:ext cx="1" cy="1"/><xdr:pic>'
        '<xdr:nvPicPr><xdr:cNvPr id="1" name="p"/><xdr:cNvPicPr/></xdr:nvPicPr><xdr:blipFill>'
        '<a:blip r:embed="rId1"/></xdr:blipFill><xdr:spPr/></xdr:pic></xdr:oneCellAnchor>'
    )
    return drawn(
        anchor,
        {
            "xl/media/image1.png": picture,
            "xl/drawings/_rels/drawing1.xml.rels": f'<Relationships xmlns="{RELS}"><Relationship '
            f'Id="rId1" Type="{OFFICE}/image" Target="../media/image1.png"/></Relationships>',
        },
    )


def drawn(anchors: str, parts: dict[str, bytes | str]) -> bytes:
    types = parts_of(workbook_bytes())["[Content_Types].xml"].decode()
    more = (
        '<Default Extension="png" ContentType="image/png"/><Override PartName="/xl/drawings/'
        'drawing1.xml" ContentType="application/vnd.openxmlformats-officedocument.drawing+xml"/>'
    )
    return changed(
        {
            "[Content_Types].xml": types.replace("</Types>", more + "</Types>"),
            SHEET: sheet_part(CELL, '<drawing r:id="rId1"/>'),
            SHEET_RELS: f'<Relationships xmlns="{RELS}"><Relationship Id="rId1" Type="{OFFICE}/'
            'drawing" Target="../drawings/drawing1.xml"/></Relationships>',
            "xl/drawings/drawing1.xml": f'<xdr:wsDr xmlns:xdr="{DRAWING}" xmlns:r="{OFFICE}" '
            f'xmlns:a="http://schemas.openxmlformats.org/drawingml/2006/main">{anchors}</xdr:wsDr>',
            **parts,
        }
    )


case("a picture of 60,000 x 60,000", lambda: with_picture(png(60_000, 60_000)), LARGE)
case("a picture that is none", lambda: with_picture(b"not a picture"))
case("a picture beyond the grid", lambda: with_picture(png(1, 1), 2_000_000_000))
case("300,000 anchors", lambda: drawn("<xdr:twoCellAnchor/>" * 300_000, {}), LARGE)
case("a drawing that is broken", lambda: drawn("<xdr:oneCellAnchor>", {}))
case(
    "400,000 comments",
    lambda: changed(
        {
            "xl/comments1.xml": f'<comments xmlns="{MAIN}"><authors/><commentList>'
            + '<comment ref="A1" authorId="0"><text/></comment>' * 400_000
            + "</commentList></comments>"
        }
    ),
    LARGE,
)
case("macros that are none", lambda: changed({"xl/vbaProject.bin": b"\0" * 99}))

# Other formats ----------------------------------------------------------------------


def xls(*records: tuple[int, bytes]) -> bytes:
    """An .xls with one sheet of these records."""

    def biff(kind: int, body: bytes = b"") -> bytes:
        return struct.pack("<HH", kind, len(body)) + body

    begin = struct.pack("<HHHHII", 0x600, 5, 0, 0, 0, 0)
    name = struct.pack("<IBBBB", 0, 0, 0, 4, 0) + b"Data"
    head = biff(0x809, begin) + biff(0x42, b"\xb0\4")
    size = len(head) + 4 + len(name) + 4
    globals_ = head + biff(0x85, struct.pack("<I", size) + name[4:]) + biff(0x0A)
    sheet = biff(0x809, struct.pack("<HHHHII", 0x600, 16, 0, 0, 0, 0))
    body = b"".join(biff(kind, data) for kind, data in records)
    return compound({"Workbook": globals_ + sheet + body + biff(0x0A)})


def xls_number(row: int, column: int, value: float = 1.0) -> tuple[int, bytes]:
    return 0x203, struct.pack("<HHHd", row, column, 0, value)


def damaged_at(data: bytes, place: int, value: bytes) -> bytes:
    return data[:place] + value + data[place + len(value) :]


def ole(change: Callable[[bytes], bytes]) -> Callable[[], bytes]:
    return lambda: change(xls(xls_number(0, 0)))


OLE = b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1"
case("an .xls, sound", lambda: xls(xls_number(0, 0), xls_number(1, 1)), OPENS, filename="a.xls")
case(
    "an .xls with two far cells",
    lambda: xls(xls_number(0, 0), xls_number(65535, 255)),
    *EITHER,
    filename="a.xls",
)
case("an .xls of zeros", lambda: OLE + bytes(2_000), DAMAGED, filename="a.xls")
case("an .xls cut short", ole(lambda data: data[:1_500]), DAMAGED, filename="a.xls")
case(
    "an .xls in a circle",
    ole(lambda d: damaged_at(d, 512 + 8, struct.pack("<I", 2))),
    filename="a.xls",
)
case(
    "a directory in a circle",
    ole(lambda d: damaged_at(d, 516, struct.pack("<I", 1))),
    DAMAGED,
    filename="a.xls",
)
case(
    "a directory tree in a circle",
    ole(lambda d: damaged_at(d, 1024 + 128 + 72, bytes(4))),
    DAMAGED,
    filename="a.xls",
)
case(
    "a table longer than the file",
    ole(lambda d: damaged_at(d, 44, b"\xff\xff\xff\x0f")),
    DAMAGED,
    filename="a.xls",
)
case(
    "a stream of four gigabytes",
    ole(lambda d: damaged_at(d, 1024 + 128 + 120, b"\xff\xff\xff\xff")),
    DAMAGED,
    filename="a.xls",
)
case(
    "sectors of a gigabyte", ole(lambda d: damaged_at(d, 30, b"\x1e\0")), DAMAGED, filename="a.xls"
)
case(
    "a record longer than the file",
    lambda: compound({"Workbook": struct.pack("<HH", 0x809, 60_000).ljust(4096, b"\1")}),
    DAMAGED,
    filename="a.xls",
)
case(
    "records of rubbish",
    lambda: compound({"Workbook": random.Random(7).randbytes(9_000)}),
    filename="a.xls",
)
case(
    "a count of strings that .xls can't have",
    lambda: xls((0xFC, struct.pack("<II", 0xFFFFFFFF, 0xFFFFFFFF)), xls_number(0, 0)),
    filename="a.xls",
)
case(
    "numbers in a row without end",
    lambda: xls((0xBD, struct.pack("<HH", 0, 0) + b"\0" * 8_000), xls_number(0, 0)),
    filename="a.xls",
)
case(
    "a Word document in a compound file",
    lambda: compound({"WordDocument": b"x"}),
    OTHER,
    filename="a.xls",
)


def xls_that_panics() -> bytes:
    """An .xls whose sheet begins far beyond its end: calamine panics."""
    data = xls(xls_number(0, 0))
    return damaged_at(data, data.index(b"\x85\0", 1_536) + 4, b"\xae\0\xff\0")


def xls_that_aborts() -> bytes:
    """An .xls with two cells, whose rectangle is more than 256 MiB in calamine."""
    return xls(xls_number(0, 0), xls_number(65_535, 120))


case("an .xls that makes its reader panic", xls_that_panics, DAMAGED, filename="a.xls")
case("an .xlsb, sound", small_xlsb, OPENS, filename="a.xlsb")
case(
    "an .xlsb with two far cells",
    lambda: xlsb(
        xlsb_sheet(xlsb_row(0, xlsb_cell(0, 1.0)), xlsb_row(1048575, xlsb_cell(16383, 1.0)))
    ),
    LARGE,
    filename="a.xlsb",
)
case(
    "an .xlsb with cells outside the grid",
    lambda: xlsb(xlsb_sheet(xlsb_row(0xFFFFFFF0, xlsb_cell(1, 1.0)))),
    DAMAGED,
    filename="a.xlsb",
)
case(
    "an .xlsb with a record too long",
    lambda: xlsb(xlsb_sheet() + b"\x05\xff\xff\xff\x7f"),
    DAMAGED,
    filename="a.xlsb",
)
case(
    "an .xlsb that ends in a number",
    lambda: xlsb(xlsb_sheet() + b"\xff"),
    DAMAGED,
    filename="a.xlsb",
)
case(
    "an .xlsb with a text too long",
    lambda: xlsb(xlsb_sheet(xlsb_row(0, record(6, struct.pack("<III", 0, 0, 0xFFFFFFF0))))),
    filename="a.xlsb",
)
case(
    "an .xlsb without a workbook",
    lambda: zipped({"[Content_Types].xml": b'<Types a="ms-excel.sheet.binary.macroEnabled"/>'}),
    DAMAGED,
    filename="a.xlsb",
)


def ods(rows: str, head: str = "", **parts: str) -> bytes:
    """An OpenDocument spreadsheet with one sheet of these rows."""
    office = "urn:oasis:names:tc:opendocument:xmlns:"
    content = (
        f'<?xml version="1.0"?>{head}<office:document-content xmlns:office="{office}office:1.0" '
        f'xmlns:table="{office}table:1.0" xmlns:text="{office}text:1.0" office:version="1.2" '
        'xmlns:xlink="http://www.w3.org/1999/xlink"><office:body><office:spreadsheet>'
        f'<table:table table:name="Data">{rows}</table:table></office:spreadsheet></office:body>'
        "</office:document-content>"
    )
    media = "application/vnd.oasis.opendocument.spreadsheet"
    manifest = (
        '<?xml version="1.0"?><manifest:manifest xmlns:manifest="urn:oasis:names:tc:opendocument:'
        f'xmlns:manifest:1.0"><manifest:file-entry manifest:full-path="/" manifest:media-type='
        f'"{media}"/><manifest:file-entry manifest:full-path="content.xml" manifest:media-type='
        '"text/xml"/></manifest:manifest>'
    )
    return zipped(
        {
            "mimetype": media.encode(),
            "content.xml": content.encode(),
            "META-INF/manifest.xml": manifest.encode(),
        }
    )


def ods_row(rows: int = 1, columns: int = 1, value: str = "1") -> str:
    filled = f' office:value-type="float" office:value="{value}"' if value else ""
    return (
        f'<table:table-row table:number-rows-repeated="{rows}"><table:table-cell '
        f'table:number-columns-repeated="{columns}"{filled}/></table:table-row>'
    )


case("an .ods, sound", lambda: ods(ods_row(2, 2)), OPENS, filename="a.ods")
case(
    "an .ods with blanks to the end",
    lambda: ods(ods_row() + ods_row(1048575, 1024, "")),
    OPENS,
    filename="a.ods",
)
case("an .ods with a million equal rows", lambda: ods(ods_row(1_048_576)), LARGE, filename="a.ods")
case(
    "an .ods with a million rows of thousands",
    lambda: ods(ods_row(1_048_576, 16_384)),
    LARGE,
    filename="a.ods",
)
case(
    "an .ods with rows beyond any grid", lambda: ods(ods_row(999_999_999)), LARGE, filename="a.ods"
)
case(
    "an .ods with an entity",
    lambda: ods(ods_row(), '<!DOCTYPE a [<!ENTITY e "x">]>'),
    DAMAGED,
    filename="a.ods",
)
case(
    "an .ods without content",
    lambda: zipped({"mimetype": b"application/vnd.oasis.opendocument.spreadsheet"}),
    DAMAGED,
    filename="a.ods",
)
case(
    "an .ods of another kind",
    lambda: zipped({"mimetype": b"application/vnd.oasis.opendocument.text"}),
    OTHER,
    filename="a.ods",
)
case(
    "an .ods with two far cells",
    lambda: ods(
        ods_row()
        + ods_row(1_048_574, 1, "")
        + '<table:table-row><table:table-cell table:number-columns-repeated="16383"/>'
        '<table:table-cell office:value-type="float" office:value="1"/></table:table-row>'
    ),
    filename="a.ods",
)
case(
    "a flat spreadsheet with entities",
    lambda: (
        b'<?xml version="1.0"?><!DOCTYPE a [<!ENTITY e "x">]><office:document '
        b'office:mimetype="application/vnd.oasis.opendocument.spreadsheet"/>'
    ),
    DAMAGED,
    filename="a.fods",
)
case(
    "an .ods that links to files",
    lambda url: ods('<table:table-source xlink:href="file:///etc/passwd"/>' + ods_row()),
    filename="a.ods",
    asks=True,
)


def encrypted_ods(rounds: int, head: str = "") -> bytes:
    """An .ods that says its content is encrypted, in so many rounds."""
    names = "urn:oasis:names:tc:opendocument:xmlns:manifest:1.0"
    entry = (
        f'{head}<manifest:manifest xmlns:manifest="{names}"><manifest:file-entry '
        'manifest:full-path="content.xml" manifest:size="9"><manifest:encryption-data '
        f'manifest:checksum-type="{names}#sha256-1k" manifest:checksum="AAAA"><manifest:algorithm '
        'manifest:algorithm-name="http://www.w3.org/2001/04/xmlenc#aes256-cbc" '
        'manifest:initialisation-vector="AAAA"/><manifest:start-key-generation '
        'manifest:start-key-generation-name="http://www.w3.org/2000/09/xmldsig#sha256"/>'
        '<manifest:key-derivation manifest:key-derivation-name="PBKDF2" '
        f'manifest:iteration-count="{rounds}" manifest:salt="AAAA"/></manifest:encryption-data>'
        "</manifest:file-entry></manifest:manifest>"
    )
    return zipped({**parts_of(ods(ods_row())), "META-INF/manifest.xml": entry.encode()})


case(
    "an encrypted .ods in a trillion rounds",
    lambda: encrypted_ods(10**12),
    DAMAGED,
    "password_required",
    filename="a.ods",
)
case(
    "an encrypted .ods with an entity",
    lambda: encrypted_ods(9, '<!DOCTYPE a [<!ENTITY e "x">]>'),
    DAMAGED,
    "password_required",
    filename="a.ods",
)


def with_info(info: bytes, package: bytes = b"x" * 5_000) -> bytes:
    return compound({"EncryptionInfo": info, "EncryptedPackage": package})


def agile(rounds: int, head: str = "") -> bytes:
    return struct.pack("<HHI", 4, 4, 0x40) + f'{head}<encryption spinCount="{rounds}"/>'.encode()


case("encrypted, and not told how", lambda: compound({"EncryptedPackage": b"x"}), OTHER)
case("encrypted in a billion rounds", lambda: with_info(agile(1_000_000_000)), DAMAGED)
case(
    "encrypted with an entity",
    lambda: with_info(agile(9, '<!DOCTYPE a [<!ENTITY e "x">]>')),
    DAMAGED,
)
case(
    "encrypted in an unknown way",
    lambda: with_info(struct.pack("<HH", 9, 9) + b"x" * 99),
    OTHER,
    DAMAGED,
)
case(
    "encrypted, cut short",
    lambda: encrypted(workbook_bytes(), "x")[:6_000],
    DAMAGED,
    "password_required",
)
case("encrypted", lambda: encrypted(workbook_bytes(), "x"), "password_required", "wrong_password")
case(
    "a web page",
    lambda: b"<html><body><table><tr><td>1</td></tr></table></body></html>",
    filename="a.xls",
)
case("a link to a Google Sheet", lambda: b'{"url": "https://docs.google.com/open?id=1"}', OTHER)
for name, data in {
    "zeros": b"\x00\x01\x02" * 100,
    "a lone mark of order": b"\xff\xfe",
    "blank lines": b"\n" * 1_000,
    "open quotes": b'"' * 999,
    "20,000 columns": b"a," * 20_000,
}.items():
    case(f"a CSV of {name}", lambda data=data: data, *EITHER, *CSV, filename="sent.csv")  # type: ignore[misc]
