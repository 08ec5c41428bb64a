"""/mcp: the operations as MCP tools, over streamable HTTP, by the official SDK."""
