"""A real executions process, and the environments' endpoint it needs: a threaded server that runs handlers."""

from __future__ import annotations

import json
import os
import socket
import subprocess
import sys
import threading
import time
import traceback
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any, TypeVar
from urllib.parse import unquote
from uuid import uuid4

import boto3
import urllib3
from aws_durable_execution_sdk_python import durable_execution
from aws_durable_execution_sdk_python_testing.invoker import create_test_lambda_context
from botocore.config import Config

ROOT = Path(__file__).resolve().parents[2]
REGION = "us-east-1"
ACCOUNT = "123456789012"

Handler = Callable[..., Any]
T = TypeVar("T")


@dataclass(slots=True)
class Environments:
    """Runs handlers in this process and keeps the events it is given.

    `refuse` that many events are answered 500 first.
    """

    handlers: dict[str, Handler] = field(default_factory=dict)
    lambda_url: str = ""
    events: list[dict[str, Any]] = field(default_factory=list)
    calls: list[str] = field(default_factory=list)
    refuse: int = 0
    made: dict[str, Handler] = field(default_factory=dict)

    def durable(self, name: str, body: Handler) -> None:
        """Add a durable function, whose SDK calls the executions process of this test."""

        def handler(event: Any, context: Any) -> Any:
            if name not in self.made:
                self.made[name] = durable_execution(body, boto3_client=client(self.lambda_url))
            return self.made[name](event, context)

        self.handlers[name] = handler

    def statuses(self, arn: str) -> list[str]:
        """The statuses announced for an execution, in the order they came."""
        details = [event["detail"] for event in list(self.events)]
        return [detail["status"] for detail in details if detail["durableExecutionArn"] == arn]

    def answer(self, path: str, body: bytes, request_id: str) -> tuple[int, bytes, dict[str, str]]:
        """The status, payload and headers of one POST."""
        if path == "/events":
            return self._event(body)
        name = unquote(path.split("/")[3]).partition(":")[0]  # the stock engine adds the qualifier
        handler = self.handlers.get(name)
        if handler is None:
            return 404, b"{}", {}
        self.calls.append(name)
        try:
            context = create_test_lambda_context(region=REGION, function_name=name)
            return 200, json.dumps(handler(json.loads(body), context)).encode(), {"x-amzn-RequestId": request_id}
        except Exception as error:  # noqa: BLE001 - a function error is an answer
            failure = {
                "errorMessage": str(error),
                "errorType": type(error).__name__,
                "stackTrace": traceback.format_exc().splitlines(),
            }
            return 200, json.dumps(failure).encode(), {"X-Amz-Function-Error": "Unhandled"}

    def _event(self, body: bytes) -> tuple[int, bytes, dict[str, str]]:
        if self.refuse > 0:
            self.refuse -= 1
            return 500, b"{}", {}
        self.events.append(json.loads(body))
        return 200, b"{}", {}


@contextmanager
def serving(environments: Environments) -> Iterator[str]:
    """The address of the environments' endpoint."""

    class Http(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"
        disable_nagle_algorithm = True
        wbufsize = -1

        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["Content-Length"]))
            request_id = self.headers.get("X-Countersign-Request-Id") or str(uuid4())
            status, payload, headers = environments.answer(self.path, body, request_id)
            self.send_response(status)
            for name, value in {**headers, "Content-Length": str(len(payload))}.items():
                self.send_header(name, value)
            self.end_headers()
            self.wfile.write(payload)
            self.wfile.flush()

        def log_message(self, format: str, *arguments: object) -> None:  # noqa: A002 - the base class's signature
            """Stay quiet."""

    class Server(ThreadingHTTPServer):
        daemon_threads = True
        request_queue_size = 128

        def handle_error(self, request: Any, client_address: Any) -> None:
            """A caller that was killed."""

    server = Server(("127.0.0.1", 0), Http)
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05}, daemon=True)
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_address[1]}"
    finally:
        server.shutdown()
        server.server_close()
        thread.join()


@dataclass(slots=True)
class Executions:
    """One executions process on one folder of state; may be killed and started again on its port."""

    folder: Path
    functions: Mapping[str, Any]
    environments_url: str
    options: tuple[str, ...] = ()
    port: int = 0
    process: subprocess.Popen[str] | None = None

    def start(self) -> str:
        """Start the process and wait until it serves; its address."""
        file = self.folder / "functions.json"
        file.write_text(json.dumps(self.functions), encoding="utf-8")
        command = [sys.executable, "-m", "local.executions", "--port", str(self.port), "--data", str(self.folder)]
        command += ["--functions", str(file), "--environments", self.environments_url, *self.options]
        self.process = subprocess.Popen(
            command,
            cwd=ROOT,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
            env={**os.environ, "PYTHONPATH": str(ROOT)},
        )
        assert self.process.stdout is not None
        line = self.process.stdout.readline().strip()
        assert line.startswith("ready "), f"the executions process said {line!r}"
        self.port = int(line.rpartition(":")[2])
        return line.removeprefix("ready ")

    def kill(self) -> None:
        """End the process as `kill -9` does."""
        assert self.process is not None
        self.process.kill()
        self._release()

    def stop(self) -> int:
        """Close the process's standard input and wait for its end; its exit code."""
        assert self.process is not None
        assert self.process.stdin is not None
        self.process.stdin.close()
        return self._release()

    def _release(self) -> int:
        process, self.process = self.process, None
        assert process is not None
        code = process.wait(timeout=20)
        for stream in (process.stdin, process.stdout):
            if stream is not None:
                stream.close()
        return code


