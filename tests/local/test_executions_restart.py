"""`kill -9` of the executions process: nothing that was accepted is lost, no deadline moves."""

from __future__ import annotations

import json
import resource
import sqlite3
import threading
import time
from pathlib import Path
from typing import Any

import pytest
from aws_durable_execution_sdk_python.config import CallbackConfig, Duration, StepConfig
from aws_durable_execution_sdk_python.exceptions import CallbackTimeoutError
from aws_durable_execution_sdk_python.retries import RetryPresets
from botocore.exceptions import ClientError, HTTPClientError

from local.disk import ROOM_BYTES
from local.executions.__main__ import DATABASE
from tests.local.executions_harness import (
    DURABLE,
    Environments,
    Executions,
    Handler,
    NeverHappenedError,
    Stack,
    StockExecutions,
    running,
    until,
)
from tests.local.test_disk import no_room


def deciding(event: Any, context: Any) -> Any:
    """Wait for a decision as long as the event says; "silence" when none comes."""
    config = CallbackConfig(
        timeout=Duration.from_seconds(event.get("timeout", 0)),
        heartbeat_timeout=Duration.from_seconds(event.get("heartbeat", 0)),
    )
    try:
        return context.create_callback(name="approval", config=config).result()
    except CallbackTimeoutError as error:
        return f"silence: {error.message}"


def napping(event: Any, context: Any) -> Any:
    """Wait."""
    context.wait(Duration.from_seconds(event), name="nap")
    return "rested"


class Retrying:
    """A step that fails at its first attempt, then a retry after two seconds."""

    def __init__(self) -> None:
        self.attempts = 0

    def __call__(self, event: Any, context: Any) -> Any:
        def flaky(_: Any) -> str:
            self.attempts += 1
            if self.attempts == 1:
                raise OSError("once")
            return "second"

        config = StepConfig(retry_strategy=RetryPresets.fixed(Duration.from_seconds(2)))
        return context.step(flaky, name="flaky", config=config)


class Slow:
    """A plain function that takes a second, or as many as it is told, and counts its calls."""

    def __init__(self) -> None:
        self.begun = threading.Event()
        self.calls = 0

    def __call__(self, event: Any, _context: Any) -> Any:
        self.calls += 1
        self.begun.set()
        time.sleep(event.get("seconds", 1))
        return {"told": event}


class Stepping:
    """A handler that is in the middle of its step when the service dies."""

    def __init__(self) -> None:
        self.inside = threading.Event()
        self.go_on = threading.Event()

    def __call__(self, event: Any, context: Any) -> Any:
        def step(_: Any) -> str:
            self.inside.set()
            self.go_on.wait(10)
            return "done"

        return context.step(step, name="charge", config=StepConfig(retry_strategy=RetryPresets.none()))


def chaining(event: Any, context: Any) -> Any:
    """Invoke what the event names."""
    return context.invoke(event, {"kind": "request"}, name="reach")


@pytest.fixture
def stack(tmp_path: Path) -> Any:
    environments = Environments({"slow": Slow()})
    bodies: dict[str, Handler] = {
        "deciding": deciding,
        "napping": napping,
        "retrying": Retrying(),
        "stepping": Stepping(),
        "chaining": chaining,
    }
    for name, body in bodies.items():
        environments.durable(name, body)
    configured = dict.fromkeys(bodies, DURABLE) | {"brief": {"executionTimeout": 3, "retentionDays": 1}}
    environments.durable("brief", deciding)
    with running(tmp_path, environments, durable=configured) as made:
        yield made


def result(stack: Stack, arn: str) -> Any:
    """The execution's result, once it succeeded."""
    ended = stack.ended(arn)
    assert ended["Status"] == "SUCCEEDED", ended
    return json.loads(ended["Result"])


def a_deadline_survives(stack: Stack) -> None:
    """A callback's timeout fires at its old moment after a restart."""
    began = time.monotonic()
    arn = stack.start("deciding", "late", {"timeout": 2})
    stack.callback_id(arn)
    stack.restart()
    ended = stack.ended(arn, seconds=4)
    assert json.loads(ended["Result"]) == "silence: Callback timed out"
    assert time.monotonic() - began > 1.9


def test_a_deadline_survives(stack: Stack) -> None:
    """A callback's timeout fires at its old moment after a restart."""
    a_deadline_survives(stack)


def test_a_deadline_does_not_survive_in_the_stock_engine(tmp_path: Path) -> None:
    """The gap is real: the stock engine arms nothing after a restart, on the same kind of store."""
    environments = Environments()
    environments.durable("deciding", deciding)
    with (
        running(tmp_path, environments, kind=StockExecutions, durable={"deciding": DURABLE}) as stock,
        pytest.raises(NeverHappenedError),
    ):
        a_deadline_survives(stock)


