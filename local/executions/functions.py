"""The functions of the stack, as the supervisor wrote them down, and how an Invoke's name finds one.

Gap closed: the stock engine takes any qualifier. AWS needs a version, an alias or $LATEST to start a durable
execution, resolves an alias to its version once, and shows that version in the ARN
(documentation: "Invoking durable functions", qualified ARNs).
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
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


@dataclass(frozen=True, slots=True)
class Target:
    """What a name in a request stands for: a function, the qualifier as given, the version it resolved to."""

    function: Function
    qualifier: str | None
    version: str


@dataclass(frozen=True, slots=True)
class Functions:
    """All functions of one account and region, by name."""

    region: str
    account: str
    by_name: Mapping[str, Function] = field(default_factory=dict)

    @classmethod
    def from_file(cls, path: Path) -> Functions:
        """Read the supervisor's JSON file.

        Raises:
            OSError: the file cannot be read.
            ValueError: it is not the agreed shape.

        """
        try:
            document = json.loads(path.read_text(encoding="utf-8"))
            functions = _by_name(_function(entry) for entry in document["functions"])
            return cls(document["region"], document["account"], functions)
        except (KeyError, TypeError, AttributeError) as error:
            raise ValueError(f"{path} does not describe functions: {error!r}") from error

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


def _by_name(functions: Iterable[Function]) -> dict[str, Function]:
    return {function.name: function for function in functions}


def _version(function: Function, qualifier: str | None) -> str:
    if qualifier is None or qualifier == LATEST:
        return LATEST
    if qualifier in {function.version, *function.aliases.values()}:
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
        timeout=int(entry["timeout"]),
        durable=DurableConfig(int(durable["executionTimeout"]), int(durable["retentionDays"])) if durable else None,
    )
