"""Pictures on sheets: put there, changed, told of, removed."""

from __future__ import annotations

import io
from collections.abc import Iterator
from copy import deepcopy
from pathlib import Path
from typing import Any

from openpyxl.drawing.fill import Blip
from openpyxl.drawing.geometry import PresetGeometry2D
from openpyxl.drawing.image import Image
from openpyxl.drawing.picture import PictureFrame
from openpyxl.worksheet.worksheet import Worksheet
from PIL import Image as Pillow

from service.errors import InvalidParameters, InvalidValue, NotFound, TooLarge, listed
from service.operations.annotations.asked import Asked, Found
from service.operations.context import Context
from service.operations.registry import Answer
from service.workbook.areas import Area
from service.workbook.drawn import picture_content
from service.workbook.geometry import (
    EMU_PER_CM,
    Size,
    anchor_at,
    area_of,
    area_size,
    area_under,
    size_of,
)

_MOST_BYTES, _MOST_PIXELS = 20_000_000, 50_000_000
_MOST_CM, _WIDE_CM, _EMU_PER_PIXEL = 200, 16.0, 9_525
_FIRST_ID = 1_001  # beyond the numbers that charts of the same drawing get


def named(sheet: Worksheet) -> dict[str, Image]:
    """The pictures of a sheet, each by a name of its own."""
    found: dict[str, Image] = {}
    for number, image in enumerate(sheet._images, start=1):
        properties = _properties(image)
        name = (properties.name if properties is not None else "") or f"Picture {number}"
        base, again = name, 2
        while name in found:
            name, again = f"{base} ({again})", again + 1
        found[name] = image
    return found


def _properties(image: Any) -> Any:
    """Where a picture's name and description are kept."""
    frame = getattr(image.anchor, "pic", None)
    return None if frame is None else frame.nvPicPr.cNvPr


def found(sheet: Worksheet) -> Iterator[Found]:
    """The pictures of a sheet."""
    for name, image in named(sheet).items():
        area, size = area_of(sheet, image), size_of(sheet, image)
        properties = _properties(image)
        facts = {
            "name": name,
            "range": str(area),
            "width_cm": round(size.width / EMU_PER_CM, 1),
            "height_cm": round(size.height / EMU_PER_CM, 1),
            "text": properties.descr if properties is not None else None,
        }

        def remove(image: Image = image) -> None:
            sheet._images[:] = [item for item in sheet._images if item is not image]

        yield Found(
            "image", sheet.title, area.first_row, area.first_column, f"image {name}", facts,
            remove, name,
        )  # fmt: skip


def put(ctx: Context, asked: Asked) -> Answer:
    """Put an uploaded picture onto a sheet, or change one that is there.

    :raises ExcelToolsError: if the file is no picture, or there is none of that name
    """
    asked.check_sizes(_MOST_CM)
    if asked.range:
        sheet, area = asked.place(ctx.book)
    else:
        sheet, area = ctx.book.sheet(asked.sheet), None
    known = {name.casefold(): (name, item) for name, item in named(sheet).items()}
    path = ctx.files.get("target")
    content = None if path is None else _content(path)
    if asked.name.casefold() in known:
        return _change(ctx, asked, sheet, area, known[asked.name.casefold()], content)
    if content is None:
        there = listed([name for name, _ in known.values()]) or "none"
        if asked.name:
            raise NotFound(
                f'{sheet.title} has no picture "{asked.name[:60]}". Pictures: {there}.',
                "Name one of these, or an uploaded picture as target to add it.",
            )
        raise InvalidParameters(
            "image needs the uploaded picture, as target.", 'Send its name, or "latest".'
        )
    image = Image(io.BytesIO(content))
    size, notes = _size(sheet, asked, area, image)
    area = area or Area(1, 1, 1, 1)
    name = asked.name or _free_name(named(sheet))
    anchor = anchor_at(area.first_row, area.first_column, size)
    anchor.pic = _frame(sheet, name, asked.text)
    covered = area_under(sheet, area.first_row, area.first_column, size)
    notes += _covers(sheet, covered)
    with ctx.book.changing(values_stay=True):
        image.anchor = anchor
        sheet._images.append(image)
    return Answer(_told("added", name, covered, size, notes), sheet=sheet.title)


