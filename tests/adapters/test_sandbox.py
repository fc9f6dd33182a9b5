"""The sandbox's contract: stock is reserved and released exactly once, money moves at most once."""

from collections.abc import Callable
from dataclasses import replace
from functools import partial

import pytest

from orders.adapters.sandbox import LedgerEntry, SandboxBureau
from orders.adapters.sandbox.payments import Operation
from orders.domain.errors import GatewayUnavailableError, TransientFaultError, WriteConflictError
from orders.domain.model import OrderId, Sku
from orders.domain.payments import PaymentState
from tests.adapters.payments import payment
from tests.adapters.stand import Adapters, at_once, items
from tests.builders import NOON

ATLAS, DELTA, LAST, NONE_LEFT = Sku("ATLAS-ED"), Sku("DELTA-BI"), Sku("LAST-ONE"), Sku("SOLD-OUT")
FULL = 1_000_000
ORDER = OrderId("order-1")


def test_the_bureau_refuses_one_customer_in_words() -> None:
    """A person can act on the answer."""
    assert SandboxBureau().check("acme", 100) is None
    refusal = SandboxBureau().check("credit-refused", 100)
    assert refusal is not None
    assert "pay in advance" in refusal


# --- warehouse -------------------------------------------------------------------------------------------------------


def test_a_reservation_takes_stock_once(adapters: Adapters) -> None:
    """A second identical call is a success and takes nothing."""
    for _ in range(2):
        assert adapters.warehouse.reserve("order-1:0", {ATLAS: 3, LAST: 1}) == ()
    assert adapters.warehouse.available(ATLAS) == FULL - 3
    assert adapters.warehouse.available(LAST) == 0


def test_a_reservation_takes_all_or_nothing(adapters: Adapters) -> None:
    """It names everything that lacks, in the order of the SKUs."""
    wanted = {NONE_LEFT: 1, ATLAS: 1, LAST: 2, DELTA: FULL}
    assert adapters.warehouse.reserve("order-1:0", wanted) == (LAST, NONE_LEFT)
    assert adapters.warehouse.available(ATLAS) == FULL
    assert adapters.warehouse.available(DELTA) == FULL
    assert adapters.warehouse.available(LAST) == 1
    assert adapters.warehouse.reserve("order-1:0", {ATLAS: 1}) == ()


def test_what_is_gone_is_gone(adapters: Adapters) -> None:
    """The counter, once there, decides; the catalogue only begins it."""
    assert adapters.warehouse.reserve("order-1:0", {LAST: 1}) == ()
    assert adapters.warehouse.reserve("order-2:0", {LAST: 1}) == (LAST,)


def test_a_release_gives_back_exactly_what_was_taken(adapters: Adapters) -> None:
    """Once, however often it is called, whatever the caller believes."""
    adapters.warehouse.reserve("order-1:0", {ATLAS: 3, LAST: 1})
    for _ in range(3):
        adapters.warehouse.release("order-1:0", {ATLAS: 99})
    assert adapters.warehouse.available(ATLAS) == FULL
    assert adapters.warehouse.available(LAST) == 1


def test_a_released_reservation_can_never_reserve_again(adapters: Adapters) -> None:
    """A step that was slow, and runs after its own compensation, takes nothing."""
    adapters.warehouse.reserve("order-1:0", {ATLAS: 1})
    adapters.warehouse.release("order-1:0", {ATLAS: 1})
    assert adapters.warehouse.reserve("order-1:0", {ATLAS: 1}) == (ATLAS,)
    assert adapters.warehouse.available(ATLAS) == FULL


def test_a_release_closes_a_key_that_took_nothing(adapters: Adapters) -> None:
    """Neither a reservation that was never made nor one that lacked stock gives anything back."""
    assert adapters.warehouse.reserve("order-1:1", {NONE_LEFT: 1}) == (NONE_LEFT,)
    for key in ("order-1:0", "order-1:0", "order-1:1"):
        adapters.warehouse.release(key, {ATLAS: 1, NONE_LEFT: 1})
    assert adapters.warehouse.available(ATLAS) == FULL
    assert adapters.warehouse.available(NONE_LEFT) == 0
    assert adapters.warehouse.reserve("order-1:0", {ATLAS: 1, DELTA: 1}) == (ATLAS, DELTA)


def test_the_largest_transaction_holds_fifty_goods(adapters: Adapters) -> None:
    """Taken, and given back."""
    goods = {Sku(f"BULK-{n:04}"): n for n in range(1, 51)}
    assert adapters.warehouse.reserve("order-1:0", goods) == ()
    assert [FULL - adapters.warehouse.available(sku) for sku in goods] == list(range(1, 51))
    adapters.warehouse.release("order-1:0", goods)
    assert {adapters.warehouse.available(sku) for sku in goods} == {FULL}


