"""The service: describing as jobs with limits, over HTTP (REST) and for assistants (MCP)."""
