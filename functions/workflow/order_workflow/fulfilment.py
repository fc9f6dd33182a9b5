"""Everything before and after the approval: screening, stock and payment, the charge, and undoing what was done."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import NamedTuple

from aws_durable_execution_sdk_python import (
    BatchResult,
    DurableContext,
    ParallelBranch,
    StepContext,
    StepError,
    WaitForConditionError,
)
from aws_durable_execution_sdk_python.config import Duration, MapConfig, NestingType, ParallelConfig
from aws_durable_execution_sdk_python.waits import WaitForConditionConfig

from order_workflow import retries, steps
from order_workflow.checkpoints import OrderInput, PickingPlan, Refusal
from order_workflow.picking import pick

FLAT = NestingType.FLAT


class Screening(NamedTuple):
    """What the three checks said."""

    refusal: str | None
    duplicate_of: str | None


def screen_order(context: DurableContext, order: OrderInput) -> Screening:
    """Ask credit, catalogue and duplicate at the same time. A no is a result, not an exception."""
    checks: list[ParallelBranch[str | None]] = [
        ParallelBranch(lambda c: c.step(steps.check_credit(order), "check-credit", retries.STORAGE)),
        ParallelBranch(lambda c: c.step(steps.check_catalogue(order), "check-catalogue", retries.STORAGE)),
        ParallelBranch(lambda c: c.step(steps.check_duplicate(order), "check-duplicate", retries.STORAGE)),
    ]
    answers = context.parallel(checks, name="screen-order", config=ParallelConfig(nesting_type=FLAT))
    answers.throw_if_error()
    credit, catalogue, duplicate_of = (item.result for item in answers.all)
    return Screening(credit or catalogue, duplicate_of)


def reserve_stock(context: DurableContext, order: OrderInput, branches: int) -> str | None:
    """Reserve everything, in at most ten branches; return why that is not possible, or None."""

    def reserve(child: DurableContext, branch: int, _index: int, _branches: Sequence[int]) -> list[str] | Refusal:
        return child.step(steps.reserve_stock(order, branch), name="reserve-chunks", config=retries.STORAGE)

    reserved: BatchResult[list[str] | Refusal] = context.map(
        range(branches), reserve, name="reserve-stock", config=MapConfig(nesting_type=FLAT)
    )
    reserved.throw_if_error()
    return shortage([item.result or [] for item in reserved.all])


def shortage(branches: Sequence[list[str] | Refusal]) -> str | None:
    """Return why not every branch has what it needs: the requester's quota is used up, or goods are."""
    lacking: list[str] = []
    for result in branches:
        if isinstance(result, dict):
            return result["refusal"]
        lacking += result
    return f"Out of stock: {', '.join(lacking[:5])}" if lacking else None


def authorize_payment(context: DurableContext, order: OrderInput) -> str | None:
    """Set the money aside; return why not. A gateway that stays silent is a no as well, and the void makes it sure."""
    try:
        authorised = context.step(steps.authorize_payment(order), name="authorize-payment", config=retries.GATEWAY)
    except StepError:
        return "The payment service could not be reached; nothing was charged"
    return None if authorised else "The payment was declined"


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