def _change(
    ctx: Context,
    asked: Asked,
    sheet: Worksheet,
    area: Area | None,
    known: tuple[str, Image],
    content: bytes | None,
) -> Answer:
    name, image = known
    wider = asked.options["width_cm"] or asked.options["height_cm"]
    if not (content or asked.text or area or wider):
        raise InvalidParameters(
            f'There is nothing to change of the picture "{name}".',
            "Send range for its place, width_cm or height_cm, text, or another picture as target.",
        )
    # A new one in the place of the old one: where that came from is nothing that it keeps.
    new = Image(io.BytesIO(content or picture_content(image)))
    old, size = area_of(sheet, image), size_of(sheet, image)
    notes: list[str] = []
    anchor = deepcopy(image.anchor)
    if area is not None or wider or content is not None:
        size, notes = _size(sheet, asked, area, new, None if content else size)
        at = area or old
        anchor = anchor_at(at.first_row, at.first_column, size)
    anchor.pic = deepcopy(getattr(image.anchor, "pic", None)) or _frame(sheet, name, "")
    if asked.text:
        anchor.pic.nvPicPr.cNvPr.descr = asked.text
    new.anchor = anchor
    with ctx.book.changing(values_stay=True):
        sheet._images[:] = [new if item is image else item for item in sheet._images]
    return Answer(_told("changed", name, area_of(sheet, new), size, notes), sheet=sheet.title)


def _told(done: str, name: str, area: Area, size: Size, notes: list[str]) -> dict[str, Any]:
    told: dict[str, Any] = {
        "image": done,
        "name": name,
        "range": str(area),
        "width_cm": round(size.width / EMU_PER_CM, 1),
        "height_cm": round(size.height / EMU_PER_CM, 1),
    }
    return told | ({"notes": notes} if notes else {})


def _content(path: Path) -> bytes:
    """The bytes of an uploaded picture; one that Excel does not show becomes a PNG later.

    :raises InvalidValue: if it is no picture
    """
    content = path.read_bytes()
    if len(content) > _MOST_BYTES:
        raise TooLarge(
            f"{path.name} has {len(content):,} bytes; at most {_MOST_BYTES:,} are put on a sheet.",
            "Make it smaller.",
        )
    try:
        with Pillow.open(io.BytesIO(content)) as picture:
            pixels = picture.size[0] * picture.size[1]
            if pixels <= _MOST_PIXELS:
                picture.verify()
    except (OSError, SyntaxError, ValueError, Pillow.DecompressionBombError):
        raise InvalidValue(
            f"{path.name} is no picture that can be read.", "Upload a PNG, JPEG, GIF or BMP."
        ) from None
    if pixels > _MOST_PIXELS:
        raise TooLarge(
            f"{path.name} has {pixels:,} pixels; at most {_MOST_PIXELS:,} are put on a sheet.",
            "Make it smaller.",
        )
    return content


def _size(
    sheet: Worksheet, asked: Asked, area: Area | None, image: Image, old: Size | None = None
) -> tuple[Size, list[str]]:
    """How large it is to be; its proportions stay unless both sides are given."""
    width = asked.options["width_cm"]
    height = asked.options["height_cm"]
    own = old or Size(image.width * _EMU_PER_PIXEL, image.height * _EMU_PER_PIXEL)
    if width and height:
        return Size(round(width * EMU_PER_CM), round(height * EMU_PER_CM)), []
    if width or height:
        ratio = width * EMU_PER_CM / own.width if width else height * EMU_PER_CM / own.height
    elif area is not None and area.cells > 1:
        room = area_size(sheet, area)
        ratio = min(room.width / own.width, room.height / own.height)
        if ratio <= 0:
            raise InvalidParameters(f"{area} is hidden.", "Show its rows and columns first.")
    elif old is None and own.width > _WIDE_CM * EMU_PER_CM:
        ratio = _WIDE_CM * EMU_PER_CM / own.width
        scaled = Size(round(own.width * ratio), round(own.height * ratio))
        return scaled, [f"Made {_WIDE_CM:g} cm wide; options.width_cm says otherwise."]
    else:
        ratio = 1.0
    return Size(max(1, round(own.width * ratio)), max(1, round(own.height * ratio))), []


def _frame(sheet: Worksheet, name: str, text: str) -> PictureFrame:
    frame = PictureFrame()
    used = [item.id for item in map(_properties, sheet._images) if item is not None]
    properties = frame.nvPicPr.cNvPr
    properties.id = max([_FIRST_ID - 1, *used]) + 1
    properties.name, properties.descr = name, text or None
    frame.blipFill.blip = Blip()
    frame.spPr.prstGeom = PresetGeometry2D(prst="rect")
    frame.spPr.ln = None
    return frame


def _free_name(taken: dict[str, Image]) -> str:
    number = len(taken) + 1
    while f"Picture {number}" in taken:
        number += 1
    return f"Picture {number}"


def _covers(sheet: Worksheet, area: Area) -> list[str]:
    filled = sum(
        (cell := sheet._cells.get((row, column))) is not None and cell.value is not None
        for row in range(area.first_row, min(area.last_row, area.first_row + 500) + 1)
        for column in range(area.first_column, min(area.last_column, area.first_column + 200) + 1)
    )
    return [f"The picture covers {filled} filled cells ({area})."] if filled else []
