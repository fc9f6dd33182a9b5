"""Everything before the approval: screen the order, reserve the stock and authorize the payment."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

from aws_durable_execution_sdk_python import BatchResult, DurableContext, ParallelBranch, StepError
from aws_durable_execution_sdk_python.config import MapConfig, NestingType, ParallelConfig

from order_workflow import retries, steps
from order_workflow.checkpoints import OrderInput, Refusal

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
