"""Workbooks by hand: packages that are put together in unusual, valid ways."""

from __future__ import annotations

from pathlib import Path

from tests.corpus.hand import (
    DOCUMENT,
    MAIN,
    NAMESPACES,
    OFFICE,
    RELATIONSHIP,
    ROWS,
    SHEET1,
    SPREADSHEET,
    STRINGS,
    STYLES,
    TYPES,
    Hand,
    book,
    sheet_xml,
)
from tests.corpus.pictures import macros, picture
from tests.corpus.registry import made

PROGRAM = "by hand"
BOOK = "/xl/workbook.xml"
DOCUMENT_PROPERTIES = "http://schemas.openxmlformats.org/officeDocument"
PROPERTIES = "http://schemas.openxmlformats.org/package/2006/relationships/metadata"


def odd(sheet_names: tuple[str, str], workbook: str, absolute: bool) -> Hand:
    """A workbook whose parts have other names than Excel's."""
    hand, listed = Hand(), ""
    for index, part in enumerate(sheet_names, 1):
        hand.add(part, sheet_xml(), TYPES["worksheet"])
        id = hand.relate(workbook, "worksheet", part, id=f"Id{index}")
        listed += f'<sheet name="Tabelle{index}" sheetId="{index + 4}" r:id="{id}"/>'
    hand.relate(workbook, "styles", hand.add("/formate.xml", STYLES, TYPES["styles"]), id="S")
    items = "".join(f"<si><t>{text}</t></si>" for text in STRINGS)
    texts = hand.add(
        "/texte/Texte.xml", f'<sst xmlns="{MAIN}">{items}</sst>', TYPES["sharedStrings"]
    )
    hand.relate(workbook, "sharedStrings", texts, id="T")
    hand.add(
        workbook, f"<workbook {NAMESPACES}><sheets>{listed}</sheets></workbook>", TYPES["workbook"]
    )
    hand.relate("/", "officeDocument", workbook, id="R1")
    hand.absolute = absolute
    return hand


@made("hand-odd-names.xlsx", PROGRAM, "non-standard part names", "relative targets", "odd ids")
def odd_names(path: Path) -> None:
    sheets = ("/xl/worksheets/Tabelle1.xml", "/xl/sheets/zwei.xml")
    odd(sheets, "/xl/arbeitsmappe.workbook.xml", False).write(path)


@made("hand-absolute-targets.xlsx", PROGRAM, "absolute targets", "parts outside xl")
def absolute_targets(path: Path) -> None:
    odd(("/sheets/one.xml", "/sheets/two.xml"), "/book/workbook.xml", True).write(path)


@made("hand-unknown-parts.xlsx", PROGRAM, "unknown parts", "unknown relationships", "orphan parts")
def unknown_parts(path: Path) -> None:
    hand = book()
    hand.default("xyz", "application/x-unknown")
    hand.relate(BOOK, "urn:company:archive", hand.add("/xl/company/archive.xyz", b"\0\1\2company"))
    hand.relate(
        "/",
        "urn:company:seal",
        hand.add("/company/seal.xml", "<seal xmlns='urn:c'>  7</seal>", "application/x-seal+xml"),
    )
    hand.relate(
        SHEET1,
        "urn:company:row-notes",
        hand.add("/xl/worksheets/notes.json", b'{"a": 1}', "application/json"),
    )
    hand.add("/xl/orphan.bin", b"nothing leads here", "application/octet-stream")
    hand.relate(BOOK, "urn:company:home", "https://example.com/home", external=True)
    hand.insert(SHEET1, '<extLst><ext uri="{12345678-0000-0000-0000-000000000000}" '
                'xmlns:co="urn:company"><co:thing a="1">text</co:thing></ext></extLst>')  # fmt: skip
    hand.write(path)


