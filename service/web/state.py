"""What the routes need, kept at the application."""

from __future__ import annotations

import threading
from dataclasses import dataclass
from typing import TYPE_CHECKING, cast

from flask import Flask, current_app

from service.sessions.keys import Keys
from service.sessions.links import Links
from service.sessions.rates import Rates
from service.sessions.registry import Sessions
from service.settings import Settings
from service.web.ends import Ends
from service.web.identity import UserTokens
from service.web.room import Room

if TYPE_CHECKING:  # it needs the state itself
    from service.web.mcp.door import McpDoor

_NAME = "excel_tools"


@dataclass(frozen=True)
class State:
    """The working parts behind the routes."""

    settings: Settings
    sessions: Sessions
    links: Links
    mcp: McpDoor
    room: Room
    ends: Ends
    # Set when the service was told to stop.
    stopping: threading.Event
    keys: Keys
    rates: Rates
    tokens: UserTokens | None = None


def keep_state(app: Flask, state: State) -> None:
    app.extensions[_NAME] = state


def state() -> State:
    """The parts of the application that answers this request."""
    return cast("State", current_app.extensions[_NAME])
