"""The durable steps, one outside effect each. A step runs at least once; its docstring names the idempotency key.

The SDK's decorators bind a step's arguments. The caller passes the operation's name, because names are a contract with
waiting executions and the decorators would take them from the functions. What a step returns is a checkpoint.
"""

from __future__ import annotations

from collections.abc import Callable

from aws_durable_execution_sdk_python import StepContext, durable_step, durable_wait_for_callback
from aws_durable_execution_sdk_python.types import LoggerInterface, WaitForCallbackContext, WaitForConditionCheckContext
from aws_lambda_powertools import Logger

from order_workflow.checkpoints import (
    Document,
    JobResult,
    LevelPlan,
    LookResult,
    OrderInput,
    PickingPlan,
    Refusal,
    Registered,
)
from orders.domain.errors import TransientFaultError
from orders.domain.model import DocumentRef, Order, OrderId, PickingTerms
from orders.services.approval import Look
from orders.services.picking import JobLook
from orders.wiring import services


def order_logger(order_id: str) -> LoggerInterface:
    """Return the logger of one order; the context adds execution, operation and attempt, and mutes it on replay."""
    logger = Logger(service="order-workflow", location=None)  # a location would be the SDK's wrapper
    logger.append_keys(order_id=order_id)
    return logger


def notifier() -> str:
    """Return the notifier's alias, the target of chained invokes."""
    return services().settings.notifier_arn  # replay-safe: a setting, and replay does not compare an invoke's target


@durable_step
def register_order(step: StepContext, order: OrderInput, execution_arn: str) -> Registered:
    """Create the row or find it. Key: the order's id, by conditional create."""
    ref = _ref(order["document"])
    row = services().registration.register(OrderId(order["orderId"]), ref, execution_arn)
    step.logger.info("order registered", extra={"fresh": row is not None})
    if row is None:
        return {"fresh": False, "branches": 0, "levels": [], "coolingOffSeconds": 0, "picking": None}
    registered: Registered = {
        "fresh": True,
        "branches": services().stock.branches(ref),
        "levels": _plan(row),
        "coolingOffSeconds": row.cooling_off_seconds,
        "picking": _picking(row.picking),
    }
    return {**registered, "awaited": True} if row.awaited else registered


@durable_step
def check_credit(_: StepContext, order: OrderInput) -> str | None:
    """Ask the credit bureau; a read, safe to repeat."""
    return services().screening.credit_refusal(_ref(order["document"]))


@durable_step
def check_catalogue(_: StepContext, order: OrderInput) -> str | None:
    """Check that every line is still for sale; a read, safe to repeat."""
    return services().screening.catalogue_refusal(_ref(order["document"]))


@durable_step
def check_duplicate(_: StepContext, order: OrderInput) -> str | None:
    """Find a recent order with the same content. Key: the content's fingerprint, held by the first order."""
    return services().screening.possible_duplicate(_ref(order["document"]))


@durable_step
def reserve_stock(step: StepContext, order: OrderInput, branch: int) -> list[str] | Refusal:
    """Claim the requester's quota and reserve the stock of one branch's chunks; return the SKUs that lack stock.

    An order beyond the quota reserves nothing and returns why. Key: `orderId:chunk`, by conditional writes.
    """
    ref = _ref(order["document"])
    refusal = services().quotas.claim_branch(ref, branch)
    if refusal is not None:
        step.logger.info("quota used up", extra={"branch": branch})
        return {"refusal": refusal}
    lacking = services().stock.reserve_branch(ref, branch)
    step.logger.info("stock reserved" if not lacking else "stock lacking", extra={"branch": branch})
    return [*lacking]


@durable_step
def authorize_payment(step: StepContext, order: OrderInput) -> bool:
    """Authorize the payment; return False when it is declined. Key: the order's id, at the gateway."""
    authorized = services().payment.authorize(_ref(order["document"]))
    step.logger.info("payment authorized" if authorized else "payment declined")
    return authorized


@durable_step
def open_level(
    step: StepContext, order: OrderInput, level: LevelPlan, callback_id: str, duplicate_of: str | None
) -> LookResult:
    """Publish this look's callback id in the row. Key: the row's version; the same id twice is one write."""
    look = services().approval.open_level(
        OrderId(order["orderId"]),
        level["number"],
        callback_id,
        OrderId(duplicate_of) if duplicate_of else None,
    )
    step.logger.info("level open", extra={"approval_level": level["number"], "outcome": look.outcome})
    return _look(look)


@durable_step
def settle_level(step: StepContext, order: OrderInput, level: LevelPlan, undelivered: str | None) -> LookResult:
    """Write what is due and return the level's state. Key: the row's version; what is marked is not marked again."""
    look = services().approval.settle_level(OrderId(order["orderId"]), level["number"], undelivered)
    step.logger.info("looked at level", extra={"approval_level": level["number"], "outcome": look.outcome})
    return _look(look)


@durable_step
def begin_cooling_off(_: StepContext, order: OrderInput) -> bool:
    """Begin the cooling-off period; return False when the order was withdrawn before. Key: the row's version."""
    return services().closing.begin_cooling_off(OrderId(order["orderId"]))


@durable_step
def begin_charge(_: StepContext, order: OrderInput) -> bool:
    """Pass the point of no return; return False when the order was withdrawn before. Key: the row's version.

    The order's claims on its requester's quota end here. Key: `orderId:chunk`; a released claim is released once.
    """
    charging = services().closing.begin_charge(OrderId(order["orderId"]))
    if charging:
        services().quotas.release_all(_ref(order["document"]))
    return charging


