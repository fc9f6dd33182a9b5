"""The approval API: a function behind an HTTP API, whose routes only parse, call one service and render."""
