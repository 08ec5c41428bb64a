"""A workbook's package: its parts, how they are related, and a draft of a changed one.

Source: ECMA-376 part 2 (Open Packaging Conventions). Part names are written as in the
archive, without the leading slash, and compared without regard to case.
"""

from __future__ import annotations

import io
import os
import posixpath
import struct
import zlib
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TypeAlias
from zipfile import ZIP_DEFLATED, ZipFile, ZipInfo

from isal import isal_zlib
from lxml import etree

CONTENT_TYPES = "[Content_Types].xml"
TYPES = "http://schemas.openxmlformats.org/package/2006/content-types"
RELATIONSHIPS = "http://schemas.openxmlformats.org/package/2006/relationships"
OFFICE = "http://schemas.openxmlformats.org/officeDocument/2006/relationships"
RELS_TYPE = "application/vnd.openxmlformats-package.relationships+xml"

Content: TypeAlias = bytes | Iterable[bytes | memoryview]

_PARSER = etree.XMLParser(resolve_entities=False, no_network=True, huge_tree=True)
_LOCAL_HEADER = struct.Struct("<4s5H3L2H")
_STREAMED = 0x08  # flag bit: sizes follow the data
_FAST = 1  # level: as small as zlib's default to a few per cent, several times faster
_EPOCH = (1980, 1, 1, 0, 0, 0)


def parse(data: bytes) -> etree._Element:
    """The root element of a part. Entities are not resolved, nothing is fetched."""
    return etree.fromstring(data, _PARSER)


def serialized(root: etree._Element) -> bytes:
    """A part as it is stored."""
    return etree.tostring(root, xml_declaration=True, encoding="UTF-8", standalone=True)


@dataclass(frozen=True)
class Relationship:
    """One relationship of a part.

    :param target: name of the related part; where ``external``, the address as it stands
    :param stored: the target as the file has it
    :param mode: its mode as the file has it, where it has one
    """

    id: str
    type: str
    target: str
    external: bool = False
    stored: str = ""
    mode: str = ""

    @property
    def kind(self) -> str:
        """The last word of the type: "worksheet", "drawing", "comments" ..."""
        return self.type.rsplit("/", 1)[-1]


class Relationships:
    """The relationships of one part, in the order of the file."""

    def __init__(self, part: str, found: Iterable[Relationship] = ()) -> None:
        self.part = part
        self.changed = False
        self._by_id = {item.id: item for item in found}

    def __iter__(self) -> Iterator[Relationship]:
        return iter(list(self._by_id.values()))

    def get(self, id_: str | None) -> Relationship | None:
        """The relationship of that id."""
        return self._by_id.get(id_ or "")

    def of_kind(self, kind: str) -> list[Relationship]:
        """Those whose type ends with ``kind``."""
        return [item for item in self if item.kind == kind]

    def add(self, type_: str, target: str, *, external: bool = False) -> str:
        """Relate to another part; the id of the new relationship."""
        number = len(self._by_id) + 1
        while f"rId{number}" in self._by_id:
            number += 1
        self._by_id[f"rId{number}"] = Relationship(f"rId{number}", type_, target, external)
        self.changed = True
        return f"rId{number}"

    def remove(self, id_: str) -> None:
        """Drop a relationship (the part it leads to stays)."""
        del self._by_id[id_]
        self.changed = True

    def retarget(self, id_: str, target: str) -> None:
        """Let a relationship lead to another part."""
        self._by_id[id_] = replace(self._by_id[id_], target=target, stored="")
        self.changed = True

    @classmethod
    def read(cls, part: str, data: bytes) -> Relationships:
        """Those of a ``.rels`` part."""
        found = []
        for item in parse(data).iter(f"{{{RELATIONSHIPS}}}Relationship"):
            target = item.get("Target", "")
            # A link to a place in the workbook ("#Sheet2!A1") may come as an internal target.
            mode = item.get("TargetMode", "")
            external = mode == "External" or target.startswith("#")
            name = target if external else resolved(part, target)
            id_, type_ = item.get("Id", ""), item.get("Type", "")
            found.append(Relationship(id_, type_, name, external, target, mode))
        return cls(part, found)

    def written(self) -> bytes:
        """As a ``.rels`` part."""
        root = etree.Element(f"{{{RELATIONSHIPS}}}Relationships", nsmap={None: RELATIONSHIPS})  # type: ignore[dict-item]
        for item in self:
            target = item.stored or (item.target if item.external else f"/{item.target}")
            attributes = {"Id": item.id, "Type": item.type, "Target": target}
            mode = item.mode or ("External" if item.external and not item.stored else "")
            if mode:
                attributes["TargetMode"] = mode
            etree.SubElement(root, f"{{{RELATIONSHIPS}}}Relationship", attributes)
        return serialized(root)


def resolved(part: str, target: str) -> str:
    """The name of the part that a relative or absolute target of ``part`` means."""
    if target.startswith("/"):
        return posixpath.normpath(target).lstrip("/")
    return posixpath.normpath(posixpath.join(posixpath.dirname(part), target)).lstrip("/")


