"""Functions run in processes of their own, and every way for such a process to end has an answer."""

import asyncio
import contextlib
import json
import os
import signal
import sys
from collections.abc import AsyncIterator, Awaitable, Callable
from pathlib import Path
from typing import Any

import pytest

from local.environments import Environments, Outcome, UnknownFunctionError, pool
from local.environments.endpoint import app
from local.serving import bind, port_of, server
from local.template import read
from tests.local import small_system
from tests.stack import alive

AWS = {"AWS_REGION": "us-east-1", "AWS_ACCESS_KEY_ID": "local"}


class Running:
    """Environments of the small system with their endpoint, and what they logged."""

    def __init__(self, environments: Environments, port: int, log: list[tuple[str, str | None, str]]) -> None:
        self.environments = environments
        self.port = port
        self.log = log

    async def greet(self, **event: Any) -> Outcome:
        """Invoke the greeter."""
        return await self.environments.invoke("countersign-Greeter", json.dumps(event).encode())

    async def request(self, method: str, path: str, body: str = "", *headers: str) -> tuple[int, str, str]:
        """Status, head and body of one HTTP request to the endpoint."""
        reader, writer = await asyncio.open_connection("127.0.0.1", self.port)
        head = [f"{method} {path} HTTP/1.1", "Connection: close", f"Content-Length: {len(body)}", *headers]
        if not any(header.startswith("Host:") for header in headers):
            head.append(f"Host: 127.0.0.1:{self.port}")
        writer.write(("\r\n".join(head) + "\r\n\r\n" + body).encode())
        answer = (await reader.read()).decode()
        writer.close()
        top, _, content = answer.partition("\r\n\r\n")
        return int(top.split()[1]), top.lower(), content


@contextlib.asynccontextmanager
async def running(folder: Path, template: str = "", limit: int = 2) -> AsyncIterator[Running]:
    """The small system's environments, served on a port of their own."""
    described = read(small_system.write(folder, template or small_system.TEMPLATE), {})
    listener = bind(0)
    log: list[tuple[str, str | None, str]] = []
    address = f"127.0.0.1:{port_of(listener)}"
    environments = Environments(described, address, AWS, lambda *line: log.append(line[:3]), limit)
    events: list[dict[str, Any]] = []

    async def deliver(event: dict[str, Any]) -> None:
        events.append(event)

    serving = server(app(environments, deliver))
    task = asyncio.create_task(serving.serve(sockets=[listener]))
    try:
        yield Running(environments, port_of(listener), log)
    finally:
        await environments.close()
        serving.should_exit = True
        await task


def scenario(folder: Path, steps: Callable[[Running], Awaitable[None]], template: str = "", limit: int = 2) -> None:
    """Run the steps against running environments."""

    async def whole() -> None:
        async with running(folder, template, limit) as stack:
            await steps(stack)

    asyncio.run(asyncio.wait_for(whole(), 30))


def content(outcome: Outcome) -> dict[str, Any]:
    """What a handler answered."""
    value: dict[str, Any] = json.loads(outcome.payload)
    return value


async def until(reached: Callable[[], bool]) -> None:
    """Wait for something that happens by itself."""
    while not reached():  # noqa: ASYNC110 - what is waited for tells nobody
        await asyncio.sleep(0.01)


def test_a_handler_sees_its_layer_variables_and_context(tmp_path: Path) -> None:
    """What Lambda promises a handler is there, and nothing of the developer's own environment."""

    async def steps(stack: Running) -> None:
        outcome = await stack.greet()
        seen = content(outcome)
        assert outcome.function_error is None
        assert seen["signature"] == "from the layer"
        assert (seen["function"], seen["version"], seen["memory"]) == ("countersign-Greeter", "1", "256")
        assert seen["arn"].endswith(":countersign-Greeter:live")
        assert seen["request_id"] == outcome.request_id
        assert 4000 < seen["remaining"] <= 5000
        variables = seen["environment"]
        assert (variables["TABLE"], variables["AWS_REGION"]) == ("countersign-Things", "us-east-1")
        assert variables["_X_AMZN_TRACE_ID"].startswith("Root=1-")
        assert "COUNTERSIGN_SECRET_OF_THE_DEVELOPER" not in variables

    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("COUNTERSIGN_SECRET_OF_THE_DEVELOPER", "x")
        scenario(tmp_path, steps)


