"""What a person at a terminal sees of a running stack: one line for whatever happened, none for what was merely asked.

Every line of every process, whole and as JSON, is in the folder's `log.jsonl` all the same.
"""

from __future__ import annotations

import contextlib
import os
import time
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Any, TextIO

from local.log_file import LogFile
from local.output import as_json, tagged, visible

LOG = "log.jsonl"
_LOST = "the disk is full: lines are missing in {file} until there is room"

_NAME_WIDTH = 14
_DIM, _YELLOW, _RED, _PLAIN = "\033[2m", "\033[33m", "\033[31m", "\033[0m"
_COLORS = {"WARNING": _YELLOW, "ERROR": _RED, "CRITICAL": _RED}
# What Powertools and the tags put into every line; the rest is what its author wanted to say.
_EVERYWHERE = frozenset(
    {"source", "requestId", "execution", "level", "location", "message", "timestamp", "service", "correlation_id"}
    | {"cold_start", "function_arn", "function_memory_size", "function_name", "function_request_id", "xray_trace_id"}
    | {
        "executionArn",
        "operationId",
        "operationName",
        "attempt",
        "parentId",
        "exception",
        "exception_name",
        "stack_trace",
    }
    | {"stackTrace", "errorType", "errorMessage", "logger", "order_id", "route", "status"}
)


class Screen:
    """A log for a terminal and a file; `keep` takes a line for the file and returns whether it could."""

    def __init__(self, terminal: TextIO, keep: Callable[[str], bool], *, colors: bool) -> None:
        self._terminal = terminal
        self._keep = keep
        self._colors = colors
        self._keeps = True

    def __call__(self, source: str, request_id: str | None, line: str, execution: str | None = None) -> None:
        """Write the line to the file, and to the terminal what a person wants of it."""
        if not line.strip():
            return
        entry = tagged(source, request_id, line, execution)
        kept = self._keep(as_json(entry))
        if self._keeps and not kept:
            self._show({"source": "local", "level": "ERROR", "message": _LOST.format(file=LOG)})
        self._keeps = kept
        self._show(entry)

    def _show(self, entry: Mapping[str, Any]) -> None:
        with contextlib.suppress(OSError):
            for told in sentences(entry):
                print(self._painted(entry, told), file=self._terminal, flush=True)

    def _painted(self, entry: Mapping[str, Any], told: str) -> str:
        if not self._colors:
            return told
        color = _COLORS.get(str(entry.get("level")))
        clock, rest = told[:8], told[8:]
        return f"{_DIM}{clock}{_PLAIN}{color or ''}{rest}{_PLAIN if color else ''}"


def opened(folder: Path, terminal: TextIO) -> Screen:
    """The screen of a stack whose state is in this folder."""
    return Screen(terminal, LogFile(folder / LOG).append, colors="NO_COLOR" not in os.environ)


def sentences(entry: Mapping[str, Any]) -> Iterator[str]:
    """The lines for a person; none for a metric, or for a look at something that was there."""
    if "_aws" in entry or _is_look(entry):
        return
    name = str(entry["source"]).rpartition("-")[2]
    head = f"{time.strftime('%H:%M:%S')} {name:<{_NAME_WIDTH}} "
    parts = (_said(entry), _extras(entry), str(entry.get("order_id", "")))
    yield visible(head + "  ".join(part for part in parts if part))
    for line in _trace(entry):
        yield " " * len(head) + visible(line)


def _trace(entry: Mapping[str, Any]) -> list[str]:
    """What went wrong: the last line of a Powertools traceback, the error of Lambda's format."""
    if "errorType" in entry:
        return [f"{entry['errorType']}: {entry.get('errorMessage', '')}"]
    return str(entry.get("exception") or "").strip().splitlines()[-1:]


def _is_look(entry: Mapping[str, Any]) -> bool:
    return str(entry.get("route", "")).startswith("GET ") and int(entry.get("status", 0)) < 400  # noqa: PLR2004


def _said(entry: Mapping[str, Any]) -> str:
    if "route" in entry:
        return f"{entry['route']} answered {entry.get('status')}"
    return str(entry.get("message", ""))


def _extras(entry: Mapping[str, Any]) -> str:
    return " ".join(f"{name}={value}" for name, value in entry.items() if name not in _EVERYWHERE)
