"""The order workflow, from registration to outcome. This is the replay path: it runs again at every wake-up.

Whatever varies (time, ids, settings) or has an effect lives in a step; here is only the order of operations.
"""

from __future__ import annotations

from typing import Any

from aws_durable_execution_sdk_python import DurableContext, InvokeError, StepError, durable_execution

from order_workflow import retries, steps
from order_workflow.approval import approve_level
from order_workflow.charge import charge, cool_off
from order_workflow.checkpoints import OrderInput, OrderResult, Registered
from order_workflow.compensation import recover, refuse, undo
from order_workflow.preparation import authorize_payment, reserve_stock, screen_order

STATUS_AFTER = {"rejected": "REJECTED", "expired": "EXPIRED", "withdrawn": "WITHDRAWN"}


@durable_execution
def handler(event: Any, context: DurableContext) -> OrderResult:
    """Take one order from its registration to its outcome."""
    order: OrderInput = event
    context.set_logger(steps.order_logger(order["orderId"]))
    if "recovery" in order:
        return finish(context, order, recover(context, order), awaited=order.get("awaited", False))
    execution_arn = context.execution_context.durable_execution_arn
    registered = context.step(steps.register_order(order, execution_arn), name="register-order", config=retries.STORAGE)
    if not registered["fresh"]:  # a late duplicate start of an order that is past its beginning
        return {"orderId": order["orderId"], "status": "UNCHANGED"}
    return finish(context, order, process(context, order, registered), awaited=registered.get("awaited", False))


def finish(context: DurableContext, order: OrderInput, status: str, *, awaited: bool) -> OrderResult:
    """Tell the requester how it ended, and the state machine that waits for it; one that is held has not ended."""
    announce_outcome(context, order, status)
    if awaited and status != "NEEDS_ATTENTION":
        report_to_state_machine(context, order)
    return {"orderId": order["orderId"], "status": status}


def process(context: DurableContext, order: OrderInput, registered: Registered) -> str:
    """Screen, reserve, authorise, ask every level, charge; return the status the order ends in."""
    screening = screen_order(context, order)
    if screening.refusal:
        return refuse(context, order, screening.refusal, reserved=False, authorised=False)
    shortage = reserve_stock(context, order, registered["branches"])
    if shortage:
        return refuse(context, order, shortage, reserved=True, authorised=False)
    refusal = authorize_payment(context, order)
    if refusal:
        return refuse(context, order, refusal, reserved=True, authorised=True)
    for level in registered["levels"]:
        outcome = approve_level(context, order, level, screening.duplicate_of)
        if outcome != "approved":
            return undo(context, order, STATUS_AFTER[outcome])
    if registered["coolingOffSeconds"] and not cool_off(context, order, registered["coolingOffSeconds"]):
        return undo(context, order, "WITHDRAWN")
    return charge(context, order, registered["picking"])


def announce_outcome(context: DurableContext, order: OrderInput, status: str) -> None:
    """Tell the requester. If that fails, the status event of this execution has the notifier send what is missing."""
    payload = {"orderId": order["orderId"], "kind": "outcome", "level": 0, "k": 0}
    try:
        context.invoke(steps.notifier(), payload, name="announce-outcome")
    except InvokeError:
        context.logger.warning("the outcome could not be announced", extra={"status": status})


def report_to_state_machine(context: DurableContext, order: OrderInput) -> None:
    """End the task that waits for this order. If that keeps failing, the task's own timeout tells its state machine."""
    try:
        context.step(steps.report_to_state_machine(order), name="report-to-state-machine", config=retries.REPORT)
    except StepError:
        context.logger.warning("the state machine could not be told")
