"""Invoke, through boto3: names and qualifiers, twenty racing starts, waiting, plain functions, chained invokes."""

from __future__ import annotations

import json
import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import Any
from uuid import uuid4

import pytest
from aws_durable_execution_sdk_python.config import Duration, StepConfig
from aws_durable_execution_sdk_python.exceptions import InvokeError
from aws_durable_execution_sdk_python.retries import RetryPresets

from tests.local.executions_harness import ACCOUNT, DURABLE, REGION, Environments, Stack, running, until


def arn_of(function: str, qualifier: str = "live") -> str:
    """A function's ARN with an alias."""
    return f"arn:aws:lambda:{REGION}:{ACCOUNT}:function:{function}:{qualifier}"


def napping(event: Any, context: Any) -> Any:
    """Wait a second, then give the event back."""
    context.wait(Duration.from_seconds(1), name="nap")
    return {"slept": event}


def failing(event: Any, context: Any) -> Any:
    """Fail."""
    raise ValueError(f"cannot do {event}")


def chaining(event: Any, context: Any) -> Any:
    """Invoke what the event names; what came of it."""
    try:
        return {"answer": context.invoke(event["target"], event.get("payload", {}), name="reach")}
    except InvokeError as error:
        return {"refused": error.error_type, "message": error.message}


def large(event: Any, context: Any) -> Any:
    """A step whose result has as many bytes as the event says."""
    config = StepConfig(retry_strategy=RetryPresets.none())
    return len(context.step(lambda _: "x" * (event["bytes"] - 2), name="large", config=config))


class Flaky:
    """A plain function that fails as often as it was told, and a durable one that is killed as often."""

    def __init__(self) -> None:
        self.failures = 0
        self.events: list[Any] = []
        self.lock = threading.Lock()

    def __call__(self, event: Any, _context: Any) -> Any:
        with self.lock:
            self.events.append(event)
            if self.failures > 0:
                self.failures -= 1
                raise RuntimeError("not now")
        return {"taken": event}


@pytest.fixture(scope="module")
def flaky() -> Flaky:
    return Flaky()


@pytest.fixture(scope="module")
def stack(tmp_path_factory: pytest.TempPathFactory, flaky: Flaky) -> Iterator[Stack]:
    environments = Environments({"plain": flaky})
    bodies = {"napping": napping, "failing": failing, "chaining": chaining, "large": large}
    for name, body in bodies.items():
        environments.durable(name, body)
    environments.durable("monthly", napping)
    configured = dict.fromkeys(bodies, DURABLE) | {"monthly": {"executionTimeout": 2_678_400, "retentionDays": 30}}
    with running(tmp_path_factory.mktemp("invoke"), environments, "--backoff", "0.05", durable=configured) as made:
        yield made


def test_twenty_racing_starts_make_one_execution(stack: Stack) -> None:
    """Invoke, DurableExecutionName: unique within the function, also when everyone asks at once."""
    name, barrier = f"race-{uuid4().hex[:8]}", threading.Barrier(20)

    def start() -> str:
        barrier.wait()
        return stack.start("napping", name, {"order": 1})

    with ThreadPoolExecutor(20) as pool:
        arns = {future.result() for future in [pool.submit(start) for _ in range(20)]}
    assert len(arns) == 1
    listed = stack.api.list_durable_executions_by_function(FunctionName="napping", DurableExecutionName=name)
    assert len(listed["DurableExecutions"]) == 1


@pytest.mark.parametrize("name", ["napping:live", "napping:1", "napping:$LATEST", arn_of("napping")])
def test_a_durable_function_starts_by_version_alias_or_latest(stack: Stack, name: str) -> None:
    """Documentation, "Invoking durable functions": qualified; shape DurableExecutionArn: the ARN has the version."""
    answer = stack.api.invoke(FunctionName=name, InvocationType="Event", Payload=b"{}")
    assert answer["StatusCode"] == 202
    version = "$LATEST" if name.endswith("$LATEST") else "1"
    assert f":function:napping:{version}/durable-execution/" in answer["DurableExecutionArn"]


def test_an_unqualified_start_is_refused(stack: Stack) -> None:
    """Documentation, "Invoking durable functions": a qualified identifier is required."""
    with pytest.raises(stack.api.exceptions.InvalidParameterValueException, match="alias"):
        stack.api.invoke(FunctionName="napping", InvocationType="Event")


