"""What an option does to a workbook: a call with it beside the same call without it."""

from __future__ import annotations

import atexit
import copy
import functools
import io
import json
import re
import tempfile
import zipfile
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import Any, Literal

import openpyxl
from lxml import etree
from PIL import Image

from service.errors import ExcelToolsError
from service.operations.registry import Answer, find
from service.workbook import libreoffice
from service.workbook.book import Book
from tests.bench import run

Origin = Literal["new", "opened"]
Call = tuple[str, dict[str, Any]]
LEFT_OUT: Any = object()
NO_CALL: Any = object()  # the workbook as it was before


def picture(color: str) -> bytes:
    """A PNG of one colour, two by one centimetres."""
    data = io.BytesIO()
    Image.new("RGB", (76, 38), color).save(data, "PNG")
    return data.getvalue()


# Files that may be named as uploaded ones.
UPLOADS = {
    "umlauts.csv": "Ort,Wert\nKöln,1\nTürkheim,2\n".encode("cp1252"),
    **{f"{name}.png": picture(name) for name in ("red", "navy")},
}


# What a call leaves ------------------------------------------------------------


@dataclass(frozen=True)
class Outcome:
    """What a call answered, the files it left, and whether it was to change the workbook."""

    answer: dict[str, Any]
    data: bytes = field(repr=False)
    exports: dict[str, bytes] = field(repr=False)
    changed: bool = False

    @cached_property
    def parts(self) -> dict[str, bytes]:
        """The package, XML in canonical form; without the time at which it was saved."""
        with zipfile.ZipFile(io.BytesIO(self.data)) as archive:
            names = [name for name in archive.namelist() if name != "docProps/core.xml"]
            return {name: _canonical(name, archive.read(name)) for name in names}

    @functools.cache  # noqa: B019 - as few as there are cases
    def trees(self, fragment: str) -> list[etree._Element]:
        """The parts whose names contain that, without namespaces."""
        names = [name for name in self.parts if fragment in name and not name.endswith(".rels")]
        return [_plain(self.parts[name]) for name in names]

    @cached_property
    def xl(self) -> openpyxl.Workbook:
        """The workbook as another program reads it."""
        return openpyxl.load_workbook(io.BytesIO(self.data))

    @cached_property
    def values(self) -> openpyxl.Workbook:
        """The same, with the results of formulas."""
        return openpyxl.load_workbook(io.BytesIO(self.data), data_only=True)

    def __hash__(self) -> int:
        return id(self)


def _canonical(name: str, data: bytes) -> bytes:
    if not name.endswith((".xml", ".rels", ".vml")):
        return data
    root = etree.fromstring(data)
    if name.endswith(".rels") or name == "[Content_Types].xml":  # their order says nothing
        return b"\n".join(sorted(etree.tostring(child, method="c14n") for child in root))
    return etree.tostring(root, method="c14n")


def _plain(data: bytes) -> etree._Element:
    root = etree.fromstring(data)
    for item in root.iter(etree.Element):
        item.tag = etree.QName(item).localname
        for name, value in list(item.attrib.items()):
            if "}" in name:
                item.set(etree.QName(name).localname, value)
    return root


def differing(one: Outcome, other: Outcome) -> set[str]:
    """Names of the parts that are not the same."""
    return {
        name
        for name in one.parts.keys() | other.parts.keys()
        if one.parts.get(name) != other.parts.get(name)
    }


# What must be seen ---------------------------------------------------------------

Check = Callable[[Outcome], object]


def xml(part: str, *paths: str) -> Check:
    """That all these XPaths find something in a part whose name contains that."""
    return lambda out: any(all(tree.xpath(p) for p in paths) for tree in out.trees(part))


def look(address: str, **wanted: Any) -> Check:
    """That a cell of the first sheet, or "Sheet!A1", has these properties: ``font__b=True``."""

    def check(out: Outcome) -> bool:
        title, _, place = address.rpartition("!")
        cell = (out.xl[title] if title else out.xl.worksheets[0])[place]
        found = {name: _of(cell, name) for name in wanted}
        return all(found[n] is v if v is None else found[n] == v for n, v in wanted.items())

    return check


def _of(thing: object, path: str) -> object:
    return functools.reduce(lambda inner, name: getattr(inner, name, None), path.split("__"), thing)


def holds(**cells: Any) -> Check:
    """That cells of the first sheet hold that, formulas as they stand."""
    return lambda out: all(out.xl.worksheets[0][a].value == value for a, value in cells.items())


def told(found: Callable[[dict[str, Any]], object]) -> Check:
    """That the answer says so."""
    return lambda out: found(out.answer)


def both(*checks: Check) -> Check:
    return lambda out: all(check(out) for check in checks)


# Cases ------------------------------------------------------------------------------


@dataclass(frozen=True)
class Case:
    """A call with an option, and what shows that it had an effect.

    :param option: way to it, ``options.legend``, with ``=`` and the choice where it has choices
    :param shows: true of the call with the option and false of the one without
    :param value: the option's; left out: the choice
    :param also: what the option needs beside it, by the way to it; None takes away what the
        tool's calls have
    :param instead: value in the call it is compared with; left out: none at all. NO_CALL
        compares with the workbook before the call
    :param before: calls before it; left out: those of the tool
    """

    option: str
    shows: Check
    value: Any = LEFT_OUT
    also: dict[str, Any] = field(default_factory=dict)
    instead: Any = LEFT_OUT
    before: Sequence[Call] | None = None

    @property
    def path(self) -> str:
        """The way to the option in a call: with places in lists."""
        return self.option.partition("=")[0]

    @property
    def documented(self) -> str:
        """The option as the registry has it."""
        return re.sub(r"\.\d+\.", ".", self.option)

    @property
    def given(self) -> Any:
        return self.option.partition("=")[2] if self.value is LEFT_OUT else self.value


