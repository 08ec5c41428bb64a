"""Compound files (OLE2): the container of .xls workbooks and of encrypted ones.

Read within bounds: chains of sectors that run in circles, and sizes that the file does not
have, are found before any other reader gets to see the file.
"""

from __future__ import annotations

import struct
from array import array
from dataclasses import dataclass
from pathlib import Path

from service.workbook.package.archive import damaged

MAGIC = b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1"
_HEADER = struct.Struct("<8s16s5H6s9I")
_LISTED_IN_HEADER = 109
_LAST = 0xFFFFFFFA  # sector numbers from here on are marks: free, end of a chain ...
_NOBODY = 0xFFFFFFFF
_ENTRY = 128
_MAX_ENTRIES = 20_000
_STORAGE, _STREAM, _ROOT = 1, 2, 5


@dataclass(frozen=True)
class Entry:
    """One entry of the directory: a stream, or a storage (a folder), by its type."""

    name: str
    type: int
    start: int
    size: int


class Compound:
    """The directory and the streams of a compound file.

    :raises WorkbookDamaged: if it is not sound
    """

    def __init__(self, path: Path) -> None:
        self._data = path.read_bytes()
        if len(self._data) < 1_024 or not self._data.startswith(MAGIC):
            raise damaged("it ends too early")
        fields = _HEADER.unpack_from(self._data)
        self._sector, self._mini_sector = 1 << min(fields[5], 20), 1 << min(fields[6], 20)
        if self._sector not in (512, 4096) or self._mini_sector != 64:
            raise damaged("its header is not that of a workbook")
        self._sectors = -(-len(self._data) // self._sector)
        fat_count, directory, _, self._cutoff, mini, mini_count, more, _ = fields[9:17]
        self._fat = self._table(self._fat_sectors(fat_count, more))
        self.entries = self._directory(directory)
        self._check_tree(directory)
        self._check_streams()
        self._mini_fat = self._table(self._chain(mini)) if mini_count else array("I")

    def __repr__(self) -> str:
        return f"<Compound {[entry.name for entry in self.entries]}>"

    def find(self, name: str) -> Entry | None:
        """The stream or storage of that name, wherever it lies."""
        lowered = name.lower()
        return next((entry for entry in self.entries if entry.name.lower() == lowered), None)

    def read(self, entry: Entry, most: int = 1 << 30) -> bytes:
        """The content of a stream."""
        if entry.size > most or entry.size > len(self._data):
            raise damaged(f"its stream {entry.name!r} says it has {entry.size:,} bytes")
        if entry.size >= self._cutoff or entry.type == _ROOT:
            found = b"".join(self._at(number) for number in self._chain(entry.start))
        else:
            found = self._read_small(entry)
        if len(found) < entry.size:
            raise damaged(f"its stream {entry.name!r} ends too early")
        return found[: entry.size]

    def _read_small(self, entry: Entry) -> bytes:
        root = next((item for item in self.entries if item.type == _ROOT), None)
        small = self.read(root) if root else b""
        size = self._mini_sector
        chain = _followed(self._mini_fat, entry.start, len(small) // size + 1)
        return b"".join(small[number * size : (number + 1) * size] for number in chain)

    def _at(self, number: int) -> bytes:
        start = (number + 1) * self._sector
        if start >= len(self._data):
            raise damaged("it ends too early")
        return self._data[start : start + self._sector]

    def _chain(self, start: int) -> list[int]:
        return _followed(self._fat, start, self._sectors)

    def _fat_sectors(self, count: int, more: int) -> list[int]:
        """The sectors that hold the table of chains."""
        if count > self._sectors:
            raise damaged("its table of sectors is longer than the file")
        listed = list(struct.unpack_from(f"<{_LISTED_IN_HEADER}I", self._data, 76))
        seen = 0
        while more < _LAST:
            seen += 1
            if seen > self._sectors:
                raise damaged("its sectors run in a circle")
            *here, more = struct.unpack(f"<{self._sector // 4}I", self._at(more))
            listed += here
        return [number for number in listed[:count] if number < _LAST]

    def _table(self, sectors: list[int]) -> array[int]:
        table = array("I")
        for number in sectors:
            found = self._at(number)
            table.frombytes(found[: len(found) // 4 * 4])
        return table

    def _directory(self, start: int) -> list[Entry]:
        data = b"".join(self._at(number) for number in self._chain(start))
        if len(data) > _MAX_ENTRIES * _ENTRY:
            raise damaged("its directory has tens of thousands of entries")
        found = []
        for at in range(0, len(data) - _ENTRY + 1, _ENTRY):
            length, type_ = struct.unpack_from("<HB", data, at + 64)
            name = data[at : at + max(0, min(length, 64) - 2)].decode("utf-16-le", "replace")
            first, size = struct.unpack_from("<II", data, at + 116)
            if type_ in (_STORAGE, _STREAM, _ROOT):
                found.append(Entry(name, type_, first, size))
        return found

    def _check_streams(self) -> None:
        """The sectors of each stream have to be in the file: one cut short is found here."""
        for entry in self.entries:
            if entry.type == _STREAM and entry.size >= self._cutoff:
                chain = self._chain(entry.start)
                if len(chain) * self._sector < entry.size or max(chain) + 1 >= self._sectors:
                    raise damaged("it ends too early")

    def _check_tree(self, start: int) -> None:
        """Each entry may be reached in one way only; readers follow these links blindly."""
        data = b"".join(self._at(number) for number in self._chain(start))
        links = [
            struct.unpack_from("<III", data, at + 68)
            for at in range(0, len(data) - _ENTRY + 1, _ENTRY)
        ]
        seen, waiting = {0}, [number for number in links[0] if number != _NOBODY] if links else []
        while waiting:
            number = waiting.pop()
            if number >= len(links) or number in seen:
                raise damaged("its directory runs in a circle")
            seen.add(number)
            waiting += [other for other in links[number] if other != _NOBODY]


def _followed(table: array[int], start: int, most: int) -> list[int]:
    """The sectors of a chain."""
    chain: list[int] = []
    while start < _LAST:
        if len(chain) >= most or start >= len(table):
            raise damaged("its sectors run in a circle, or out of the file")
        chain.append(start)
        start = table[start]
    return chain