def test_a_waiting_order_is_approved_after_a_restart(stack: Stack) -> None:
    """The callback id given before the kill completes the execution after it, once; the history goes on."""
    arn = stack.start("deciding", "approved", {"timeout": 600})
    callback_id = stack.callback_id(arn)
    until(lambda: len(stack.events(arn)) == 3)
    before = stack.events(arn)
    stack.restart()
    assert stack.status(arn) == "RUNNING"
    assert stack.events(arn) == before
    assert stack.environments.calls.count("deciding") == 1
    stack.api.send_durable_execution_callback_success(CallbackId=callback_id, Result=b'"yes"')
    assert result(stack, arn) == '"yes"'
    assert stack.events(arn)[: len(before)] == before
    with pytest.raises(stack.api.exceptions.CallbackTimeoutException):
        stack.api.send_durable_execution_callback_success(CallbackId=callback_id)
    assert stack.start("deciding", "approved", {"timeout": 600}) == arn


@pytest.mark.parametrize(
    ("function", "payload", "outcome"),
    [
        ("deciding", {"timeout": 2}, "silence: Callback timed out"),
        ("deciding", {"timeout": 600, "heartbeat": 2}, "silence: Callback timed out on heartbeat"),
        ("napping", 2, "rested"),
        ("retrying", None, "second"),
    ],
)
def test_what_fell_due_meanwhile_fires_at_once(stack: Stack, function: str, payload: Any, outcome: str) -> None:
    """Callback timeout, heartbeat, wait and retry that were due while the process was down."""
    arn = stack.start(function, "overdue", payload)
    until(lambda: len(stack.events(arn)) >= 3)
    stack.executions.kill()
    time.sleep(2.2)
    stack.executions.start()
    began = time.monotonic()
    assert result(stack, arn) == outcome
    assert time.monotonic() - began < 1


def test_heartbeats_count_from_the_last_one(stack: Stack) -> None:
    """A heartbeat before the kill moves the deadline after it."""
    arn = stack.start("deciding", "beating", {"heartbeat": 3})
    callback_id = stack.callback_id(arn)
    time.sleep(2)
    stack.api.send_durable_execution_callback_heartbeat(CallbackId=callback_id)
    beat = time.monotonic()
    stack.restart()
    time.sleep(max(0.0, 2 - (time.monotonic() - beat)))
    assert stack.status(arn) == "RUNNING"
    assert result(stack, arn) == "silence: Callback timed out on heartbeat"
    assert 2.9 < time.monotonic() - beat < 4.5


def test_the_execution_timeout_survives(stack: Stack) -> None:
    """An execution that ran out of its time while the process was down is TIMED_OUT, once."""
    arn = stack.start("brief", "brief", {"timeout": 600})
    stack.callback_id(arn)
    stack.executions.kill()
    time.sleep(3)
    stack.executions.start()
    assert stack.ended(arn)["Status"] == "TIMED_OUT"
    until(lambda: stack.environments.statuses(arn) == ["RUNNING", "TIMED_OUT"])


def test_an_invocation_under_way_is_repeated(stack: Stack) -> None:
    """The handler that was running when the service died is invoked again; its old checkpoints are refused."""
    stepping = Stepping()
    stack.environments.durable("stepping", stepping)
    arn = stack.start("stepping", "under-way")
    assert stepping.inside.wait(10)
    stack.restart()
    until(lambda: stack.environments.calls.count("stepping") == 2)
    stepping.go_on.set()
    assert result(stack, arn) == "done"
    assert [event["EventType"] for event in stack.events(arn)].count("StepSucceeded") == 1


def test_a_chained_invoke_under_way_is_repeated(stack: Stack) -> None:
    """A plain target without an outcome runs again: at least once, as Lambda's."""
    slow = stack.environments.handlers["slow"]
    assert isinstance(slow, Slow)
    arn = stack.start("chaining", "chain", "slow:live")
    assert slow.begun.wait(10)
    until(lambda: len(stack.events(arn)) >= 3)
    stack.restart()
    assert result(stack, arn) == {"told": {"kind": "request"}}
    assert slow.calls == 2


def test_a_chained_execution_reports_to_its_parent_after_a_restart(stack: Stack) -> None:
    """A durable target goes on where it was, and its parent hears of its end; it is not started twice."""

    def children() -> list[dict[str, Any]]:
        page = stack.api.list_durable_executions_by_function(FunctionName="deciding")
        return list(page["DurableExecutions"])

    parent = stack.start("chaining", "parent", "deciding:live")
    (child,) = until(children)
    callback_id = stack.callback_id(child["DurableExecutionArn"])
    stack.restart()
    stack.api.send_durable_execution_callback_success(CallbackId=callback_id, Result=b"1")
    assert result(stack, parent) == "1"
    assert len(children()) == 1


def test_a_start_that_was_answered_is_never_lost(stack: Stack) -> None:
    """Killed at the moment of the answer, before the first invocation came to anything."""
    for attempt in range(3):
        arn = stack.start("napping", f"answered-{attempt}", 1)
        stack.restart()
        assert result(stack, arn) == "rested"


