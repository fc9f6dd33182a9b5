"""The charge: cooling-off, the point of no return, capture, settlement, picking and completion."""

from __future__ import annotations

from aws_durable_execution_sdk_python import DurableContext, StepError, WaitForConditionError
from aws_durable_execution_sdk_python.config import Duration
from aws_durable_execution_sdk_python.waits import WaitForConditionConfig

from order_workflow import retries, steps
from order_workflow.checkpoints import OrderInput, PickingPlan
from order_workflow.compensation import give_back, hold, undo
from order_workflow.picking import pick


def cool_off(context: DurableContext, order: OrderInput, seconds: int) -> bool:
    """Let a very large order rest; False when it was withdrawn first.

    A wait cannot be woken: a withdrawal is in the row at once, and found when the wait is over.
    """
    resting = context.step(steps.begin_cooling_off(order), name="begin-cooling-off", config=retries.STORAGE)
    if resting:
        context.wait(Duration.from_seconds(seconds), name="cooling-off")
    return resting


def charge(context: DurableContext, order: OrderInput, picking: PickingPlan | None) -> str:
    """Take the money, have the goods picked and close the order; return the status it ends in."""
    if not context.step(steps.begin_charge(order), name="begin-charge", config=retries.STORAGE):
        return undo(context, order, "WITHDRAWN")
    match capture(context, order):
        case "captured":
            pass
        case "not-captured":
            return undo(context, order, "CHARGING", failure="The payment could not be taken; nothing was charged")
        case _:
            return hold(context, order, "Nobody can tell whether the payment was taken")
    if not settled(context, order):
        return hold(context, order, "The payment was taken but has not arrived")
    failure = pick(context, order, picking) if picking else None
    if failure:
        return give_back(context, order, failure)
    return context.step(steps.complete_order(order), name="complete-order", config=retries.STORAGE)


def capture(context: DurableContext, order: OrderInput) -> str:
    """Return captured, not-captured or unknown. When every try broke off, the gateway is asked by key."""
    try:
        return context.step(steps.capture_payment(order), name="capture-payment", config=retries.CAPTURE)
    except StepError:
        context.logger.warning("capture broke off; asking the gateway what became of it")
    try:
        return context.step(steps.find_capture(order), name="find-capture", config=retries.GATEWAY)
    except StepError:
        return "unknown"


def settled(context: DurableContext, order: OrderInput) -> bool:
    """Poll until the money has arrived; False when it has not after the last poll."""
    config = WaitForConditionConfig(wait_strategy=retries.SETTLEMENT, initial_state=False)
    try:
        return context.wait_for_condition(steps.has_settled(order), config, name="await-settlement")
    except WaitForConditionError:
        return False
