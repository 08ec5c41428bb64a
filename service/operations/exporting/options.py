"""How an exported file is written."""

from __future__ import annotations

from typing import Literal

from pydantic import Field

from service.errors import InvalidParameters, listed
from service.operations.registry import BriefOptions

ENDINGS = {
    "csv": ".csv",
    "json": ".json",
    "html": ".html",
    "markdown": ".md",
    "pdf": ".pdf",
    "png": ".png",
}
_OWN: dict[str, set[str]] = {
    "csv": {"delimiter", "encoding", "bom", "decimal", "neutralize_formulas"},
    "json": {"header"},
    "html": {"header", "neutralize_formulas"},
    "markdown": {"header"},
    "pdf": set(),
    "png": {"dpi"},
}


class ExportOptions(BriefOptions):
    """How to write the file; each format has its own."""

    rare = frozenset({"decimal"})

    delimiter: Literal[",", ";", "\t", "|", "tab"] = Field(
        default=",", description="csv: between the values"
    )
    encoding: Literal["utf-8", "cp1252", "latin-1", "utf-16"] = Field(
        default="utf-8", description="csv: of the file's text"
    )
    decimal: Literal[".", ","] = Field(
        default=".", description="csv: decimal mark; with a comma the delimiter is often ;"
    )
    bom: bool = Field(default=True, description="csv: mark the file as Unicode, as Excel wants it")
    neutralize_formulas: bool = Field(
        default=False,
        description="csv, html: put an apostrophe before texts that start with = + - @",
    )
    header: bool | None = Field(
        default=None,
        description="json, html, markdown: whether the first row names the columns; left out: "
        "found out",
    )
    dpi: int = Field(default=150, ge=50, le=300, description="png: dots per inch")


def refuse_others(format: str, options: ExportOptions) -> None:
    """Check that the options are those of the format.

    :raises InvalidParameters: if one is given that would have no effect
    """
    strange = [
        name
        for name, field in ExportOptions.model_fields.items()
        if name not in _OWN[format] and getattr(options, name) != field.default
    ]
    if strange:
        own = listed(sorted(_OWN[format])) if _OWN[format] else "none"
        raise InvalidParameters(
            f"{format} has no option {listed(strange)}.", f"Options of {format}: {own}."
        )