@made(
    "hand-properties.xlsx",
    PROGRAM,
    "document properties",
    "custom properties",
    "thumbnail",
    "labels",
)
def properties(path: Path) -> None:
    hand = book()
    core = hand.add(
        "/docProps/core.xml",
        '<cp:coreProperties xmlns:cp="http://schemas.openxmlformats.org/package/2006/metadata/'
        'core-properties" xmlns:dc="http://purl.org/dc/elements/1.1/" '
        'xmlns:dcterms="http://purl.org/dc/terms/" xmlns:xsi="http://www.w3.org/2001/XMLSchema-'
        'instance"><dc:title>Sales</dc:title><dc:creator>Ann</dc:creator><cp:keywords>a; b'
        "</cp:keywords><cp:lastModifiedBy>Bob</cp:lastModifiedBy><cp:revision>3</cp:revision>"
        "<cp:lastPrinted>2024-01-01T00:00:00Z</cp:lastPrinted><dcterms:created "
        'xsi:type="dcterms:W3CDTF">2020-01-02T03:04:05Z</dcterms:created><dcterms:modified '
        'xsi:type="dcterms:W3CDTF">2024-02-29T12:00:00Z</dcterms:modified><cp:contentStatus>Final'
        "</cp:contentStatus></cp:coreProperties>",
        "application/vnd.openxmlformats-package.core-properties+xml",
    )
    types = f"{DOCUMENT_PROPERTIES}/2006"
    app = hand.add(
        "/docProps/app.xml",
        f'<Properties xmlns="{types}/extended-properties" xmlns:vt="{types}/docPropsVTypes">'
        "<Application>Microsoft Excel</Application><DocSecurity>2</DocSecurity><ScaleCrop>false"
        '</ScaleCrop><HeadingPairs><vt:vector size="2" baseType="variant"><vt:variant><vt:lpstr>'
        "Worksheets</vt:lpstr></vt:variant><vt:variant><vt:i4>2</vt:i4></vt:variant></vt:vector>"
        '</HeadingPairs><TitlesOfParts><vt:vector size="2" baseType="lpstr"><vt:lpstr>Data</vt:lpstr>'
        "<vt:lpstr>Other</vt:lpstr></vt:vector></TitlesOfParts><Manager>Eve</Manager><Company>X"
        "</Company><HyperlinkBase>https://example.com/</HyperlinkBase><AppVersion>16.0300</AppVersion>"
        "</Properties>",
        DOCUMENT + "extended-properties+xml",
    )
    custom = hand.add(
        "/docProps/custom.xml",
        f'<Properties xmlns="{types}/custom-properties" xmlns:vt="{types}/docPropsVTypes"><property '
        'fmtid="{D5CDD505-2E9C-101B-9397-08002B2CF9AE}" pid="2" name="Owner" linkTarget="Local">'
        "<vt:lpwstr>Ann</vt:lpwstr></property><property "
        'fmtid="{D5CDD505-2E9C-101B-9397-08002B2CF9AE}" pid="3" name="Blob"><vt:blob>AAEC</vt:blob>'
        "</property></Properties>",
        DOCUMENT + "custom-properties+xml",
    )
    hand.default("jpeg", "image/jpeg")
    hand.relate("/", f"{PROPERTIES}/core-properties", core)
    hand.relate("/", "extended-properties", app)
    hand.relate("/", "custom-properties", custom)
    hand.relate(
        "/", f"{PROPERTIES}/thumbnail", hand.add("/docProps/thumbnail.jpeg", picture("JPEG"))
    )
    label = hand.add(
        "/docMetadata/LabelInfo.xml",
        '<clbl:labelList xmlns:clbl="http://schemas.microsoft.com/office/2020/mipLabelMetadata">'
        '<clbl:label id="{00000001-0000-4000-8000-000000000000}" enabled="1" method="Standard" '
        'siteId="{00000002-0000-4000-8000-000000000000}" contentBits="0" removed="0"/>'
        "</clbl:labelList>",
        "application/vnd.ms-office.classificationlabels+xml",
    )
    hand.relate(
        "/", "http://schemas.microsoft.com/office/2020/02/relationships/classificationlabels", label
    )
    hand.write(path)


@made(
    "hand-old-sheets.xlsm", PROGRAM, "dialog sheets", "macro sheets", "macros", "very hidden sheets"
)
def old_sheets(path: Path) -> None:
    hand = book()
    hand.add(BOOK, hand.parts[BOOK], "application/vnd.ms-excel.sheet.macroEnabled.main+xml")
    dialog = hand.add(
        "/xl/dialogsheets/sheet1.xml",
        f'<dialogsheet {NAMESPACES}><sheetViews><sheetView workbookViewId="0"/></sheetViews>'
        '<pageMargins left="0.7" right="0.7" top="0.75" bottom="0.75" header="0.3" footer="0.3"/>'
        "</dialogsheet>",
        SPREADSHEET + "dialogsheet+xml",
    )
    macro = hand.add(
        "/xl/macrosheets/sheet1.xml",
        f'<xm:macrosheet xmlns:xm="{OFFICE}excel/2006/main" xmlns="{MAIN}" '
        f'xmlns:r="{RELATIONSHIP}"><sheetPr codeName="M"/><sheetData><row r="1"><c r="A1"><f>HALT()'
        "</f><v>0</v></c></row></sheetData></xm:macrosheet>",
        "application/vnd.ms-excel.macrosheet+xml",
    )
    more = (
        (hand.relate(BOOK, "dialogsheet", dialog), "Dialog1"),
        (hand.relate(BOOK, f"{OFFICE}2006/relationships/xlMacrosheet", macro), "Macro1"),
    )
    listed = "".join(
        f'<sheet name="{name}" sheetId="{index}" state="veryHidden" r:id="{id}"/>'
        for index, (id, name) in enumerate(more, 7)
    )
    hand.replace(BOOK, "</sheets>", f"{listed}</sheets>")
    project = hand.add("/xl/vbaProject.bin", macros(), "application/vnd.ms-office.vbaProject")
    hand.relate(BOOK, f"{OFFICE}2006/relationships/vbaProject", project)
    data = hand.add(
        "/xl/vbaData.xml",
        '<wne:vbaSuppData xmlns:wne="http://schemas.microsoft.com/office/word/2006/wordml"/>',
        "application/vnd.ms-word.vbaData+xml",
    )
    hand.relate(project, f"{OFFICE}2006/relationships/wordVbaData", data)
    signature = hand.add(
        "/xl/vbaProjectSignature.bin", bytes(40), "application/vnd.ms-office.vbaProjectSignature"
    )
    hand.relate(project, f"{OFFICE}2006/relationships/vbaProjectSignature", signature)
    hand.write(path)


