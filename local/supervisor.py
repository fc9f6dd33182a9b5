"""Starts the parts of the stack side by side, keeps them running, and stops every one of them."""

import asyncio
import contextlib
import errno
import os
import signal
import sys
from collections.abc import MutableMapping
from dataclasses import dataclass
from pathlib import Path
from socket import socket
from typing import TYPE_CHECKING, Any

from local import clock, resources, screen, state
from local.environments import Environments
from local.events import EventBus
from local.folder import Held, StartError, held, keep_private, write_json
from local.output import Log, log, say
from local.processes import Command, ServiceProcess
from local.receiving import REQUEST_SECONDS
from local.serving import HOST, bind, port_of, server
from local.shell import needed
from local.shortage import report_once
from local.template import Function, Template
from local.versions import UNUSABLE, Versions
from local.versions import in_use as versions_in_use

if TYPE_CHECKING:
    import uvicorn

ENDPOINTS = "endpoints.json"
FUNCTIONS = "functions.json"
DEAD_LETTERS = "dead-letters.jsonl"
VERSIONS = "versions"
_LOOK_SECONDS = 0.4
_SETTLING_SECONDS = 0.1
_TIMES_TO_SAY = 2


@dataclass(frozen=True, slots=True)
class Options:
    """How a stack is started; port 0 lets the system choose."""

    port: int
    data: Path
    ephemeral: bool
    follow: bool = False
    request_seconds: float = REQUEST_SECONDS


@dataclass(frozen=True, slots=True)
class Places:
    """Where a stack is: its folder and its listening sockets, two of them for the service processes."""

    held: Held
    public: socket
    inside: socket
    data: socket
    lambda_api: socket


def run(template: Template, options: Options) -> None:
    """Stand the template up and serve until SIGINT or SIGTERM.

    Raises StartError when it cannot start, after having stopped what was started.
    """
    isolate(os.environ)
    keep_private()
    with contextlib.ExitStack() as leaving:
        public = leaving.enter_context(_public_socket(options.port))
        ours = leaving.enter_context(held(options.data, ephemeral=options.ephemeral))
        folder = ours.path
        versions = _prepared(template, folder, follow=options.follow)
        inside = leaving.enter_context(bind(0))
        data, lambda_api = leaving.enter_context(bind(0)), leaving.enter_context(bind(0))
        count = f"{len(template.functions)} functions, {len(template.http_api.routes)} routes"
        say(f"starting {count}, {len(template.tables)} tables; state in {folder}")
        places = Places(ours, public, inside, data, lambda_api)
        said = _log_in(folder)
        asyncio.run(Stack(template, versions, places, said, options).serve())


def _prepared(template: Template, folder: Path, *, follow: bool) -> Versions:
    """Check the folder and write what the service processes read; raises StartError."""
    state.check(folder)
    try:
        state.mark(folder)
        (folder / ENDPOINTS).unlink(missing_ok=True)
        versions = Versions(template, folder / VERSIONS, follow=follow)
        versions.publish()
        write_json(folder / FUNCTIONS, describe_functions(template, versions))
    except OSError as error:
        raise StartError(f"{error.filename or folder} cannot be used: {error.strerror or error}") from error
    return versions


def _log_in(folder: Path) -> Log:
    """At a terminal sentences, and the whole log in the folder; raises StartError."""
    if not sys.stderr.isatty():
        return log
    try:
        return screen.opened(folder, sys.stderr)
    except OSError as error:
        raise StartError(f"{folder / screen.LOG} cannot be written: {error.strerror}") from error


def _public_socket(port: int) -> socket:
    try:
        return bind(port)
    except OSError as error:
        reason = "is taken" if error.errno == errno.EADDRINUSE else f"cannot be used ({error.strerror})"
        raise StartError(f"port {port} {reason}: choose another PORT") from None
    except OverflowError:
        raise StartError(f"port {port} is not between 0 and 65535: choose another PORT") from None


