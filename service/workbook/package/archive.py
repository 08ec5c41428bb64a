"""The archive of a package: its index is checked before anything is unpacked.

An archive of a few kilobytes can unpack to gigabytes, name one part a thousand times, or say
another size in its index than its data has. What comes out of here is none of these.
"""

from __future__ import annotations

import io
import os
import struct
import zipfile
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import IO

from isal import isal_zlib

from service.errors import TooLarge, UnsupportedFile, WorkbookDamaged

SAVE_AGAIN = "Open it in Excel, save it again and upload the new copy."
CHUNK = 1 << 20
MAX_PARTS = 10_000
_MAX_INDEX = 8 << 20
_MAX_RATIO = 500
_RATIO_MATTERS_FROM = 20 << 20
_PACKED_CHUNK = 1 << 18
_ENCRYPTED = 1
_LOCAL = struct.Struct("<4s5H3I2H")
_END = struct.Struct("<4s4H2IH")
_END64_LOCATOR = struct.Struct("<4sIQI")
_END64 = struct.Struct("<4sQ2H2I4Q")


def damaged(what: str) -> WorkbookDamaged:
    """The error of a file that is a workbook, but broken."""
    return WorkbookDamaged(f"The workbook is damaged: {what}.", SAVE_AGAIN)


class Archive:
    """The parts of an archive whose index was found sound; see ``opened``."""

    def __init__(self, archive: zipfile.ZipFile, file: IO[bytes]) -> None:
        self._file = file
        self.infos = [info for info in archive.infolist() if not info.is_dir()]
        self.names = [info.filename.lstrip("/") for info in self.infos]

    def __repr__(self) -> str:
        return f"<Archive parts={len(self.names)}>"

    def find(self, name: str) -> zipfile.ZipInfo | None:
        """The part of that name, whatever its case."""
        wanted = name.lstrip("/").lower()
        found = zip(self.names, self.infos, strict=True)
        return next((info for own, info in found if own.lower() == wanted), None)

    def read(self, name: str, most: int) -> bytes:
        """A part of at most ``most`` bytes; b"" where there is none.

        :raises WorkbookDamaged: if it is larger
        """
        info = self.find(name)
        if info is None:
            return b""
        if info.file_size > most:
            raise damaged(f"its part {info.filename[:100]} has {info.file_size:,} bytes")
        return b"".join(self.chunks(info))

    def chunks(self, info: zipfile.ZipInfo) -> Iterator[bytes]:
        """The content of a part, about a mebibyte at a time, never more than its size.

        :raises WorkbookDamaged: if the content is not what the index says
        """
        size = crc = 0
        try:
            for chunk in self._unpacked(info):
                size += len(chunk)
                if size > info.file_size:
                    break
                crc = isal_zlib.crc32(chunk, crc)
                yield chunk
        except (isal_zlib.error, EOFError):  # type: ignore[misc] # it is an exception
            raise damaged(f"its part {info.filename[:100]} can't be unpacked") from None
        if size != info.file_size or crc != info.CRC:
            raise damaged(f"its part {info.filename[:100]} is not what the archive says of it")

    def _unpacked(self, info: zipfile.ZipInfo) -> Iterator[bytes]:
        packed = self._packed(info)
        if info.compress_type == zipfile.ZIP_STORED:
            yield from packed
            return
        unpacker = isal_zlib.decompressobj(-15)
        for piece in packed:
            left = piece
            while left and not unpacker.eof:
                yield unpacker.decompress(left, CHUNK)
                left = unpacker.unconsumed_tail
        while not unpacker.eof:
            rest = unpacker.decompress(b"", CHUNK)
            if not rest:
                raise EOFError
            yield rest

    def _packed(self, info: zipfile.ZipInfo) -> Iterator[bytes]:
        self._file.seek(info.header_offset)
        header = self._file.read(_LOCAL.size)
        if len(header) < _LOCAL.size or not header.startswith(b"PK\x03\x04"):
            raise damaged(f"its part {info.filename[:100]} is not where the archive says")
        fields = _LOCAL.unpack(header)
        self._file.seek(fields[9] + fields[10], os.SEEK_CUR)
        left = info.compress_size
        while left:
            piece = self._file.read(min(left, _PACKED_CHUNK))
            if not piece:
                raise EOFError
            left -= len(piece)
            yield piece


