"""What routes answer, as schemas of the OpenAPI document and of MCP."""

from __future__ import annotations

from typing import Any


def error_schema() -> dict[str, Any]:
    text = {"type": "string"}
    error = {
        "type": "object",
        "properties": {
            "code": text,
            "message": text,
            "hint": text,
            "details": {"type": "object"},
            "request_id": text,
        },
        "required": ["code", "message", "hint", "request_id"],
    }
    return {"type": "object", "properties": {"error": error}, "required": ["error"]}


def answer_schema(file: dict[str, Any] | None = None) -> dict[str, Any]:
    """What every operation answers.

    :param file: the schema of a file's entry, by default a reference to it
    """
    entry = file or {"$ref": "#/components/schemas/File"}
    return {
        "type": "object",
        "properties": {
            "workbook": {"type": "string"},
            "asked_for": {"type": "string", "description": "Where it asked by another name."},
            "file_used": {"type": "string", "description": "Likewise, of an uploaded file."},
            "sheet": {"type": "string"},
            "result": {"type": "object"},
            "unsaved_changes": {"type": "integer"},
            "files": {"type": "array", "items": entry},
            "next": {"type": "array", "items": {"type": "string"}, "maxItems": 2},
            "preview_url": {"type": "string", "format": "uri"},
            "link": {"type": "string", "description": "Markdown, to callers without a session."},
        },
        "required": ["result", "unsaved_changes", "files"],
    }


def file_schema() -> dict[str, Any]:
    """A file that an answer gives: its name, link and state."""
    return {
        "type": "object",
        "properties": {
            "name": {"type": "string"},
            "download_url": {"type": "string", "format": "uri"},
            "version": {"type": ["integer", "null"]},
            "state": {"enum": ["draft", "saved"]},
            "size": {"type": ["integer", "null"]},
            "mime_type": {"type": "string"},
        },
        "required": ["name", "download_url", "version", "state", "size", "mime_type"],
    }
