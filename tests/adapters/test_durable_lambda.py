"""Durable executions over the Lambda API, as botocore checks its requests and answers; and their memory adapters."""

import hashlib
import json
from collections.abc import Iterator
from typing import Any

import pytest
from botocore.exceptions import ClientError, ConnectTimeoutError
from botocore.stub import Stubber

from orders.adapters.clients import lambda_client
from orders.adapters.durable_lambda import (
    ExecutionNameTakenError,
    LambdaHistory,
    LambdaSignaller,
    LambdaStarter,
    callback_ref,
    execution_input,
    without_callback_ids,
)
from orders.adapters.memory import MemoryHistory, MemorySignaller, MemoryStarter
from orders.domain.errors import InvalidReferenceDataError, NoHistoryError, TransientFaultError
from orders.domain.model import DocumentRef, OrderId
from tests.builders import NOON, at

WORKFLOW = "arn:aws:lambda:us-east-1:123456789012:function:countersign-OrderWorkflow:live"
EXECUTION = "arn:aws:lambda:us-east-1:123456789012:function:w:1/durable-execution/order-1/abc"
ORDER = OrderId("order-1")
REF = DocumentRef("orders/order-1/document.json", "a" * 64, 512)
CALLBACK = "QUJD/REVG+R0hJ=="
START = {
    "FunctionName": WORKFLOW,
    "InvocationType": "Event",
    "DurableExecutionName": "order-1",
    "Payload": execution_input(ORDER, REF),
}


@pytest.fixture
def lambda_api(monkeypatch: pytest.MonkeyPatch) -> Iterator[Stubber]:
    """Answers in place of Lambda; every answer that was prepared must have been asked for."""
    monkeypatch.setenv("AWS_DEFAULT_REGION", "us-east-1")
    with Stubber(lambda_client()) as stubber:
        yield stubber
        stubber.assert_no_pending_responses()


def refuse(stubber: Stubber, operation: str, code: str, status: int) -> None:
    """Let the next call fail as Lambda does."""
    stubber.add_client_error(operation, code, http_status_code=status)


# --- starting --------------------------------------------------------------------------------------------------------


def test_an_execution_is_started_under_the_orders_name(lambda_api: Stubber) -> None:
    """Asynchronously, on the alias that is configured; the answer names the execution."""
    lambda_api.add_response("invoke", {"StatusCode": 202, "DurableExecutionArn": EXECUTION}, START)
    assert LambdaStarter(WORKFLOW).start(ORDER, REF) == EXECUTION


def test_an_execution_starts_with_the_same_small_input_every_time() -> None:
    """Lambda compares bytes to recognize the same start."""
    document = {"bytes": 512, "key": "orders/order-1/document.json", "sha256": "a" * 64}
    expected = json.dumps({"document": document, "orderId": "order-1"}, separators=(",", ":"))
    assert execution_input(ORDER, REF) == expected.encode()
    longest = DocumentRef(f"orders/{'o' * 27}/document.json", "a" * 64, 9_999_999)
    assert len(execution_input(OrderId("o" * 27), longest)) < 1000


def test_a_name_that_has_another_input_is_an_error_of_its_own(lambda_api: Stubber) -> None:
    """Inputs of this system never cause it, so it is not retried."""
    refuse(lambda_api, "invoke", "DurableExecutionAlreadyStartedException", 409)
    with pytest.raises(ExecutionNameTakenError) as refused:
        LambdaStarter(WORKFLOW).start(ORDER, REF)
    assert not isinstance(refused.value, TransientFaultError)


@pytest.mark.parametrize(
    ("code", "status"), [("TooManyRequestsException", 429), ("ServiceException", 500), ("EC2ThrottledException", 502)]
)
def test_a_start_that_may_have_failed_can_be_tried_again(lambda_api: Stubber, code: str, status: int) -> None:
    """The same call finds the execution if it was started after all."""
    refuse(lambda_api, "invoke", code, status)
    with pytest.raises(TransientFaultError):
        LambdaStarter(WORKFLOW).start(ORDER, REF)