def test_the_last_one_goes_to_one_order(adapters: Adapters) -> None:
    """Of many concurrent reservations, one succeeds; the others learn what lacks."""
    takers = [partial(adapters.warehouse.reserve, f"order-{n}:0", {LAST: 1}) for n in range(8)]
    answers = at_once(takers)
    assert sorted(answers, key=str) == [*([(LAST,)] * 7), ()]
    assert adapters.warehouse.available(LAST) == 0


def test_the_same_reservation_at_once_takes_once(adapters: Adapters) -> None:
    """Two runs of one step are one reservation."""
    answers = at_once([partial(adapters.warehouse.reserve, "order-1:0", {ATLAS: 2})] * 6)
    assert answers == [()] * 6
    assert adapters.warehouse.available(ATLAS) == FULL - 2


def test_the_same_release_at_once_gives_once(adapters: Adapters) -> None:
    """Neither a reserved nor an unknown key is given back twice."""
    adapters.warehouse.reserve("order-1:0", {ATLAS: 2})
    for key in ("order-1:0", "order-2:0"):
        answers = at_once([partial(adapters.warehouse.release, key, {ATLAS: 2})] * 6)
        assert answers == [None] * 6
    assert adapters.warehouse.available(ATLAS) == FULL


def test_reserving_and_releasing_at_once_leaves_nothing_taken(adapters: Adapters) -> None:
    """Whichever comes first, afterwards the stock is whole and the key is closed."""
    for n in range(10):
        key = f"order-{n}:0"
        calls: list[Callable[[], object]] = [
            partial(adapters.warehouse.reserve, key, {ATLAS: 2}),
            partial(adapters.warehouse.release, key, {ATLAS: 2}),
        ]
        at_once(calls)
        adapters.warehouse.release(key, {ATLAS: 2})
        assert adapters.warehouse.available(ATLAS) == FULL
        assert adapters.warehouse.reserve(key, {ATLAS: 2}) == (ATLAS,)


# --- payments --------------------------------------------------------------------------------------------------------


def happened(adapters: Adapters) -> list[tuple[str, str]]:
    """What the ledger has of the order: operations and answers, in their order."""
    return [(entry.operation.value, entry.state.value) for entry in adapters.ledger.entries(ORDER)]


def test_money_is_set_aside_and_taken_once(adapters: Adapters) -> None:
    """Each repeat answers what happened the first time, also later on."""
    for _ in range(2):
        assert adapters.gateway.authorize(payment(ORDER, "acme")) is PaymentState.AUTHORIZED
    for _ in range(2):
        assert adapters.gateway.capture(payment(ORDER, "acme")) is PaymentState.CAPTURED
    assert adapters.gateway.authorize(payment(ORDER, "acme")) is PaymentState.AUTHORIZED
    assert adapters.gateway.state(ORDER) is PaymentState.CAPTURED
    assert happened(adapters) == [("authorise", "authorised"), ("capture", "captured")]
    assert {entry.amount for entry in adapters.ledger.entries(ORDER)} == {500}


def test_an_unknown_payment_has_no_state(adapters: Adapters) -> None:
    """Asking leaves no trace."""
    assert adapters.gateway.state(ORDER) is PaymentState.NONE
    assert happened(adapters) == []


def test_a_declined_card_stays_declined(adapters: Adapters) -> None:
    """And can neither be captured nor refunded."""
    for _ in range(2):
        assert adapters.gateway.authorize(payment(ORDER, "card-declined")) is PaymentState.DECLINED
    assert adapters.gateway.capture(payment(ORDER, "card-declined")) is PaymentState.DECLINED
    assert adapters.gateway.refund(ORDER) is PaymentState.DECLINED
    assert happened(adapters) == [("authorise", "declined")]


def test_a_declined_capture_can_be_given_up(adapters: Adapters) -> None:
    """The money that was set aside is free again, and the capture stays declined."""
    adapters.gateway.authorize(payment(ORDER, "capture-declined"))
    for _ in range(2):
        assert adapters.gateway.capture(payment(ORDER, "capture-declined")) is PaymentState.DECLINED
    assert adapters.gateway.state(ORDER) is PaymentState.DECLINED
    assert adapters.gateway.void(ORDER) is PaymentState.VOIDED
    assert adapters.gateway.capture(payment(ORDER, "capture-declined")) is PaymentState.DECLINED
    assert not adapters.gateway.settled(payment(ORDER, "capture-declined"))


def test_nothing_is_captured_without_an_authorization(adapters: Adapters) -> None:
    """And the ledger stays empty."""
    assert adapters.gateway.capture(payment(ORDER, "acme")) is PaymentState.NONE
    assert happened(adapters) == []


def test_a_voided_payment_is_never_captured(adapters: Adapters) -> None:
    """The fence behind a compensation."""
    adapters.gateway.authorize(payment(ORDER, "acme"))
    for _ in range(2):
        assert adapters.gateway.void(ORDER) is PaymentState.VOIDED
    assert adapters.gateway.capture(payment(ORDER, "acme")) is PaymentState.VOIDED
    assert adapters.gateway.refund(ORDER) is PaymentState.VOIDED
    assert happened(adapters) == [("authorise", "authorised"), ("void", "voided")]


