"""What the supervisor tells its processes, and what it makes of what they say."""

import asyncio
import errno
import json
import os
import signal
import socketserver
from pathlib import Path
from socket import socket

import pytest
from starlette.types import Receive, Scope, Send

from local.executions.http import ApiServer, NoRoom
from local.folder import StartError, held
from local.output import log, pass_on
from local.processes import Command, ServiceProcess
from local.serving import bind, port_of, server
from local.shell import needed
from local.shortage import BACKOFF_SECONDS, Shortage, report_once
from local.supervisor import aws_variables, describe_functions, isolate
from local.template import read
from local.versions import Versions
from tests.local import small_system
from tests.stack import alive

SERVICE = """
import os, socket, sys, threading

def end_with_input():
    os.read(0, 1)
    os._exit(0)

if "fail" in sys.argv:
    print("there is no reason")
    sys.exit(2)
threading.Thread(target=end_with_input, daemon=True).start()
listener = socket.socket(fileno=int(sys.argv[sys.argv.index("--socket") + 1]))
print("ready to say who I am", flush=True)
while True:
    caller, _ = listener.accept()
    caller.sendall(str(os.getpid()).encode())
    caller.close()
"""


@pytest.fixture
def service_module(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> str:
    """A service that can be started with `python -m`."""
    (tmp_path / "some_service.py").write_text(SERVICE, "utf-8")
    monkeypatch.setenv("PYTHONPATH", str(tmp_path))
    return "some_service"


def test_the_executions_process_is_told_every_function(tmp_path: Path) -> None:
    """Aliases point at versions; only a durable function has durable limits."""
    template = read(small_system.write(tmp_path), {})
    versions = Versions(template, tmp_path / "versions", follow=False)
    versions.publish()
    described = describe_functions(template, versions)
    assert (described["region"], described["account"]) == ("us-east-1", "123456789012")
    greeter, worker = described["functions"]
    assert (greeter["name"], greeter["durable"]) == ("countersign-Greeter", None)
    assert worker == {
        "name": "countersign-Worker",
        "version": "1",
        "versions": ["1"],
        "aliases": {"live": "1"},
        "timeout": 2,
        "memory": 256,
        "durable": {"executionTimeout": 3600, "retentionDays": 7},
    }


def test_aws_clients_find_this_stack_and_nothing_else(tmp_path: Path) -> None:
    """A service that the stack does not have is asked for here, not on the internet."""
    template = read(small_system.write(tmp_path), {})
    variables = aws_variables(template, "http://data", "http://lambda")
    assert variables["AWS_ENDPOINT_URL"] == variables["AWS_ENDPOINT_URL_DYNAMODB"] == "http://data"
    assert variables["AWS_ENDPOINT_URL_LAMBDA"] == "http://lambda"


def test_settings_of_the_developer_lead_no_call_past_the_stack() -> None:
    """A profile, an endpoint or a proxy in the shell would."""
    environment = {"AWS_PROFILE": "work", "https_proxy": "http://proxy", "HTTP_PROXY": "http://proxy", "LANG": "C"}
    isolate(environment)
    nothing = {"AWS_CONFIG_FILE": os.devnull, "AWS_SHARED_CREDENTIALS_FILE": os.devnull}
    assert environment == needed({"LANG": "C"}) | nothing


def test_output_becomes_json_lines_with_their_source(capsys: pytest.CaptureFixture[str]) -> None:
    """A line that is a JSON object keeps its keys, any other becomes a message, an empty one disappears."""
    log("f", "r-1", '{"level": "INFO", "message": "hello"}')
    log("f", None, "{not json")
    log("f", None, "[1]")
    log("f", None, "  ")
    lines = [json.loads(line) for line in capsys.readouterr().err.splitlines()]
    assert lines == [
        {"source": "f", "requestId": "r-1", "level": "INFO", "message": "hello"},
        {"source": "f", "message": "{not json"},
        {"source": "f", "message": "[1]"},
    ]


def test_long_and_unfinished_lines_are_passed_on_whole() -> None:
    """However the pieces arrive."""
    lines: list[str] = []

    async def reading() -> None:
        stream = asyncio.StreamReader()
        for piece in (b"one\ntw", b"o\n", b"x" * 200_000, b"\nlast"):
            stream.feed_data(piece)
        stream.feed_eof()
        await pass_on(stream, lines.append)

    asyncio.run(reading())
    assert lines == ["one", "two", "x" * 200_000, "last"]


def test_a_service_is_started_again_and_its_callers_wait_meanwhile(service_module: str) -> None:
    """Its socket outlives it; a call made while nobody serves is answered by the next process."""
    starts: list[int | None] = []

    async def who(port: int) -> int:
        reader, writer = await asyncio.open_connection("127.0.0.1", port)
        answer = await reader.read()
        writer.close()
        return int(answer)

    async def steps(listener: socket) -> None:
        service = ServiceProcess(Command(service_module, listener), lambda *_: None)
        keeping = asyncio.create_task(service.keep_running(lambda: starts.append(service.pid)))
        await service.ready.wait()
        first = await who(port_of(listener))
        os.kill(first, signal.SIGKILL)
        while alive(first):  # noqa: ASYNC110 - a process that ends tells only its parent
            await asyncio.sleep(0.001)
        second = await who(port_of(listener))
        assert starts == [first, second]
        await service.stop()
        await keeping
        assert not alive(second)

    with bind(0) as listener:
        asyncio.run(asyncio.wait_for(steps(listener), 20))


def test_a_stop_cuts_off_the_last_requests_without_a_traceback(caplog: pytest.LogCaptureFixture) -> None:
    """A request that outlasts the server's patience is cancelled; that is no error of its own."""
    cut_off: list[str] = []

    async def endless(_scope: Scope, _receive: Receive, _send: Send) -> None:
        try:
            await asyncio.Event().wait()
        except asyncio.CancelledError:
            cut_off.append("request")
            raise

    async def steps(listener: socket) -> None:
        running = server(endless)
        serving = asyncio.create_task(running.serve(sockets=[listener]))
        _, writer = await asyncio.open_connection("127.0.0.1", port_of(listener))
        writer.write(b"GET / HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n")
        await asyncio.sleep(0.3)
        running.should_exit = True
        await serving
        await asyncio.sleep(0.1)
        writer.close()

    with bind(0) as listener:
        asyncio.run(asyncio.wait_for(steps(listener), 20))
    assert cut_off == ["request"]
    assert not [record for record in caplog.records if record.exc_info]


def test_a_process_without_free_files_says_so_once_a_minute(caplog: pytest.LogCaptureFixture) -> None:
    """Asyncio would report every failed accept, a thousand in a row; any other error is still reported in full."""

    async def steps() -> None:
        loop = asyncio.get_running_loop()
        report_once(loop)
        for _ in range(1000):
            failed = OSError(errno.EMFILE, "Too many open files")
            loop.call_exception_handler({"message": "socket.accept() out of system resource", "exception": failed})
        loop.call_exception_handler({"message": "another", "exception": ValueError("broken")})

    asyncio.run(steps())
    first, other = (record.getMessage() for record in caplog.records)
    assert first.startswith("new connections wait: Too many open files (ulimit -n is ")
    assert other == "another"


def test_the_lambda_api_waits_for_a_free_file_instead_of_spinning(
    caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The connection stays in the socket's backlog, and the socket stays ready to be asked again at once."""

    def fail(_server: object) -> None:
        raise OSError(errno.EMFILE, "Too many open files")

    pauses: list[float] = []
    monkeypatch.setattr(socketserver.TCPServer, "get_request", fail)
    monkeypatch.setattr("local.executions.http.time.sleep", pauses.append)
    with ApiServer(0, NoRoom) as lambda_api:
        for _ in range(3):
            with pytest.raises(OSError, match="Too many"):
                lambda_api.get_request()
    assert pauses == [BACKOFF_SECONDS] * 3
    assert len(caplog.records) == 1


def test_a_shortage_that_lasts_is_reported_again_after_a_minute(caplog: pytest.LogCaptureFixture) -> None:
    now = [100.0]
    shortage = Shortage(lambda: now[0])
    for moment in (100.0, 159.0, 161.0):
        now[0] = moment
        shortage.report(OSError(errno.EMFILE, "Too many open files"))
    assert len(caplog.records) == 2


def test_a_service_that_never_serves_ends_the_start(service_module: str) -> None:
    """Its own line is passed on, and the error says where to look."""
    lines: list[str] = []

    async def steps() -> None:
        with bind(0) as listener:
            command = Command(service_module, listener, ["fail"])
            await ServiceProcess(command, lambda *line: lines.append(line[2])).keep_running(lambda: None)

    with pytest.raises(StartError, match=r"some_service did not start \(exit status 2\)"):
        asyncio.run(asyncio.wait_for(steps(), 20))
    assert lines == ["there is no reason"]


def test_a_folder_is_held_by_one_stack(tmp_path: Path) -> None:
    """And is free again when that one is gone."""
    with held(tmp_path / "data", ephemeral=False) as ours:
        assert ours.path == (tmp_path / "data").resolve()
        with pytest.raises(StartError, match="in use"), held(tmp_path / "data", ephemeral=False):
            pass
    with held(tmp_path / "data", ephemeral=False):
        pass


def test_a_folder_that_is_a_file_is_refused(tmp_path: Path) -> None:
    """With the system's own reason."""
    (tmp_path / "data").write_text("", "utf-8")
    with pytest.raises(StartError, match="cannot hold the state"), held(tmp_path / "data", ephemeral=False):
        pass


def test_everything_listens_on_the_loopback_only() -> None:
    """No other machine can reach the stack."""
    with bind(0) as listener:
        assert listener.getsockname()[0] == "127.0.0.1"
        with pytest.raises(OSError, match="in use"):
            bind(port_of(listener))
