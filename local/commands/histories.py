"""Writing an execution's history down, and running it against today's workflow code."""

from __future__ import annotations

import argparse
import hashlib
import json
import subprocess
import sys
from collections.abc import Iterator, Mapping, Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Any
from urllib.parse import quote

from rich.text import Text

from local.commands.stack import CommandError, RunningStack
from local.commands.terminal import console
from local.environments.variables import variables_for
from local.output import visible
from local.supervisor import aws_variables
from local.template import Function, Template, TemplateError, read

_NOBODY = "http://127.0.0.1:9"  # the discard port: whatever would call AWS finds nobody
_COLORS = {"same": "green", "appended": "yellow", "diverged": "red"}


class DivergedError(Exception):
    """At least one history does not fit today's code; everything was said already."""


# --- export -----------------------------------------------------------------------------------------------------------


def export(stack: RunningStack, given: argparse.Namespace) -> None:
    """Write the history of an order's execution in the shape of GetDurableExecutionHistory, without callback ids."""
    name = stack.order_id(given.order, "auditor-1")
    execution = stack.execution(f"{name}-r{given.recovery}" if given.recovery else name)
    events = stack.history(execution["DurableExecutionArn"])
    document = json.dumps(_with_written_moments(scrubbed({**execution, "Events": events})), indent=1) + "\n"
    if given.output is None:
        sys.stdout.write(document)
        return
    try:
        given.output.write_text(document, "utf-8")
    except OSError as error:
        raise CommandError(f"{given.output} cannot be written: {error.strerror}") from error
    console().print(f"{len(events)} events in {given.output}")


def scrubbed(document: Mapping[str, Any]) -> Any:
    """The document with a reference in the place of each callback id, wherever it stands: in payloads and URLs, too."""
    ids = set(_callback_ids(document))
    replacements = {spelling: _reference(each) for each in ids for spelling in (each, quote(each, safe=""))}
    return _replaced(document, replacements)


def _callback_ids(value: Any) -> Iterator[str]:
    if isinstance(value, Mapping):
        for name, inner in value.items():
            if name == "CallbackId" and inner:
                yield inner
            else:
                yield from _callback_ids(inner)
    elif isinstance(value, list):
        for inner in value:
            yield from _callback_ids(inner)


def _reference(callback_id: str) -> str:
    """What logs and the audit call a callback: enough to find it again, nothing to complete it with."""
    return hashlib.sha256(callback_id.encode()).hexdigest()[:12]


def _replaced(value: Any, replacements: Mapping[str, str]) -> Any:
    if isinstance(value, Mapping):
        return {name: _replaced(inner, replacements) for name, inner in value.items()}
    if isinstance(value, list):
        return [_replaced(inner, replacements) for inner in value]
    if isinstance(value, str):
        for found, instead in replacements.items():
            value = value.replace(found, instead)
    return value


def _with_written_moments(value: Any, name: str = "") -> Any:
    """The API's seconds since 1970 as the AWS CLI writes them."""
    if isinstance(value, Mapping):
        return {key: _with_written_moments(inner, key) for key, inner in value.items()}
    if isinstance(value, list):
        return [_with_written_moments(inner) for inner in value]
    if name.endswith("Timestamp") and isinstance(value, int | float):
        return datetime.fromtimestamp(value, UTC).isoformat()
    return value


# --- replay -----------------------------------------------------------------------------------------------------------


def replay_files(given: argparse.Namespace) -> None:
    """Print one verdict for each file; raises DivergedError when one does not fit."""
    documents = [_document(file) for file in given.files]
    try:
        template = read(given.template)
    except TemplateError as error:
        raise CommandError(str(error)) from error
    verdicts = _replay(template, _function(template), [document["Events"] for document in documents])
    for file, verdict in zip(given.files, verdicts, strict=True):
        if "unreadable" in verdict:
            raise CommandError(f"{file}: {verdict['unreadable']}")
        outcome = Text(verdict["outcome"], style=_COLORS[verdict["outcome"]])
        console().print(Text.assemble(outcome, visible(f"  {file}: {_words(verdict)}")))
    if any(verdict["outcome"] == "diverged" for verdict in verdicts):
        raise DivergedError


def _words(verdict: Mapping[str, Any]) -> str:
    count = f"{verdict['operations']} operations"
    match verdict["outcome"]:
        case "same":
            return f"{count}, today's code finds every one and wants no other"
        case "appended":
            return f"{count}, after which today's code begins {', '.join(verdict['begun'])}"
        case _:
            return f"{count}, and at {verdict['at']} it goes another way: {verdict['why']}"


def _document(file: Path) -> dict[str, Any]:
    try:
        document = json.loads(file.read_text("utf-8"))
    except OSError as error:
        raise CommandError(f"{file} cannot be read: {error.strerror}") from error
    except ValueError as error:
        raise CommandError(f"{file} is not JSON: {error}") from error
    if not isinstance(document, dict) or not isinstance(document.get("Events"), list):
        raise CommandError(f"{file} is no history: it has no Events")
    return document


def _function(template: Template) -> Function:
    found = next((each for each in template.functions if each.durable), None)
    if found is None:
        raise CommandError("the template declares no durable function")
    return found


def _replay(template: Template, function: Function, histories: Sequence[Any]) -> list[dict[str, Any]]:
    """The verdicts of a process that sees the function's code and environment as its workers do, and no stack."""
    nowhere = aws_variables(template, _NOBODY, _NOBODY)
    environment = variables_for(function, f"{_NOBODY.removeprefix('http://')}/environments/replay", nowhere)
    project = Path(__file__).parent.parent.parent
    environment["PYTHONPATH"] = f"{project}:{environment['PYTHONPATH']}"
    done = subprocess.run(
        [sys.executable, "-P", "-m", "local.replay", function.handler],
        input="".join(json.dumps(events) + "\n" for events in histories),
        env=environment,
        capture_output=True,
        text=True,
        check=False,
    )
    if done.returncode:
        reason = (done.stderr.strip().splitlines() or ["no reason given"])[-1]
        raise CommandError(f"today's code does not load: {reason}")
    return [json.loads(line) for line in done.stdout.splitlines()]