@contextmanager
def opened(path: Path, max_unpacked: int) -> Iterator[Archive]:
    """The archive at ``path``, after a look at its index.

    :param max_unpacked: bytes that all parts together may unpack to
    :raises WorkbookDamaged: if it is none, or a broken one
    :raises UnsupportedFile: if it is packed in a way that no workbook is
    :raises TooLarge: if it is beyond the limits
    """
    size = path.stat().st_size
    try:
        with path.open("rb") as file:
            _check_index(file, size)
            with zipfile.ZipFile(path) as archive:
                _check_sizes(archive.infolist(), size, max_unpacked)
                _check_names(archive.infolist())
                _check_places(archive.infolist())
                yield Archive(archive, file)
    except (zipfile.BadZipFile, NotImplementedError, UnicodeDecodeError, struct.error) as error:
        raise damaged(f"its archive can't be read ({str(error)[:100]})") from None
    except (EOFError, zlib.error):
        raise damaged("its archive ends too early") from None


def _check_index(file: IO[bytes], size: int) -> None:
    """Refuse an index that it would already cost too much to read."""
    start = max(0, size - (1 << 16) - _END.size)
    file.seek(start)
    tail = file.read()
    at = tail.rfind(b"PK\x05\x06")
    if at < 0 or at + _END.size > len(tail):
        raise damaged("its archive ends too early")
    index = _END.unpack_from(tail, at)[5]
    if at >= _END64_LOCATOR.size:
        mark, _, place, _ = _END64_LOCATOR.unpack_from(tail, at - _END64_LOCATOR.size)
        if mark == b"PK\x06\x07":
            file.seek(min(place, size))
            found = file.read(_END64.size)
            index = _END64.unpack(found)[8] if len(found) == _END64.size else size
    if index > _MAX_INDEX:
        raise TooLarge(
            f"The workbook's archive has an index of {index:,} bytes; at most {MAX_PARTS:,} parts "
            "are opened.",
            "Split the workbook.",
        )
    file.seek(0, io.SEEK_SET)


def _check_sizes(infos: list[zipfile.ZipInfo], packed: int, max_unpacked: int) -> None:
    unpacked = sum(info.file_size for info in infos)
    bomb = unpacked > _RATIO_MATTERS_FROM and unpacked > _MAX_RATIO * max(packed, 1)
    if len(infos) > MAX_PARTS or unpacked > max_unpacked or bomb:
        raise TooLarge(
            f"The workbook unpacks to {unpacked:,} bytes in {len(infos):,} parts, "
            f"from {packed:,}; at most {max_unpacked:,} bytes are opened.",
            "Split the workbook, or remove pictures and unused sheets.",
        )


def _check_names(infos: list[zipfile.ZipInfo]) -> None:
    """Refuse names that two programs may read in two ways."""
    seen: set[str] = set()
    for info in infos:
        name = info.filename
        if info.flag_bits & _ENCRYPTED:
            raise UnsupportedFile("The archive is encrypted.", "Save it without a password.")
        if info.compress_type not in (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED):
            raise UnsupportedFile(
                f"The part {name[:100]} is packed in a way that no Excel workbook is.", SAVE_AGAIN
            )
        strange = "\0" in info.orig_filename or "\\" in info.orig_filename
        if strange or {"..", "."} & set(name.split("/")) or len(name) > 1_000:
            raise damaged(f"its archive holds a part named {info.orig_filename[:100]!r}")
        lowered = name.lstrip("/").lower()
        if lowered in seen:
            raise damaged(f"its archive holds two parts named {name[:100]}")
        seen.add(lowered)


def _check_places(infos: list[zipfile.ZipInfo]) -> None:
    """Refuse parts that share their bytes: many large ones can be made of one small one."""
    end, before = 0, ""
    for info in sorted(infos, key=lambda info: info.header_offset):
        if info.header_offset < end:
            raise damaged(f"its parts {before[:100]} and {info.filename[:100]} overlap")
        least = _LOCAL.size + len(info.orig_filename)
        end, before = info.header_offset + least + info.compress_size, info.filename
