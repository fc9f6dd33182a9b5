"""The durable service's contract, row by row, through boto3.

Every row is asked of our executions process, where it holds, and of the stock engine, where it must not: a row that
holds there closes no gap. Where a row names a shape, it is the botocore service model's of Lambda, 2015-03-31.
"""

from __future__ import annotations

import json
import re
import socket
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any
from urllib.parse import quote
from uuid import uuid4

import pytest
import urllib3
from aws_durable_execution_sdk_python.config import CallbackConfig, Duration
from botocore.exceptions import BotoCoreError, ClientError

from tests.local.executions_harness import (
    DURABLE,
    REGION,
    Environments,
    Stack,
    StockExecutions,
    running,
)

Row = Callable[[Stack], None]


def approval(event: Any, context: Any) -> Any:
    """One step, then a decision that may take five minutes."""
    context.step(lambda _: {"reserved": True}, name="reserve")
    callback = context.create_callback(
        name="approval",
        config=CallbackConfig(timeout=Duration.from_seconds(300), heartbeat_timeout=Duration.from_seconds(200)),
    )
    return {"decision": callback.result(), "event": event}


def quick(event: Any, context: Any) -> Any:
    """One step."""
    return context.step(lambda _: event, name="echo")


def environments() -> Environments:
    """The functions of this file."""
    made = Environments()
    made.durable("approval", approval)
    made.durable("quick", quick)
    return made


CONFIGURED = {"approval": DURABLE, "quick": DURABLE}


@pytest.fixture(scope="module")
def ours(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Stack]:
    with running(tmp_path_factory.mktemp("ours"), environments(), durable=CONFIGURED) as stack:
        yield stack


@pytest.fixture(scope="module")
def stock(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Stack]:
    folder: Path = tmp_path_factory.mktemp("stock")
    with running(folder, environments(), kind=StockExecutions, durable=CONFIGURED) as stack:
        yield stack


def a_name() -> str:
    """A fresh execution name."""
    return f"row-{uuid4().hex[:12]}"


def a_running_execution_is_returned_to_the_same_start(stack: Stack) -> None:
    """Invoke, DurableExecutionName: "a name that already exists with the same payload ... returns the existing"."""
    name = a_name()
    assert stack.start("approval", name, {"a": 1}) == stack.start("approval", name, {"a": 1})


def a_closed_execution_is_returned_to_the_same_start(stack: Stack) -> None:
    """Durable execution idempotency page: a closed execution is returned, not started again."""
    name = a_name()
    first = stack.start("quick", name, {"a": 1})
    stack.ended(first)
    assert stack.start("quick", name, {"a": 1}) == first
    assert stack.status(first) == "SUCCEEDED"


def another_payload_conflicts(stack: Stack) -> None:
    """Shape DurableExecutionAlreadyStartedException, 409."""
    name = a_name()
    stack.start("approval", name, {"a": 1})
    with pytest.raises(stack.api.exceptions.DurableExecutionAlreadyStartedException) as refused:
        stack.start("approval", name, {"a": 2})
    assert refused.value.response["ResponseMetadata"]["HTTPStatusCode"] == 409


def a_malformed_name_is_refused(stack: Stack) -> None:
    """Shape DurableExecutionName: `[a-zA-Z0-9-_]+`, 1 to 64."""
    for name in ("with space", "a" * 65, "a/b"):
        with pytest.raises(stack.api.exceptions.InvalidParameterValueException):
            stack.start("quick", name)


def arns_have_the_shape_of_the_model(stack: Stack) -> None:
    """Shape DurableExecutionArn; the SDK looks the EXECUTION operation up by the last segment."""
    name = a_name()
    arn = stack.start("approval", name)
    pattern = stack.api.meta.service_model.shape_for("DurableExecutionArn").metadata["pattern"]
    assert re.fullmatch(pattern, arn)
    assert arn.startswith(f"arn:aws:lambda:{REGION}:123456789012:function:approval:1/durable-execution/{name}/")
    assert stack.events(arn)[0]["Id"] == arn.rpartition("/")[2]
    assert stack.api.get_durable_execution(DurableExecutionArn=arn)["Version"] == "1"


def an_unknown_execution_is_a_modelled_error(stack: Stack) -> None:
    """GetDurableExecution, errors: ResourceNotFoundException, which boto3 knows by `x-amzn-errortype`."""
    arn = f"arn:aws:lambda:{REGION}:123456789012:function:approval:1/durable-execution/none/none"
    with pytest.raises(stack.api.exceptions.ResourceNotFoundException) as missing:
        stack.api.get_durable_execution(DurableExecutionArn=arn)
    assert missing.value.response["ResponseMetadata"]["HTTPHeaders"]["x-amzn-errortype"]


