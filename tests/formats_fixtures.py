"""Workbooks of other formats, made by code: .xlsb record by record, encrypted .xls, strict ones."""

from __future__ import annotations

import hashlib
import io
import random
import re
import struct
import zipfile

import olefile
from msoffcrypto.method.ecma376_agile import ECMA376Agile

_TYPES = "http://schemas.openxmlformats.org/package/2006/content-types"
_RELS = "http://schemas.openxmlformats.org/package/2006/relationships"
_OFFICE = "http://schemas.openxmlformats.org/officeDocument/2006/relationships"


def parts_of(data: bytes) -> dict[str, bytes]:
    with zipfile.ZipFile(io.BytesIO(data)) as archive:
        return {name: archive.read(name) for name in archive.namelist()}


def zipped(parts: dict[str, bytes], level: int = 1) -> bytes:
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED, compresslevel=level) as archive:
        for name, data in parts.items():
            archive.writestr(name, data)
    return out.getvalue()


def encrypted(data: bytes, password: str) -> bytes:
    """A package in agile encryption, as Excel writes it today."""
    if len(data) < 8_000:  # what encrypts here can't do it with short ones
        data = zipped({**parts_of(data), "docProps/long.bin": random.Random(1).randbytes(8_000)})
    made: bytes = ECMA376Agile.encrypt(password, io.BytesIO(data))
    return made


# .xlsb ------------------------------------------------------------------------


def record(kind: int, body: bytes = b"") -> bytes:
    """One record of an .xlsb: number and length in seven bits a byte."""
    head = bytes([kind & 0x7F | 0x80, kind >> 7]) if kind > 0x7F else bytes([kind])
    length, size = len(body), b""
    while True:
        size += bytes([length & 0x7F | (0x80 if length > 0x7F else 0)])
        length >>= 7
        if not length:
            return head + size + body


def wide(text: str) -> bytes:
    return struct.pack("<I", len(text)) + text.encode("utf-16-le")


def xlsb_cell(column: int, value: float | str) -> bytes:
    place = struct.pack("<II", column, 0)
    if isinstance(value, str):
        return record(6, place + wide(value))
    return record(5, place + struct.pack("<d", value))


def xlsb_sum(column: int, rows: tuple[int, int], value: float) -> bytes:
    """A cell with the formula SUM over rows of its column, and its result."""
    area = struct.pack("<BIIHH", 0x25, rows[0], rows[1], column | 0xC000, column | 0xC000)
    formula = area + struct.pack("<BBH", 0x42, 1, 4)
    body = struct.pack("<IId", column, 0, value) + struct.pack("<H", 0)
    return record(9, body + struct.pack("<I", len(formula)) + formula + struct.pack("<I", 0))


def xlsb_row(number: int, *cells: bytes) -> bytes:
    height = struct.pack("<IIHBBBI", number, 0, 300, 0, 0, 0, 1) + struct.pack("<II", 0, 10)
    return record(0, height) + b"".join(cells)


def xlsb_sheet(*rows: bytes) -> bytes:
    dimension = struct.pack("<IIII", 0, 100, 0, 10)
    return (
        record(129) + record(148, dimension) + record(145) + b"".join(rows) + record(146)
    ) + record(130)


