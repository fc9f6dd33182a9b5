"""One execution environment: a process that runs one function, one invocation at a time."""

import asyncio
import contextlib
import re
import signal
import sys
import time
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from local.environments.outcome import Outcome
from local.output import Log, pass_on
from local.template import Function

State = Literal["starting", "idle", "busy", "finishing", "dead"]
BOOTSTRAP = Path(__file__).parent.parent / "runtime_bootstrap.py"
# Lambda allows 10; a laptop that compiles everything for the first time may need longer.
INIT_SECONDS = 30
# Lambda's limit for the answer of a synchronous invocation.
MAX_RESPONSE_BYTES = 6_291_556
_EXECUTION = re.compile(rb'\{"DurableExecutionArn": ?"([^"]+)"')


@dataclass(slots=True)
class Work:
    """An invocation on its way through an environment; `done` gets its outcome."""

    request_id: str
    payload: bytes
    done: asyncio.Future[Outcome]
    deadline_ms: int = 0

    def finish(self, outcome: Outcome) -> None:
        """Settle the invocation; the first outcome counts."""
        if not self.done.done():
            self.done.set_result(outcome)


class Environment:
    """A process and what it is doing. The pool it belongs to hears when it is free and when it has ended."""

    def __init__(self, environment_id: str, function: Function, log: Log) -> None:
        self.id = environment_id
        self.function = function
        self.state: State = "starting"
        self.request_id: str | None = None
        self.initialized = False
        self._execution: str | None = None
        self.init_error: Outcome | None = None
        self._log = log
        self._work: Work | None = None
        self._next: asyncio.Future[Work | None] | None = None
        self._timer: asyncio.TimerHandle | None = None
        self._process: asyncio.subprocess.Process | None = None

    @property
    def pid(self) -> int | None:
        """The process id, once started."""
        return self._process.pid if self._process else None

    async def run(self, variables: Mapping[str, str]) -> None:
        """Start the process and stay with it until it has ended; then answer what it left unanswered."""
        try:
            self._process = process = await self._spawn(variables)
        except OSError as error:
            self._ended(f"the process could not be started: {error.strerror}")
            return
        if self.state == "dead":
            self.kill()
        init_timer = asyncio.get_running_loop().call_later(INIT_SECONDS, self._init_time_out)
        if process.stdout is not None:
            await pass_on(process.stdout, self._say)
        status = await process.wait()
        init_timer.cancel()
        self._ended(f"Runtime exited with error: {_exit_words(status)}")

    async def _spawn(self, variables: Mapping[str, str]) -> asyncio.subprocess.Process:
        return await asyncio.create_subprocess_exec(
            sys.executable,
            "-P",  # the bootstrap's own folder must not be on the function's import path
            str(BOOTSTRAP),
            stdin=asyncio.subprocess.PIPE,
            stdout=asyncio.subprocess.PIPE,
            stderr=asyncio.subprocess.STDOUT,
            cwd=self.function.code,
            env=dict(variables),
            start_new_session=True,  # Ctrl-C is the supervisor's to handle
        )

    def ready(self) -> asyncio.Future[Work | None]:
        """The process asks for work; the future gives it, or None when the environment is to end."""
        self._next = asyncio.get_running_loop().create_future()
        if self.state == "dead":
            self._next.set_result(None)
        else:
            self.state, self.initialized = "idle", True
        return self._next

    def init_failed(self, payload: bytes) -> None:
        """The process could not load its handler; it ends by itself after saying so."""
        self.init_error = Outcome(self.id, payload, "Unhandled")

    def assign(self, work: Work) -> None:
        """Hand an invocation to this idle environment and start its clock."""
        if self._next is None or self._next.done():
            raise RuntimeError(f"environment {self.id} is not waiting for work")
        self.state, self._work, self.request_id = "busy", work, work.request_id
        self._execution = _execution_of(work.payload) if self.function.durable else None
        seconds = self.function.timeout_seconds
        work.deadline_ms = int((time.time() + seconds) * 1000)
        self._timer = asyncio.get_running_loop().call_later(seconds, self._time_out)
        self._next.set_result(work)

    def answer(self, request_id: str, payload: bytes | None, function_error: str | None = None) -> bool:
        """Take the process's answer, None for one that is too large; False when it is not working on that request."""
        if self._work is None or self._work.request_id != request_id:
            return False
        if payload is None:
            message = f"Response payload size exceeded maximum allowed payload size ({MAX_RESPONSE_BYTES} bytes)."
            self._settle(Outcome.failed(request_id, "Function.ResponseSizeTooLarge", message))
        else:
            self._settle(Outcome(request_id, payload, function_error))
        self.state = "finishing"
        return True

    def kill(self) -> None:
        """End the process at once; an invocation under way is answered when it has ended."""
        self.state = "dead"
        if self._process is not None:
            with contextlib.suppress(ProcessLookupError):
                self._process.kill()

    def _init_time_out(self) -> None:
        if self.state == "starting":
            self.init_error = Outcome.failed(
                self.id, "Sandbox.Timedout", f"Init timed out after {INIT_SECONDS} seconds"
            )
            self.kill()

    def _time_out(self) -> None:
        if self._work is not None:
            seconds = f"{self.function.timeout_seconds:.2f}"
            message = f"Task timed out after {seconds} seconds"
            self._say(message)
            self._settle(Outcome.failed(self._work.request_id, "Sandbox.Timedout", message))
        self.kill()

    def _say(self, line: str) -> None:
        self._log(self.function.name, self.request_id, line, self._execution)

    def _settle(self, outcome: Outcome) -> None:
        if self._timer is not None:
            self._timer.cancel()
        if self._work is not None:
            self._work.finish(outcome)
        self._work = None

    def _ended(self, message: str) -> None:
        self.state = "dead"
        if self._work is not None:
            self._settle(Outcome.failed(self._work.request_id, "Runtime.ExitError", message))
        if self.init_error is None:
            self.init_error = Outcome.failed(self.id, "Runtime.ExitError", message)
        if self._next is not None and not self._next.done():
            self._next.set_result(None)


def _execution_of(payload: bytes) -> str | None:
    """The ARN with which every event of a durable invocation begins."""
    found = _EXECUTION.match(payload)
    return found[1].decode() if found else None


def _exit_words(status: int) -> str:
    """How Lambda words the end of a process."""
    if status >= 0:
        return f"exit status {status}"
    return f"signal: {'killed' if status == -signal.SIGKILL else signal.Signals(-status).name}"
