"""Tasks of state machines: each ends once, and one that is over is no error; in memory, and as botocore checks it."""

import json
import logging
from collections.abc import Iterator

import pytest
from botocore.exceptions import ClientError
from botocore.stub import Stubber

from orders.adapters import clients
from orders.adapters.clients import step_functions_client
from orders.adapters.memory import MemoryTasks
from orders.adapters.memory.tasks import Report
from orders.adapters.step_functions import StepFunctionsTasks
from orders.domain.errors import TransientFaultError

TOKEN = "AQCkAAAAKgAAAAMAAAAA+/="
OUTPUT = {"orderId": "order-1", "status": "COMPLETED"}


@pytest.fixture
def states_api(monkeypatch: pytest.MonkeyPatch) -> Iterator[Stubber]:
    """Answers in place of Step Functions; every answer that was prepared must have been asked for."""
    monkeypatch.setenv("AWS_DEFAULT_REGION", "us-east-1")
    with Stubber(step_functions_client()) as stubber:  # type: ignore[arg-type]  # our view of the client has two calls
        yield stubber
        stubber.assert_no_pending_responses()


def test_a_completed_order_is_the_tasks_output(states_api: Stubber) -> None:
    """As JSON, which is all that Step Functions takes."""
    sent = {"taskToken": TOKEN, "output": json.dumps(OUTPUT, separators=(",", ":"))}
    states_api.add_response("send_task_success", {}, sent)
    assert StepFunctionsTasks().succeed(TOKEN, OUTPUT) is True


def test_any_other_end_is_a_named_error(states_api: Stubber) -> None:
    """Cut to what Step Functions takes."""
    sent = {"taskToken": TOKEN, "error": "REJECTED", "cause": "Too dear" * 4_096}
    states_api.add_response("send_task_failure", {}, sent)
    assert StepFunctionsTasks().fail(TOKEN, "REJECTED", "Too dear" * 5_000) is True


@pytest.mark.parametrize("code", ["TaskTimedOut", "InvalidToken", "TaskDoesNotExist"])
def test_a_task_that_is_over_is_counted_and_is_no_error(
    states_api: Stubber, capsys: pytest.CaptureFixture[str], code: str
) -> None:
    """Reports come at least once, and also late; the count does not show the token."""
    states_api.add_client_error("send_task_success", code)
    assert StepFunctionsTasks().succeed(TOKEN, OUTPUT) is False
    counted = capsys.readouterr().out
    assert (json.loads(counted)["TaskOver"], json.loads(counted)["reason"]) == ([1.0], code)
    assert TOKEN not in counted


@pytest.mark.parametrize(("code", "status"), [("ThrottlingException", 400), ("InternalFailure", 500)])
def test_a_busy_service_may_be_asked_again(states_api: Stubber, code: str, status: int) -> None:
    """By the step's retry policy, or by the queue."""
    states_api.add_client_error("send_task_failure", code, http_status_code=status)
    with pytest.raises(TransientFaultError):
        StepFunctionsTasks().fail(TOKEN, "REJECTED", "Too dear")


def test_a_missing_permission_is_a_mistake_of_the_deployment(states_api: Stubber) -> None:
    """Trying again would not help."""
    states_api.add_client_error("send_task_success", "AccessDeniedException", http_status_code=400)
    with pytest.raises(ClientError):
        StepFunctionsTasks().succeed(TOKEN, OUTPUT)


def test_the_client_is_made_at_the_first_report(monkeypatch: pytest.MonkeyPatch) -> None:
    """An order that no task awaits does not pay for the client in its cold start."""
    made: list[str] = []
    monkeypatch.setattr(clients, "_client", made.append)
    tasks = StepFunctionsTasks()
    assert made == []
    with pytest.raises(AttributeError):
        tasks.succeed(TOKEN, OUTPUT)
    assert made == ["stepfunctions"]


def test_a_report_leaves_nothing_in_the_log(states_api: Stubber, caplog: pytest.LogCaptureFixture) -> None:
    """At the level that is deployed: a token is a capability."""
    caplog.set_level(logging.INFO)
    states_api.add_response("send_task_success", {})
    StepFunctionsTasks().succeed(TOKEN, OUTPUT)
    assert caplog.records == []


def test_a_memory_task_ends_once() -> None:
    """The first report stays; a closed one hears nothing."""
    tasks = MemoryTasks()
    tasks.close("late")
    assert [tasks.succeed("one", OUTPUT), tasks.fail("one", "FAILED", "x"), tasks.fail("late", "FAILED", "x")] == [
        True,
        False,
        False,
    ]
    assert tasks.fail("two", "REJECTED", "Too dear")
    assert tasks.reports == {"one": Report(output=OUTPUT), "two": Report(error="REJECTED", cause="Too dear")}