class Stack:
    """One running system: two service processes, the functions' environments, and two servers in this process."""

    def __init__(self, template: Template, versions: Versions, places: Places, said: Log, options: Options) -> None:
        self._template = template
        self._said = said
        self._versions = versions
        self._places = places
        self._port = port_of(places.public)
        self._request_seconds = options.request_seconds
        inside = f"{HOST}:{port_of(places.inside)}"
        self._inside_url = f"http://{inside}"
        aws = aws_variables(
            template, f"http://{HOST}:{port_of(places.data)}", f"http://{HOST}:{port_of(places.lambda_api)}"
        )
        place = ["--data", str(places.held.path), "--request-seconds", str(options.request_seconds)]
        place += ["--ephemeral"] if options.ephemeral else []
        described = ["--functions", str(places.held.path / FUNCTIONS), "--environments", self._inside_url]
        kept = (places.held.lock,)
        data = Command("local.data", places.data, place, aws, kept)
        executions = Command("local.executions", places.lambda_api, [*place, *described], aws, kept)
        self._data, self._executions = ServiceProcess(data, said), ServiceProcess(executions, said)
        ours = {
            "AWS_ENDPOINT_URL_SNS": f"{self._inside_url}/sns/",
            "LOCAL_CLOCK": str(places.held.path / clock.FILE),
        }
        self._environments = Environments(versions, inside, aws | ours, said)
        self._events = EventBus(template.rules, self._environments.invoke, places.held.path / DEAD_LETTERS)
        self._unannounced: list[Function] = []
        self._ignored: frozenset[str] = frozenset()
        self._servers: list[uvicorn.Server] = []
        self._started = asyncio.Event()
        self._reading: asyncio.Task[None] | None = None

    async def serve(self) -> None:
        """Start, say so, and stay until a signal ends it; a part that cannot go on ends it with its error."""
        report_once(asyncio.get_running_loop())
        stopping = asyncio.Event()
        for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
            asyncio.get_running_loop().add_signal_handler(number, stopping.set)
        stop = asyncio.create_task(stopping.wait())
        parts = [
            self._start(),
            self._serve(),
            self._publish_edits(),
            *(service.keep_running(self._write_endpoints) for service in self._services),
        ]
        self._reading = asyncio.create_task(self._read_queues())
        tasks = {stop, self._reading, *(asyncio.create_task(part) for part in parts)}
        try:
            while not stop.done():
                done, tasks = await asyncio.wait(tasks, return_when=asyncio.FIRST_COMPLETED)
                for task in done:
                    task.result()
        finally:
            await self._stop(tasks)

    async def _start(self) -> None:
        """Bring everything up, side by side; the servers' sockets hold early callers until `_serve` takes them."""
        health = next((route for route in self._template.http_api.routes if route.key == "GET /health"), None)
        if health is not None:
            self._environments.prewarm([health.function])
        connecting = asyncio.to_thread(resources.Clients.of, self._data.url, self._template.region)
        clients, _ = await asyncio.gather(connecting, self._data.ready.wait())
        making = asyncio.to_thread(resources.make_missing, clients, self._template)
        await asyncio.gather(making, self._executions.ready.wait())
        if health is not None:
            await self._check_health(health.function)
        self._started.set()
        self._write_endpoints()
        say(f"ready http://{HOST}:{self._port}")
        self._environments.prewarm(function.name for function in self._template.functions)

    async def _read_queues(self) -> None:
        """Have the functions take what comes into the queues; never ends."""
        from local.events.queues import QueueReader

        await self._started.wait()
        region, data, invoke = self._template.region, self._data.url, self._environments.invoke
        readers = [QueueReader(source, region, data, invoke) for source in self._template.event_sources]
        await asyncio.gather(*(reader.run() for reader in readers), asyncio.Event().wait())

    async def _publish_edits(self) -> None:
        """Notice edits of the functions, and let every new invocation have them; never ends."""
        await self._started.wait()
        await asyncio.to_thread(self._discard_versions)
        problem, times = "", 0
        while True:
            await asyncio.sleep(_LOOK_SECONDS)
            found = await self._take_edits()
            times = times + 1 if found == problem else 1
            problem = found
            # A folder can be half there while files are moved; the next look finds it whole.
            if problem and times == _TIMES_TO_SAY:
                self._said("local.versions", None, f"an edit cannot be taken: {problem}")

    async def _take_edits(self) -> str:
        """Publish what was edited since the last look; the reason when that failed, and it is tried again."""
        try:
            self._say_what_is_ignored()
            if self._unannounced or self._versions.edited():
                await asyncio.sleep(_SETTLING_SECONDS)
                await self._publish()
        except OSError as error:
            return str(error)
        return ""

    def _say_what_is_ignored(self) -> None:
        found = self._versions.unusable()
        for path in found:
            if path not in self._ignored:
                self._said("local.versions", None, f"ignoring {path}: {UNUSABLE}")
        self._ignored = frozenset(found)

    async def _publish(self) -> None:
        self._unannounced += await asyncio.to_thread(self._versions.publish)
        if not self._unannounced:
            return
        write_json(self._places.held.path / FUNCTIONS, describe_functions(self._template, self._versions))
        published, self._unannounced = self._unannounced, []
        self._environments.renew(published)
        for function in published:
            self._said(function.name, None, f"edited: version {function.version} takes every new invocation")
        await asyncio.to_thread(self._discard_versions)

    def _discard_versions(self) -> None:
        in_use = versions_in_use(self._executions.url)
        if in_use is not None:
            self._versions.discard(in_use)

    async def _check_health(self, function: str) -> None:
        """Ask the way a browser does, so that "ready" means usable; the callers of a killed stack may be throttled.

        Raises StartError with the reason of the function's init, such as a setting or a policy that cannot be used.
        """
        status, body = await self._health()
        while status.startswith("429 "):
            await asyncio.sleep(_SETTLING_SECONDS)
            status, body = await self._health()
        if status.startswith("200 "):
            return
        reason = self._environments.init_error(function)
        if reason is not None:
            raise StartError(f"{function} does not start: {' '.join(reason.split())}")
        raise StartError(f"GET /health answered {status}: {body[:300].strip()}")

    async def _health(self) -> tuple[str, str]:
        """The status line, without the protocol, and the body of GET /health."""
        reader, writer = await asyncio.open_connection(HOST, self._port)
        writer.write(f"GET /health HTTP/1.1\r\nHost: {HOST}:{self._port}\r\nConnection: close\r\n\r\n".encode())
        answer = (await reader.read()).decode(errors="replace")
        writer.close()
        return answer.partition("\r\n")[0].partition(" ")[2], answer.rpartition("\r\n\r\n")[2]

    async def _serve(self) -> None:
        """The two servers; what they are made of is imported while the service processes start."""
        from local.environments.endpoint import app
        from local.events.topics import Topics
        from local.http_api import gateway
        from local.outbox import Outbox

        topics = Topics(self._template.topics, self._data.url, self._executions.url)
        inside = server(app(self._environments, self._events.deliver, topics), self._request_seconds)
        public = server(
            gateway(
                self._template,
                self._environments.invoke,
                port=self._port,
                data=self._places.held.path,
                executions=self._executions.url,
                outbox=Outbox.of(self._template, self._data.url),
            ),
            self._request_seconds,
        )
        self._servers = [public, inside]
        await asyncio.gather(inside.serve(sockets=[self._places.inside]), public.serve(sockets=[self._places.public]))

    @property
    def _services(self) -> tuple[ServiceProcess, ServiceProcess]:
        return self._executions, self._data

    def _write_endpoints(self) -> None:
        """Write down where everything is; once more whenever a service process was started again."""
        if not self._started.is_set():
            return
        endpoints = {
            "gateway": f"http://{HOST}:{self._port}",
            "lambda": self._executions.url,
            "environments": self._inside_url,
            "data": self._data.url,
        }
        pids = {"supervisor": os.getpid(), "executions": self._executions.pid, "data": self._data.pid}
        try:
            write_json(self._places.held.path / ENDPOINTS, {**endpoints, "pids": pids})
        except OSError as error:
            self._said("local", None, f"{ENDPOINTS} keeps its old process ids: {error}")

    async def _stop(self, tasks: set[asyncio.Task[Any]]) -> None:
        """End the callers before the called, so that nothing is recorded as having failed because of the stop."""
        if self._reading is not None:
            self._reading.cancel()
        for running in self._servers:
            running.should_exit = True
        await self._executions.stop()
        await self._environments.close()
        await self._data.stop()
        # Nobody will serve them again: whoever still waits, such as a start that was interrupted, is let go.
        self._places.data.close()
        self._places.lambda_api.close()
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
        (self._places.held.path / ENDPOINTS).unlink(missing_ok=True)