def xlsb(sheet: bytes, name: str = "Data") -> bytes:
    """A binary workbook with one sheet."""
    bundle = struct.pack("<II", 0, 1) + wide("rId1") + wide(name)
    book = record(131) + record(143) + record(156, bundle) + record(144)
    book += record(157, bytes(26)) + record(132)
    styles = record(278) + record(617, struct.pack("<I", 1)) + record(47, bytes(16))
    styles += record(618) + record(279)
    return zipped(
        {
            "[Content_Types].xml": (
                f'<?xml version="1.0"?><Types xmlns="{_TYPES}"><Default Extension="rels" '
                'ContentType="application/vnd.openxmlformats-package.relationships+xml"/>'
                '<Default Extension="bin" ContentType="application/vnd.ms-excel.sheet.binary.'
                'macroEnabled.main"/><Override PartName="/xl/worksheets/sheet1.bin" '
                'ContentType="application/vnd.ms-excel.worksheet"/><Override '
                'PartName="/xl/styles.bin" ContentType="application/vnd.ms-excel.styles"/></Types>'
            ).encode(),
            "_rels/.rels": (
                f'<?xml version="1.0"?><Relationships xmlns="{_RELS}"><Relationship Id="rId1" '
                f'Type="{_OFFICE}/officeDocument" Target="xl/workbook.bin"/></Relationships>'
            ).encode(),
            "xl/workbook.bin": book,
            "xl/_rels/workbook.bin.rels": (
                f'<?xml version="1.0"?><Relationships xmlns="{_RELS}"><Relationship Id="rId1" '
                f'Type="{_OFFICE}/worksheet" Target="worksheets/sheet1.bin"/><Relationship '
                f'Id="rId2" Type="{_OFFICE}/styles" Target="styles.bin"/></Relationships>'
            ).encode(),
            "xl/worksheets/sheet1.bin": sheet,
            "xl/styles.bin": styles,
        }
    )


def small_xlsb() -> bytes:
    return xlsb(
        xlsb_sheet(
            xlsb_row(0, xlsb_cell(0, "Item"), xlsb_cell(1, "Cost")),
            xlsb_row(1, xlsb_cell(0, "Rent"), xlsb_cell(1, 1200.0)),
            xlsb_row(2, xlsb_cell(0, "Food"), xlsb_cell(1, 450.0)),
            xlsb_row(3, xlsb_cell(0, "Total"), xlsb_sum(1, (1, 2), 1650.0)),
        )
    )


# Strict -----------------------------------------------------------------------


def strict(data: bytes) -> bytes:
    """A workbook of the usual form in the strict one: other namespaces, percents in drawings."""

    def other(found: re.Match[bytes]) -> bytes:
        rest = found[2].replace(b"extended-properties", b"extendedProperties")
        return b"http://purl.oclc.org/ooxml/" + found[1] + b"/" + rest

    parts = {}
    for name, part in parts_of(data).items():
        if name.endswith((".xml", ".rels")) and name != "[Content_Types].xml":
            part = re.sub(
                rb"http://schemas\.openxmlformats\.org/"
                rb"(spreadsheetml|drawingml|officeDocument)/2006/([A-Za-z/-]+)",
                other,
                part,
            )
        if name == "xl/workbook.xml":
            part = part.replace(b"<workbook ", b'<workbook conformance="strict" ', 1)
        parts[name] = part
    return zipped(parts)


# Encrypted .xls ---------------------------------------------------------------

_IN_CLEAR = (0x809, 0x2F, 0x194, 0x195, 0xE1, 0x196, 0x138)


def rc4(key: bytes, data: bytes) -> bytes:
    box, j = list(range(256)), 0
    for i in range(256):
        j = (j + box[i] + key[i % len(key)]) % 256
        box[i], box[j] = box[j], box[i]
    out, i, j = bytearray(), 0, 0
    for byte in data:
        i = (i + 1) % 256
        j = (j + box[i]) % 256
        box[i], box[j] = box[j], box[i]
        out.append(byte ^ box[(box[i] + box[j]) % 256])
    return bytes(out)


