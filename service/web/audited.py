"""Which requests are written down in the audit log, and as what."""

from __future__ import annotations

from contextlib import suppress

from flask import Response, g, request

from service.errors import ExcelToolsError
from service.observing.asked import Asked
from service.web.access import caller
from service.web.state import state

# By the name of each route; "" for what concerns no file, no user and no key. A route that is
# refused for want of a key or right is written down whatever stands here.
ROUTES = {
    "calls.cancel_call": "cancel",
    "calls.show_call": "",  # asked every two seconds; tells how far a call is
    "files.download": "download",
    "files.offer": "offer",
    "files.sending": "send_page",
    "files.sent": "upload",
    "files.upload": "upload",
    "guide.guide": "",
    "mcp.mcp": "",  # what is done by its messages is written down by itself
    "metrics.show": "",
    "operations.run": "operation",
    "pages.docs": "",
    "pages.docs_start": "",
    "pages.docs_static": "",
    "pages.health": "",
    "pages.openapi": "",
    "pages.ready": "",
    "preferences.replace_preferences": "set_preferences",
    "preferences.show_preferences": "show_preferences",
    "previews.show": "preview",
    "sessions.delete_session": "delete_session",
    "sessions.delete_sessions": "delete_sessions",
    "sessions.follow_chat": "follow_chat",
    "sessions.open_session": "open_session",
    "sessions.show_history": "show_history",
    "sessions.show_session": "show_session",
    "sessions.withdraw_all_links": "withdraw_links",
    "sessions.withdraw_links": "withdraw_links",
    "start.script": "",
    "start.start": "",
    "start.style": "",
    "start.tool": "",
    "start.tool_filled_in": "",  # a key that it makes is written down by itself
}
_REFUSED = (401, 403)


def write_down(now: Asked, response: Response) -> None:
    """Write down what the request was, unless that was done where it was done."""
    audit = state().sessions.parts.audit
    if not audit.on or now.told:
        return
    action = ROUTES.get(request.endpoint or "", "")
    if response.status_code in _REFUSED:
        action = action or "refused"
    if action:
        if not now.user:
            with suppress(ExcelToolsError):  # headers that are no ids were refused for that
                now.user, now.chat = (who := caller()).user, who.chat
        if action == "operation":  # it was refused before it began
            now.operation = (request.view_args or {}).get("name", "")
        audit.tell(action, getattr(g, "error_code", "") or "ok")
