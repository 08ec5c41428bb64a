"""The last question to the calculators: asked again, it has the same answers.

Most changes of a workbook (formats, charts, rows that no formula reads) leave everything as it
was that the calculators are given. Nothing about dependencies is guessed here: what would be
asked is compared with what was asked, value by value and formula by formula.
"""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass

from service.workbook.calculation.problem import Problem, Task
from service.workbook.calculation.results import Address, Computed
from service.workbook.calculation.second import Ticket


@dataclass(frozen=True)
class Question:
    """All that calculators are given: equal ones have equal answers.

    :param values: with their types, as TRUE and 1 are equal in Python
    """

    epoch: dt.datetime
    sheets: list[str]
    tasks: dict[Address, Task]
    values: dict[str, dict[tuple[int, int], tuple[type, object]]]

    @classmethod
    def of(cls, problem: Problem) -> Question | None:
        """None where more decides than what is given, or where it is too much to keep.

        What a dynamic array fills also depends on what is in its way.
        """
        if any(task.kind == "dynamic" for task in problem.tasks.values()):
            return None
        read = problem.few_values
        if read is None:
            return None
        values = {
            sheet: {place: (type(value), value) for place, value in places.items()}
            for sheet, places in read.items()
        }
        return cls(problem.epoch, problem.sheets, dict(problem.tasks), values)


class Repeated:
    """The last question of one workbook, and what was answered.

    :param first: what the first calculator answered
    :param ticket: of the same question to the second one
    """

    def __init__(self) -> None:
        self._question: Question | None = None
        self.first: dict[Address, Computed] | None = None
        self.ticket: Ticket | None = None

    def __repr__(self) -> str:
        return f"<Repeated answered={self.first is not None}>"

    def ask(self, question: Question | None) -> None:
        """Keep the answers if this is the question that they answer; else forget them."""
        if question is None or question != self._question:
            self._question, self.first, self.ticket = question, None, None

    @property
    def usable_ticket(self) -> Ticket | None:
        """The ticket, unless the second calculator could not answer or was asked other things."""
        ticket = self.ticket
        return None if ticket is None or ticket.superseded or ticket.failed else ticket
