"""What people read, in their language: one file of texts for each, ``de.json`` and so on.

The English text is the key, and is said where a language has no other. A file has the texts
of the ``chat`` (status lines, suggestions, questions), of the ``page`` (previews), and of the
``web`` (the start page, the page for sending files, what a link says that leads nowhere). Names
in braces and markup stand in every language. A text that counts is an object of forms (``one``,
``other``); those of English are in ``en.json``, which holds no others.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from contextvars import ContextVar
from functools import cache
from pathlib import Path
from typing import Any, Literal, TypeAlias

Part = Literal["chat", "page", "web"]
Text: TypeAlias = str | dict[str, str]

ENGLISH = "en"
_FOLDER = Path(__file__).parent
_NAME = re.compile(r"\{(\w+)\}")
# Where not only 1 has the form of one; else as in English.
_ONE = {"fr": (0, 1)}
_LONGEST = 200


@cache
def languages() -> tuple[str, ...]:
    """Codes of the languages that there is a file of, such as "de"."""
    return tuple(sorted(path.stem for path in _FOLDER.glob("*.json")))


@cache
def catalogue(language: str) -> dict[str, Any]:
    """A whole file: ``language`` (its own name), and the parts."""
    found: dict[str, Any] = json.loads((_FOLDER / f"{language}.json").read_text(encoding="utf-8"))
    return found


def texts(language: str, part: Part) -> dict[str, Text]:
    """The texts of a language by the English ones."""
    found: dict[str, Text] = catalogue(language)[part]
    return found


def best(*wanted: str) -> str:
    """The first language that there is, of codes and of headers such as "de-AT,de;q=0.9"."""
    for text in wanted:
        for item in text[:_LONGEST].split(","):
            code = re.split(r"[-_;]", item.strip().lower())[0]
            if code in languages():
                return code
    return ENGLISH


_SPOKEN: ContextVar[tuple[str, Part]] = ContextVar("spoken", default=(ENGLISH, "page"))


@contextmanager
def speaking(language: str, part: Part = "page") -> Iterator[None]:
    """Within this block ``say`` says it in that language, with the texts of that part."""
    mark = _SPOKEN.set((language, part))
    try:
        yield
    finally:
        _SPOKEN.reset(mark)


def say(text: str, /, **names: object) -> str:
    """A text in the language that is spoken, with the names put in."""
    spoken, part = _SPOKEN.get()
    found = texts(spoken, part).get(text, text)
    if not isinstance(found, str):
        one = names.get("count") in _ONE.get(spoken, (1,))
        found = found["one" if one else "other"]
    return filled(found, names)


def filled(text: str, names: Mapping[str, object]) -> str:
    """A text with the names in braces put in, in one go: what is put in may hold braces."""
    return _NAME.sub(lambda m: str(names[m[1]]) if m[1] in names else m.group(), text)
