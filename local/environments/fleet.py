"""All execution environments of the stack: invocations go to the pool of their function."""

import asyncio
import functools
import os
import uuid
from collections.abc import Iterable, Mapping
from typing import Any

from local.environments.environment import Environment
from local.environments.outcome import Outcome
from local.environments.pool import Pool
from local.environments.variables import variables_for
from local.output import Log
from local.template import Function, Template


class UnknownFunctionError(LookupError):
    """There is no function of that name."""


class Environments:
    """Starts, reuses and ends execution environments. `invoke` fits the `Invoke` protocol."""

    def __init__(self, template: Template, runtime_api: str, aws: Mapping[str, str], log: Log, limit: int = 0) -> None:
        """Take the address of the environments endpoint and the AWS_* variables that every function gets."""
        self._template = template
        most = limit or max(4, 2 * (os.cpu_count() or 1))
        self._runtime_api = runtime_api
        self._aws = aws
        self._pools = {
            function.name: Pool(function, most, functools.partial(self._variables, function), log)
            for function in template.functions
        }

    async def invoke(self, function: str, payload: bytes, request_id: str | None = None) -> Outcome:
        """Run a function's handler once; see `Invoke`."""
        found = self._template.function(function)
        if found is None:
            raise UnknownFunctionError(function)
        return await self._pools[found.name].invoke(payload, request_id or str(uuid.uuid4()))

    def prewarm(self, names: Iterable[str]) -> None:
        """Start a first environment of each of these functions."""
        for name in names:
            self._pools[name].prewarm()

    def pool_of(self, environment_id: str) -> tuple[Pool, Environment] | None:
        """Who an id belongs to."""
        for pool in self._pools.values():
            if environment_id in pool.environments:
                return pool, pool.environments[environment_id]
        return None

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
            {"id": found.id, "function": pool.function.name, "pid": found.pid, "state": found.state}
            for pool in self._pools.values()
            for found in pool.environments.values()
        ]

    async def close(self) -> None:
        """End every process."""
        await asyncio.gather(*(pool.close() for pool in self._pools.values()))

    def _variables(self, function: Function, environment_id: str) -> Mapping[str, str]:
        return variables_for(function, f"{self._runtime_api}/environments/{environment_id}", self._aws)
