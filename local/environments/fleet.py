"""All execution environments of the stack: invocations go to the pool of their function."""

import asyncio
import functools
import json
import os
import uuid
from collections.abc import Iterable, Mapping
from typing import Any, Protocol

from local.environments.environment import Environment
from local.environments.outcome import Outcome
from local.environments.pool import Pool
from local.environments.variables import variables_for
from local.output import Log
from local.template import Function


class UnknownFunctionError(LookupError):
    """There is no function of that name."""


class Functions(Protocol):
    """The functions there are: a template's, or their versions."""

    @property
    def functions(self) -> tuple[Function, ...]:
        """Every function, in its newest version."""
        ...

    def function(self, reference: str) -> Function | None:
        """Find a function by name or ARN, with or without a qualifier."""
        ...


class Environments:
    """Starts, reuses and ends execution environments. `invoke` fits the `Invoke` protocol."""

    def __init__(
        self, functions: Functions, runtime_api: str, aws: Mapping[str, str], log: Log, limit: int = 0
    ) -> None:
        """Take the address of the environments endpoint and the variables that every function gets.

        `limit` is the most environments of one plain function at a time; without it, two for each core.
        """
        self._functions = functions
        self._most = limit or max(4, 2 * (os.cpu_count() or 1))
        self._runtime_api = runtime_api
        self._aws = aws
        self._log = log
        self._pools: dict[tuple[str, str], Pool] = {}
        self._closed = False

    async def invoke(self, function: str, payload: bytes, request_id: str | None = None) -> Outcome:
        """Run a function's handler once; see `Invoke`."""
        found = self._functions.function(function)
        if found is None:
            raise UnknownFunctionError(function)
        return await self._pool(found).invoke(payload, request_id or str(uuid.uuid4()))

    def prewarm(self, names: Iterable[str]) -> None:
        """Start a first environment of each of these functions."""
        for name in names:
            found = self._functions.function(name)
            if found is not None:
                self._pool(found).prewarm()

    def renew(self, functions: Iterable[Function]) -> None:
        """End what runs other code than these functions now have, each environment once it is idle."""
        for function in functions:
            for (name, version), pool in self._pools.items():
                if name == function.name:
                    pool.drain(superseded=version != function.version)
            self._pool(function).prewarm()

    def _pool(self, function: Function) -> Pool:
        """The environments of one version of a function."""
        key = (function.name, function.version)
        if key not in self._pools:
            variables = functools.partial(self._variables, function)
            self._pools[key] = Pool(function, self._most_of(function), variables, self._log)
            if self._closed:
                self._pools[key].shut()
        return self._pools[key]

    def _most_of(self, function: Function) -> int:
        """A durable function gets twice as many: the SDK ends each of its invocations with 0.1 s of rest."""
        return self._most if function.durable is None else 2 * self._most

    def pool_of(self, environment_id: str) -> tuple[Pool, Environment] | None:
        """Who an id belongs to."""
        for pool in self._pools.values():
            if environment_id in pool.environments:
                return pool, pool.environments[environment_id]
        return None

    def init_error(self, name: str) -> str | None:
        """Why the last environment of a function's newest version could not load its handler; None when it could."""
        found = self._functions.function(name)
        failed = None if found is None else self._pool(found).init_error
        return None if failed is None else str(json.loads(failed.payload)["errorMessage"])

    def kill(self, request_id: str) -> int | None:
        """End the process that handles this invocation, as `kill -9` does; its id, or None when none does."""
        for pool in self._pools.values():
            for found in pool.environments.values():
                if found.state == "busy" and found.request_id == request_id:
                    found.kill()
                    return found.pid
        return None

    def listing(self) -> list[dict[str, Any]]:
        """Every environment with its process id and what it is doing."""
        return [
            {
                "id": found.id,
                "function": pool.function.name,
                "version": pool.function.version,
                "pid": found.pid,
                "state": found.state,
            }
            for pool in self._pools.values()
            for found in pool.environments.values()
        ]

    async def close(self) -> None:
        """End every process."""
        self._closed = True
        await asyncio.gather(*(pool.close() for pool in self._pools.values()))

    def _variables(self, function: Function, environment_id: str) -> Mapping[str, str]:
        return variables_for(function, f"{self._runtime_api}/environments/{environment_id}", self._aws)
