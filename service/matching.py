"""Which of some names is meant: by a person's words, or by a model that half remembers.

There are two ways. *Exactly*: the name itself, but for what people do not look at: case,
ending, a folder in front, quotes, spaces or underscores, the form of its letters. *Roughly*:
its words without "the" and "my file", or a part of it. What fits in the first way wins over
what fits in the second; what fits equally well is for the caller to ask about.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Callable, Sequence
from typing import Literal

from service.names import is_spreadsheet, split_extension

Wish = Literal["none", "latest", "name"]

_QUOTES = "\"'`\u00b4\u2018\u2019\u201a\u201c\u201d\u201e\u00ab\u00bb<>()[]* \t\r\n"
# Words that say nothing of which one is meant; English, German, French, Spanish.
_NOUNS = frozenset(
    "it this that these file files workbook workbooks excel spreadsheet spreadsheets sheet "
    "document doc xlsx xls csv attachment upload one "
    "diese dieser dieses datei mappe arbeitsmappe tabelle dokument "
    "ce cette fichier classeur tableur este esta archivo libro".split()
)
_FILLERS = _NOUNS | frozenset(
    "the a an my our your his her their attached uploaded called named opened open "
    "der die das den dem des ein eine einen mein meine meinen meiner unser unsere "
    "hochgeladene angehangte le la les un une mon ma mes el los las mi mis".split()
)
_LATEST = frozenset(
    "latest last newest recent recently most just lastly "
    "neueste neuesten letzte letzten letztes letzter zuletzt aktuellste aktuellsten "
    "dernier derniere ultimo ultima".split()
)
_LEAST = 3  # letters of a part of a word


def exactly(asked: str, names: Sequence[str]) -> list[int]:
    """Places of the names that are meant by name, all of which fit equally well."""
    if not asked.strip():
        return []  # asked with nearly every call, and there may be a thousand names
    composed, whole = _composed(asked).strip(), plain(asked)
    ways: tuple[Callable[[str], bool], ...] = (
        lambda name: composed == _composed(name),
        lambda name: whole == plain(name),
        lambda name: _stem(name) in _stems(asked),
        lambda name: bool(_letters(_stem(name)) & {s for t in _stems(asked) for s in _letters(t)}),
    )
    for fits in ways:
        found = [place for place, name in enumerate(names) if fits(name)]
        if found:
            return found
    return []


def roughly(asked: str, names: Sequence[str]) -> list[int]:
    """Places of the names that a few words, or a part of a name, may mean."""
    words = _telling(asked)
    if not words:
        return []
    whole = _joined(words)
    found = [i for i, name in enumerate(names) if _letters(_stem(name)) & _letters(whole)]
    if found or is_spreadsheet(plain(asked)):
        return found  # who writes an ending means a whole name
    return [place for place, name in enumerate(names) if _has_all(name, words)]


def meant_among(asked: str, name: str, others: Sequence[str]) -> bool:
    """Whether, of all these names, ``name`` alone is meant, or words that name none."""
    names = [name, *others]
    return (exactly(asked, names) or roughly(asked, names)) == [0] or wish(asked) == "none"


def wish(asked: str) -> Wish:
    """Whether words mean nothing in particular ("the file"), the latest one, or a name."""
    whole = plain(asked)
    if is_spreadsheet(whole):
        return "name"
    words = _telling(asked)
    if not words:
        return "none" if not asked.strip() or set(_words(whole)) & _NOUNS else "name"
    return "latest" if set(words) <= _LATEST else "name"


def plain(text: str) -> str:
    """A name without quotes and folders, in one form of its letters, in small ones."""
    last = re.split(r"[/\\]", text.strip(_QUOTES))[-1]
    return unicodedata.normalize("NFKC", last).strip(_QUOTES).casefold()


def the_sheet(asked: str, names: Sequence[str]) -> str | None:
    """The sheet of that name, whatever its case, spaces, underscores, hyphens and quotes.

    None if there is none, or more than one that fits: a part of a name means no sheet, as what
    is done to the wrong one is done.
    """
    wanted = asked.strip().rstrip("!")
    for fits in (
        lambda name: name.lower() == asked.strip().lower(),
        lambda name: plain(name) == plain(wanted),
        lambda name: bool(_letters(plain(name)) & _letters(plain(wanted))),
    ):
        found = [name for name in names if fits(name)]
        if found:
            return found[0] if len(found) == 1 else None
    return None


def _composed(text: str) -> str:
    return unicodedata.normalize("NFC", text)


def _stem(name: str) -> str:
    return split_extension(plain(name))[0]


def _stems(asked: str) -> set[str]:
    """What was asked for as the name of a file without its ending."""
    whole = plain(asked)
    return {whole, split_extension(whole)[0]} if is_spreadsheet(whole) else {whole}


_UMLAUTS = str.maketrans({"\u00e4": "ae", "\u00f6": "oe", "\u00fc": "ue"})


def _letters(text: str) -> set[str]:
    """Letters and digits alone, without accents; with German umlauts written out, too."""
    forms = (text, unicodedata.normalize("NFC", text).translate(_UMLAUTS))
    return {joined for form in forms if (joined := _joined(_words(form)))}


def _words(text: str) -> list[str]:
    bare = unicodedata.normalize("NFKD", text)
    bare = "".join(sign for sign in bare if not unicodedata.combining(sign))
    return re.findall(r"[^\W_]+", bare)


def _joined(words: list[str]) -> str:
    return "".join(words)


def _telling(asked: str) -> list[str]:
    """The words of what was asked for that say which one."""
    whole = plain(asked)
    named = is_spreadsheet(whole)
    words = _words(split_extension(whole)[0] if named else whole)
    telling = [word for word in words if word not in _FILLERS]
    return telling or (words if named else [])


def _has_all(name: str, words: list[str]) -> bool:
    """Whether a name has all the words, as words or as parts of its letters."""
    own, letters = set(_words(_stem(name))), _joined(_words(_stem(name)))
    return all(word in own or (len(word) >= _LEAST and word in letters) for word in words)