def test_a_forbidden_start_stays_visible(lambda_api: Stubber) -> None:
    """A mistake of the deployment is not worth another try."""
    refuse(lambda_api, "invoke", "AccessDeniedException", 403)
    with pytest.raises(ClientError):
        LambdaStarter(WORKFLOW).start(ORDER, REF)


def test_a_function_that_is_not_durable_is_a_mistake_of_the_deployment(lambda_api: Stubber) -> None:
    """It would run the handler once and forget the order."""
    lambda_api.add_response("invoke", {"StatusCode": 202}, START)
    with pytest.raises(InvalidReferenceDataError):
        LambdaStarter(WORKFLOW).start(ORDER, REF)


def test_a_recovery_is_an_execution_of_its_own(lambda_api: Stubber) -> None:
    """Named after the order and its number, so that two operators at once start one."""
    payload = execution_input(ORDER, REF, recovery=2)
    named = START | {"DurableExecutionName": "order-1-r2", "Payload": payload}
    lambda_api.add_response("invoke", {"StatusCode": 202, "DurableExecutionArn": EXECUTION}, named)
    assert LambdaStarter(WORKFLOW).start_recovery(ORDER, REF, 2) == EXECUTION
    assert json.loads(payload) == {**json.loads(execution_input(ORDER, REF)), "recovery": 2}


def test_a_recovery_is_told_that_a_state_machine_waits() -> None:
    """It registers nothing, so it could not find out; every other execution finds out by itself."""
    sent = json.loads(execution_input(ORDER, REF, recovery=1, awaited=True))
    assert sent == {**json.loads(execution_input(ORDER, REF)), "recovery": 1, "awaited": True}


def test_a_stop_says_why(lambda_api: Stubber) -> None:
    """The reason is in the execution's history."""
    error = {"ErrorType": "StoppedByOperator", "ErrorMessage": "wrong customer"}
    asked = {"DurableExecutionArn": EXECUTION, "Error": error}
    lambda_api.add_response("stop_durable_execution", {"StopTimestamp": NOON}, asked)
    LambdaStarter(WORKFLOW).stop(EXECUTION, "wrong customer")


def test_a_stop_that_may_have_failed_can_be_tried_again(lambda_api: Stubber) -> None:
    """A busy service is no refusal."""
    refuse(lambda_api, "stop_durable_execution", "TooManyRequestsException", 429)
    with pytest.raises(TransientFaultError):
        LambdaStarter(WORKFLOW).stop(EXECUTION, "wrong customer")


# --- waking ----------------------------------------------------------------------------------------------------------


def test_a_signal_carries_nothing(lambda_api: Stubber) -> None:
    """The callback is completed without a result; the workflow that it wakes reads the row."""
    lambda_api.add_response("send_durable_execution_callback_success", {}, {"CallbackId": CALLBACK})
    assert LambdaSignaller().wake(CALLBACK)


@pytest.mark.parametrize(
    ("code", "status"),
    [
        ("CallbackTimeoutException", 400),
        ("ResourceNotFoundException", 404),
        ("InvalidParameterValueException", 400),
        ("TooManyRequestsException", 429),
        ("AccessDeniedException", 403),
        ("ServiceException", 500),
    ],
)
def test_a_refused_signal_is_counted_and_swallowed(
    lambda_api: Stubber, capsys: pytest.CaptureFixture[str], code: str, status: int
) -> None:
    """The line is a metric, says why, and names the callback by a hash, which cannot complete it."""
    refuse(lambda_api, "send_durable_execution_callback_success", code, status)
    assert not LambdaSignaller().wake(CALLBACK)
    written = capsys.readouterr().out
    line = json.loads(written)
    assert (line["SignalRefused"], line["reason"]) == ([1.0], code)
    assert line["callback_ref"] == hashlib.sha256(CALLBACK.encode()).hexdigest()[:12]
    assert CALLBACK not in written


