"""Known rules: formulas that make Excel repair a file, wherever they stand."""

from __future__ import annotations

import re
from collections.abc import Iterator
from functools import lru_cache
from itertools import pairwise

from lxml import etree
from openpyxl.formula import Tokenizer
from openpyxl.formula.tokenizer import Token, TokenizerError

from tests.corpus.parts import MAIN, Package, local
from tests.corpus.sdk_rules import Trees

_OTHER_BOOK = re.compile(r"(?<![\w\].])'?\[(\d+)\][^\[\]'!]*'?!")
_NAMES = {f"{{{MAIN}}}{name}" for name in ("f", "formula", "formula1", "formula2", "definedName")}


def findings(package: Package, trees: Trees) -> Iterator[str]:
    """What Excel would not read as a formula, or what names a workbook that is not linked."""
    books = len(package.related(package.workbook, "externalLink"))
    for name, root in trees.items():
        if root.tag not in (f"{{{MAIN}}}worksheet", f"{{{MAIN}}}workbook"):
            continue
        told = {str(item.text) for item in root.iter(*_NAMES) if item.text and _is_one(item)}
        for text in sorted(told):
            wrong = fault(text)
            if wrong:
                yield f"{name}: the formula {text[:80]} {wrong}"
            for index in _OTHER_BOOK.findall(re.sub('"[^"]*"', "", text)):
                if int(index) > books:
                    yield f"{name}: the formula {text[:80]} names book {index} of {books}"


def _is_one(item: etree._Element) -> bool:
    return local(item.tag) != "definedName" or not str(item.get("name")).startswith("_xlnm.")


@lru_cache(maxsize=4096)
def fault(text: str) -> str:
    """Why a formula (without its =) can't be read; "" of a sound one."""
    try:
        tokens = Tokenizer("=" + text).items
    except TokenizerError as error:
        return f"can't be read: {error}"
    depth, arrays = 0, 0
    for token in tokens:
        opened = (token.subtype == Token.OPEN) - (token.subtype == Token.CLOSE)
        depth += opened
        arrays += opened * (token.type == Token.ARRAY)
        if token.type == Token.SEP and token.subtype == Token.ROW and not arrays:
            return "parts with ; what , parts in a file"
    kinds = [token.type for token in tokens if token.type != Token.WSPACE]
    if depth:
        return "leaves a bracket open"
    if not kinds or kinds[-1] in (Token.OP_IN, Token.OP_PRE, Token.SEP):
        return "ends too early"
    if (Token.OP_IN, Token.OP_IN) in pairwise(kinds):
        return "has two operators in a row"
    return ""
