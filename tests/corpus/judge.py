"""Compares a workbook with what became of it, part by part, and names every difference.

What may differ is listed in ``RULES``, each with its reason; a rule counts only for the
edit that was made. Everything else is a loss. Parts are matched through relationships,
so a renumbered part is no difference, and XML is compared by what it means.
"""

from __future__ import annotations

from pathlib import Path

from tests.corpus.parts import Package
from tests.corpus.rules import RULES
from tests.corpus.trial import Difference, Edit, Trial


def judge(before: Path, after: Path, edit: Edit | None = None) -> list[str]:
    """What differs beyond what the edit allows, in words; [] if nothing does."""
    trial = Trial(Package(before), Package(after), edit or Edit())
    return [str(item) for item in trial.differences() if allowed(item, trial) is None]


def allowed(difference: Difference, trial: Trial) -> str | None:
    """The reason why something may differ, or None."""
    for rule in RULES:
        if rule(difference, trial):
            return rule.__doc__ or rule.__name__
    return None