@pytest.mark.parametrize("name", ["nobody:live", "napping:staging", "napping:7", arn_of("nobody")])
def test_an_unknown_function_or_qualifier_is_not_found(stack: Stack, name: str) -> None:
    """Invoke, errors: ResourceNotFoundException."""
    with pytest.raises(stack.api.exceptions.ResourceNotFoundException):
        stack.api.invoke(FunctionName=name, Payload=b"{}")


def test_a_payload_that_is_not_json_is_refused(stack: Stack) -> None:
    """Invoke, errors: InvalidRequestContentException."""
    with pytest.raises(stack.api.exceptions.InvalidRequestContentException):
        stack.api.invoke(FunctionName="plain", Payload=b"{half")


def test_an_asynchronous_payload_over_a_mebibyte_is_refused(stack: Stack) -> None:
    """Invoke, errors: RequestTooLargeException; 1 MB for Event, 6 MB for RequestResponse."""
    payload = json.dumps("x" * 1_048_576).encode()
    with pytest.raises(stack.api.exceptions.RequestTooLargeException):
        stack.api.invoke(FunctionName="plain", InvocationType="Event", Payload=payload)
    assert stack.api.invoke(FunctionName="plain", Payload=payload)["StatusCode"] == 200


def test_a_synchronous_start_waits_for_the_result(stack: Stack) -> None:
    """Documentation, "Invoking durable functions": the caller gets the result; the same name attaches again."""
    call = {"FunctionName": "napping:live", "DurableExecutionName": f"sync-{uuid4().hex[:8]}", "Payload": b"[1]"}
    first = stack.api.invoke(**call)
    again = stack.api.invoke(**call)
    assert json.loads(first["Payload"].read()) == json.loads(again["Payload"].read()) == {"slept": [1]}
    assert first["DurableExecutionArn"] == again["DurableExecutionArn"]
    assert (first["StatusCode"], first["ExecutedVersion"]) == (200, "1")


def test_a_synchronous_start_reports_the_functions_error(stack: Stack) -> None:
    """Invoke, FunctionError and its payload."""
    answer = stack.api.invoke(FunctionName="failing:live", Payload=b'"this"')
    assert answer["FunctionError"] == "Unhandled"
    assert json.loads(answer["Payload"].read()) == {"errorMessage": "cannot do this", "errorType": "ValueError"}


def test_a_synchronous_start_of_a_long_function_is_refused(stack: Stack) -> None:
    """Documentation, "Invoking durable functions": synchronous only with an ExecutionTimeout of up to 15 minutes."""
    with pytest.raises(stack.api.exceptions.InvalidParameterValueException, match="2678400"):
        stack.api.invoke(FunctionName="monthly:live", Payload=b"{}")
    assert stack.api.invoke(FunctionName="monthly:live", InvocationType="Event")["StatusCode"] == 202


def test_a_plain_function_answers_and_fails_like_lambdas(stack: Stack, flaky: Flaky) -> None:
    """Invoke, RequestResponse: the output, or FunctionError with Lambda's error payload; an absent event is {}."""
    assert json.loads(stack.api.invoke(FunctionName="plain:live")["Payload"].read()) == {"taken": {}}
    flaky.failures = 1
    failed = stack.api.invoke(FunctionName="plain", Payload=b"1")
    assert failed["FunctionError"] == "Unhandled"
    assert json.loads(failed["Payload"].read())["errorType"] == "RuntimeError"


def test_a_plain_function_takes_no_execution_name(stack: Stack) -> None:
    """Only a durable function has executions to name."""
    with pytest.raises(stack.api.exceptions.InvalidParameterValueException):
        stack.api.invoke(FunctionName="plain", DurableExecutionName="x", Payload=b"{}")


def test_an_asynchronous_invoke_is_tried_three_times(stack: Stack, flaky: Flaky) -> None:
    """Documentation, "Asynchronous invocation": two retries when the function fails."""
    marker, flaky.failures = {"async": uuid4().hex}, 2
    answer = stack.api.invoke(FunctionName="plain", InvocationType="Event", Payload=json.dumps(marker))
    assert answer["StatusCode"] == 202
    until(lambda: flaky.events.count(marker) == 3)
    assert flaky.failures == 0


