"""What the handlers of MCP know of the request that they answer."""

from __future__ import annotations

from dataclasses import dataclass, field

from service.observing.asked import Asked

NAME = "excel_tools.visit"


@dataclass(frozen=True)
class Visit:
    """Who asks.

    :param user: for whom; "" where that is not told
    :param chat: in which chat; "" likewise
    :param key: the API key that was shown, "" for none
    :param request_id: of the HTTP request
    :param ticket: the Mcp-Session-Id, "" for none
    :param asked: what is told of the request
    """

    user: str
    chat: str
    key: str
    request_id: str
    ticket: str = ""
    asked: Asked = field(default_factory=Asked)