def rels_name(part: str) -> str:
    """The name of the part that holds the relationships of ``part`` ("" is the package)."""
    folder, name = posixpath.split(part)
    return posixpath.join(folder, "_rels", f"{name}.rels")


class Package:
    """The parts of a workbook's file. Nothing in it changes.

    :param source: the file, or its content
    """

    def __init__(self, source: Path | bytes) -> None:
        self.source = source
        with self.archive() as archive:
            infos = archive.infolist()
        self.infos = {info.filename.lstrip("/"): info for info in infos if not info.is_dir()}
        self._names = {name.lower(): name for name in self.infos}

    def __getstate__(self) -> Path | bytes:
        return self.source

    def __setstate__(self, source: Path | bytes) -> None:
        Package.__init__(self, source)

    def __repr__(self) -> str:
        held = "memory" if isinstance(self.source, bytes) else str(self.source)
        return f"<Package {held} parts={len(self.infos)}>"

    def archive(self) -> ZipFile:
        """The archive, to read from; the caller closes it."""
        source = self.source
        return ZipFile(io.BytesIO(source) if isinstance(source, bytes) else source)

    @property
    def names(self) -> list[str]:
        """The names of all parts, in the order of the archive."""
        return list(self.infos)

    def find(self, name: str) -> str | None:
        """The name as the archive spells it, or None."""
        return self._names.get(name.lstrip("/").lower())

    def __contains__(self, name: str) -> bool:
        return self.find(name) is not None

    def read(self, name: str) -> bytes:
        """The content of a part.

        :raises KeyError: if there is none of that name
        """
        found = self.find(name)
        if found is None:
            raise KeyError(name)
        with self.archive() as archive:
            return inflated(archive, self.infos[found])

    def relationships(self, part: str) -> Relationships:
        """The relationships of a part; none where it has no ``.rels``."""
        name = rels_name(part)
        return Relationships.read(part, self.read(name)) if name in self else Relationships(part)


def inflated(archive: ZipFile, info: ZipInfo) -> bytes:
    """The content of an entry, which for large ones is much faster than ``ZipFile.read``."""
    if info.compress_type != ZIP_DEFLATED or info.flag_bits & 1:
        return archive.read(info)
    data = isal_zlib.decompress(_raw(archive, info), wbits=-15, bufsize=max(info.file_size, 1))
    if len(data) != info.file_size or zlib.crc32(data) != info.CRC:
        return archive.read(info)  # which says what is wrong with it
    return data


def _raw(archive: ZipFile, info: ZipInfo) -> bytes:
    """The bytes of an entry as they stand in the archive."""
    file = archive.fp
    assert file is not None
    file.seek(info.header_offset)
    header = _LOCAL_HEADER.unpack(file.read(_LOCAL_HEADER.size))
    file.seek(header[9] + header[10], os.SEEK_CUR)
    return file.read(info.compress_size)