def test_a_warm_process_is_reused_and_a_busy_one_is_not(tmp_path: Path) -> None:
    """One process per concurrent invocation; the third of three waits for the first two."""

    async def steps(stack: Running) -> None:
        first, second = await stack.greet(), await stack.greet()
        assert content(first)["pid"] == content(second)["pid"]
        together = await asyncio.gather(*(stack.greet(do="sleep", seconds=0.5) for _ in range(3)))
        assert len({content(outcome)["pid"] for outcome in together}) == 2

    scenario(tmp_path, steps)


def test_a_durable_function_has_twice_the_processes(tmp_path: Path) -> None:
    """Each of its invocations ends with a rest, in which another one can work."""
    plain = "Handler: greeter.handler.handler"
    durable = f"{plain}\n      DurableConfig: {{ExecutionTimeout: 60, RetentionPeriodInDays: 1}}"

    async def steps(stack: Running) -> None:
        together = [asyncio.create_task(stack.greet(do="sleep", seconds=0.1)) for _ in range(5)]
        await asyncio.sleep(0)
        assert len(stack.environments.listing()) == 4
        assert all(outcome.function_error is None for outcome in await asyncio.gather(*together))

    scenario(tmp_path, steps, small_system.TEMPLATE.replace(plain, durable))


def test_an_exception_of_the_handler_is_the_answer(tmp_path: Path) -> None:
    """It carries type, message and stack, and the process goes on."""

    async def steps(stack: Running) -> None:
        before = content(await stack.greet())["pid"]
        outcome = await stack.greet(do="raise")
        error = content(outcome)
        assert outcome.function_error == "Unhandled"
        assert (error["errorType"], error["errorMessage"]) == ("ValueError", "no such greeting")
        assert "greeter" in error["stackTrace"][-1]
        assert content(await stack.greet())["pid"] == before

    scenario(tmp_path, steps)


def test_a_result_that_is_not_json_is_an_error(tmp_path: Path) -> None:
    """Lambda names it so."""

    async def steps(stack: Running) -> None:
        assert content(await stack.greet(do="unserialisable"))["errorType"] == "Runtime.MarshalError"

    scenario(tmp_path, steps)


def test_a_handler_that_takes_too_long_is_killed(tmp_path: Path) -> None:
    """The caller is answered at the timeout, and the next invocation gets a new process."""

    async def steps(stack: Running) -> None:
        before = content(await stack.greet())["pid"]
        outcome = await stack.greet(do="sleep", seconds=30)
        assert "Task timed out after 1.00 seconds" in content(outcome)["errorMessage"]
        assert outcome.function_error == "Unhandled"
        await until(lambda: not alive(before))
        assert content(await stack.greet())["pid"] != before

    scenario(tmp_path, steps, small_system.TEMPLATE.replace("Timeout: 5", "Timeout: 1"))


def test_an_answer_larger_than_lambda_takes_is_an_error(tmp_path: Path) -> None:
    """It fails here before it fails on AWS."""

    async def steps(stack: Running) -> None:
        assert content(await stack.greet(do="fill", bytes=6_300_000))["errorType"] == "Function.ResponseSizeTooLarge"

    scenario(tmp_path, steps)


