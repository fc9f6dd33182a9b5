"""The charge: cooling-off, point of no return, capture, settlement, picking and completion."""

from __future__ import annotations

from collections.abc import Sequence

from aws_durable_execution_sdk_python import DurableContext, StepError, WaitForConditionError
from aws_durable_execution_sdk_python.config import Duration
from aws_durable_execution_sdk_python.waits import WaitForConditionConfig

from order_workflow import retries, steps
from order_workflow.checkpoints import OrderInput, PickingPlan
from order_workflow.compensation import Undo, compensate, hold, refund_payment, release_stock
from order_workflow.picking import pick
from orders.domain.model import Status


def cool_off(context: DurableContext, order: OrderInput, seconds: int) -> bool:
    """Wait out the cooling-off period of a very large order; return False when it was withdrawn before.

    A signal cannot end a wait. The API writes a withdrawal to the row at once, and `begin-charge` finds it after the
    wait.
    """
    cooling = context.step(steps.begin_cooling_off(order), name="begin-cooling-off", config=retries.STORAGE)
    if cooling:
        context.wait(Duration.from_seconds(seconds), name="cooling-off")
    return cooling


def charge(context: DurableContext, order: OrderInput, picking: PickingPlan | None, undos: Sequence[Undo]) -> Status:
    """Capture the payment, have the goods picked and close the order; return the status it ends in."""
    if not context.step(steps.begin_charge(order), name="begin-charge", config=retries.STORAGE):
        return compensate(context, order, undos, Status.WITHDRAWN)
    match capture(context, order):
        case "captured":
            pass
        case "not-captured":
            failure = "The payment could not be taken; nothing was charged"
            return compensate(context, order, undos, steps.fail_order(order, failure))
        case _:
            return hold(context, order, "It is unknown whether the payment was taken")
    if not settled(context, order):
        return hold(context, order, "The payment was taken but has not arrived")
    unpicked = pick(context, order, picking) if picking else None
    if unpicked:
        repaid = [release_stock(order), refund_payment(order)]
        return compensate(context, order, repaid, steps.fail_order(order, unpicked))
    return Status(context.step(steps.complete_order(order), name="complete-order", config=retries.STORAGE))


def capture(context: DurableContext, order: OrderInput) -> str:
    """Return captured, not-captured or unknown. When every attempt was interrupted, ask the gateway by key."""
    try:
        return context.step(steps.capture_payment(order), name="capture-payment", config=retries.CAPTURE)
    except StepError:
        context.logger.warning("capture was interrupted; asking the gateway for its outcome")
    try:
        return context.step(steps.find_capture(order), name="find-capture", config=retries.GATEWAY)
    except StepError:
        return "unknown"


def settled(context: DurableContext, order: OrderInput) -> bool:
    """Poll until the payment has arrived; return False when it has not after the last poll."""
    config = WaitForConditionConfig(wait_strategy=retries.SETTLEMENT, initial_state=False)
    try:
        return context.wait_for_condition(steps.has_settled(order), config, name="await-settlement")
    except WaitForConditionError:
        return False