@made("hand-utf16.xlsx", PROGRAM, "UTF-16 parts", "byte order marks", "comments in XML", "CDATA")
def encodings(path: Path) -> None:
    hand = book()
    text = hand.parts["/xl/worksheets/sheet2.xml"].decode().replace("UTF-8", "UTF-16")
    hand.parts["/xl/worksheets/sheet2.xml"] = text.encode("utf-16")
    hand.parts["/xl/sharedStrings.xml"] = b"\xef\xbb\xbf" + hand.parts[
        "/xl/sharedStrings.xml"
    ].replace(b"<t>South</t>", b"<t><![CDATA[South]]></t>")
    hand.replace(SHEET1, "<sheetData>", "<!-- written by a program --><?pi data?><sheetData>")
    hand.write(path)


@made("hand-few-parts.xlsx", PROGRAM, "missing styles", "missing shared strings", "one sheet")
def few_parts(path: Path) -> None:
    hand = Hand()
    row = '<row r="1"><c r="A1"><v>4</v></c><c r="B1"><f>A1+1</f></c></row>'
    part = hand.add(
        SHEET1,
        f'<worksheet xmlns="{MAIN}"><sheetData>{row}</sheetData></worksheet>',
        TYPES["worksheet"],
    )
    id = hand.relate(BOOK, "worksheet", part)
    hand.add(
        BOOK,
        f'<workbook xmlns="{MAIN}" xmlns:r="{RELATIONSHIP}"><sheets><sheet name="Only" sheetId="1" '
        f'r:id="{id}"/></sheets></workbook>',
        TYPES["workbook"],
    )
    hand.relate("/", "officeDocument", BOOK)
    hand.write(path)


@made(
    "hand-alternates.xlsx",
    PROGRAM,
    "mc:AlternateContent in sheets",
    "mc:Ignorable",
    "unknown namespaces",
)
def alternates(path: Path) -> None:
    rows = ROWS.replace('<row r="2" ', '<row co:mark="7" r="2" ')
    block = (
        '<mc:AlternateContent><mc:Choice Requires="co"><co:thing/></mc:Choice><mc:Fallback/>'
        "</mc:AlternateContent>"
    )
    hand = book({"Data": sheet_xml(rows), "Other": sheet_xml()})
    for old, new in (
        ('mc:Ignorable="x14ac', 'xmlns:co="urn:company:marks" mc:Ignorable="co x14ac'),
        ("</worksheet>", f"{block}</worksheet>"),
    ):
        hand.replace(SHEET1, old, new)
    hand.write(path)


@made(
    "hand-many-strings.xlsx",
    PROGRAM,
    "long strings",
    "unicode",
    "repeated strings",
    "empty strings",
)
def many_strings(path: Path) -> None:
    texts = ("Region", "Sales", "Twice", "North", "South", "Total", "x" * 32_767, "🙂日本語\u0301",
             "Region", "", "a&amp;b&lt;c&gt;", "tab\tand\nline", "'quoted", "_x0041_")  # fmt: skip
    row = '<row r="6">' + "".join(
        f'<c r="{chr(65 + index)}6" t="s"><v>{6 + index}</v></c>' for index in range(8)
    ) + "</row>"  # fmt: skip
    hand = book({"Data": sheet_xml(ROWS + row), "Other": sheet_xml(ROWS + row)}, strings=texts)
    hand.write(path)
