"""The functions of the stack, as the supervisor wrote them down, and how an Invoke's name finds one.

Gap closed: the stock engine takes any qualifier. AWS needs a version, an alias or $LATEST to start a durable
execution, resolves an alias to its version once, and shows that version in the ARN
(documentation: "Invoking durable functions", qualified ARNs).
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from aws_durable_execution_sdk_python_testing.child_dispatcher import parse_function_target

from local.executions.errors import InvalidParameterError, NotFoundError

LATEST = "$LATEST"


@dataclass(frozen=True, slots=True)
class DurableConfig:
    """How long an execution of the function may take (seconds) and is kept after its end (days)."""

    execution_timeout: int
    retention_days: int


@dataclass(frozen=True, slots=True)
class Function:
    """A function as deployed: its published version, the aliases that point at versions, its limits."""

    name: str
    version: str
    aliases: Mapping[str, str]
    timeout: int
    durable: DurableConfig | None = None
    versions: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Target:
    """What a name in a request stands for: a function, the qualifier as given, the version it resolved to."""

    function: Function
    qualifier: str | None
    version: str


class Functions:
    """All functions of one account and region, by name; read from a file, they follow it when it is replaced."""

    def __init__(self, region: str, account: str, functions: Iterable[Function] = (), file: Path | None = None) -> None:
        self.region = region
        self.account = account
        self._file = file
        self._read = None if file is None else _stamp(file)
        self._by_name = {function.name: function for function in functions}

    @classmethod
    def from_file(cls, path: Path) -> Functions:
        """Read the supervisor's JSON file.

        Raises:
            OSError: the file cannot be read.
            ValueError: it is not the agreed shape.

        """
        document = _document(path)
        return cls(document["region"], document["account"], document["functions"], path)

    @property
    def by_name(self) -> Mapping[str, Function]:
        """The functions as they are now: an edit may have published another version."""
        if self._file is not None and (stamp := _stamp(self._file)) != self._read:
            self._by_name = {function.name: function for function in _document(self._file)["functions"]}
            self._read = stamp
        return self._by_name

    def resolve(self, identifier: str, qualifier: str | None = None) -> Target:
        """The target of a function name, partial ARN or ARN, with the qualifier inside it or beside it.

        Raises:
            InvalidParameterError: the name is malformed, or the two qualifiers differ.
            NotFoundError: there is no such function, version or alias here.

        """
        try:
            parsed = parse_function_target(identifier)
        except ValueError as error:
            raise InvalidParameterError(f"Invalid function name: {identifier!r}") from error
        if qualifier and parsed.qualifier and qualifier != parsed.qualifier:
            raise InvalidParameterError("The qualifier of the ARN and the Qualifier parameter differ")
        function = self._here(parsed.name, parsed.region, parsed.account_id)
        given = qualifier or parsed.qualifier
        return Target(function, given, _version(function, given))

    def _here(self, name: str, region: str | None, account: str | None) -> Function:
        function = self.by_name.get(name)
        elsewhere = (region or self.region, account or self.account) != (self.region, self.account)
        if function is None or elsewhere:
            raise NotFoundError(f"Function not found: {name}")
        return function


def _document(path: Path) -> dict[str, Any]:
    """The supervisor's file with its functions parsed; raises as `Functions.from_file` says."""
    try:
        document = json.loads(path.read_text(encoding="utf-8"))
        functions = [_function(entry) for entry in document["functions"]]
        return {"region": document["region"], "account": document["account"], "functions": functions}
    except (KeyError, TypeError, AttributeError) as error:
        raise ValueError(f"{path} does not describe functions: {error!r}") from error


def _stamp(file: Path) -> tuple[int, int]:
    status = file.stat()
    return status.st_mtime_ns, status.st_ino


def _version(function: Function, qualifier: str | None) -> str:
    if qualifier is None or qualifier == LATEST:
        return LATEST
    if qualifier in {function.version, *function.versions, *function.aliases.values()}:
        return qualifier
    version = function.aliases.get(qualifier)
    if version is None:
        raise NotFoundError(f"Function not found: {function.name}:{qualifier}")
    return version


def _function(entry: Mapping[str, Any]) -> Function:
    durable = entry.get("durable")
    return Function(
        name=entry["name"],
        version=str(entry["version"]),
        aliases={alias: str(version) for alias, version in entry.get("aliases", {}).items()},
        versions=tuple(entry.get("versions", ())),
        timeout=int(entry["timeout"]),
        durable=DurableConfig(int(durable["executionTimeout"]), int(durable["retentionDays"])) if durable else None,
    )
