"""Versions of the functions: every edit publishes one, and an execution under way keeps the one it started on.

A version is a copy of a function's code and layers below `DATA/versions`, numbered per function from 1 and recognised
by its content: nothing that is the same is published twice. Libraries from outside the layers are not part of it.
With `follow` nothing is copied: the functions run from where they are edited, as $LATEST does.
"""

from __future__ import annotations

import hashlib
import json
import os
import shutil
from collections.abc import Iterator, Mapping
from dataclasses import replace
from http import HTTPStatus
from pathlib import Path
from typing import Any

from local.folder import close_to_others
from local.template import Function, Template

LATEST = "$LATEST"
_SHEET = "version.json"
_KEPT_ANYWAY = 2


class Versions:
    """The versions there are; `functions` are the newest. `publish` comes first, and again after every edit."""

    def __init__(self, template: Template, folder: Path, *, follow: bool) -> None:
        self._declared = template.functions
        self._folder = folder
        self._follow = follow
        self._newest: dict[str, Function] = {}
        self._digests: dict[str, str] = {}
        self._seen = 0

    @property
    def functions(self) -> tuple[Function, ...]:
        """Every function as a new invocation finds it."""
        return tuple(self._newest.values())

    def function(self, reference: str) -> Function | None:
        """Find a function by name or ARN; with a number for a qualifier that version, else the newest."""
        for function in self.functions:
            for name in (function.name, function.arn):
                if reference == name or reference.startswith(f"{name}:"):
                    return self._qualified(function, reference[len(name) + 1 :])
        return None

    def edited(self) -> bool:
        """Whether a file looks other than at the last `publish`: times and sizes, cheap enough to ask all day."""
        return self._look() != self._seen

    def publish(self) -> list[Function]:
        """Publish every function whose content has changed; returns those."""
        self._seen = self._look()
        changed = []
        for function in self._declared:
            digest = _digest(function)
            if self._digests.get(function.name) != digest:
                self._digests[function.name] = digest
                self._newest[function.name] = self._published(function, digest)
                changed.append(self._newest[function.name])
        return changed

    def described(self) -> list[dict[str, Any]]:
        """The functions as the executions process reads them."""
        return [_described(function, self._numbers(function)) for function in self.functions]

    def discard(self, in_use: Mapping[str, set[str]]) -> None:
        """Remove the copies that no execution needs, by function name; the newest two stay in any case."""
        for function in self.functions:
            needed = in_use.get(function.name, set())
            for number in self._numbers(function)[:-_KEPT_ANYWAY]:
                if str(number) not in needed:
                    shutil.rmtree(self._place(function, number), ignore_errors=True)

    def _qualified(self, function: Function, qualifier: str) -> Function | None:
        if qualifier in {"", LATEST, function.version, function.alias}:
            return function
        if not qualifier.isdecimal() or not self._place(function, int(qualifier)).is_dir():
            return None
        return self._copy(function, int(qualifier))

    def _published(self, function: Function, digest: str) -> Function:
        """The newest version when that is its content, else a new one."""
        if self._follow:
            return replace(function, version=LATEST)
        numbers = self._numbers(function)
        if numbers and self._sheet(function, numbers[-1])["digest"] == digest:
            return self._copy(function, numbers[-1])
        number = numbers[-1] + 1 if numbers else 1
        self._write(function, number, digest)
        return self._copy(function, number)

    def _write(self, function: Function, number: int, digest: str) -> None:
        place = self._place(function, number)
        fresh = place.with_suffix(".new")
        shutil.rmtree(fresh, ignore_errors=True)
        for name, source in _parts(function):
            shutil.copytree(source, fresh / name)
        close_to_others(fresh)  # a copy keeps the permissions of what it was copied from
        sheet = {"digest": digest, **_settings(function)}
        (fresh / _SHEET).write_text(json.dumps(sheet, indent=2) + "\n", "utf-8")
        fresh.rename(place)

    def _copy(self, function: Function, number: int) -> Function:
        """A published version, with the settings that it was published with."""
        place, sheet = self._place(function, number), self._sheet(function, number)
        return replace(
            function,
            version=str(number),
            code=place / "code",
            layers=tuple(sorted(place.glob("layer-*"))),
            handler=sheet["handler"],
            environment=sheet["environment"],
            timeout_seconds=sheet["timeout"],
            memory_mb=sheet["memory"],
        )

    def _numbers(self, function: Function) -> list[int]:
        folder = self._folder / function.logical_id
        return sorted(int(place.name) for place in folder.glob("*") if place.name.isdecimal())

    def _place(self, function: Function, number: int) -> Path:
        return self._folder / function.logical_id / str(number)

    def _sheet(self, function: Function, number: int) -> dict[str, Any]:
        sheet: dict[str, Any] = json.loads((self._place(function, number) / _SHEET).read_text("utf-8"))
        return sheet

    def _look(self) -> int:
        """A number that changes with the name, time or size of any file."""
        roots = {root for function in self._declared for _, root in _parts(function)}
        return hash(tuple(_looks(root) for root in sorted(roots)))


def in_use(executions: str) -> dict[str, set[str]] | None:
    """The versions that executions under way need, by function; None while the executions process does not answer."""
    import urllib3

    try:
        answer = urllib3.request("GET", f"{executions}/local/versions", retries=False, timeout=5)
    except urllib3.exceptions.HTTPError:
        return None
    if answer.status != HTTPStatus.OK:
        return None
    found: dict[str, set[str]] = {}
    for running in answer.json()["inUse"]:
        found.setdefault(running["function"], set()).add(running["version"])
    return found


def _settings(function: Function) -> dict[str, Any]:
    return {
        "handler": function.handler,
        "environment": dict(function.environment),
        "timeout": function.timeout_seconds,
        "memory": function.memory_mb,
    }


def _described(function: Function, numbers: list[int]) -> dict[str, Any]:
    durable = function.durable
    return {
        "name": function.name,
        "version": function.version,
        "versions": [*map(str, numbers)],
        "aliases": {function.alias: function.version} if function.alias else {},
        "timeout": function.timeout_seconds,
        "memory": function.memory_mb,
        "durable": durable
        and {"executionTimeout": durable.execution_timeout_seconds, "retentionDays": durable.retention_days},
    }


def _parts(function: Function) -> Iterator[tuple[str, Path]]:
    """What a version consists of: a name for each folder, in the order of the import path."""
    yield "code", function.code
    for position, layer in enumerate(function.layers):
        yield f"layer-{position}", layer


def _digest(function: Function) -> str:
    digest = hashlib.sha256(json.dumps(_settings(function), sort_keys=True).encode())
    for name, root in _parts(function):
        for file in sorted(_files(root), key=lambda file: file.path):
            digest.update(f"\0{name}/{file.path.removeprefix(str(root))}\0".encode())
            digest.update(Path(file.path).read_bytes())
    return digest.hexdigest()


def _looks(root: Path) -> frozenset[tuple[str, int, int]]:
    files = ((file.path, file.stat()) for file in _files(root))
    return frozenset((path, status.st_mtime_ns, status.st_size) for path, status in files)


def _files(root: Path) -> Iterator[os.DirEntry[str]]:
    """Every file of a folder but what Python and editors leave there."""
    for entry in os.scandir(root):
        if entry.name == "__pycache__" or entry.name.startswith("."):
            continue
        if entry.is_dir():
            yield from _files(Path(entry.path))
        else:
            yield entry
