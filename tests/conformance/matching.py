"""Comparing what happened with what a requirement expects.

The language of expectations is that of AWS's suite: `"*"` and `{}` accept anything, `${/regex/}` a matching text,
`${NAME}` the same value wherever it stands, and everything else only itself. Events are found by their `EventId`;
events that a requirement does not list are free.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Sequence
from typing import Any

from tests.conformance.requirements import Requirement, substitute

_PLACEHOLDER = re.compile(r"\$\{([^/].*)\}")
_REGEX = re.compile(r"\$\{/(.+)/\}")
_ABSENT = object()


def differences(
    requirement: Requirement,
    execution: dict[str, Any],
    events: Sequence[dict[str, Any]],
    logs: Sequence[dict[str, Any]],
) -> list[str]:
    """Return everything in which an execution, its history and its log records differ from a requirement."""
    values = dict(requirement.values)
    return [
        *_result(requirement, execution),
        *history_differences(requirement.events, events, values),
        *log_differences(requirement.logs, logs, values),
    ]


def _result(requirement: Requirement, execution: dict[str, Any]) -> Iterator[str]:
    if requirement.status is not None and execution["Status"] != requirement.status:
        yield f"status: expected {requirement.status}, got {execution['Status']}"
    elif requirement.has_result and execution["Status"] == "SUCCEEDED":
        raw = execution.get("Result")
        result = None if raw is None else json.loads(raw)
        if result != requirement.result:
            yield f"result: expected {requirement.result!r}, got {result!r}"


def history_differences(
    expected: Sequence[dict[str, Any]], events: Sequence[dict[str, Any]], values: dict[str, Any]
) -> Iterator[str]:
    """Yield the differences of a history. `values` gains the placeholders that the history binds."""
    by_number = {event["EventId"]: event for event in events}
    for event in expected:
        number = event["EventId"]
        if number not in by_number:
            yield f"event {number}: expected {event['EventType']}, got none"
        else:
            yield from _differences(event, by_number[number], f"event {number}", values)


def _differences(expected: Any, actual: Any, path: str, values: dict[str, Any]) -> Iterator[str]:
    if expected in ("*", {}):
        return
    if isinstance(expected, dict) and isinstance(actual, dict):
        for key, value in expected.items():
            if key not in actual:
                yield f"{path}.{key}: missing"
            else:
                yield from _differences(value, actual[key], f"{path}.{key}", values)
    elif not _accepts(expected, actual, values):
        yield f"{path}: expected {substitute(expected, values)!r}, got {actual!r}"


def _accepts(expected: Any, actual: Any, values: dict[str, Any]) -> bool:
    if isinstance(expected, str):
        if regex := _REGEX.fullmatch(expected):
            return re.search(regex[1], str(actual)) is not None
        if placeholder := _PLACEHOLDER.fullmatch(expected):
            return bool(values.setdefault(placeholder[1], actual) == actual)
    return bool(substitute(expected, values) == actual)


def log_differences(
    expected: Sequence[dict[str, Any]], records: Sequence[dict[str, Any]], values: dict[str, Any]
) -> Iterator[str]:
    """Yield the differences of the log records, which are in the order in which they were written."""
    for raw in expected:
        entry = substitute(raw, values)
        found = [at for at, record in enumerate(records) if _matches(entry["match"], record)]
        yield from _count_differences(entry, len(found))
        for anchor in entry.get("after", ()):
            anchors = [at for at, record in enumerate(records) if _matches(anchor, record)]
            if not anchors:
                yield f"log {anchor}: no record"
            elif found and found[0] < anchors[-1]:
                yield f"log {entry['match']}: expected after {anchor}"


def _count_differences(entry: dict[str, Any], count: int) -> Iterator[str]:
    exact, least = entry.get("count"), entry.get("min_count")
    if exact is not None and count != exact:
        yield f"log {entry['match']}: expected {exact} records, got {count}"
    if exact is None and count < (1 if least is None else least):
        yield f"log {entry['match']}: expected at least {least or 1} records, got {count}"


def _matches(fields: dict[str, Any], record: dict[str, Any]) -> bool:
    return all(_field_matches(expected, record.get(name, _ABSENT)) for name, expected in fields.items())


def _field_matches(expected: Any, actual: Any) -> bool:
    if actual is _ABSENT:
        return False
    if isinstance(expected, str) and len(expected) > 1 and expected[0] == expected[-1] == "/":
        return re.search(expected[1:-1], str(actual)) is not None
    if isinstance(expected, str):
        return str(actual).strip() == expected.strip()
    return bool(expected == actual and isinstance(expected, bool) == isinstance(actual, bool))