@dataclass(frozen=True, eq=False)
class Tool:
    """The cases of one operation.

    :param call: what each of its calls has, by the way to it
    :param before: calls that make the workbook; none: it is about a new one
    :param parts: pattern of the parts that its options may change
    """

    name: str
    cases: Sequence[Case]
    call: dict[str, Any] = field(default_factory=dict)
    before: Sequence[Call] = ()
    parts: str = ".*"

    def outcomes(self, case: Case, origin: Origin, value: Any = LEFT_OUT) -> tuple[Outcome, ...]:
        """(What the call without the option leaves, what the one with it leaves)."""
        value = case.given if value is LEFT_OUT else value
        before = json.dumps(self.before if case.before is None else case.before)
        plain = self._without(case)
        other = (
            {} if any(case.instead is x for x in (LEFT_OUT, NO_CALL)) else {case.path: case.instead}
        )
        without = None if case.instead is NO_CALL else {**plain, **other}
        flats = [without, {**plain, case.path: value}]
        return tuple(outcome(self.name, json.dumps(flat), before, origin) for flat in flats)

    def _without(self, case: Case) -> dict[str, Any]:
        """The call without the option, by the way to each parameter."""
        beside = {**self.call, **case.also}.items()
        given = {path: value for path, value in beside if value is not None}
        return {k: v for k, v in given.items() if not f"{k}.".startswith(f"{case.path}.")}


def nested(flat: dict[str, Any]) -> dict[str, Any]:
    """``{"options.fill": "red"}`` as an object in an object; a number is a place in a list."""
    found: dict[str, Any] = {}
    for path, value in flat.items():
        inner: Any = found
        *way, last = path.split(".")
        for part, following in zip(way, [*way, last][1:], strict=True):
            made: Any = [] if following.isdigit() else {}
            inner = _at(inner, part, made)
        _at(inner, last, copy.deepcopy(value))
    return found


def _at(inner: Any, part: str, value: Any) -> Any:
    if isinstance(inner, dict):
        if isinstance(inner.get(part), dict | list):
            return inner[part]
        inner[part] = value
    elif int(part) == len(inner):
        inner.append(value)
    return inner[int(part)] if isinstance(inner, list) else inner[part]


@functools.cache
def outcome(name: str, flat: str, before: str, origin: Origin) -> Outcome:
    """Run one call on a workbook of its own, and save that.

    :param flat: its parameters by the way to them, as JSON; null: no call. So are the calls
        before it
    """
    place = _folder() / "test.xlsx"
    made, kept = _made_once(before)
    place.write_bytes(kept if origin == "new" else made)
    book = Book.kept(place, "test.xlsx") if origin == "new" else Book.load(place, "test.xlsx")
    exports = place.with_name("exports")
    exports.mkdir()
    given = json.loads(flat)
    done = Answer({}, changed=False)
    if given is not None:
        done = _run(book, name, nested(given), exports)
    written = {item.name: item.read_bytes() for item in exports.iterdir()}
    changed = done.changed and find(name).writes
    return Outcome(done.result, _saved(book, place.parent), written, changed)


@functools.cache
def _made_once(before: str) -> tuple[bytes, bytes]:
    """(The saved file, the checkpoint) of a new workbook after those calls."""
    folder = _folder()
    book = Book.blank("test.xlsx")
    for name, parameters in json.loads(before):
        _run(book, name, parameters, folder / "exports")
    book.keep(folder / "kept")
    saved = _saved(book, folder) if book.sheet_names else b""
    return saved, (folder / "kept").read_bytes()


def _saved(book: Book, folder: Path) -> bytes:
    path = folder / "saved.xlsx"
    book.save(path)
    return path.read_bytes()


def _folder() -> Path:
    """A new folder; all of them go when the tests end."""
    whole = _whole_folder()
    return Path(tempfile.mkdtemp(dir=whole.name))


@functools.cache
def _whole_folder() -> tempfile.TemporaryDirectory[str]:
    folder = tempfile.TemporaryDirectory(prefix="option-effects-")
    atexit.register(folder.cleanup)
    return folder


def _run(book: Book, name: str, parameters: dict[str, Any], folder: Path) -> Answer:
    """One call; a file that it names is there as if it had been uploaded."""
    asked = find(name).file_parameter
    uploaded = parameters.get(asked)
    files = {}
    if uploaded in UPLOADS:
        files[asked] = folder.with_name(uploaded)
        files[asked].write_bytes(UPLOADS[uploaded])
    libreoffice.use(libreoffice.AUTO, 60)
    try:
        return run(book, name, files=files, folder=folder, **parameters)
    finally:
        libreoffice.use(libreoffice.OFF, 0)


def refused(tool: Tool, case: Case, value: Any) -> bool:
    """Whether the call with that value in the place of the option's own is refused."""
    try:
        tool.outcomes(case, "new", value)
    except ExcelToolsError:
        return True
    return False