def a_callback_is_completed_once(stack: Stack) -> None:
    """Shape CallbackTimeoutException, 400: "the callback ... has already been closed"."""
    callback_id = stack.callback_id(stack.start("approval", a_name()))
    stack.api.send_durable_execution_callback_success(CallbackId=callback_id, Result=b"yes")
    for complete in (
        stack.api.send_durable_execution_callback_success,
        stack.api.send_durable_execution_callback_failure,
        stack.api.send_durable_execution_callback_heartbeat,
    ):
        with pytest.raises(stack.api.exceptions.CallbackTimeoutException) as closed:
            complete(CallbackId=callback_id)
        assert closed.value.response["ResponseMetadata"]["HTTPStatusCode"] == 400


def half_a_request_is_none(stack: Stack) -> None:
    """RFC 9112, section 8: a body shorter than its Content-Length is incomplete; its caller was killed meanwhile."""
    arn = stack.start("approval", a_name())
    callback_id = stack.callback_id(arn)
    break_off(stack, f"/2025-12-01/durable-execution-callbacks/{quote(callback_id, safe='')}/succeed", b"y")
    stack.api.send_durable_execution_callback_success(CallbackId=callback_id, Result=b"yes")
    assert json.loads(stack.ended(arn)["Result"])["decision"] == "yes"


def break_off(stack: Stack, path: str, body: bytes, **headers: str) -> None:
    """Send two bytes less than a request has, and close; returns when the server has done the same."""
    host, _, port = stack.url.removeprefix("http://").partition(":")
    sent = {"Host": f"{host}:{port}", "Content-Length": str(len(body) + 2), **headers}
    head = "".join(f"{name}: {value}\r\n" for name, value in sent.items())
    with socket.create_connection((host, int(port)), timeout=20) as caller:
        caller.sendall(f"POST {path} HTTP/1.1\r\n{head}\r\n".encode() + body)
        caller.shutdown(socket.SHUT_WR)
        while caller.recv(4096):
            pass


def a_stopped_executions_callback_is_closed(stack: Stack) -> None:
    """StopDurableExecution: "Any in-progress operations are terminated"; shape CallbackTimeoutException."""
    arn = stack.start("approval", a_name())
    callback_id = stack.callback_id(arn)
    stack.api.stop_durable_execution(DurableExecutionArn=arn)
    with pytest.raises(stack.api.exceptions.CallbackTimeoutException):
        stack.api.send_durable_execution_callback_success(CallbackId=callback_id, Result=b"yes")


def a_malformed_callback_id_is_an_invalid_parameter(stack: Stack) -> None:
    """SendDurableExecutionCallbackSuccess, errors: InvalidParameterValueException."""
    for callback_id in ("nobody", "bm9ib2R5", "eyJhcm4iOjEsIm9wIjoyfQ=="):
        with pytest.raises(stack.api.exceptions.InvalidParameterValueException):
            stack.api.send_durable_execution_callback_success(CallbackId=callback_id)


def an_oversized_result_is_refused(stack: Stack) -> None:
    """Shape BinaryOperationPayload: at most 1,048,576 bytes; the callback stays open."""
    callback_id = stack.callback_id(stack.start("approval", a_name()))
    with pytest.raises(stack.api.exceptions.InvalidParameterValueException):
        stack.api.send_durable_execution_callback_success(CallbackId=callback_id, Result=b"x" * 1_048_577)
    stack.api.send_durable_execution_callback_success(CallbackId=callback_id, Result=b"x" * 1_000)


def a_stop_records_its_error(stack: Stack) -> None:
    """StopDurableExecution, Error is the request's payload: "Optional error details explaining why"."""
    arn = stack.start("approval", a_name())
    stack.callback_id(arn)
    error = {"ErrorType": "Withdrawn", "ErrorMessage": "no longer needed", "ErrorData": "{}"}
    stack.api.stop_durable_execution(DurableExecutionArn=arn, Error=error)
    assert stack.api.get_durable_execution(DurableExecutionArn=arn)["Error"] == error
    assert stack.events(arn)[-1]["ExecutionStoppedDetails"]["Error"]["Payload"] == error