class Draft:
    """A package in the making: the parts of another one, and what is to be different.

    Parts that nobody wrote are copied as they are, without being unpacked.
    """

    def __init__(self, package: Package) -> None:
        self.package = package
        self._written: dict[str, Content] = {}
        self._removed: set[str] = set()
        self._relationships: dict[str, Relationships] = {}
        self._types = parse(package.read(CONTENT_TYPES))

    def __repr__(self) -> str:
        return f"<Draft of {self.package!r} written={len(self._written)}>"

    @property
    def names(self) -> list[str]:
        """The names of all parts as the draft is now, without the ``.rels``."""
        kept = [name for name in self.package.names if name not in self._removed]
        new = [name for name in self._written if name not in self.package.infos]
        return [n for n in kept + new if not n.endswith(".rels") and n != CONTENT_TYPES]

    def find(self, name: str) -> str | None:
        """The name as it is spelled here, or None if there is no such part."""
        found = self.package.find(name)
        if found is not None and found not in self._removed:
            return found
        wanted = name.lstrip("/").lower()
        return next((new for new in self._written if new.lower() == wanted), None)

    def __contains__(self, name: str) -> bool:
        return self.find(name) is not None

    def has_written(self, name: str) -> bool:
        """Whether a part was given a content here."""
        return self.find(name) in self._written

    def read(self, name: str) -> bytes:
        """The content of a part as it is now.

        :raises KeyError: if there is none of that name
        """
        found = self.find(name)
        if found is None:
            raise KeyError(name)
        if found not in self._written:
            return self.package.read(found)
        content = self._written[found]
        if not isinstance(content, bytes):
            content = self._written[found] = b"".join(content)
        return content

    def xml(self, name: str) -> etree._Element:
        """A part's root element: a copy, to be given to :meth:`write` when changed."""
        return parse(self.read(name))

    def write(self, name: str, content: Content | etree._Element, type_: str = "") -> None:
        """Give a part its content.

        :param content: bytes, chunks of bytes to be taken once, or a root element
        :param type_: content type; leave out for a part whose type is known
        """
        name = self.find(name) or name.lstrip("/")
        self._written[name] = (
            serialized(content) if isinstance(content, etree._Element) else content
        )
        self._removed.discard(name)
        if type_ and self.content_type(name) != type_:
            self._set_type(name, type_)

    def remove(self, name: str) -> None:
        """Drop a part with its relationships; those that lead to it are the caller's."""
        found = self.find(name)
        if found is None:
            return
        self._written.pop(found, None)
        self._removed.add(found)
        rels = self.package.find(rels_name(found))
        if rels:
            self._removed.add(rels)
        self._relationships.pop(found, None)
        for item in self._overrides(found):
            self._types.remove(item)

    def free_name(self, pattern: str) -> str:
        """The first free part name of a pattern such as ``xl/charts/chart{}.xml``."""
        number = 1
        while pattern.format(number) in self or self.package.find(pattern.format(number)):
            number += 1
        return pattern.format(number)

    def relationships(self, part: str) -> Relationships:
        """The relationships of a part, to look at and to change."""
        part = self.find(part) or part
        if part not in self._relationships:
            known = part in self.package.infos or not part
            found = self.package.relationships(part) if known else Relationships(part)
            self._relationships[part] = found
        return self._relationships[part]

    def relate(self, part: str, found: Iterable[Relationship]) -> None:
        """Give a new part its relationships, with the ids they have."""
        self._relationships[part] = Relationships(part, found)
        self._relationships[part].changed = True

    # Content types ------------------------------------------------------------

    def content_type(self, name: str) -> str:
        """The content type of a part; "" where it has none."""
        for item in self._overrides(name):
            return item.get("ContentType", "")
        extension = posixpath.splitext(name)[1].lstrip(".").lower()
        for item in self._types.iter(f"{{{TYPES}}}Default"):
            if item.get("Extension", "").lower() == extension:
                return item.get("ContentType", "")
        return ""

    def default_type(self, extension: str, type_: str) -> None:
        """Declare the type of all parts with an extension, where it isn't yet."""
        known = {item.get("Extension", "").lower() for item in self._types.iter("{*}Default")}
        if extension.lower() not in known:
            item = etree.Element(f"{{{TYPES}}}Default", Extension=extension, ContentType=type_)
            self._types.insert(0, item)

    def _overrides(self, name: str) -> list[etree._Element]:
        wanted = "/" + name.lstrip("/").lower()
        items = self._types.iter(f"{{{TYPES}}}Override")
        return [item for item in items if item.get("PartName", "").lower() == wanted]

    def _set_type(self, name: str, type_: str) -> None:
        for item in self._overrides(name):
            item.set("ContentType", type_)
            return
        etree.SubElement(
            self._types, f"{{{TYPES}}}Override", PartName=f"/{name}", ContentType=type_
        )

    # Writing ------------------------------------------------------------------

    def save(self, target: Path | io.BytesIO) -> None:
        """Write the package."""
        for part, relationships in self._relationships.items():
            if relationships.changed:
                self._written[rels_name(part)] = relationships.written()
                self._removed.discard(rels_name(part))
        with self.package.archive() as source, ZipFile(target, "w", ZIP_DEFLATED) as archive:
            _add(archive, CONTENT_TYPES, serialized(self._types))
            for name, info in self.package.infos.items():
                if name in self._written:
                    _add(archive, name, self._written[name])
                elif name not in self._removed and name != CONTENT_TYPES:
                    _copy(source, info, archive, name)
            for name, content in self._written.items():
                if name not in self.package.infos:
                    _add(archive, name, content)

    def saved(self) -> Package:
        """The package that the draft describes, held in memory."""
        out = io.BytesIO()
        self.save(out)
        return Package(out.getvalue())


def _add(archive: ZipFile, name: str, content: Content) -> None:
    packer = isal_zlib.compressobj(_FAST, isal_zlib.DEFLATED, -15)
    packed, crc, size = [], 0, 0
    for chunk in [content] if isinstance(content, bytes) else content:
        packed.append(packer.compress(chunk))
        crc, size = zlib.crc32(chunk, crc), size + len(chunk)
    packed.append(packer.flush())
    info = ZipInfo(name, _EPOCH)
    info.compress_type = ZIP_DEFLATED
    info.CRC, info.file_size = crc, size
    info.compress_size = sum(map(len, packed))
    _append(archive, info, packed)


def _copy(source: ZipFile, info: ZipInfo, archive: ZipFile, name: str) -> None:
    copy = ZipInfo(name, info.date_time)
    copy.compress_type = info.compress_type
    copy.external_attr = info.external_attr
    copy.CRC, copy.file_size, copy.compress_size = info.CRC, info.file_size, info.compress_size
    _append(archive, copy, [_raw(source, info)])


def _append(archive: ZipFile, info: ZipInfo, packed: list[bytes]) -> None:
    """Add an entry that is packed already, which ``ZipFile`` has no method for."""
    file = archive.fp
    assert file is not None
    info.header_offset = file.tell()
    info.flag_bits &= ~_STREAMED
    file.write(info.FileHeader())
    for chunk in packed:
        file.write(chunk)
    archive.start_dir = file.tell()
    archive._didModify = True  # type: ignore[attr-defined]
    archive.filelist.append(info)
    archive.NameToInfo[info.filename] = info
