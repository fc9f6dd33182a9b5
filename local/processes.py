"""A service of the stack in a process of its own: kept running on its port until the stack stops."""

import asyncio
import contextlib
import os
import sys
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field

from local.folder import StartError
from local.output import Log, pass_on
from local.serving import HOST

_STOP_SECONDS = 3
_FIRST_PAUSE, _LONGEST_PAUSE = 0.05, 2.0
_LOOK_SECONDS = 0.02


@dataclass(frozen=True, slots=True)
class Command:
    """`python -m MODULE --port PORT ARGUMENTS`; `inherited` are file descriptors that it keeps open."""

    module: str
    port: int
    arguments: Sequence[str] = ()
    environment: Mapping[str, str] = field(default_factory=dict)
    inherited: Sequence[int] = ()


class ServiceProcess:
    """A command that listens on its port, and ends by itself when its standard input does."""

    def __init__(self, command: Command, log: Log) -> None:
        self.listening = asyncio.Event()
        self._command = command
        self._log = log
        self._process: asyncio.subprocess.Process | None = None
        self._stopping = asyncio.Event()

    @property
    def url(self) -> str:
        """Where it listens."""
        return f"http://{HOST}:{self._command.port}"

    @property
    def pid(self) -> int | None:
        """The process id while it runs."""
        return self._process.pid if self._process else None

    async def keep_running(self, restarted: Callable[[], None]) -> None:
        """Run the process, and again after a pause whenever it ends, until `stop`.

        Raises StartError when it ends before it has ever listened.
        """
        pause = _FIRST_PAUSE
        while not self._stopping.is_set():
            began = time.monotonic()
            run = asyncio.create_task(self._run_once())
            if await self._reaches_port(run):
                self.listening.set()
                restarted()
            status = await run
            if self._stopping.is_set():
                return
            if not self.listening.is_set():
                raise StartError(f"{self._command.module} did not start (exit status {status}): its reason is above")
            self._log(self._command.module, None, f"ended with status {status}, starting it again")
            pause = _FIRST_PAUSE if time.monotonic() - began > _LONGEST_PAUSE else min(2 * pause, _LONGEST_PAUSE)
            await asyncio.sleep(pause)

    async def stop(self) -> None:
        """End the process: by its standard input first, by force when that takes too long."""
        self._stopping.set()
        process = self._process
        if process is None:
            return
        if process.stdin is not None:
            process.stdin.close()
        with contextlib.suppress(TimeoutError):
            await asyncio.wait_for(process.wait(), _STOP_SECONDS)
        if process.returncode is None:
            process.kill()
            await process.wait()

    def kill(self) -> None:
        """End the process at once; it is started again."""
        if self._process is not None:
            self._process.kill()

    async def _run_once(self) -> int:
        command = self._command
        self._process = await asyncio.create_subprocess_exec(
            *(sys.executable, "-m", command.module, "--port", str(command.port), *command.arguments),
            stdin=asyncio.subprocess.PIPE,
            stdout=asyncio.subprocess.PIPE,
            stderr=asyncio.subprocess.STDOUT,
            env=dict(os.environ) | dict(command.environment),
            pass_fds=command.inherited,
            start_new_session=True,  # Ctrl-C is the supervisor's to handle
        )
        if self._process.stdout is not None:
            await pass_on(self._process.stdout, lambda line: self._log(self._command.module, None, line))
        return await self._process.wait()

    async def _reaches_port(self, run: "asyncio.Task[int]") -> bool:
        """Wait until the port takes connections; False when the process ended before."""
        while not run.done():
            with contextlib.suppress(OSError):
                _, writer = await asyncio.open_connection(HOST, self._command.port)
                writer.close()
                return True
            await asyncio.sleep(_LOOK_SECONDS)
        return False
