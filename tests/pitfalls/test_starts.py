"""The edges of an execution: its name, the functions it invokes, and its point of no return."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from itertools import count
from typing import Any
from uuid import uuid4

import pytest
from aws_durable_execution_sdk_python import DurableContext, InvokeError

from tests.local.executions_harness import DURABLE, Environments, Stack, running
from tests.pitfalls.durable_function import Gateway, deployed

TRIES = 3
Record = Callable[[str, object], None]


@pytest.fixture(scope="module")
def charged() -> list[str]:
    """Every order that was charged."""
    return []


@pytest.fixture(scope="module")
def service(tmp_path_factory: pytest.TempPathFactory, charged: list[str]) -> Iterator[Stack]:
    """The local stack's Lambda API with one durable function, which charges what it is given."""

    def charge(order: Any, context: Any) -> None:
        context.step(lambda _: charged.append(order["orderId"]), name="capture-payment")

    environments = Environments()
    environments.durable("workflow", charge)
    with running(tmp_path_factory.mktemp("service"), environments, durable={"workflow": DURABLE}) as stack:
        yield stack


def submit(service: Stack, name_of: Callable[[str], str], order_id: str) -> None:
    """Submit one order three times, as a client without a response does, and wait for the executions."""
    arns = {service.start("workflow", name_of(order_id), {"orderId": order_id}) for _ in range(TRIES)}
    for arn in arns:
        service.ended(arn)


def test_a_random_name_for_each_attempt_charges_the_order_at_each_attempt(
    service: Stack, charged: list[str], record_testsuite_property: Record
) -> None:
    submit(service, lambda _: f"run-{uuid4().hex}", "o-named-by-chance")
    submit(service, lambda order_id: order_id, "o-named-by-its-id")

    by_chance, by_id = charged.count("o-named-by-chance"), charged.count("o-named-by-its-id")
    record_testsuite_property(
        f"charges of one order submitted {TRIES}x", f"random name {by_chance}, its id as the name {by_id}"
    )
    assert (by_chance, by_id) == (TRIES, 1)


def test_a_name_with_another_input_is_refused(service: Stack, charged: list[str]) -> None:
    """The input must have the same bytes at every attempt: no timestamp, no request id, no other order of keys."""
    tries = count(1)

    def start() -> str:
        return service.start("workflow", "o-submitted-at", {"orderId": "o-submitted-at", "submittedAt": next(tries)})

    service.ended(start())
    with pytest.raises(service.api.exceptions.DurableExecutionAlreadyStartedException):
        start()

    assert charged.count("o-submitted-at") == 1


# --- invoking another function --------------------------------------------------------------------------------------


def no_topic(_event: Any, _context: Any) -> None:
    """Raise, as a broken notifier does."""
    raise RuntimeError("no topic")


def test_a_message_that_cannot_be_sent_fails_a_completed_order() -> None:
    def handler(_event: Any, context: DurableContext) -> str:
        context.invoke("notifier", {"kind": "outcome"}, name="announce-outcome")
        return "COMPLETED"

    with deployed(handler) as function:
        function.runner.register_function("notifier", no_topic)

        assert function.fail() == "InvokeError: no topic"


def test_a_caught_message_failure_does_not_fail_the_order() -> None:
    def handler(_event: Any, context: DurableContext) -> str:
        try:
            context.invoke("notifier", {"kind": "outcome"}, name="announce-outcome")
        except InvokeError:
            context.logger.warning("the outcome could not be announced")
        return "COMPLETED"

    with deployed(handler) as function:
        function.runner.register_function("notifier", no_topic)

        assert function.run() == "COMPLETED"


# --- the point of no return -----------------------------------------------------------------------------------------


class Row:
    """An order's row. A write that depends on what is there is one call, as a conditional write is."""

    def __init__(self) -> None:
        self.status = "APPROVED"

    def move(self, target: str) -> bool:
        """Move on from APPROVED; return False when another write came first."""
        if self.status != "APPROVED":
            return False
        self.status = target
        return True


def read_then_charge(row: Row, gateway: Gateway) -> Callable[[Any, DurableContext], None]:
    """Return a handler that reads the row, and charges when it may."""

    def handler(order_id: Any, context: DurableContext) -> None:
        if context.step(lambda _: row.status != "WITHDRAWN", name="check-withdrawal"):
            context.step(lambda _: gateway.take(order_id), name="capture-payment")

    return handler


def begin_then_charge(row: Row, gateway: Gateway) -> Callable[[Any, DurableContext], None]:
    """Return a handler that claims the row for the charge, and charges when it got it."""

    def handler(order_id: Any, context: DurableContext) -> None:
        if context.step(lambda _: row.move("CHARGING"), name="begin-charge"):
            context.step(lambda _: gateway.take(order_id), name="capture-payment")

    return handler


@pytest.mark.parametrize(
    ("name", "form", "withdrawn"),
    [("read", read_then_charge, True), ("conditional write", begin_then_charge, False)],
)
def test_a_withdrawal_between_check_and_charge_is_accepted_and_charged_unless_the_check_is_a_write(
    name: str,
    form: Callable[[Row, Gateway], Callable[[Any, DurableContext], None]],
    withdrawn: bool,  # noqa: FBT001  # a parameter
    record_testsuite_property: Record,
) -> None:
    """The requester withdraws just before the capture: accepted after a read, refused after a write."""
    row, gateway = Row(), Gateway()
    accepted: list[bool] = []

    def withdraw(updates: set[str]) -> None:
        if updates & {"STEP check-withdrawal SUCCEED", "STEP begin-charge SUCCEED"}:
            accepted.append(row.move("WITHDRAWN"))

    with deployed(form(row, gateway)) as function:
        function.tap(withdraw)
        function.run("order-1")

    record_testsuite_property(f"withdrawn behind a {name}", f"accepted {accepted == [True]}, charged {gateway.total}")
    assert (accepted, gateway.total) == ([withdrawn], 100)
