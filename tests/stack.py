"""A whole local stack over real processes, for the suites that need one.

    with Stack(tmp_path / "data") as stack:
        answer = stack.request("GET", "/me", identity="manager-1")
        stack.kill("data")

It is started as a person starts it (`python -m local`), on a free port that it keeps over restarts.
"""

import json
import os
import signal
import subprocess
import sys
import threading
import time
import urllib.error
import urllib.request
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType
from typing import Any, Literal, Self

ROOT = Path(__file__).parent.parent
Part = Literal["supervisor", "executions", "data", "workers", "everything"]
READY_SECONDS = 30
# A proxy of the developer's has no way to 127.0.0.1.
_OPENER = urllib.request.build_opener(urllib.request.ProxyHandler({}))


@dataclass(frozen=True, slots=True)
class Answer:
    """An HTTP response; header names in lower case."""

    status: int
    headers: Mapping[str, str]
    body: bytes

    def json(self) -> Any:
        """The body, parsed."""
        return json.loads(self.body)


class Stack:
    """Starts on entering, stops on leaving. `environment` overrides template parameters, as for `make run`.

    `options` are further ones of `python -m local`.
    """

    def __init__(
        self,
        data: Path,
        *,
        template: Path = ROOT / "template.yaml",
        environment: Mapping[str, str] | None = None,
        options: Sequence[str] = (),
    ) -> None:
        self.data = data
        self.log = data.with_name(f"{data.name}.log")
        self.base_url = ""
        self._template = template
        self._options = options
        self._environment = dict(os.environ) | dict(environment or {})
        self._port = 0
        self._process: subprocess.Popen[str] | None = None
        self._tokens: dict[str, str] = {}

    def __enter__(self) -> Self:
        """Start and wait until it is ready."""
        self.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Stop it, whatever happened."""
        self.stop()

    def start(self) -> None:
        """Start it on the same port and data as before; returns when it says it is ready."""
        options = ["--port", str(self._port), "--data", str(self.data), "--template", str(self._template)]
        with self.log.open("ab") as log:
            self._process = subprocess.Popen(
                [sys.executable, "-m", "local", *options, *self._options],
                cwd=ROOT,
                env=self._environment,
                stdout=subprocess.PIPE,
                stderr=log,
                text=True,
            )
        watchdog = threading.Timer(READY_SECONDS, self._process.kill)
        watchdog.start()
        lines = iter(self._process.stdout or ())
        ready = next((line for line in lines if line.startswith("ready ")), None)
        watchdog.cancel()
        if ready is None:
            raise AssertionError(f"the stack did not get ready:\n{self.log.read_text('utf-8')[-4000:]}")
        self.base_url = ready.split()[1]
        self._port = int(self.base_url.rpartition(":")[2])
        self._tokens.clear()

    def stop(self) -> int:
        """Stop it as Ctrl-C does; the exit code of the supervisor."""
        if self._process is None:
            return 0
        self._process.terminate()
        status = self._process.wait(15)
        if self._process.stdout is not None:
            self._process.stdout.close()
        self._process = None
        return status

    def restart(self) -> None:
        """Stop, or bury what was killed, and start again on the same state."""
        self.stop()
        self.start()

    def kill(self, part: Part) -> list[int]:
        """`kill -9` a part of the running stack, or all of it at once; the process ids that were hit."""
        pids = self.pids()
        chosen = [pid for pids_of_part in pids.values() for pid in pids_of_part] if part == "everything" else pids[part]
        for pid in chosen:
            os.kill(pid, signal.SIGKILL)
        if part in {"supervisor", "everything"} and self._process is not None:
            self._process.wait(5)
        return chosen

    def pids(self) -> dict[str, list[int]]:
        """The process ids of every part, supervisor first."""
        services = {name: [pid] for name, pid in self.endpoints["pids"].items()}
        return services | {"workers": [worker["pid"] for worker in self.environments() if worker["pid"]]}

    @property
    def endpoints(self) -> dict[str, Any]:
        """What the stack wrote down about itself: gateway, lambda, environments, data, pids."""
        content: dict[str, Any] = json.loads((self.data / "endpoints.json").read_text("utf-8"))
        return content

    def environments(self) -> list[dict[str, Any]]:
        """The execution environments: id, function, pid, state."""
        listing: list[dict[str, Any]] = fetch("GET", f"{self.endpoints['environments']}/environments").json()
        return listing

    def token(self, identity: str) -> str:
        """An access token of one of the local identities, such as `manager-1`."""
        if identity not in self._tokens:
            answer = fetch("GET", f"{self.base_url}/local/token?identity={identity}")
            self._tokens[identity] = answer.json()["accessToken"]
        return self._tokens[identity]

    def request(
        self,
        method: str,
        path: str,
        body: object = None,
        *,
        identity: str | None = None,
        headers: Mapping[str, str] | None = None,
    ) -> Answer:
        """One request to the HTTP API; a body is sent as JSON."""
        sent = dict(headers or {})
        if identity is not None:
            sent["Authorization"] = f"Bearer {self.token(identity)}"
        return fetch(method, self.base_url + path, body, sent)


def fetch(method: str, url: str, body: object = None, headers: Mapping[str, str] | None = None) -> Answer:
    """One HTTP request; an error status is an answer like any other."""
    content = None if body is None else json.dumps(body).encode()
    sent = {"Content-Type": "application/json", **(headers or {})} if content else dict(headers or {})
    request = urllib.request.Request(url, content, sent, method=method)  # noqa: S310 - of our own stack
    try:
        with _OPENER.open(request, timeout=60) as response:
            return _answer(response.status, dict(response.headers), response.read())
    except urllib.error.HTTPError as error:
        with error:
            return _answer(error.code, dict(error.headers), error.read())


def _answer(status: int, headers: Mapping[str, str], body: bytes) -> Answer:
    return Answer(status, {name.lower(): value for name, value in headers.items()}, body)


def eventually(reached: Callable[[], Any], seconds: float = 10.0) -> Any:
    """Ask until the answer is a yes, and return it; fails when that takes too long."""
    deadline = time.monotonic() + seconds
    while not (answer := reached()):
        if time.monotonic() > deadline:
            raise AssertionError(f"not reached within {seconds} s: {reached}")
        time.sleep(0.02)
    return answer


def alive(pid: int) -> bool:
    """Whether a process exists and has not ended; one that nobody has waited for yet (Z) has."""
    return ps(pid, "state")[:1] not in {"", "Z"}


def ps(pid: int, field: str) -> str:
    """What `ps` says of a process; nothing when there is none."""
    asked = subprocess.run(["ps", "-o", f"{field}=", "-p", str(pid)], capture_output=True, text=True, check=False)
    return asked.stdout.strip()
