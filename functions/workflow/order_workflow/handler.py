"""The order workflow, from registration to outcome. This is the replay path: it runs again at every wake-up.

It contains only the order of operations. Whatever varies (time, ids, settings) or has an effect is in a step.
"""

from __future__ import annotations

from typing import Any

from aws_durable_execution_sdk_python import DurableContext, InvokeError, StepError, durable_execution

from order_workflow import retries, steps
from order_workflow.approval import approve_level
from order_workflow.charge import charge, cool_off
from order_workflow.checkpoints import OrderInput, OrderResult, Registered
from order_workflow.compensation import compensate, recover, release_stock, void_payment
from order_workflow.preparation import authorize_payment, reserve_stock, screen_order
from orders.domain.model import Status

STATUS_AFTER = {"rejected": Status.REJECTED, "expired": Status.EXPIRED, "withdrawn": Status.WITHDRAWN}


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


def finish(context: DurableContext, order: OrderInput, status: Status, *, awaited: bool) -> OrderResult:
    """Announce the outcome to the requester and to a waiting state machine, unless the order is held."""
    announce_outcome(context, order, status)
    if awaited and status is not Status.NEEDS_ATTENTION:
        report_to_state_machine(context, order)
    return {"orderId": order["orderId"], "status": status.value}


def process(context: DurableContext, order: OrderInput, registered: Registered) -> Status:
    """Screen, reserve, authorize, ask every level, charge; return the status the order ends in."""
    screening = screen_order(context, order)
    if screening.refusal:
        return compensate(context, order, [], steps.refuse_order(order, screening.refusal))
    shortage = reserve_stock(context, order, registered["branches"])
    if shortage:
        return compensate(context, order, [release_stock(order)], steps.refuse_order(order, shortage))
    refusal = authorize_payment(context, order)
    undos = [release_stock(order), void_payment(order)]
    if refusal:
        return compensate(context, order, undos, steps.refuse_order(order, refusal))
    for level in registered["levels"]:
        outcome = approve_level(context, order, level, screening.duplicate_of)
        if outcome != "approved":
            return compensate(context, order, undos, STATUS_AFTER[outcome])
    if registered["coolingOffSeconds"] and not cool_off(context, order, registered["coolingOffSeconds"]):
        return compensate(context, order, undos, Status.WITHDRAWN)
    return charge(context, order, registered["picking"], undos)


def announce_outcome(context: DurableContext, order: OrderInput, status: Status) -> None:
    """Have the notifier send the outcome. If that fails, the notifier sends it on this execution's status event."""
    payload = {"orderId": order["orderId"], "kind": "outcome", "level": 0, "k": 0}
    try:
        context.invoke(steps.notifier(), payload, name="announce-outcome")
    except InvokeError:
        context.logger.warning("the outcome could not be announced", extra={"status": status.value})


def report_to_state_machine(context: DurableContext, order: OrderInput) -> None:
    """End the task that waits for this order. If every attempt fails, the task ends by its own timeout."""
    body = steps.report_to_state_machine(order)
    try:
        context.step(body, name="report-to-state-machine", config=retries.COMPENSATION)
    except StepError:
        context.logger.warning("the outcome could not be reported to the state machine")
