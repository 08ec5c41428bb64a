"""The cases of all operations."""

from __future__ import annotations

from tests.option_effects import asking
from tests.option_effects.annotating import ANNOTATING
from tests.option_effects.cells import DESCRIBING, EXPLAINING, READING, STEPS, WRITING
from tests.option_effects.charts import CHARTS
from tests.option_effects.effects import Tool
from tests.option_effects.files import CREATING, EXPORTING, IMPORTING
from tests.option_effects.formats import FORMATS
from tests.option_effects.in_chats import IN_CHATS
from tests.option_effects.pivots import PIVOTS
from tests.option_effects.querying import QUERYING
from tests.option_effects.reports import REPORTING
from tests.option_effects.rules import RULES
from tests.option_effects.sheets import EDITING
from tests.option_effects.tables import TABLES
from tests.option_effects.transforming import TRANSFORMING

TOOLS: list[Tool] = [
    FORMATS, RULES, TABLES, EDITING, TRANSFORMING, CHARTS, PIVOTS, ANNOTATING, WRITING, READING,
    DESCRIBING, EXPLAINING, STEPS, CREATING, IMPORTING, EXPORTING, REPORTING,
    QUERYING,
]  # fmt: skip

assert asking  # which declares its cases

__all__ = ["IN_CHATS", "TOOLS"]