def lists_are_filtered_by_status(stack: Stack) -> None:
    """ListDurableExecutionsByFunction, Statuses: several at once."""
    stack.ended(stack.start("quick", a_name()))
    waiting = stack.start("approval", a_name())
    stack.api.stop_durable_execution(DurableExecutionArn=waiting)
    listed = stack.api.list_durable_executions_by_function(FunctionName="approval", Statuses=["STOPPED", "SUCCEEDED"])[
        "DurableExecutions"
    ]
    assert waiting in [execution["DurableExecutionArn"] for execution in listed]
    assert {execution["Status"] for execution in listed} <= {"STOPPED", "SUCCEEDED"}
    none = stack.api.list_durable_executions_by_function(FunctionName="approval", Statuses=["TIMED_OUT"])
    assert none["DurableExecutions"] == []


def lists_are_newest_first(stack: Stack) -> None:
    """ListDurableExecutionsByFunction, ReverseOrder: "Set to true to return ... oldest first. Default is false"."""
    names = [a_name() for _ in range(3)]
    for name in names:
        stack.start("quick", name)
    page = stack.api.list_durable_executions_by_function(FunctionName="quick", MaxItems=3)
    listed = [execution["DurableExecutionName"] for execution in page["DurableExecutions"]]
    assert listed == names[::-1]


def invocations_have_start_end_and_request_id(stack: Stack) -> None:
    """Shape InvocationCompletedDetails: StartTimestamp, EndTimestamp, RequestId are required."""
    arn = stack.start("quick", a_name())
    stack.ended(arn)
    (event,) = [event for event in stack.events(arn) if event["EventType"] == "InvocationCompleted"]
    details = event["InvocationCompletedDetails"]
    assert details["StartTimestamp"] < details["EndTimestamp"]
    assert re.fullmatch(r"[0-9a-f-]{36}", details["RequestId"])


def callbacks_show_their_timeouts(stack: Stack) -> None:
    """Shape CallbackStartedDetails: Timeout and HeartbeatTimeout."""
    arn = stack.start("approval", a_name())
    stack.callback_id(arn)
    (event,) = [event for event in stack.events(arn) if event["EventType"] == "CallbackStarted"]
    details = event["CallbackStartedDetails"]
    assert (details["Timeout"], details["HeartbeatTimeout"]) == (300, 200)


def history_has_data_unless_it_is_declined(stack: Stack) -> None:
    """GetDurableExecutionHistory, IncludeExecutionData: "The default is true"."""
    arn = stack.start("quick", a_name(), {"kept": True})
    stack.ended(arn)
    assert stack.events(arn)[0]["ExecutionStartedDetails"]["Input"]["Payload"] == '{"kept": true}'
    assert "Payload" not in stack.events(arn, IncludeExecutionData=False)[0]["ExecutionStartedDetails"]["Input"]


def a_history_page_over_the_maximum_is_refused(stack: Stack) -> None:
    """Shape ItemCount: at most 1,000."""
    arn = stack.start("quick", a_name())
    with pytest.raises(stack.api.exceptions.InvalidParameterValueException):
        stack.api.get_durable_execution_history(DurableExecutionArn=arn, MaxItems=1001)


ROWS: list[Row] = [
    a_running_execution_is_returned_to_the_same_start,
    a_closed_execution_is_returned_to_the_same_start,
    another_payload_conflicts,
    a_malformed_name_is_refused,
    arns_have_the_shape_of_the_model,
    an_unknown_execution_is_a_modelled_error,
    a_callback_is_completed_once,
    half_a_request_is_none,
    a_stopped_executions_callback_is_closed,
    a_malformed_callback_id_is_an_invalid_parameter,
    an_oversized_result_is_refused,
    a_stop_records_its_error,
    lists_are_filtered_by_status,
    lists_are_newest_first,
    invocations_have_start_end_and_request_id,
    callbacks_show_their_timeouts,
    history_has_data_unless_it_is_declined,
    a_history_page_over_the_maximum_is_refused,
]


@pytest.mark.parametrize("row", ROWS, ids=lambda row: row.__name__)
def test_the_row_holds_here(row: Row, ours: Stack) -> None:
    """The local durable service keeps the row."""
    row(ours)


@pytest.mark.parametrize("row", ROWS, ids=lambda row: row.__name__)
def test_the_row_is_a_gap_of_the_stock_engine(row: Row, stock: Stack) -> None:
    """The stock engine does not: the row is worth its code. A row that starts to hold can be taken out with it.

    Waiting in vain is not accepted for a failure, so that a row cannot fail for want of a working stack.
    """
    with pytest.raises((AssertionError, ClientError, BotoCoreError, KeyError, pytest.fail.Exception)):
        row(stock)


