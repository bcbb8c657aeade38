"""The data that crosses a border (HTTP API, RPC, agents), written once. No I/O here."""