def aws_variables(template: Template, data: str, lambda_api: str) -> dict[str, str]:
    """What points AWS clients at this stack, and keeps every other AWS call from leaving the machine."""
    return {
        "AWS_REGION": template.region,
        "AWS_DEFAULT_REGION": template.region,
        "AWS_ACCESS_KEY_ID": "local",
        "AWS_SECRET_ACCESS_KEY": "local",
        "AWS_CONFIG_FILE": os.devnull,
        "AWS_SHARED_CREDENTIALS_FILE": os.devnull,
        "AWS_EC2_METADATA_DISABLED": "true",
        "AWS_ENDPOINT_URL": data,
        "AWS_ENDPOINT_URL_DYNAMODB": data,
        "AWS_ENDPOINT_URL_S3": data,
        "AWS_ENDPOINT_URL_SNS": data,
        "AWS_ENDPOINT_URL_LAMBDA": lambda_api,
    }


def isolate(environment: MutableMapping[str, str]) -> None:
    """Leave what a process of this machine needs; the rest of a developer's shell leads calls past this stack."""
    left = needed(environment)
    environment.clear()
    environment.update(left, AWS_CONFIG_FILE=os.devnull, AWS_SHARED_CREDENTIALS_FILE=os.devnull)


def describe_functions(template: Template, versions: Versions) -> dict[str, Any]:
    """The functions as the executions process reads them."""
    return {"region": template.region, "account": template.account, "functions": versions.described()}
