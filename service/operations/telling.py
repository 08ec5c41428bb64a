"""Answers that say what was read in another language than it is kept in."""

from __future__ import annotations

import functools
from collections.abc import Callable
from typing import Any

from service.workbook.foreign.told import noting


def telling(function: Callable[..., Any]) -> Callable[..., Any]:
    """The operation, with notes on foreign formulas and formats in its answer's result."""

    @functools.wraps(function)
    def run(target: object, /, **parameters: Any) -> Any:
        with noting() as told:
            answer = function(target, **parameters)
        if notes := told.said():
            answer.result["notes"] = [*answer.result.get("notes", ()), *notes]
        return answer

    return run
