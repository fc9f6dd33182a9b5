"""What the supervisor tells its processes, and what it makes of what they say."""

import asyncio
import json
import os
import signal
from pathlib import Path
from socket import socket

import pytest

from local.folder import StartError, held
from local.output import log, pass_on
from local.processes import Command, ServiceProcess
from local.serving import bind, port_of
from local.shell import needed
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