def test_a_beat_keeps_its_callback_alive(lambda_api: Stubber, capsys: pytest.CaptureFixture[str]) -> None:
    """One that is too late is counted, as a refused signal is."""
    operation = "send_durable_execution_callback_heartbeat"
    lambda_api.add_response(operation, {}, {"CallbackId": CALLBACK})
    assert LambdaSignaller().keep_alive(CALLBACK)
    refuse(lambda_api, operation, "CallbackTimeoutException", 400)
    assert not LambdaSignaller().keep_alive(CALLBACK)
    assert json.loads(capsys.readouterr().out)["reason"] == "CallbackTimeoutException"


def test_a_signal_that_cannot_be_sent_is_counted_and_swallowed(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Neither an unreachable service nor an id that botocore itself refuses ever reaches the person who decided."""
    monkeypatch.setenv("AWS_DEFAULT_REGION", "us-east-1")
    assert not LambdaSignaller().wake("")

    def unreachable(**_: str) -> None:
        raise ConnectTimeoutError(endpoint_url="https://lambda")

    monkeypatch.setattr(lambda_client(), "send_durable_execution_callback_success", unreachable)
    assert not LambdaSignaller().wake(CALLBACK)
    reasons = [json.loads(line)["reason"] for line in capsys.readouterr().out.splitlines()]
    assert reasons == ["ParamValidationError", "ConnectTimeoutError"]


def test_a_memory_signal_is_taken_once() -> None:
    """A callback that was completed, or has timed out, refuses."""
    signaller = MemorySignaller()
    signaller.close("late")
    assert [signaller.wake(callback) for callback in ("one", "one", "late", "two")] == [True, False, False, True]
    assert signaller.woken == ("one", "two")
    assert signaller.signals == ("one", "one", "late", "two")
    assert [signaller.keep_alive(callback) for callback in ("three", "late")] == [True, False]
    assert signaller.beats == ("three", "late")


def test_a_memory_start_is_one_execution_of_a_name() -> None:
    """The first input stays."""
    starter = MemoryStarter()
    other = DocumentRef("orders/order-1/document.json", "b" * 64, 1)
    assert starter.start(ORDER, REF) == starter.start(ORDER, other)
    assert starter.start_recovery(ORDER, REF, 1) == starter.start_recovery(ORDER, other, 1)
    assert starter.started == {ORDER: REF, OrderId("order-1-r1"): REF}
    starter.stop(EXECUTION, "wrong customer")
    assert starter.stopped == {EXECUTION: "wrong customer"}


# --- history ---------------------------------------------------------------------------------------------------------


def event(number: int, kind: str, **details: Any) -> dict[str, Any]:
    """One history event."""
    return {
        "EventId": number,
        "EventType": kind,
        "Id": "1",
        "EventTimestamp": NOON,
    } | details


@pytest.mark.parametrize("payloads", [True, False])
def test_a_history_is_read_to_its_end(lambda_api: Stubber, payloads: bool) -> None:  # noqa: FBT001 - a parameter
    """Page by page, with payloads only for people who may see them."""
    asked = {"DurableExecutionArn": EXECUTION, "IncludeExecutionData": payloads, "MaxItems": 1000}
    first = {"Events": [event(1, "ExecutionStarted")], "NextMarker": "more"}
    second = {"Events": [event(2, "StepStarted"), event(3, "StepSucceeded")]}
    lambda_api.add_response("get_durable_execution_history", first, asked)
    lambda_api.add_response("get_durable_execution_history", second, asked | {"Marker": "more"})
    events = LambdaHistory().events(EXECUTION, payloads=payloads)
    assert [found["EventId"] for found in events] == [1, 2, 3]


def test_no_callback_id_leaves_with_the_history(lambda_api: Stubber) -> None:
    """Neither the callback's own nor one that a payload repeats, also inside JSON inside JSON."""
    trace = {"Error": {"Payload": {"StackTrace": [CALLBACK]}}, "RetryDetails": {}}
    nested = json.dumps({"looks": [json.dumps({"callback": CALLBACK})], "twice": f"{CALLBACK} {CALLBACK}"})
    events = [
        event(1, "StepSucceeded", StepSucceededDetails={"Result": {"Payload": nested}, "RetryDetails": {}}),
        event(2, "CallbackStarted", CallbackStartedDetails={"CallbackId": CALLBACK, "Timeout": 60}),
        event(3, "StepFailed", StepFailedDetails=trace),
    ]
    lambda_api.add_response("get_durable_execution_history", {"Events": events})
    sent = LambdaHistory().events(EXECUTION, payloads=True)
    assert CALLBACK not in repr(sent)
    assert repr(sent).count(callback_ref(CALLBACK)) == 5
    assert sent[1]["CallbackStartedDetails"] == {"CallbackId": callback_ref(CALLBACK), "Timeout": 60}
    assert sent[0]["EventTimestamp"] == events[0]["EventTimestamp"]


def test_a_history_without_callbacks_is_left_as_it_is() -> None:
    """An empty id is no reason to replace nothing by something everywhere."""
    events = [event(1, "CallbackStarted", CallbackStartedDetails={"CallbackId": "", "Timeout": 60})]
    assert without_callback_ids(events) == events


def test_an_execution_is_described_without_its_data(lambda_api: Stubber) -> None:
    """Status and times, and nothing of what went in or came out."""
    times = {"StartTimestamp": NOON, "EndTimestamp": at(90)}
    answer = {
        "DurableExecutionArn": EXECUTION,
        "DurableExecutionName": "order-1",
        "FunctionArn": WORKFLOW,
        "InputPayload": "secret",
        "Status": "SUCCEEDED",
        **times,
    }
    asked = {"DurableExecutionArn": EXECUTION, "IncludeExecutionData": False}
    lambda_api.add_response("get_durable_execution", answer, asked)
    assert LambdaHistory().describe(EXECUTION) == {"Status": "SUCCEEDED", **times}


def test_a_history_out_of_reach_can_be_asked_again(lambda_api: Stubber) -> None:
    """A throttled read is no missing execution."""
    refuse(lambda_api, "get_durable_execution", "TooManyRequestsException", 429)
    refuse(lambda_api, "get_durable_execution_history", "ServiceException", 500)
    with pytest.raises(TransientFaultError):
        LambdaHistory().describe(EXECUTION)
    with pytest.raises(TransientFaultError):
        LambdaHistory().events(EXECUTION, payloads=False)


def test_an_execution_that_nobody_knows_has_no_history(lambda_api: Stubber) -> None:
    """It is no defect: Lambda lets a history go after its retention. Another refusal stays visible."""
    for code in ("ResourceNotFoundException", "AccessDeniedException"):
        refuse(lambda_api, "get_durable_execution", code, 404)
        refuse(lambda_api, "get_durable_execution_history", code, 404)
    with pytest.raises(NoHistoryError):
        LambdaHistory().describe(EXECUTION)
    with pytest.raises(NoHistoryError):
        LambdaHistory().events(EXECUTION, payloads=False)
    with pytest.raises(ClientError):
        LambdaHistory().describe(EXECUTION)
    with pytest.raises(ClientError):
        LambdaHistory().events(EXECUTION, payloads=False)
    with pytest.raises(NoHistoryError):
        MemoryHistory().describe(EXECUTION)


def test_a_told_history_is_repeated() -> None:
    """The memory adapter returns what the test has set."""
    history = MemoryHistory()
    history.tell(EXECUTION, {"Status": "RUNNING"}, [event(1, "ExecutionStarted")])
    assert history.describe(EXECUTION) == {"Status": "RUNNING"}
    assert history.events(EXECUTION, payloads=False) == [event(1, "ExecutionStarted")]