def test_half_an_invoke_starts_nothing(ours: Stack) -> None:
    """An absent payload is an empty object (Invoke, Payload), but one that was cut off is no payload at all."""
    name = a_name()
    start = {"X-Amz-Invocation-Type": "Event", "X-Amz-Durable-Execution-Name": name}
    break_off(ours, "/2015-03-31/functions/quick:live/invocations", b"", **start)
    page = ours.api.list_durable_executions_by_function(FunctionName="quick", DurableExecutionName=name)
    assert page["DurableExecutions"] == []


def test_lists_page_without_repeating_or_hiding(ours: Stack) -> None:
    """ListDurableExecutionsByFunction, Marker and MaxItems: executions that start between two pages change nothing."""
    prefix = a_name()
    for index in range(5):
        ours.start("quick", f"{prefix}-{index}")
    first = ours.api.list_durable_executions_by_function(FunctionName="quick", MaxItems=3)
    ours.start("quick", a_name())
    second = ours.api.list_durable_executions_by_function(FunctionName="quick", MaxItems=3, Marker=first["NextMarker"])
    listed = [
        execution["DurableExecutionName"]
        for page in (first, second)
        for execution in page["DurableExecutions"]
        if execution["DurableExecutionName"].startswith(prefix)
    ]
    assert listed == [f"{prefix}-{index}" for index in (4, 3, 2, 1, 0)]


def test_lists_are_filtered_by_name_and_by_start(ours: Stack) -> None:
    """ListDurableExecutionsByFunction, DurableExecutionName, StartedAfter, StartedBefore; name, ARN and alias."""
    name = a_name()
    before = datetime.now(UTC)
    ours.start("quick", name)

    def listed(function: str = "quick", **filters: Any) -> list[str]:
        page = ours.api.list_durable_executions_by_function(FunctionName=function, **filters)
        return [execution["DurableExecutionName"] for execution in page["DurableExecutions"]]

    assert listed(DurableExecutionName=name) == [name]
    assert listed(f"arn:aws:lambda:{REGION}:123456789012:function:quick", DurableExecutionName=name) == [name]
    assert listed(DurableExecutionName=name, Qualifier="live") == [name]
    assert listed(DurableExecutionName=name, Qualifier="$LATEST") == []
    hour = timedelta(hours=1)
    assert name in listed(StartedAfter=before - hour, StartedBefore=before + hour)
    assert listed(StartedAfter=before + hour) == []
    assert name not in listed(StartedBefore=before - hour)


def test_an_unknown_function_has_no_list(ours: Stack) -> None:
    """ListDurableExecutionsByFunction, errors: ResourceNotFoundException."""
    with pytest.raises(ours.api.exceptions.ResourceNotFoundException):
        ours.api.list_durable_executions_by_function(FunctionName="nobody")


def test_stop_repeats_and_keeps_its_time(ours: Stack) -> None:
    """StopDurableExecution, StopTimestamp: a second stop changes nothing."""
    arn = ours.start("approval", a_name())
    first = ours.api.stop_durable_execution(DurableExecutionArn=arn, Error={"ErrorMessage": "first"})
    second = ours.api.stop_durable_execution(DurableExecutionArn=arn, Error={"ErrorMessage": "second"})
    assert first["StopTimestamp"] == second["StopTimestamp"]
    assert ours.ended(arn)["Error"]["ErrorMessage"] == "first"


def test_an_events_number_stays(ours: Stack) -> None:
    """Shape EventId: what was shown as event n is event n for ever, and later events have larger numbers."""
    arn = ours.start("approval", a_name())
    callback_id = ours.callback_id(arn)
    shown: dict[int, tuple[str, str]] = {}

    def look() -> None:
        now = {event["EventId"]: (event["EventType"], event.get("Id", "")) for event in ours.events(arn)}
        assert list(now) == list(range(1, len(now) + 1))
        assert {number: now[number] for number in shown} == shown
        shown.update(now)

    look()
    ours.api.send_durable_execution_callback_success(CallbackId=callback_id, Result=b"yes")
    while ours.status(arn) == "RUNNING":
        look()
    look()
    backwards = [event["EventId"] for event in ours.events(arn, ReverseOrder=True, PaginationConfig={"PageSize": 3})]
    assert backwards == sorted(shown, reverse=True)


def test_web_pages_are_turned_away(ours: Stack) -> None:
    """The local API has no authentication, so it answers no page: no Origin, no foreign Host."""
    for headers in ({"Origin": "http://example.com"}, {"Host": "example.com:80"}):
        answer = urllib3.request("GET", f"{ours.url}/health", headers=headers)
        assert (answer.status, answer.headers["x-amzn-errortype"]) == (403, "AccessDeniedException")
    assert urllib3.request("GET", f"{ours.url}/health").status == 200