def test_a_name_is_free_again_after_its_retention(stack: Stack) -> None:
    """RetentionPeriodInDays of the function's DurableConfig: the execution is gone and its name starts another."""
    arn = stack.start("napping", "kept-a-day", 1)
    stack.ended(arn)
    stack.executions.kill()
    connection = sqlite3.connect(stack.executions.folder / DATABASE)
    with connection:
        connection.execute("UPDATE executions SET ended = ended - 86401")
        connection.execute("UPDATE operations SET ended = ended - 86401")
    connection.close()
    stack.executions.start()
    with pytest.raises(stack.api.exceptions.ResourceNotFoundException):
        stack.status(arn)
    assert stack.start("napping", "kept-a-day", 2) != arn


def test_on_a_full_disk_the_process_ends_and_its_successor_waits_for_room(stack: Stack) -> None:
    """The caller of the write that is not kept hears nothing, later ones 503; then everything goes on by itself."""
    arn = stack.start("deciding", "waiting", {"timeout": 600})
    callback_id = stack.callback_id(arn)
    until(lambda: len(stack.events(arn)) == 3)
    assert stack.executions.process is not None
    with no_room(stack.executions.process.pid):
        with pytest.raises(HTTPClientError):
            stack.start("napping", "refused", 1)
        assert stack.executions.process.wait(5) == 1
    before = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (ROOM_BYTES // 2, before[1]))
    stack.executions.start()
    resource.setrlimit(resource.RLIMIT_FSIZE, before)
    with pytest.raises(ClientError) as caught:
        stack.api.send_durable_execution_callback_success(CallbackId=callback_id, Result=b'"yes"')
    assert caught.value.response["ResponseMetadata"]["HTTPStatusCode"] == 503
    assert "make room" in caught.value.response["Error"]["Message"]
    resource.prlimit(stack.executions.process.pid, resource.RLIMIT_FSIZE, before)
    until(lambda: decided(stack, callback_id), 5)
    assert result(stack, arn) == '"yes"'
    assert stack.ended(stack.start("napping", "refused", 1))["Status"] == "SUCCEEDED"


def decided(stack: Stack, callback_id: str) -> bool:
    """Try to complete a callback; whether the service took it."""
    try:
        stack.api.send_durable_execution_callback_success(CallbackId=callback_id, Result=b'"yes"')
    except ClientError:
        return False
    return True


@pytest.mark.parametrize(("days_ago", "kept"), [(1.99, True), (2.01, False)])
def test_an_execution_is_kept_for_all_of_its_retention(tmp_path: Path, days_ago: float, kept: bool) -> None:  # noqa: FBT001
    """And no longer: two days, to the hour."""
    environments = Environments()
    environments.durable("napping", napping)
    with running(tmp_path, environments, durable={"napping": {**DURABLE, "retentionDays": 2}}) as stack:
        arn = stack.start("napping", "kept-two-days", 1)
        stack.ended(arn)
        stack.executions.kill()
        connection = sqlite3.connect(stack.executions.folder / DATABASE)
        with connection:
            for table in ("executions", "operations"):
                connection.execute(f"UPDATE {table} SET ended = ended - ?", (days_ago * 86_400,))  # noqa: S608 - ours
        connection.close()
        stack.executions.start()
        page = stack.api.list_durable_executions_by_function(FunctionName="napping")
        assert [each["DurableExecutionArn"] for each in page["DurableExecutions"]] == ([arn] if kept else [])


def test_the_process_ends_with_its_standard_input(stack: Stack) -> None:
    """So that a killed supervisor leaves nothing behind, also when handlers and deliveries are under way."""
    stack.start("stepping", "under-way")
    stack.api.invoke(FunctionName="slow", InvocationType="Event", Payload=b'{"seconds": 8}')
    slow = stack.environments.handlers["slow"]
    assert isinstance(slow, Slow)
    assert slow.begun.wait(10)
    began = time.monotonic()
    assert stack.executions.stop() == 0
    assert time.monotonic() - began < 5


def test_a_taken_port_is_one_clear_line(stack: Stack, capfd: pytest.CaptureFixture[str]) -> None:
    """Exit code 2 and a sentence, no traceback."""
    second = Executions(stack.executions.folder, stack.executions.functions, "http://127.0.0.1:1", ("--ephemeral",))
    second.port = stack.executions.port
    with pytest.raises(AssertionError):
        second.start()
    assert second.stop() == 2
    said = capfd.readouterr().err
    assert said.count("\n") == 1
    assert "Address already in use" in said


def test_an_ephemeral_process_forgets(tmp_path: Path) -> None:
    """--ephemeral keeps nothing on disk."""
    environments = Environments()
    environments.durable("napping", napping)
    with running(tmp_path, environments, "--ephemeral", durable={"napping": DURABLE}) as stack:
        arn = stack.start("napping", "gone", 1)
        stack.restart()
        with pytest.raises(stack.api.exceptions.ResourceNotFoundException):
            stack.status(arn)
        assert [file.name for file in tmp_path.iterdir()] == ["functions.json"]
