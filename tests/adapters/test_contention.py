"""Conflicts and throttling of DynamoDB: no write is lost, and every caller gets an answer."""

from collections.abc import Callable
from typing import Any

import pytest
from botocore.exceptions import ClientError, ReadTimeoutError

from orders.adapters.clients import dynamodb_client
from orders.domain.errors import TransientFaultError, WriteConflictError
from orders.domain.model import DocumentRef, OrderId, Sku
from orders.domain.payments import PaymentState
from orders.domain.rules import Change
from orders.domain.submission import register
from tests.adapters.payments import payment
from tests.adapters.stand import Adapters
from tests.builders import a_document

ATLAS = Sku("ATLAS-ED")
FULL = 1_000_000
ORDER = OrderId("order-1")


def in_the_way() -> ClientError:
    """A transaction that met another one on the same items."""
    answer: Any = {
        "Error": {"Code": "TransactionCanceledException", "Message": ""},
        "CancellationReasons": [{"Code": "None"}, {"Code": "TransactionConflict"}],
    }
    return ClientError(answer, "TransactWriteItems")


Troubled = Callable[[int], list[int]]


@pytest.fixture
def contended(aws: Adapters, monkeypatch: pytest.MonkeyPatch) -> Troubled:
    """Let so many transactions fail before one goes through; the list counts every try."""
    transact = dynamodb_client().transact_write_items

    def trouble(failures: int) -> list[int]:
        tries: list[int] = []

        def once(**parameters: Any) -> Any:
            tries.append(1)
            if len(tries) <= failures:
                raise in_the_way()
            return transact(**parameters)

        monkeypatch.setattr(dynamodb_client(), "transact_write_items", once)
        return tries

    return trouble


def registration() -> Change:
    """The creation of an order."""
    return register(a_document(order_id=ORDER), DocumentRef("orders/order-1/document.json", "0" * 64, 500), None)


def test_a_creation_that_meets_another_is_tried_again_by_its_caller(aws: Adapters, contended: Troubled) -> None:
    """While the other writer is not done there is no row to return."""
    contended(1)
    with pytest.raises(WriteConflictError):
        aws.orders.create(registration())
    assert aws.orders.create(registration()) == registration().after


def test_a_reservation_that_meets_another_is_not_a_lack_of_stock(aws: Adapters, contended: Troubled) -> None:
    """The step tries again; nothing was taken meanwhile."""
    contended(1)
    with pytest.raises(WriteConflictError):
        aws.warehouse.reserve("order-1:0", {ATLAS: 1})
    assert aws.warehouse.available(ATLAS) == FULL
    assert aws.warehouse.reserve("order-1:0", {ATLAS: 1}) == ()


def test_a_release_tries_three_times(aws: Adapters, contended: Troubled) -> None:
    """It reads again before each try, since the other may have been the same release."""
    aws.warehouse.reserve("order-1:0", {ATLAS: 1})
    contended(2)
    aws.warehouse.release("order-1:0", {ATLAS: 1})
    assert aws.warehouse.available(ATLAS) == FULL
    tries = contended(3)
    with pytest.raises(WriteConflictError):
        aws.warehouse.release("order-2:0", {ATLAS: 1})
    assert len(tries) == 3


Meanwhile = Callable[[Callable[[], object]], None]


@pytest.fixture
def meanwhile(aws: Adapters, monkeypatch: pytest.MonkeyPatch) -> Meanwhile:
    """Let something happen between the next read of an item and what its reader makes of it."""
    get = dynamodb_client().get_item

    def let(happen: Callable[[], object]) -> None:
        waiting = [happen]

        def read(**parameters: Any) -> Any:
            answer = get(**parameters)
            if waiting:
                waiting.pop()()
            return answer

        monkeypatch.setattr(dynamodb_client(), "get_item", read)

    return let


def test_two_releases_that_read_the_same_reservation_give_back_once(aws: Adapters, meanwhile: Meanwhile) -> None:
    """The second finds, when it writes, that the first was quicker."""
    aws.warehouse.reserve("order-1:0", {ATLAS: 2})
    meanwhile(lambda: aws.warehouse.release("order-1:0", {ATLAS: 2}))
    aws.warehouse.release("order-1:0", {ATLAS: 2})
    assert aws.warehouse.available(ATLAS) == FULL


def test_a_reservation_that_slips_in_before_its_release_is_given_back(aws: Adapters, meanwhile: Meanwhile) -> None:
    """The release found nothing, could not close the key, and looks again."""
    meanwhile(lambda: aws.warehouse.reserve("order-1:0", {ATLAS: 2}))
    aws.warehouse.release("order-1:0", {ATLAS: 2})
    assert aws.warehouse.available(ATLAS) == FULL
    assert aws.warehouse.reserve("order-1:0", {ATLAS: 2}) == (ATLAS,)


def test_a_payment_that_meets_another_call_is_asked_again(aws: Adapters, contended: Troubled) -> None:
    """The call that lost the race charged nothing."""
    contended(1)
    with pytest.raises(TransientFaultError):
        aws.gateway.authorize(payment(ORDER, "acme"))
    assert aws.ledger.entries(ORDER) == ()
    assert aws.gateway.authorize(payment(ORDER, "acme")) is PaymentState.AUTHORIZED


def test_a_write_whose_answer_was_lost_is_found_by_the_next_try(aws: Adapters, monkeypatch: pytest.MonkeyPatch) -> None:
    """It was made; the caller, who cannot know, calls again and nothing happens twice."""
    transact, lost = dynamodb_client().transact_write_items, [1, 1, 1]

    def deaf(**parameters: Any) -> Any:
        answer = transact(**parameters)
        if lost:
            lost.pop()
            raise ReadTimeoutError(endpoint_url="https://dynamodb")
        return answer

    monkeypatch.setattr(dynamodb_client(), "transact_write_items", deaf)
    for call in (
        lambda: aws.orders.create(registration()),
        lambda: aws.warehouse.reserve("order-1:0", {ATLAS: 2}),
        lambda: aws.gateway.authorize(payment(ORDER, "acme")),
    ):
        with pytest.raises(TransientFaultError) as fault:
            call()
        assert not isinstance(fault.value, WriteConflictError)
    assert aws.orders.create(registration()) == registration().after
    assert aws.warehouse.reserve("order-1:0", {ATLAS: 2}) == ()
    assert aws.gateway.authorize(payment(ORDER, "acme")) is PaymentState.AUTHORIZED
    assert len(aws.orders.audit(ORDER)) == 1
    assert aws.warehouse.available(ATLAS) == FULL - 2
    assert len(aws.ledger.entries(ORDER)) == 1