def client(url: str, **config: Any) -> Any:
    """A boto3 Lambda client for the local API, without retries."""
    settings = Config(retries={"total_max_attempts": 1}, max_pool_connections=32, read_timeout=60, **config)
    return boto3.client(
        "lambda",
        endpoint_url=url,
        config=settings,
        region_name=REGION,
        aws_access_key_id="local",
        aws_secret_access_key="local",
    )


@dataclass(slots=True)
class Stack:
    """The API under test, the process behind it, and the environments it calls."""

    api: Any
    executions: Executions
    environments: Environments
    url: str

    def start(self, function: str, name: str, payload: object = None) -> str:
        """Start an execution; its ARN."""
        answer = self.api.invoke(
            FunctionName=f"{function}:live",
            InvocationType="Event",
            DurableExecutionName=name,
            Payload=json.dumps(payload),
        )
        return str(answer["DurableExecutionArn"])

    def status(self, arn: str) -> str:
        """The execution's status."""
        return str(self.api.get_durable_execution(DurableExecutionArn=arn)["Status"])

    def events(self, arn: str, **options: Any) -> list[dict[str, Any]]:
        """All events of the execution's history."""
        pages = self.api.get_paginator("get_durable_execution_history").paginate(DurableExecutionArn=arn, **options)
        return [event for page in pages for event in page["Events"]]

    def ended(self, arn: str, seconds: float = 20) -> dict[str, Any]:
        """GetDurableExecution once the execution has ended."""

        def closed() -> dict[str, Any] | None:
            execution: dict[str, Any] = self.api.get_durable_execution(DurableExecutionArn=arn)
            return execution if execution["Status"] != "RUNNING" else None

        return until(closed, seconds)

    def callback_id(self, arn: str, nth: int = 1) -> str:
        """The id of the execution's nth callback, once it is there."""

        def created() -> str | None:
            ids = [
                event["CallbackStartedDetails"]["CallbackId"]
                for event in self.events(arn)
                if event["EventType"] == "CallbackStarted"
            ]
            return str(ids[nth - 1]) if len(ids) >= nth else None

        return until(created)

    def restart(self) -> None:
        """Kill the executions process with -9 and start it on the same state."""
        self.executions.kill()
        self.executions.start()


class NeverHappenedError(Exception):
    """What a test waited for did not come."""


def until(probe: Callable[[], T | None], seconds: float = 20) -> T:
    """The first answer of `probe` that is true, asked every 20 ms."""
    deadline = time.monotonic() + seconds
    while time.monotonic() < deadline:
        found = probe()
        if found:
            return found
        time.sleep(0.02)
    raise NeverHappenedError(f"nothing after {seconds} seconds")


class StockStack(Stack):
    """The testing SDK's own server as it comes, on its sqlite store, behind the same questions."""

    def start(self, function: str, name: str, payload: object = None) -> str:
        """Start an execution the stock way, since the stock server has no Invoke; its ARN."""
        body = {
            "AccountId": ACCOUNT,
            "FunctionName": function,
            "FunctionQualifier": "1",
            "ExecutionName": name,
            "ExecutionTimeoutSeconds": 600,
            "ExecutionRetentionPeriodDays": 1,
            "Input": json.dumps(payload),
        }
        answer = urllib3.request("POST", f"{self.url}/start-durable-execution", json=body)
        return str(answer.json()["ExecutionArn"])


@dataclass(slots=True)
class StockExecutions(Executions):
    """The stock server's process."""

    def start(self) -> str:
        """Start the process and wait until it serves; its address."""
        self.port = self.port or free_port()
        url = f"http://127.0.0.1:{self.port}"
        command = [sys.executable, "-m", "aws_durable_execution_sdk_python_testing.cli", "start-server"]
        command += ["--host", "127.0.0.1", "--port", str(self.port), "--lambda-endpoint", self.environments_url]
        command += ["--store-type", "sqlite", "--store-path", str(self.folder / "stock.db"), "--log-level", "ERROR"]
        self.process = subprocess.Popen(
            command,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            text=True,
            env={**os.environ, "AWS_ACCESS_KEY_ID": "local", "AWS_SECRET_ACCESS_KEY": "local"},
        )
        until(lambda: _answers(f"{url}/health"))
        return url


def free_port() -> int:
    """A port nobody listens on now."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def _answers(url: str) -> bool:
    try:
        return bool(urllib3.request("GET", url, retries=False).status == 200)
    except urllib3.exceptions.HTTPError:
        return False


def function(name: str, *, durable: Mapping[str, int] | None = None, timeout: int = 60) -> dict[str, Any]:
    """One function of the functions file."""
    return {
        "name": name,
        "version": "1",
        "aliases": {"live": "1"},
        "timeout": timeout,
        "memory": 256,
        "durable": durable,
    }


DURABLE = {"executionTimeout": 600, "retentionDays": 1}


@contextmanager
def running(
    folder: Path,
    environments: Environments,
    *options: str,
    kind: type[Executions] = Executions,
    durable: Mapping[str, Mapping[str, int]] | None = None,
) -> Iterator[Stack]:
    """A stack whose functions are the environments' handlers; `durable` names those that are not plain."""
    configured = durable or {}
    functions = [function(name, durable=configured.get(name)) for name in environments.handlers]
    document = {"region": REGION, "account": ACCOUNT, "functions": functions}
    with serving(environments) as address:
        executions = kind(folder, document, address, options)
        url = environments.lambda_url = executions.start()
        made = StockStack if kind is StockExecutions else Stack
        try:
            yield made(client(url), executions, environments, url)
        finally:
            if executions.process is not None:
                executions.kill()
