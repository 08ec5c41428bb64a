"""The text of a file's bytes, in the encoding that it has."""

from __future__ import annotations

import codecs
import re

from service.errors import InvalidParameters, UnsupportedFile

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
    from charset_normalizer import from_bytes  # noqa: PLC0415 - it takes time

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
