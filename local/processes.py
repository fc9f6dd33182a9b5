"""A service of the stack in a process of its own: kept running on its socket until the stack stops."""

import asyncio
import contextlib
import os
import sys
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from socket import socket

from local.folder import StartError
from local.output import Log, pass_on
from local.serving import HOST, port_of

_STOP_SECONDS = 3
_FIRST_PAUSE, _LONGEST_PAUSE = 0.05, 2.0


@dataclass(frozen=True, slots=True)
class Command:
    """`python -m MODULE` with its listening socket; `inherited` are further file descriptors that it keeps open.

    The socket is the stack's: it stays while the process is started again, so that callers wait and none is refused.
    """

    module: str
    listener: socket
    arguments: Sequence[str] = ()
    environment: Mapping[str, str] = field(default_factory=dict)
    inherited: Sequence[int] = ()


class ServiceProcess:
    """A command that says `ready` once it serves, and ends by itself when its standard input does."""

    def __init__(self, command: Command, log: Log) -> None:
        self.ready = asyncio.Event()
        self._command = command
        self._log = log
        self._process: asyncio.subprocess.Process | None = None
        self._stopping = asyncio.Event()

    @property
    def url(self) -> str:
        """Where it listens."""
        return f"http://{HOST}:{port_of(self._command.listener)}"

    @property
    def pid(self) -> int | None:
        """The process id while it runs."""
        return self._process.pid if self._process else None

    async def keep_running(self, started: Callable[[], None]) -> None:
        """Run the process, and again after a pause whenever it ends, until `stop`; tell about each start.

        Raises StartError when it ends before it has ever served.
        """
        pause = _FIRST_PAUSE
        while not self._stopping.is_set():
            began = time.monotonic()
            try:
                ending = f"exit status {await self._run_once(started)}"
            except OSError as error:  # the machine has no process or file descriptor to spare
                ending = str(error.strerror)
            if self._stopping.is_set():
                return
            if not self.ready.is_set():
                raise StartError(f"{self._command.module} did not start ({ending}): its reason is above")
            self._log(self._command.module, None, f"ended ({ending}), starting it again")
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

    async def _run_once(self, started: Callable[[], None]) -> int:
        def take(line: str) -> None:
            if line.startswith("ready "):
                self.ready.set()
                started()
            else:
                self._log(self._command.module, None, line)

        self._process = process = await self._spawn()
        try:
            if process.stdout is not None:
                await pass_on(process.stdout, take)
            return await process.wait()
        except asyncio.CancelledError:
            # The stop came while the process was being started, and could not see it.
            with contextlib.suppress(ProcessLookupError):
                process.kill()
            await process.wait()
            raise

    async def _spawn(self) -> asyncio.subprocess.Process:
        command, descriptor = self._command, self._command.listener.fileno()
        place = ["--port", str(port_of(command.listener)), "--socket", str(descriptor)]
        return await asyncio.create_subprocess_exec(
            *(sys.executable, "-m", command.module, *place, *command.arguments),
            stdin=asyncio.subprocess.PIPE,
            stdout=asyncio.subprocess.PIPE,
            stderr=asyncio.subprocess.STDOUT,
            env=dict(os.environ) | dict(command.environment),
            pass_fds=[descriptor, *command.inherited],
            start_new_session=True,  # Ctrl-C is the supervisor's to handle
        )
