"""What AWS answers becomes one of three things: a conflict, a fault that may pass, or a bug that stays visible."""

from typing import Any

import pytest
from botocore.exceptions import (
    BotoCoreError,
    ClientError,
    ConnectionClosedError,
    ConnectTimeoutError,
    EndpointConnectionError,
    NoCredentialsError,
    ParamValidationError,
    ReadTimeoutError,
)

from orders.adapters.aws_errors import RefusedWriteError, fault_of, translated
from orders.adapters.clients import dynamodb_client
from orders.adapters.dynamodb import OrdersTable
from orders.domain.errors import TransientFaultError, WriteConflictError
from tests.adapters.stand import TABLE, Adapters

CALM = {"Code": "None"}


def refusal(code: str, status: int = 400, *reasons: str) -> ClientError:
    """An AWS error whose text contradicts its code, because only the code may be read."""
    answer: Any = {
        "Error": {"Code": code, "Message": "ThrottlingException ConditionalCheckFailed TransactionConflict"},
        "ResponseMetadata": {"HTTPStatusCode": status},
    }
    if reasons:
        answer["CancellationReasons"] = [{"Code": reason} for reason in reasons]
    return ClientError(answer, "Operation")


def cancelled(*reasons: str) -> ClientError:
    """A transaction that was cancelled, with the reason of each of its writes."""
    return refusal("TransactionCanceledException", 400, *reasons)


@pytest.mark.parametrize(
    ("error", "failed"),
    [
        (refusal("ConditionalCheckFailedException"), {0}),
        (refusal("TransactionConflictException"), {0}),
        (refusal("ConditionalRequestConflict", 409), {0}),
        (cancelled("None", "ConditionalCheckFailed", "None", "ConditionalCheckFailed"), {1, 3}),
        (cancelled("None", "TransactionConflict"), set()),
        (cancelled("ThrottlingError", "TransactionConflict"), set()),
    ],
)
def test_a_write_that_lost_is_a_conflict(error: ClientError, failed: set[int]) -> None:
    """The error names the conditions that failed; a conflict with another transaction names none."""
    fault = fault_of(error)
    assert isinstance(fault, RefusedWriteError)
    assert isinstance(fault, WriteConflictError)
    assert fault.failed == failed


@pytest.mark.parametrize(
    "error",
    [
        refusal("ThrottlingException"),
        refusal("ProvisionedThroughputExceededException"),
        refusal("RequestLimitExceeded"),
        refusal("TransactionInProgressException"),
        refusal("SlowDown", 503),
        refusal("InternalServerError", 500),
        refusal("SomethingNew", 502),
        refusal("SomethingNew", 429),
        cancelled("None", "ThrottlingError"),
        cancelled("ProvisionedThroughputExceeded"),
        ConnectTimeoutError(endpoint_url="https://dynamodb"),
        ReadTimeoutError(endpoint_url="https://dynamodb"),
        EndpointConnectionError(endpoint_url="https://dynamodb"),
        ConnectionClosedError(endpoint_url="https://dynamodb"),
    ],
)
def test_what_may_pass_is_a_transient_fault(error: ClientError | BotoCoreError) -> None:
    """The same call may succeed later; no other write was involved."""
    fault = fault_of(error)
    assert isinstance(fault, TransientFaultError)
    assert not isinstance(fault, WriteConflictError)


@pytest.mark.parametrize(
    "error",
    [
        refusal("ValidationException"),
        refusal("ResourceNotFoundException"),
        refusal("AccessDeniedException", 403),
        cancelled("None", "ValidationError"),
        NoCredentialsError(),
        ParamValidationError(report="x"),
    ],
)
def test_a_bug_stays_what_it_is(error: ClientError | BotoCoreError) -> None:
    """A retry would not help, so the error is not transient."""
    assert fault_of(error) is None
    with pytest.raises(type(error)), translated():
        raise error


def test_a_fault_keeps_its_cause() -> None:
    """Whoever reads the log sees what AWS said."""
    error = refusal("ThrottlingException")
    with pytest.raises(TransientFaultError) as fault, translated():
        raise error
    assert fault.value.__cause__ is error


def test_a_missing_table_is_a_mistake_of_the_deployment(aws: Adapters) -> None:
    """Not a conflict, and not worth another try."""
    with pytest.raises(ClientError):
        OrdersTable("no-such-table").get(("pk", "sk"))


def test_a_busy_table_gives_a_page_after_a_few_tries(aws: Adapters, monkeypatch: pytest.MonkeyPatch) -> None:
    """Keys that a batch left unprocessed are asked for again, for a while."""
    client = dynamodb_client()
    for n in range(3):
        client.put_item(TableName=TABLE, Item={"pk": {"S": f"p{n}"}, "sk": {"S": "s"}})
    batch, asked = client.batch_get_item, []

    def one_at_a_time(RequestItems: Any) -> Any:  # noqa: N803 - the API's own name
        keys = RequestItems[TABLE]["Keys"]
        asked.append(len(keys))
        answer: Any = batch(RequestItems={TABLE: {"Keys": keys[:1], "ConsistentRead": True}})
        left = {TABLE: {"Keys": keys[1:], "ConsistentRead": True}} if keys[1:] else {}
        return answer | {"UnprocessedKeys": left}

    monkeypatch.setattr(client, "batch_get_item", one_at_a_time)
    found = OrdersTable(TABLE).get_many([(f"p{n}", "s") for n in range(3)])
    assert sorted(item["pk"] for item in found) == ["p0", "p1", "p2"]
    assert asked == [3, 2, 1]
    with pytest.raises(TransientFaultError):
        OrdersTable(TABLE).get_many([(f"p{n}", "s") for n in range(9)])


def test_more_keys_than_a_batch_holds_are_read_in_several(aws: Adapters) -> None:
    """Up to a hundred at a time; what is not there is left out."""
    client = dynamodb_client()
    for n in range(0, 240, 2):
        client.put_item(TableName=TABLE, Item={"pk": {"S": f"p{n}"}, "sk": {"S": "s"}})
    assert len(OrdersTable(TABLE).get_many([(f"p{n}", "s") for n in range(240)])) == 120
    assert OrdersTable(TABLE).get_many([]) == []