@durable_step
def capture_payment(step: StepContext, order: OrderInput) -> str:
    """Capture the payment. Key: the order's id, at the gateway: a second call returns the first one's outcome."""
    outcome = services().payment.capture(_ref(order["document"]))
    step.logger.info("capture answered", extra={"outcome": outcome})
    return str(outcome)


@durable_step
def find_capture(_: StepContext, order: OrderInput) -> str:
    """Ask the gateway by key for the capture's outcome; a read, safe to repeat."""
    return str(services().payment.find_capture(OrderId(order["orderId"])))


def has_settled(order: OrderInput) -> Callable[[bool, WaitForConditionCheckContext], bool]:
    """Return a poll for the payment's arrival; a poll that fails has found nothing yet.

    The SDK has no decorator for condition checks, and it does not retry a poll that raises.
    """

    def poll(_settled: bool, check: WaitForConditionCheckContext) -> bool:  # noqa: FBT001  # by position, from the SDK
        try:
            return services().payment.has_settled(_ref(order["document"]))
        except TransientFaultError as fault:
            check.logger.warning("settlement poll unanswered", extra={"reason": fault.code})
            return False

    return poll


@durable_step
def open_job(_: StepContext, order: OrderInput, job: int, callback_id: str) -> JobResult:
    """Request the picking job, publishing the claim's callback id. Key: the job's number in the row."""
    return _job(services().picking.open_job(OrderId(order["orderId"]), job, callback_id))


@durable_wait_for_callback
def listen_to_station(callback_id: str, _: WaitForCallbackContext, order: OrderInput, job: int) -> None:
    """Publish the callback that the station's heartbeats keep open; raise unless a station has claimed the job.

    Key: the row's version; the same id is one write.
    """
    services().picking.listen(OrderId(order["orderId"]), job, callback_id)


@durable_step
def settle_picking(step: StepContext, order: OrderInput, job: int) -> JobResult:
    """Write what is due on the job and return its state. Key: the row's version."""
    look = services().picking.settle_job(OrderId(order["orderId"]), job)
    step.logger.info("looked at picking job", extra={"job": job, "outcome": look.outcome})
    return _job(look)


@durable_step
def complete_order(step: StepContext, order: OrderInput) -> str:
    """Write the receipt and close the row. Keys: the receipt's name, with the same bytes; the row's version."""
    row = services().closing.complete(OrderId(order["orderId"]))
    step.logger.info("order complete", extra={"total": row.total})
    return str(row.status)


@durable_step
def release_stock(_: StepContext, order: OrderInput) -> None:
    """Release every chunk and its claims on the quota. Key: `orderId:chunk`; a released chunk is released once."""
    ref = _ref(order["document"])
    services().stock.release_all(ref)
    services().quotas.release_all(ref)


@durable_step
def refund_payment(_: StepContext, order: OrderInput) -> None:
    """Refund what was captured. Key: the order's id, at the gateway."""
    services().payment.refund(OrderId(order["orderId"]))


@durable_step
def void_payment(_: StepContext, order: OrderInput) -> None:
    """Void the authorization. Key: the order's id, at the gateway."""
    services().payment.void(OrderId(order["orderId"]))


@durable_step
def refuse_order(_: StepContext, order: OrderInput, reason: str) -> str:
    """Close the row as REFUSED; return the status that it has. Key: the row's version."""
    return str(services().closing.refuse(OrderId(order["orderId"]), reason).status)


@durable_step
def fail_order(_: StepContext, order: OrderInput, reason: str) -> str:
    """Close the row as FAILED. Key: the row's version."""
    return str(services().closing.fail(OrderId(order["orderId"]), reason).status)


@durable_step
def close_recovered(_: StepContext, order: OrderInput) -> str:
    """Close the held row as FAILED after everything is undone. Key: the row's version."""
    return str(services().closing.recover(OrderId(order["orderId"])).status)


@durable_step
def hold_order(step: StepContext, order: OrderInput, reason: str) -> str:
    """Set the row to NEEDS_ATTENTION. Key: the row's version."""
    step.logger.error("order needs attention", extra={"reason": reason})
    return str(services().closing.hold(OrderId(order["orderId"]), reason).status)


@durable_step
def report_to_state_machine(step: StepContext, order: OrderInput) -> bool:
    """End the task that waits for the order; return False if it had ended. Key: the task's token, in the document."""
    reported = services().reporting.report_outcome(_ref(order["document"]))
    step.logger.info("outcome reported to state machine" if reported else "the state machine's task had ended")
    return reported


def _ref(document: Document) -> DocumentRef:
    return DocumentRef(document["key"], document["sha256"], document["bytes"])


def _plan(row: Order) -> list[LevelPlan]:
    return [
        {
            "number": level.number,
            "role": str(level.terms.role),
            "firstLookSeconds": min(
                level.terms.window_seconds, level.terms.reminder_seconds, level.terms.escalation_seconds
            ),
        }
        for level in row.levels
    ]


def _picking(terms: PickingTerms | None) -> PickingPlan | None:
    return None if terms is None else {"claimSeconds": terms.claim_seconds, "beatSeconds": terms.beat_seconds}


def _job(look: JobLook) -> JobResult:
    return {"outcome": look.outcome.value, "claimed": look.claimed, "wakeInSeconds": look.wake_in_seconds}


def _look(look: Look) -> LookResult:
    return {
        "outcome": look.outcome.value,
        "wakeInSeconds": look.wake_in_seconds,
        "reminders": look.reminders,
        "escalated": look.escalated,
    }
