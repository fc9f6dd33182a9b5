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
import stat
from collections.abc import Iterator, Mapping
from dataclasses import replace
from http import HTTPStatus
from pathlib import Path
from typing import Any

from local.folder import StartError, close_to_others
from local.template import Function, Template

UNUSABLE = "it is a link that leads nowhere or round in a circle, or no file"
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
        self._changed: dict[str, Function] = {}
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
        """Publish every function whose content has changed; returns those.

        Raises OSError when the disk does not take a copy, and StartError when a published one is damaged: the next
        call goes on where this one stopped.
        """
        seen = self._look()
        for function in self._declared:
            digest = _digest(function)
            if self._digests.get(function.name) != digest:
                self._newest[function.name] = self._published(function, digest)
                self._digests[function.name] = digest
                self._changed[function.name] = self._newest[function.name]
        changed, self._changed, self._seen = list(self._changed.values()), {}, seen
        return changed

    def unusable(self) -> list[str]:
        """What lies in the functions' folders and is no part of a version, because it cannot be copied."""
        roots = {root for function in self._declared for _, root in _parts(function)}
        return sorted(path for root in roots for path in _unusable_below(root))

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
        sheet = {"digest": digest, **_settings(function)}
        try:
            for name, source in _parts(function):
                shutil.copytree(source, fresh / name, ignore=_unusable_of)
            (fresh / _SHEET).write_text(json.dumps(sheet, indent=2) + "\n", "utf-8")
            close_to_others(fresh)  # a copy keeps the permissions of what it was copied from
            fresh.rename(place)
        except OSError as error:
            shutil.rmtree(fresh, ignore_errors=True)  # half a copy keeps room that something else may need
            raise OSError(f"version {number} of {function.name} cannot be kept: {_reason(error)}") from error

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
        file = self._place(function, number) / _SHEET
        try:
            sheet: dict[str, Any] = json.loads(file.read_text("utf-8"))
        except (OSError, ValueError):
            raise StartError(f"{file} is damaged: restore the folder from a copy, or choose another DATA") from None
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
    """Every file of a folder but what Python and editors leave there, and what cannot be copied."""
    for entry in _entries(root):
        if not _is_usable(entry.path):
            continue
        if entry.is_dir():
            yield from _files(Path(entry.path))
        else:
            yield entry


def _entries(root: Path) -> Iterator[os.DirEntry[str]]:
    return (entry for entry in os.scandir(root) if entry.name != "__pycache__" and not entry.name.startswith("."))


def _is_usable(path: str) -> bool:
    """Whether a path is a file, or a folder that does not contain itself by a link."""
    try:
        mode = os.stat(path).st_mode  # noqa: PTH116 - called for every file, all day
    except OSError:
        return False
    if stat.S_ISDIR(mode):
        return not os.path.islink(path) or not _leads_back(path)  # noqa: PTH114 - as above
    return stat.S_ISREG(mode)


def _leads_back(link: str) -> bool:
    """Whether a link leads to a folder that it lies in."""
    return Path(link).parent.resolve().is_relative_to(Path(link).resolve())


def _unusable_below(root: Path) -> Iterator[str]:
    for entry in _entries(root):
        if not _is_usable(entry.path):
            yield entry.path
        elif entry.is_dir():
            yield from _unusable_below(Path(entry.path))


def _unusable_of(folder: str, names: list[str]) -> list[str]:
    """The names in a folder that `shutil.copytree` has to leave out."""
    return [name for name in names if not _is_usable(os.path.join(folder, name))]  # noqa: PTH118 - as above


def _reason(error: OSError) -> str:
    """Why a file could not be copied; `shutil.copytree` collects the errors of all."""
    return str(error.args[0][0][2]) if isinstance(error, shutil.Error) else str(error.strerror or error)