def test_a_payment_voided_before_it_was_authorized_stays_void(adapters: Adapters) -> None:
    """A slow authorization cannot take effect after it was undone."""
    assert adapters.gateway.void(ORDER) is PaymentState.VOIDED
    assert adapters.gateway.authorize(payment(ORDER, "acme")) is PaymentState.VOIDED
    assert adapters.gateway.capture(payment(ORDER, "acme")) is PaymentState.VOIDED
    assert happened(adapters) == [("void", "voided")]


def test_captured_money_is_refunded_not_voided(adapters: Adapters) -> None:
    """A void that comes too late says so; a refund happens once."""
    adapters.gateway.authorize(payment(ORDER, "acme"))
    adapters.gateway.capture(payment(ORDER, "acme"))
    assert adapters.gateway.void(ORDER) is PaymentState.CAPTURED
    for _ in range(2):
        assert adapters.gateway.refund(ORDER) is PaymentState.REFUNDED
    assert adapters.gateway.void(ORDER) is PaymentState.REFUNDED
    assert adapters.gateway.capture(payment(ORDER, "acme")) is PaymentState.CAPTURED
    assert not adapters.gateway.settled(payment(ORDER, "acme"))
    assert [operation for operation, _ in happened(adapters)] == ["authorise", "capture", "refund"]


def test_a_flaky_gateway_answers_each_operation_at_the_third_call(adapters: Adapters) -> None:
    """It is counted with the payment, so a restart does not begin anew, and nothing is done twice."""
    calls: list[Callable[[], PaymentState]] = [
        lambda: adapters.gateway.authorize(payment(ORDER, "gateway-flaky")),
        lambda: adapters.gateway.capture(payment(ORDER, "gateway-flaky")),
        lambda: adapters.gateway.refund(ORDER),
    ]
    for call in calls:
        for _ in range(2):
            with pytest.raises(GatewayUnavailableError):
                call()
        assert call() is call()
    assert [operation for operation, _ in happened(adapters)] == ["authorise", "capture", "refund"]


def test_slow_money_arrives_after_three_polls(adapters: Adapters) -> None:
    """Other payments settle at once, but never before their capture."""
    adapters.gateway.authorize(payment(ORDER, "settlement-slow"))
    adapters.gateway.capture(payment(ORDER, "settlement-slow"))
    polls = [adapters.gateway.settled(payment(ORDER, "settlement-slow")) for _ in range(5)]
    assert polls == [False, False, False, True, True]
    other = OrderId("order-2")
    adapters.gateway.authorize(payment(other, "acme"))
    assert not adapters.gateway.settled(payment(other, "acme"))
    adapters.gateway.capture(payment(other, "acme"))
    assert adapters.gateway.settled(payment(other, "acme"))


def test_a_ledger_takes_one_of_two_changes_to_a_payment(adapters: Adapters) -> None:
    """And never a second entry of an operation, even from a payment that has forgotten the first."""
    first = LedgerEntry(Operation.AUTHORIZE, PaymentState.AUTHORIZED, 500, NOON)
    empty = adapters.ledger.load(ORDER)
    adapters.ledger.save(ORDER, empty, first)
    for stale in (empty, replace(empty, revision=adapters.ledger.load(ORDER).revision)):
        with pytest.raises(WriteConflictError):
            adapters.ledger.save(ORDER, stale, first)
    assert adapters.ledger.entries(ORDER) == (first,)


def test_many_captures_at_once_take_the_money_once(adapters: Adapters) -> None:
    """One takes effect; the others return its result or a transient fault."""
    adapters.gateway.authorize(payment(ORDER, "acme"))
    answers = at_once([partial(adapters.gateway.capture, payment(ORDER, "acme"))] * 8)
    assert PaymentState.CAPTURED in answers
    assert all(answer is PaymentState.CAPTURED or isinstance(answer, TransientFaultError) for answer in answers)
    assert [operation for operation, _ in happened(adapters)] == ["authorise", "capture"]


def test_a_capture_and_a_void_at_once_have_one_winner(adapters: Adapters) -> None:
    """A payment is never both captured and voided."""
    for n in range(10):
        order = OrderId(f"order-{n}")
        adapters.gateway.authorize(payment(order, "acme"))
        at_once([partial(adapters.gateway.capture, payment(order, "acme")), partial(adapters.gateway.void, order)])
        last = adapters.ledger.entries(order)[-1].operation
        assert {entry.operation for entry in adapters.ledger.entries(order)} == {Operation.AUTHORIZE, last}
        assert adapters.gateway.state(order) is {"capture": PaymentState.CAPTURED}.get(last, PaymentState.VOIDED)


def test_stock_and_payments_do_not_expire(aws: Adapters) -> None:
    """What was counted stays counted."""
    aws.warehouse.reserve("order-1:0", {ATLAS: 1})
    aws.gateway.authorize(payment(ORDER, "acme"))
    assert len(items()) == 4
    assert items(lambda item: "expiresAt" in item) == []
