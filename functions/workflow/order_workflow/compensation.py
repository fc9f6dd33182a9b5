"""Compensation: undo what was done, newest first, and close the order; hold it when an undo fails."""

from __future__ import annotations

from collections.abc import Callable

from aws_durable_execution_sdk_python import DurableContext, StepContext, StepError

from order_workflow import retries, steps
from order_workflow.checkpoints import OrderInput


def refuse(context: DurableContext, order: OrderInput, reason: str, *, reserved: bool, authorised: bool) -> str:
    """Undo what was attempted, newest first, and close the order as refused."""
    voided = not authorised or undone(context, steps.void_payment(order), "void-payment")
    released = not reserved or undone(context, steps.release_stock(order), "release-stock")
    if not (voided and released):
        return hold(context, order, "Something could not be undone")
    return context.step(steps.refuse_order(order, reason), name="close-order", config=retries.COMPENSATION)


def undo(context: DurableContext, order: OrderInput, status: str, *, failure: str | None = None) -> str:
    """Give back money and goods of an order that was ready; with a `failure`, close it as failed afterwards."""
    voided = undone(context, steps.void_payment(order), "void-payment")
    released = undone(context, steps.release_stock(order), "release-stock")
    if not (voided and released):
        return hold(context, order, "Something could not be undone")
    if failure is None:
        return status
    return context.step(steps.fail_order(order, failure), name="close-order", config=retries.COMPENSATION)


def give_back(context: DurableContext, order: OrderInput, failure: str) -> str:
    """Pay back and restock an order that could not be picked, and close it as failed."""
    refunded = undone(context, steps.refund_payment(order), "refund-payment")
    released = undone(context, steps.release_stock(order), "release-stock")
    if not (refunded and released):
        return hold(context, order, "Something could not be undone")
    return context.step(steps.fail_order(order, failure), name="close-order", config=retries.COMPENSATION)


def undone(context: DurableContext, body: Callable[[StepContext], None], name: str) -> bool:
    """Undo one thing; False when that kept failing. Whatever else must be undone is undone all the same."""
    try:
        context.step(body, name=name, config=retries.COMPENSATION)
    except StepError:
        return False
    return True


def recover(context: DurableContext, order: OrderInput) -> str:
    """Undo everything that a lost execution may have done, whatever it did; an undo that fails leaves the order held.

    The keys are those of the lost execution: what it has undone already is not undone twice.
    """
    context.step(steps.void_payment(order), name="void-payment", config=retries.COMPENSATION)
    context.step(steps.release_stock(order), name="release-stock", config=retries.COMPENSATION)
    return context.step(steps.close_recovered(order), name="close-order", config=retries.COMPENSATION)


def hold(context: DurableContext, order: OrderInput, reason: str) -> str:
    """Fence the order until an operator has looked."""
    return context.step(steps.hold_order(order, reason), name="hold-order", config=retries.COMPENSATION)
