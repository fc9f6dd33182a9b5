"""The requirement files: what to send, and what must come of it."""

from __future__ import annotations

import re
import secrets
import string
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml

ALPHABET = string.ascii_lowercase + string.digits
_GENERATED = re.compile(r"\$\{GEN_STR:(\d+)\}")
_REFERENCE = re.compile(r"\$\{([A-Za-z_][A-Za-z0-9_]*)\}")


@dataclass(frozen=True, slots=True)
class Callback:
    """What an external system does with a callback: `success`, `failure` or `heartbeat`, after a delay in seconds."""

    name: str
    operation: str
    payload: Any
    delay: float


@dataclass(frozen=True, slots=True)
class Requirement:
    """One requirement. `values` are the variables that were generated for this run."""

    number: str
    suite: str
    description: str
    asynchronous: bool
    input: Any
    status: str | None
    result: Any
    has_result: bool
    events: tuple[dict[str, Any], ...]
    logs: tuple[dict[str, Any], ...]
    callbacks: tuple[Callback, ...]
    values: dict[str, Any]


def load(folder: Path) -> list[Requirement]:
    """Read every requirement below a folder, in the order of their numbers.

    Raises:
        FileNotFoundError: There is none.

    """
    files = sorted(folder.glob("*/*.yaml"), key=_order)
    if not files:
        raise FileNotFoundError(f"{folder} has no requirements; docs/conformance.md says how to get them")
    return [_read(file) for file in files]


def _order(file: Path) -> tuple[int, ...]:
    return tuple(int(part) for part in file.stem.split("-"))


def _read(file: Path) -> Requirement:
    data = yaml.safe_load(file.read_text("utf-8"))
    values = {name: _generate(value) for name, value in (data.get("Variables") or {}).items()}
    expected = data.get("ExpectedResult") or {}
    return Requirement(
        number=file.stem,
        suite=file.parent.name,
        description=" ".join(data["description"].split()),
        asynchronous=bool(data.get("AsyncInvoke")),
        input=substitute(data["Input"], values),
        status=expected.get("ExecutionStatus"),
        result=substitute(expected.get("Result"), values),
        has_result="Result" in expected,
        events=tuple(data["ExpectedExecutionHistory"]),
        logs=tuple(data.get("ExpectedLogs") or ()),
        callbacks=tuple(_callback(action, values) for action in data.get("CallbackActions") or ()),
        values=values,
    )


def _callback(action: dict[str, Any], values: dict[str, Any]) -> Callback:
    return Callback(
        name=substitute(action["CallbackName"], values),
        operation=action["Operation"],
        payload=substitute(action.get("Payload"), values),
        delay=float(action.get("Delay", 0)),
    )


def _generate(value: Any) -> Any:
    found = _GENERATED.fullmatch(value) if isinstance(value, str) else None
    return "".join(secrets.choice(ALPHABET) for _ in range(int(found[1]))) if found else value


def substitute(data: Any, values: dict[str, Any]) -> Any:
    """Replace `${NAME}` by its value, in every text of a structure; unknown names stay."""
    if isinstance(data, str):
        return _REFERENCE.sub(lambda found: str(values.get(found[1], found[0])), data)
    if isinstance(data, dict):
        return {key: substitute(value, values) for key, value in data.items()}
    if isinstance(data, list):
        return [substitute(value, values) for value in data]
    return data
