"""The environments of one function: how many there are, and who gets which invocation."""

import asyncio
import uuid
from collections import deque
from collections.abc import Callable, Mapping

from local.environments.environment import Environment, Work
from local.environments.outcome import Outcome
from local.output import Log
from local.template import Function

Variables = Callable[[str], Mapping[str, str]]
# An environment that had nothing to do for so long is ended; one always stays warm.
IDLE_SECONDS = 120
_STOPPING = "the local stack is stopping"


class Pool:
    """Environments of a function, started when all are busy, up to a limit; beyond it invocations queue."""

    def __init__(self, function: Function, limit: int, variables: Variables, log: Log) -> None:
        self.function = function
        self.environments: dict[str, Environment] = {}
        self.init_error: Outcome | None = None
        self._limit = limit
        self._variables = variables
        self._log = log
        self._idle: list[Environment] = []
        self._waiting: deque[Work] = deque()
        self._tasks: set[asyncio.Task[None]] = set()
        self._closed = False
        self._outdated: set[str] = set()
        self._superseded = False

    async def invoke(self, payload: bytes, request_id: str) -> Outcome:
        """Run the handler once; the first environment that is free takes it."""
        if self._closed:
            return Outcome.failed(request_id, "Runtime.ExitError", _STOPPING)
        work = Work(request_id, payload, asyncio.get_running_loop().create_future())
        if self._idle:
            self._idle.pop().assign(work)
        else:
            self._waiting.append(work)
            self._grow()
        return await work.done

    def prewarm(self) -> None:
        """Start a first environment before anyone asks."""
        if self.environments.keys() <= self._outdated:
            self._start()

    def free(self, environment: Environment) -> None:
        """An environment asks for work: give it the invocation that has waited longest."""
        if environment.id in self._outdated:
            environment.kill()
            return
        while self._waiting:
            work = self._waiting.popleft()
            if not work.done.done():
                environment.assign(work)
                return
        self._idle.append(environment)
        asyncio.get_running_loop().call_later(IDLE_SECONDS, self._retire, environment, environment.request_id)

    def drain(self, *, superseded: bool) -> None:
        """Let no environment of now take another invocation: there is new code.

        With `superseded` it is in another version, and this one is for those who started with it: it keeps nothing
        warm.
        """
        self._superseded = superseded
        self._outdated.update(self.environments)
        while self._idle:
            self._idle.pop().kill()

    def shut(self) -> None:
        """Take no further invocation."""
        self._closed = True

    async def close(self) -> None:
        """End every environment; what was under way is answered as failed."""
        self.shut()
        for environment in list(self.environments.values()):
            environment.kill()
        if self._tasks:
            await asyncio.wait(self._tasks)

    def _grow(self) -> None:
        """Start an environment, unless one that is about to ask for work will take what waits."""
        soon = [found for found in self.environments.values() if found.state in {"starting", "finishing"}]
        free_soon = sum(found.id not in self._outdated for found in soon)
        if free_soon < len(self._waiting) and len(self.environments) < self._limit:
            self._start()

    def _start(self) -> None:
        if self._closed:
            return
        environment = Environment(uuid.uuid4().hex, self.function, self._log)
        self.environments[environment.id] = environment
        task = asyncio.create_task(self._stay_with(environment))
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    async def _stay_with(self, environment: Environment) -> None:
        try:
            await environment.run(self._variables(environment.id))
        finally:
            del self.environments[environment.id]
            if environment in self._idle:
                self._idle.remove(environment)
            self._after(environment)
            self._outdated.discard(environment.id)

    def _after(self, environment: Environment) -> None:
        """An environment has ended: one that never got ready takes an invocation with it, else start another."""
        self.init_error = None if environment.initialized else environment.init_error
        if self._closed:
            while self._waiting:
                work = self._waiting.popleft()
                work.finish(Outcome.failed(work.request_id, "Runtime.ExitError", _STOPPING))
        elif environment.initialized or environment.id in self._outdated:
            self._grow()
        elif self._waiting and environment.init_error is not None:
            work = self._waiting.popleft()
            failure = environment.init_error
            work.finish(Outcome(work.request_id, failure.payload, failure.function_error))
            self._grow()

    def _retire(self, environment: Environment, request_id: str | None) -> None:
        """End an environment that has been idle since, unless it is the last one of the newest version."""
        unused = environment in self._idle and environment.request_id == request_id
        alive = sum(found.state != "dead" for found in self.environments.values())
        if unused and (alive > 1 or self._superseded):
            self._idle.remove(environment)
            environment.kill()
