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
    """The results of the three checks."""

    refusal: str | None
    duplicate_of: str | None


def screen_order(context: DurableContext, order: OrderInput) -> Screening:
    """Check credit, catalogue and duplicates in parallel. A business refusal is returned, not raised."""
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
    """Reserve everything, in at most ten branches; return the reason if that is impossible, else None."""

    def reserve(child: DurableContext, branch: int, _index: int, _branches: Sequence[int]) -> list[str] | Refusal:
        return child.step(steps.reserve_stock(order, branch), name="reserve-chunks", config=retries.STORAGE)

    reserved: BatchResult[list[str] | Refusal] = context.map(
        range(branches), reserve, name="reserve-stock", config=MapConfig(nesting_type=FLAT)
    )
    reserved.throw_if_error()
    return shortage([item.result or [] for item in reserved.all])


def shortage(branches: Sequence[list[str] | Refusal]) -> str | None:
    """Return why a branch could not reserve: the requester's quota is used up, or stock is lacking."""
    lacking: list[str] = []
    for result in branches:
        if isinstance(result, dict):
            return result["refusal"]
        lacking += result
    return f"Out of stock: {', '.join(lacking[:5])}" if lacking else None


def authorize_payment(context: DurableContext, order: OrderInput) -> str | None:
    """Authorize the payment; return the reason if it was not.

    Treat an unreachable gateway as a decline; the later void guarantees that nothing stays authorized.
    """
    try:
        authorized = context.step(steps.authorize_payment(order), name="authorize-payment", config=retries.GATEWAY)
    except StepError:
        return "The payment service could not be reached; nothing was charged"
    return None if authorized else "The payment was declined"
