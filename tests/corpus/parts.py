"""A package as its parts: read, and what refers to what (ECMA-376 part 2)."""

from __future__ import annotations

import posixpath
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from urllib.parse import unquote
from zipfile import ZipFile

from lxml import etree

RELATIONSHIP = "http://schemas.openxmlformats.org/officeDocument/2006/relationships"
PACKAGE = "http://schemas.openxmlformats.org/package/2006"
MAIN = "http://schemas.openxmlformats.org/spreadsheetml/2006/main"
CONTENT_TYPES = "/[Content_Types].xml"


def local(tag: object) -> str:
    """The name without its namespace; "" of comments and instructions."""
    return tag.rpartition("}")[2] if isinstance(tag, str) else ""


def parse(data: bytes) -> etree._Element:
    parser = etree.XMLParser(huge_tree=True, resolve_entities=False, remove_blank_text=False)
    return etree.fromstring(data, parser)


@dataclass(frozen=True)
class Relationship:
    """One relationship; ``target`` is a part's name, or as it stands where there is none."""

    id: str
    type: str
    target: str
    external: bool

    @property
    def kind(self) -> str:
        return self.type.rpartition("/")[2]


class Package:
    """A package read whole. Names of parts begin with a slash."""

    def __init__(self, path: Path) -> None:
        self.path = path
        with ZipFile(path) as archive:
            self.members = [info.filename for info in archive.infolist() if not info.is_dir()]
            self.parts = {
                "/" + name.replace("\\", "/").lstrip("/"): archive.read(name)
                for name in self.members
            }
        self._lower = {name.lower(): name for name in self.parts}
        self._relationships: dict[str, list[Relationship]] = {}

    def content_parts(self) -> list[str]:
        """All parts but the content types and the relationships."""
        return [name for name in self.parts if name != CONTENT_TYPES and not name.endswith(".rels")]

    def find(self, name: str) -> str | None:
        """The part of that name as it is spelt in the archive."""
        return self._lower.get(name.lower())

    @cached_property
    def _types(self) -> tuple[dict[str, str], dict[str, str]]:
        defaults, overrides = {}, {}
        for item in parse(self.parts[CONTENT_TYPES]):
            if local(item.tag) == "Default":
                defaults[item.get("Extension").lower()] = item.get("ContentType")
            elif local(item.tag) == "Override":
                overrides[item.get("PartName").lower()] = item.get("ContentType")
        return defaults, overrides

    def content_type(self, name: str) -> str:
        """The content type of a part; "" where none is declared."""
        defaults, overrides = self._types
        extension = posixpath.splitext(name)[1].lstrip(".").lower()
        return overrides.get(name.lower(), defaults.get(extension, ""))

    def relationships(self, source: str) -> list[Relationship]:
        """The relationships of a part; "/" is the package."""
        if source not in self._relationships:
            self._relationships[source] = list(self._read_relationships(source))
        return self._relationships[source]

    def _read_relationships(self, source: str) -> list[Relationship]:
        folder, _, base = source.rpartition("/")
        data = self.parts.get(self.find(f"{folder}/_rels/{base}.rels") or "")
        found = []
        for item in parse(data) if data else ():
            if local(item.tag) != "Relationship":
                continue
            target = item.get("Target")
            external = item.get("TargetMode") == "External"
            if not external and not target.startswith("#"):
                path = posixpath.normpath(posixpath.join(folder or "/", target))
                target = self.find(path) or self.find(unquote(path)) or path
            found.append(Relationship(item.get("Id"), item.get("Type"), target, external))
        return found

    def related(self, source: str, kind: str) -> list[str]:
        """The targets of a part's relationships whose type ends with ``kind``."""
        return [item.target for item in self.relationships(source) if item.kind == kind]

    @cached_property
    def workbook(self) -> str:
        return self.related("/", "officeDocument")[0]

    @cached_property
    def sheets(self) -> dict[str, str]:
        """The part of each sheet, of all kinds, by the sheet's name."""
        targets = {item.id: item.target for item in self.relationships(self.workbook)}
        return {
            item.get("name"): targets.get(item.get(f"{{{RELATIONSHIP}}}id"), "")
            for item in parse(self.parts[self.workbook]).iter(f"{{{MAIN}}}sheet")
        }
