"""Each way an order can go, on the SDK's runner: its outcome, its effects, and its operations by name."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from aws_durable_execution_sdk_python.lambda_service import ErrorObject

from orders.domain.errors import GatewayUnavailableError
from orders.domain.model import LevelOutcome, OrderId, Sku, Status
from orders.domain.payments import PaymentState
from orders.domain.refusals import TransitionRefusedError
from tests.builders import rejection
from tests.workflow.conftest import Golden
from tests.workflow.harness import AUTOMATIC, ONE_LEVEL, World, a_world

Submission = tuple[tuple[tuple[str, int], ...], str]


@pytest.fixture
def world() -> Iterator[World]:
    """A world with waits that no test here outlives."""
    with a_world() as world:
        yield world


def effects(world: World, order_id: OrderId) -> tuple[PaymentState, int]:
    """Return what the gateway knows and how many ATLAS-ED are gone."""
    return world.ports.gateway.state(order_id), 1_000_000 - world.ports.warehouse.available(Sku("ATLAS-ED"))  # type: ignore[attr-defined]  # memory


def test_a_small_order_is_approved_automatically(world: World, golden: Golden) -> None:
    order_id = world.submit(AUTOMATIC)

    assert world.status(order_id) == "COMPLETED"
    assert world.events(order_id) == ["submitted", "charge-begun", "completed"]
    assert world.messages(order_id) == [f"{order_id}#outcome#0#0"]
    golden(world, order_id, "automatic")


def test_a_manager_approves(world: World, golden: Golden) -> None:
    order_id = world.submit()
    world.until_asked(order_id)

    world.approve(order_id)

    assert world.status(order_id) == "COMPLETED"
    assert effects(world, order_id) == (PaymentState.CAPTURED, 3)
    assert world.events(order_id) == ["submitted", "level-opened", "approved", "charge-begun", "completed"]
    assert world.messages(order_id) == [f"{order_id}#request-decision#1#1", f"{order_id}#outcome#0#0"]
    golden(world, order_id, "manager-approves")


def test_a_manager_rejects(world: World, golden: Golden) -> None:
    order_id = world.submit()
    world.until_asked(order_id)

    world.decide(order_id, rejection(reason="Too dear"))

    assert world.status(order_id) == "REJECTED"
    assert effects(world, order_id) == (PaymentState.VOIDED, 0)
    assert world.events(order_id)[-1] == "rejected"
    golden(world, order_id, "manager-rejects")


def test_the_requester_withdraws_while_people_think(world: World, golden: Golden) -> None:
    order_id = world.submit()
    world.until_asked(order_id)

    world.withdraw(order_id)

    assert world.status(order_id) == "WITHDRAWN"
    assert effects(world, order_id) == (PaymentState.VOIDED, 0)
    golden(world, order_id, "withdrawn")


def test_silence_expires_the_order(golden: Golden) -> None:
    with a_world(window=1) as world:
        order_id = world.submit()

        assert world.status(order_id) == "EXPIRED"
        assert effects(world, order_id) == (PaymentState.VOIDED, 0)
        assert world.events(order_id) == ["submitted", "level-opened", "expired"]
        golden(world, order_id, "expired")


def test_people_are_reminded_and_the_order_escalates(golden: Golden) -> None:
    with a_world(window=30, reminder=2, escalation=5) as world:
        order_id = world.submit()
        world.until(order_id, lambda row: row.levels[0].escalated_to is not None)
        world.until(order_id, lambda _: len(world.messages(order_id)) == 3)

        world.approve(order_id, by="director-1")

        assert world.status(order_id) == "COMPLETED"
        assert world.events(order_id)[1:5] == ["level-opened", "reminded", "escalated", "approved"]
        assert world.messages(order_id)[1:3] == [f"{order_id}#remind#1#1", f"{order_id}#escalate#1#1"]
        golden(world, order_id, "reminded-escalated")


@pytest.mark.parametrize(
    ("name", "submission", "reason"),
    [
        ("credit-refused", (ONE_LEVEL, "credit-refused"), "credit"),
        ("sold-out", ((("SOLD-OUT", 1), ("ATLAS-ED", 2)), "acme"), "Out of stock: SOLD-OUT"),
        ("card-declined", (ONE_LEVEL, "card-declined"), "declined"),
    ],
)
def test_what_cannot_be_had_is_refused_with_a_reason(
    world: World, golden: Golden, name: str, submission: Submission, reason: str
) -> None:
    order_id = world.submit(*submission)

    assert world.status(order_id) == "REFUSED"
    assert reason in (world.row(order_id).outcome_reason or "")
    assert effects(world, order_id)[1] == 0
    assert effects(world, order_id)[0] not in {PaymentState.AUTHORIZED, PaymentState.CAPTURED}
    golden(world, order_id, name)


def test_the_last_one_is_sold_once(world: World) -> None:
    first, second = world.submit((("LAST-ONE", 1),)), world.submit((("LAST-ONE", 1),))

    world.until(first, lambda row: row.status in {Status.COMPLETED, Status.REFUSED})
    assert sorted([world.status(first), world.status(second)]) == ["COMPLETED", "REFUSED"]


def test_a_declined_capture_fails_the_order_and_gives_everything_back(world: World, golden: Golden) -> None:
    order_id = world.submit(customer="capture-declined")
    world.until_asked(order_id)
    world.approve(order_id)

    assert world.status(order_id) == "FAILED"
    assert effects(world, order_id) == (PaymentState.VOIDED, 0)
    golden(world, order_id, "capture-declined")


def test_a_flaky_gateway_delays_but_does_not_fail(world: World) -> None:
    order_id = world.submit(AUTOMATIC, customer="gateway-flaky")

    assert world.status(order_id) == "COMPLETED"
    attempts = {each.name: each.step_details.attempt for each in world.operations(order_id) if each.step_details}
    assert attempts["authorize-payment"] == 3


def test_a_slow_settlement_is_waited_for(world: World) -> None:
    order_id = world.submit(AUTOMATIC, customer="settlement-slow")

    assert world.status(order_id) == "COMPLETED"


def test_a_capture_nobody_can_account_for_needs_attention(world: World, golden: Golden) -> None:
    """The gateway goes silent from the capture on: neither the capture nor the question about it is answered."""

    def silent(*_: object) -> PaymentState:
        message = "no answer"
        raise GatewayUnavailableError(message)

    order_id = world.submit()
    world.until_asked(order_id)
    gateway = world.ports.gateway
    gateway.capture = gateway.state = silent  # type: ignore[method-assign, assignment]
    world.approve(order_id)

    assert world.status(order_id) == "NEEDS_ATTENTION"
    assert world.events(order_id)[-1] == "needs-attention"
    golden(world, order_id, "capture-unknown")


def test_a_capture_that_broke_off_is_found_by_its_key(world: World) -> None:
    """Every capture takes effect at the gateway and then breaks off, so nobody ever hears the answer."""
    order_id = world.submit(AUTOMATIC[:1])
    gateway = world.ports.gateway
    real = gateway.capture

    def broken_off(*arguments: object) -> PaymentState:
        real(*arguments)  # type: ignore[arg-type]
        message = "broke off"
        raise GatewayUnavailableError(message)

    gateway.capture = broken_off  # type: ignore[method-assign, assignment]

    assert world.status(order_id) == "COMPLETED"
    assert gateway.state(order_id) is PaymentState.CAPTURED


def test_a_signal_without_a_decision_approves_nothing(world: World) -> None:
    order_id = world.submit()
    row = world.until_asked(order_id)
    first = row.levels[0].callback_id
    assert first is not None

    world.runner.send_callback_success(first, b'{"verdict": "approve"}')

    row = world.until(order_id, lambda row: row.levels[0].callback_id != first)
    assert (row.status, row.levels[0].outcome) == (Status.PENDING_APPROVAL, LevelOutcome.OPEN)
    world.approve(order_id)
    assert world.status(order_id) == "COMPLETED"


@pytest.mark.parametrize("payload", [b"", b"not json {", b'{"decision": null}'])
def test_a_broken_signal_neither_approves_nor_fails(world: World, payload: bytes) -> None:
    order_id = world.submit()
    first = world.until_asked(order_id).levels[0].callback_id
    assert first is not None

    world.runner.send_callback_success(first, payload)

    world.until(order_id, lambda row: row.levels[0].callback_id != first)
    world.approve(order_id)
    assert world.status(order_id) == "COMPLETED"


def test_a_failure_signal_neither_rejects_nor_fails(world: World) -> None:
    order_id = world.submit()
    first = world.until_asked(order_id).levels[0].callback_id
    assert first is not None

    world.runner.send_callback_failure(first, ErrorObject("forged", "Forged", None, None))

    world.until(order_id, lambda row: row.levels[0].callback_id != first)
    world.decide(order_id, rejection())
    assert world.status(order_id) == "REJECTED"


def test_after_five_stray_signals_the_level_stops_listening_until_something_is_due(golden: Golden) -> None:
    """A wait cannot be woken: the decision is in the row at once, and the workflow finds it when the wait is over."""
    with a_world(skip_time=False, window=20, reminder=4, escalation=15) as world:
        order_id = world.submit()
        world.until_asked(order_id)
        world.stray(order_id, 5, lambda row: row.levels[0].callback_id)
        world.until(order_id, lambda _: world.waits_out_strays(order_id))

        world.approve(order_id)

        assert world.waits_out_strays(order_id)
        assert world.status(order_id) == "COMPLETED"
        assert len(set(world.wire.seen)) == 1  # the decision signals the last callback, which is closed
        golden(world, order_id, "five-strays")


def test_four_stray_signals_leave_the_level_listening(world: World) -> None:
    order_id = world.submit()
    world.until_asked(order_id)
    world.stray(order_id, 4, lambda row: row.levels[0].callback_id)
    world.until(order_id, lambda _: sum(each.name == "open-level" for each in world.operations(order_id)) == 5)

    world.approve(order_id)

    assert world.status(order_id) == "COMPLETED"
    assert not any(each.name == "wait-out-strays" for each in world.operations(order_id))


def test_a_lost_signal_is_honoured_at_the_next_look() -> None:
    with a_world(window=20, reminder=1) as world:
        order_id = world.submit()
        world.until_asked(order_id)
        world.wire.cut = True

        world.approve(order_id)

        assert world.status(order_id) == "COMPLETED"


def test_a_decision_between_reading_the_row_and_publishing_the_callback_is_found_at_once(world: World) -> None:
    """The manager decides in the very moment before a look publishes its callback id: nobody may wait for it."""
    order_id = world.submit()
    first = world.until_asked(order_id).levels[0].callback_id
    assert first is not None
    commit = world.ports.orders.commit
    decided: list[bool] = []

    def decide_first(change: object) -> None:
        if not decided:
            decided.append(True)
            world.wire.cut = True
            world.approve(order_id)
        commit(change)  # type: ignore[arg-type]

    world.ports.orders.commit = decide_first  # type: ignore[method-assign]
    world.runner.send_callback_success(first)

    assert world.status(order_id) == "COMPLETED"
    assert decided


def test_a_notifier_that_raises_fails_no_order(world: World, golden: Golden) -> None:
    def broken(*_: object) -> None:
        message = "no topic"
        raise RuntimeError(message)

    publisher = world.ports.publisher
    publisher.publish = broken  # type: ignore[method-assign, assignment]
    order_id = world.submit()
    world.until(order_id, lambda row: row.levels[0].undelivered != ())
    world.until_asleep(order_id, invocations=2)

    world.approve(order_id)

    assert world.status(order_id) == "COMPLETED"
    assert "notification-failed" in world.events(order_id)
    golden(world, order_id, "notifier-raises")


def test_a_withdrawal_during_screening_undoes_what_was_reserved(world: World) -> None:
    bureau = world.ports.bureau
    check = bureau.check

    def withdrawn_meanwhile(customer: str, total: int) -> str | None:
        world.withdraw(world.starter.arns and next(iter(world.starter.arns)))  # type: ignore[arg-type]
        return check(customer, total)

    bureau.check = withdrawn_meanwhile  # type: ignore[method-assign]
    order_id = world.submit()

    assert world.status(order_id) == "WITHDRAWN"
    assert effects(world, order_id) == (PaymentState.VOIDED, 0)


def test_a_late_duplicate_start_ends_without_an_effect(world: World) -> None:
    order_id = world.submit(AUTOMATIC)
    assert world.status(order_id) == "COMPLETED"
    before = (world.row(order_id), world.messages(order_id))
    world.starter.arns.clear()  # the execution's retention is over: the service has forgotten its name
    world.starter.start(order_id, world.row(order_id).document)

    assert '"UNCHANGED"' in (world.result(order_id).result or "")
    assert (world.row(order_id), world.messages(order_id)) == before


def test_a_twin_is_pointed_out_to_approvers_and_refused_nothing(world: World) -> None:
    first = world.submit()
    world.until_asked(first)
    second = world.submit()

    assert world.until_asked(second).possible_duplicate_of == first
    assert world.row(first).possible_duplicate_of is None


def test_deciding_a_settled_order_names_what_won(world: World) -> None:
    order_id = world.submit()
    world.until_asked(order_id)
    world.decide(order_id, rejection())

    with pytest.raises(TransitionRefusedError) as refusal:
        world.approve(order_id, by="manager-2")

    assert refusal.value.code == "already-decided"
    assert refusal.value.order.levels[0].decisions[0].by == "manager-1"


def test_many_goods_are_reserved_in_at_most_ten_branches(world: World) -> None:
    lines = tuple((f"BULK-{number:04}", 20) for number in range(1, 701))
    order_id = world.submit(lines)
    world.until_asked(order_id)
    world.withdraw(order_id)

    assert world.status(order_id) == "WITHDRAWN"
    branches = [each for each in world.operations(order_id) if each.name == "reserve-chunks"]
    assert len(branches) == 10
    assert all(world.ports.warehouse.available(Sku(sku)) == 1_000_000 for sku, _ in lines)  # type: ignore[attr-defined]  # memory
