"""Compensation: undo what was done, newest first, then close the order; hold it when an undo keeps failing."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Literal, NamedTuple

from aws_durable_execution_sdk_python import DurableContext, StepContext, StepError

from order_workflow import retries, steps
from order_workflow.checkpoints import OrderInput
from orders.domain.model import Status


class Undo(NamedTuple):
    """The step that reverses one effect, with the name of its operation."""

    name: Literal["void-payment", "refund-payment", "release-stock"]
    body: Callable[[StepContext], None]


def release_stock(order: OrderInput) -> Undo:
    """Reverse the reservation, whether it is complete or not."""
    return Undo("release-stock", steps.release_stock(order))


def void_payment(order: OrderInput) -> Undo:
    """Reverse the authorization, whether it is known to have succeeded or not."""
    return Undo("void-payment", steps.void_payment(order))


def refund_payment(order: OrderInput) -> Undo:
    """Reverse the capture."""
    return Undo("refund-payment", steps.refund_payment(order))


def compensate(
    context: DurableContext, order: OrderInput, undos: Sequence[Undo], close: Callable[[StepContext], str] | Status
) -> Status:
    """Undo in reverse order and close the order; hold it when an undo keeps failing. Return its status.

    `undos` has one entry for each effect that was attempted, in the order of the effects. `close` is the step that
    closes the row, or the status of a row that a person has closed already.
    """
    undone = [undo(context, each) for each in reversed(undos)]  # a failure must not keep the next undo from running
    if not all(undone):
        return hold(context, order, "Something could not be undone")
    if isinstance(close, Status):
        return close
    return Status(context.step(close, name="close-order", config=retries.COMPENSATION))


def undo(context: DurableContext, each: Undo) -> bool:
    """Undo one effect; return False when every attempt failed."""
    try:
        context.step(each.body, name=each.name, config=retries.COMPENSATION)
    except StepError:
        return False
    return True


def recover(context: DurableContext, order: OrderInput) -> Status:
    """Undo whatever a failed execution may have done, and close its order.

    The order is held already. An undo that keeps failing fails this execution and leaves the order as it is, so that an
    operator can start the next recovery. The keys are those of the failed execution: what it has undone is not undone
    twice.
    """
    for each in (void_payment(order), release_stock(order)):
        context.step(each.body, name=each.name, config=retries.COMPENSATION)
    return Status(context.step(steps.close_recovered(order), name="close-order", config=retries.COMPENSATION))


def hold(context: DurableContext, order: OrderInput, reason: str) -> Status:
    """Set the order to NEEDS_ATTENTION: nothing more happens to it until an operator starts a recovery."""
    return Status(context.step(steps.hold_order(order, reason), name="hold-order", config=retries.COMPENSATION))