def test_a_dry_run_runs_nothing(stack: Stack, flaky: Flaky) -> None:
    """Invoke, DryRun: 204."""
    before = len(flaky.events)
    assert stack.api.invoke(FunctionName="plain", InvocationType="DryRun")["StatusCode"] == 204
    assert len(flaky.events) == before


def chained(stack: Stack, target: str, payload: object = None) -> Any:
    """What a chained invoke came to."""
    arn = stack.start("chaining", f"chain-{uuid4().hex[:8]}", {"target": target, "payload": payload})
    return json.loads(stack.ended(arn)["Result"])


def test_a_chained_invoke_reaches_a_plain_function(stack: Stack, flaky: Flaky) -> None:
    """Documentation, "Chained invocations": by ARN with an alias, once; its error is the operation's error."""
    assert chained(stack, arn_of("plain"), {"kind": "request"}) == {"answer": {"taken": {"kind": "request"}}}
    flaky.failures = 1
    assert chained(stack, "plain:live") == {"refused": "RuntimeError", "message": "not now"}


def test_a_chained_invoke_reaches_a_durable_function(stack: Stack) -> None:
    """Documentation, "Chained invocations": a child execution of its own, which the parent waits for."""
    assert chained(stack, "napping:live", 5) == {"answer": {"slept": 5}}
    refused = chained(stack, "failing:live", 5)
    assert (refused["refused"], refused["message"]) == ("ValueError", "cannot do 5")


@pytest.mark.parametrize(
    ("target", "code"),
    [
        ("nobody:live", "ResourceNotFoundException"),
        ("napping", "InvalidParameterValueException"),
    ],
)
def test_a_chained_invoke_that_cannot_start_says_why(stack: Stack, target: str, code: str) -> None:
    """Documentation, "Chained invocations": a durable target is qualified."""
    assert chained(stack, target)["refused"] == code


def test_a_killed_handler_runs_again_and_leaves_its_trace(stack: Stack) -> None:
    """A failed invocation is repeated; shape InvocationCompletedDetails has its Error."""
    kills = iter([RuntimeError("Runtime exited with error: signal: killed")] * 2)
    proper = stack.environments.handlers["napping"]

    def killed_twice(event: Any, context: Any) -> Any:
        for error in kills:
            raise error
        return proper(event, context)

    stack.environments.handlers["napping"] = killed_twice
    try:
        arn = stack.start("napping", f"killed-{uuid4().hex[:8]}", 1)
        assert stack.ended(arn)["Status"] == "SUCCEEDED"
    finally:
        stack.environments.handlers["napping"] = proper
    spans = [
        event["InvocationCompletedDetails"]
        for event in stack.events(arn)
        if event["EventType"] == "InvocationCompleted"
    ]
    errors = [span.get("Error", {}).get("Payload", {}).get("ErrorMessage") for span in spans]
    assert errors == ["Runtime exited with error: signal: killed"] * 2 + [None, None]


def test_a_handler_that_never_succeeds_fails_its_execution(stack: Stack) -> None:
    """Five failures in a row end the execution with the last error, instead of a loop without end."""

    def broken(event: Any, context: Any) -> Any:
        raise ImportError("no module named orders")

    proper = stack.environments.handlers["napping"]
    stack.environments.handlers["napping"] = broken
    try:
        ended = stack.ended(stack.start("napping", f"broken-{uuid4().hex[:8]}", 1))
    finally:
        stack.environments.handlers["napping"] = proper
    assert ended["Status"] == "FAILED"
    assert ended["Error"]["ErrorType"] == "ImportError"


def test_a_step_result_over_the_limit_fails_with_the_limit(stack: Stack) -> None:
    """The service's message, met on AWS: "STEP output payload size must be less than or equal to 262144 bytes"."""
    fits = stack.ended(stack.start("large", f"fits-{uuid4().hex[:8]}", {"bytes": 262_144}))
    over = stack.ended(stack.start("large", f"over-{uuid4().hex[:8]}", {"bytes": 262_145}))
    assert fits["Result"] == "262142"
    assert over["Status"] == "FAILED"
    assert "STEP output payload size must be less than or equal to 262144 bytes" in over["Error"]["ErrorMessage"]