def encrypted_xls(data: bytes, password: str) -> bytes:
    """An .xls in the RC4 encryption of Office 97 (MS-XLS 2.2.10, MS-OFFCRYPTO 2.3.6)."""
    ole = olefile.OleFileIO(io.BytesIO(data))
    stream = ole.openstream("Workbook").read()
    ole.close()
    salt, verifier = bytes(range(16)), bytes(range(50, 66))
    start = hashlib.md5(password.encode("utf-16-le")).digest()[:5]
    start = hashlib.md5((start + salt) * 16).digest()[:5]

    def key(block: int) -> bytes:
        return hashlib.md5(start + struct.pack("<I", block)).digest()

    proof = rc4(key(0), verifier + hashlib.md5(verifier).digest())
    mark = struct.pack("<HHHHH", 0x2F, 54, 1, 1, 1) + salt + proof
    records = _records(stream)
    (kind, first), rest = records[0], records[1:]
    shift = len(mark)
    plain = struct.pack("<HH", kind, len(first)) + first + mark
    clear = bytearray(b"\1" * len(plain))
    for kind, body in rest:
        if kind == 0x85:  # where a sheet begins; the mark has moved it
            body = struct.pack("<I", struct.unpack_from("<I", body)[0] + shift) + body[4:]
        plain += struct.pack("<HH", kind, len(body)) + body
        clear += b"\1" * 4
        if kind in _IN_CLEAR:
            clear += b"\1" * len(body)
        else:
            kept = 4 if kind == 0x85 else 0
            clear += b"\1" * kept + b"\0" * (len(body) - kept)
    if len(plain) < 4096:  # small streams lie elsewhere
        plain += struct.pack("<HH", 0, 4092 - len(plain)).ljust(4096 - len(plain), b"\0")
        clear += b"\1" * (len(plain) - len(clear))
    secret = b"".join(
        rc4(key(at // 1024), plain[at : at + 1024]) for at in range(0, len(plain), 1024)
    )
    mixed = bytes(p if c else s for p, s, c in zip(plain, secret, clear, strict=True))
    return compound({"Workbook": mixed})


def _records(stream: bytes) -> list[tuple[int, bytes]]:
    found, at = [], 0
    while at + 4 <= len(stream):
        kind, length = struct.unpack_from("<HH", stream, at)
        found.append((kind, stream[at + 4 : at + 4 + length]))
        at += 4 + length
        if kind == 0 and length == 0:
            break
    return found


# Compound files ---------------------------------------------------------------

_FREE, _END, _FAT = 0xFFFFFFFF, 0xFFFFFFFE, 0xFFFFFFFD


def compound(streams: dict[str, bytes]) -> bytes:
    """A compound file with these streams, each padded to at least 4096 bytes."""
    padded = {
        n: d + b"\0" * (max(4096, -(-len(d) // 512) * 512) - len(d)) for n, d in streams.items()
    }
    sectors = sum(len(d) // 512 for d in padded.values())
    directory = -(-(len(padded) + 1) * 128 // 512)
    fats = 1
    while fats * 128 < sectors + directory + fats:
        fats += 1
    fat = [_FAT] * fats + [fats + n + 1 for n in range(directory)]
    fat[-1] = _END
    entries, body = [_entry("Root Entry", 5, _END, 0, child=1)], b""
    names = list(padded)
    for number, name in enumerate(names, start=1):
        count = len(padded[name]) // 512
        begin = len(fat)
        fat += [begin + n + 1 for n in range(count - 1)] + [_END]
        right = number + 1 if number < len(names) else _FREE
        size = max(4096, len(streams[name]))
        entries.append(_entry(name, 2, begin, size, right=right))
        body += padded[name]
    fat += [_FREE] * (fats * 128 - len(fat))
    header = b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + b"\0" * 16
    header += struct.pack("<HHHHH6x", 0x3E, 3, 0xFFFE, 9, 6)
    header += struct.pack("<9I", 0, fats, fats, 0, 4096, _END, 0, _END, 0)
    header += b"".join(struct.pack("<I", n if n < fats else _FREE) for n in range(109))
    table = b"".join(entries).ljust(directory * 512, b"\0")
    return header + struct.pack(f"<{len(fat)}I", *fat) + table + body


def _entry(
    name: str, kind: int, start: int, size: int, *, right: int = _FREE, child: int = _FREE
) -> bytes:
    raw = name.encode("utf-16-le") + b"\0\0"
    return (
        raw.ljust(64, b"\0")
        + struct.pack("<HBB", len(raw), kind, 1)
        + struct.pack("<III", _FREE, right, child)
        + b"\0" * 36
        + struct.pack("<III", start, size, 0)
    )
