"""The SDK's server: tools and resources, made from the registry and the caller's session.

Imported when the first request for /mcp comes: the SDK takes a second to load.
"""

from __future__ import annotations

import json
from functools import cache
from typing import Any

from mcp.server.context import ServerRequestContext
from mcp.server.lowlevel import Server
from mcp.shared.exceptions import MCPError
from mcp.types import (
    INVALID_PARAMS,
    CallToolRequestParams,
    CallToolResult,
    ContentBlock,
    ListResourcesResult,
    ListToolsResult,
    PaginatedRequestParams,
    ReadResourceRequestParams,
    ReadResourceResult,
    Resource,
    ResourceLink,
    TextContent,
    Tool,
    ToolAnnotations,
)

from service import __version__
from service.errors import ExcelToolsError
from service.operations.registry import Operation, find, operations
from service.operations.tool_schemas import tool_schema
from service.web.mcp.files import Files
from service.web.mcp.visit import NAME, Visit
from service.web.mcp.working import Work, Works
from service.web.openapi_answers import answer_schema, file_schema

Context = ServerRequestContext[Any, Any]

_INSTRUCTIONS = (
    "Excel workbooks of this chat. A workbook stays open between calls; changes touch a working "
    "copy until save_excel_file. Give the user the link that an answer holds, as it is."
)


def make_server(works: Works, files: Files) -> Server[Any]:
    """The server with its handlers."""

    async def list_tools(_: Context, __: PaginatedRequestParams | None) -> ListToolsResult:
        return ListToolsResult(tools=tools())

    async def call_tool(context: Context, params: CallToolRequestParams) -> CallToolResult:
        operation = _operation(params.name)
        visit = visit_of(context)
        work = Work(visit, operation, params.arguments or {}, context.request_id)
        await works.run(work, context.session.report_progress, context.protocol_version)
        if work.error is not None:
            return _failed(work.error, visit.request_id)
        return _done(work.answer, files)

    async def list_resources(
        context: Context, _: PaginatedRequestParams | None
    ) -> ListResourcesResult:
        visit = visit_of(context)
        try:
            found = await works.in_thread(files.entries, visit)
        except ExcelToolsError as error:
            raise _refused(error, visit.request_id) from error
        return ListResourcesResult(resources=[Resource(**entry) for entry in found])

    async def read_resource(
        context: Context, params: ReadResourceRequestParams
    ) -> ReadResourceResult:
        visit = visit_of(context)
        try:
            contents = await works.in_thread(files.contents, visit, str(params.uri))
        except ExcelToolsError as error:
            raise _refused(error, visit.request_id) from error
        return ReadResourceResult(contents=[contents])

    return Server(
        "excel-tools",
        title="Excel Tools",
        version=__version__,
        instructions=_INSTRUCTIONS,
        get_tool_input_schema=lambda name: tool_schema(_operation(name)),
        on_list_tools=list_tools,
        on_call_tool=call_tool,
        on_list_resources=list_resources,
        on_read_resource=read_resource,
    )


def visit_of(context: Context) -> Visit:
    """Who sent the request that a handler answers."""
    visit: Visit = context.request.scope[NAME]  # type: ignore[union-attr]
    return visit


def _operation(name: str) -> Operation:
    try:
        return find(name)
    except ExcelToolsError as error:
        raise _refused(error, "") from error


def _refused(error: ExcelToolsError, request_id: str) -> MCPError:
    data = error.body(request_id)["error"]
    return MCPError(code=INVALID_PARAMS, message=f"{error.message} {error.hint}", data=data)


# Tools ------------------------------------------------------------------------


@cache
def tools() -> list[Tool]:
    """All operations as tools."""
    return [_tool(item) for item in operations().values()]


def _tool(item: Operation) -> Tool:
    looks = "looks" in item.nature or (item.effect == "read" and not item.exports)
    return Tool(
        name=item.name,
        title=item.name.replace("_", " ").capitalize().replace("excel", "Excel"),
        description=item.description,
        input_schema=tool_schema(item),
        output_schema=answer_schema(file_schema()),
        annotations=ToolAnnotations(
            read_only_hint=looks,
            destructive_hint=item.effect == "change" or "loses" in item.nature,
            idempotent_hint=looks or "again" in item.nature,
            open_world_hint="outside" in item.nature,
        ),
    )


def _done(answer: dict[str, Any], files: Files) -> CallToolResult:
    content: list[ContentBlock] = [TextContent(text=compact(answer))]
    content += [ResourceLink(**link) for link in files.links(answer)]
    return CallToolResult(content=content, structured_content=answer)


def _failed(error: ExcelToolsError, request_id: str) -> CallToolResult:
    body = error.body(request_id)
    return CallToolResult(content=[TextContent(text=compact(body))], is_error=True)


def compact(value: object) -> str:
    """JSON without blanks, as a model gets it."""
    return json.dumps(value, ensure_ascii=False, separators=(",", ":"))
