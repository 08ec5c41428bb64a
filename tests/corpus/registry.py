"""The list of workbooks: each is one function that writes it, declared with what is in it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True)
class Entry:
    """A workbook of the corpus.

    :param program: which program's habits it shows; "by hand" is written after the
        specification, as Excel writes it
    :param needs: a program without which it can't be made
    """

    name: str
    program: str
    features: tuple[str, ...]
    make: Callable[[Path], None]
    needs: str = ""


ENTRIES: dict[str, Entry] = {}


def made(
    name: str, program: str, *features: str, needs: str = ""
) -> Callable[[Callable[[Path], None]], Callable[[Path], None]]:
    """Declares the function below as the maker of the workbook ``name``."""

    def declare(make: Callable[[Path], None]) -> Callable[[Path], None]:
        if name in ENTRIES:
            raise ValueError(f"two workbooks are called {name}")
        ENTRIES[name] = Entry(name, program, features, make, needs)
        return make

    return declare