def test_processes_that_have_nothing_to_do_are_ended_but_one(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """One stays warm."""
    monkeypatch.setattr(pool, "IDLE_SECONDS", 0.3)

    async def steps(stack: Running) -> None:
        await asyncio.gather(*(stack.greet(do="sleep", seconds=0.3) for _ in range(2)))
        assert len(stack.environments.listing()) == 2
        await until(lambda: len(stack.environments.listing()) == 1)
        await asyncio.sleep(0.4)
        assert [found["state"] for found in stack.environments.listing()] == ["idle"]

    scenario(tmp_path, steps)


def test_a_process_that_ends_itself_is_answered_as_lambda_does(tmp_path: Path) -> None:
    """The exit status is in the message."""

    async def steps(stack: Running) -> None:
        error = content(await stack.greet(do="die", status=3))
        assert error["errorType"] == "Runtime.ExitError"
        assert error["errorMessage"].endswith("Runtime exited with error: exit status 3")

    scenario(tmp_path, steps)


def test_kill_9_in_mid_invocation_is_answered(tmp_path: Path) -> None:
    """Nobody waits for a process that is gone."""

    async def steps(stack: Running) -> None:
        pid = content(await stack.greet())["pid"]
        task = asyncio.create_task(stack.greet(do="sleep", seconds=4))
        await until(lambda: stack.environments.listing()[0]["state"] == "busy")
        os.kill(pid, signal.SIGKILL)
        error = content(await task)
        assert (error["errorType"], error["errorMessage"].split(": ")[-1]) == ("Runtime.ExitError", "killed")
        assert content(await stack.greet())["pid"] != pid

    scenario(tmp_path, steps)


@pytest.mark.parametrize(
    ("source", "kind"),
    [
        ("import nowhere", "Runtime.ImportModuleError"),
        ("def handler(", "Runtime.UserCodeSyntaxError"),
        ("x = 1", "Runtime.HandlerNotFound"),
        ("raise SystemExit(4)", "Runtime.ExitError"),
    ],
)
def test_a_handler_that_cannot_be_loaded_is_the_answer(tmp_path: Path, source: str, kind: str) -> None:
    """Each invocation is told why, and none waits for ever."""

    async def steps(stack: Running) -> None:
        (tmp_path / "code/greeter/handler.py").write_text(source, "utf-8")
        outcomes = await asyncio.gather(*(stack.greet() for _ in range(3)))
        assert [content(outcome)["errorType"] for outcome in outcomes] == [kind] * 3

    scenario(tmp_path, steps)


def test_a_process_that_cannot_be_started_is_the_answer(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Too many files open, or no memory: nobody waits for ever."""
    monkeypatch.setattr(sys, "executable", "/nowhere/python")

    async def steps(stack: Running) -> None:
        outcomes = await asyncio.gather(*(stack.greet() for _ in range(3)))
        assert all("No such file" in content(outcome)["errorMessage"] for outcome in outcomes)

    scenario(tmp_path, steps)


def test_output_is_tagged_with_function_and_request(tmp_path: Path) -> None:
    """Standard output and errors both, line by line."""

    async def steps(stack: Running) -> None:
        outcome = await stack.greet(do="print")
        await until(lambda: len(stack.log) == 2)
        expected = {"a line of output", "and one of errors"}
        assert {(name, request_id) for name, request_id, _ in stack.log} == {
            ("countersign-Greeter", outcome.request_id)
        }
        assert {line for _, _, line in stack.log} == expected

    scenario(tmp_path, steps)


def test_a_log_record_is_one_json_line_with_its_trace_inside(tmp_path: Path) -> None:
    """As Lambda's JSON log format has it, which template.yaml asks for: what the libraries log stays in one piece."""

    async def steps(stack: Running) -> None:
        outcome = await stack.greet(do="log")
        await until(lambda: len(stack.log) == 1)
        record = json.loads(stack.log[0][2])
        assert record.pop("timestamp").endswith("Z")
        assert record.pop("stackTrace")
        assert record == {
            "level": "ERROR",
            "logger": "library",
            "message": "it broke",
            "errorType": "ZeroDivisionError",
            "errorMessage": "division by zero",
            "order": "o-1",
            "requestId": outcome.request_id,
        }

    scenario(tmp_path, steps)


@pytest.mark.parametrize(
    ("config", "written"),
    [
        ("{LogFormat: JSON}", True),
        ("{LogFormat: JSON, ApplicationLogLevel: WARN}", False),
        ("{LogFormat: JSON, ApplicationLogLevel: DEBUG}", True),
        ("{LogFormat: Text}", False),
    ],
)
def test_records_below_the_function_s_log_level_are_not_written(tmp_path: Path, config: str, written: bool) -> None:  # noqa: FBT001
    """JSON begins at INFO unless the template says otherwise; Text at the root logger's own WARNING."""

    async def steps(stack: Running) -> None:
        await stack.greet(do="log-info")
        await stack.greet(do="print")
        await until(lambda: any("a line of output" in line for _, _, line in stack.log))
        assert any("it works" in line for _, _, line in stack.log) is written

    scenario(tmp_path, steps, small_system.TEMPLATE.replace("{LogFormat: JSON}", config))


def test_a_text_record_has_level_time_request_and_message_separated_by_tabs(tmp_path: Path) -> None:
    """Lambda's default format, with the traceback on the lines below."""

    async def steps(stack: Running) -> None:
        outcome = await stack.greet(do="log")
        await until(lambda: any("ZeroDivisionError" in line for _, _, line in stack.log))
        level, at, request_id, message = stack.log[0][2].split("\t")
        assert (level, request_id, message) == ("[ERROR]", outcome.request_id, "it broke")
        assert at.endswith("Z")

    scenario(tmp_path, steps, small_system.TEMPLATE.replace("{LogFormat: JSON}", "{LogFormat: Text}"))


def test_an_unknown_function_is_refused(tmp_path: Path) -> None:
    """A qualifier that does not exist is unknown, too."""

    async def steps(stack: Running) -> None:
        with pytest.raises(UnknownFunctionError):
            await stack.environments.invoke("countersign-Greeter:nightly", b"{}")
        status, head, _ = await stack.request("POST", "/2015-03-31/functions/nobody/invocations", "{}")
        assert status == 404
        assert "x-amzn-errortype: resourcenotfoundexception" in head

    scenario(tmp_path, steps)


def test_invoke_over_http_answers_as_lambda_does(tmp_path: Path) -> None:
    """The caller's request id is used, and an error is marked in a header, not in the status."""

    async def steps(stack: Running) -> None:
        path = "/2015-03-31/functions/countersign-Greeter/invocations"
        status, head, body = await stack.request("POST", path, "{}", "X-Countersign-Request-Id: mine")
        assert (status, json.loads(body)["request_id"]) == (200, "mine")
        assert "x-amzn-requestid: mine" in head
        status, head, _ = await stack.request("POST", path, '{"do": "raise"}')
        assert status == 200
        assert "x-amz-function-error: unhandled" in head

    scenario(tmp_path, steps)


def test_a_web_page_cannot_reach_the_endpoint(tmp_path: Path) -> None:
    """A browser sends an Origin, or the name it was lured through as Host."""

    async def steps(stack: Running) -> None:
        path = "/2015-03-31/functions/countersign-Greeter/invocations"
        assert (await stack.request("POST", path, "{}", "Origin: http://evil.example"))[0] == 403
        assert (await stack.request("POST", path, "{}", "Host: evil.example"))[0] == 403

    scenario(tmp_path, steps)


def test_closing_leaves_no_process(tmp_path: Path) -> None:
    """What was under way is answered."""
    pids: list[int] = []

    async def steps(stack: Running) -> None:
        pids.append(content(await stack.greet())["pid"])
        task = asyncio.create_task(stack.greet(do="sleep", seconds=4))
        await asyncio.sleep(0)
        await stack.environments.close()
        assert content(await task)["errorType"] == "Runtime.ExitError"
        assert "is stopping" in content(await stack.greet())["errorMessage"]

    scenario(tmp_path, steps)
    assert not alive(pids[0])
