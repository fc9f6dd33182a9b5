"""The durable steps, each one outside effect. A step runs at least once: each names the key that makes that safe.

A function here returns the step's body; the process gives it its name. What a body returns is a checkpoint.
"""

from __future__ import annotations

from collections.abc import Callable

from aws_durable_execution_sdk_python import StepContext
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
    """Return the logger of one order; the context adds execution, operation and attempt and is silent on replay."""
    logger = Logger(service="order-workflow", location=None)  # the wrapper's own line
    logger.append_keys(order_id=order_id)
    return logger


def notifier() -> str:
    """Return the notifier's alias, the target of chained invokes."""
    return services().settings.notifier_arn


def register_order(order: OrderInput, execution_arn: str) -> Callable[[StepContext], Registered]:
    """Create the row or find it. Key: the order's id, by conditional create."""

    def body(step: StepContext) -> Registered:
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

    return body


def check_credit(order: OrderInput) -> Callable[[StepContext], str | None]:
    """Ask the credit bureau; a pure question, safe to repeat."""
    return lambda _: services().screening.credit_refusal(_ref(order["document"]))


def check_catalogue(order: OrderInput) -> Callable[[StepContext], str | None]:
    """Look whether everything is still sold; safe to repeat."""
    return lambda _: services().screening.catalogue_refusal(_ref(order["document"]))


def check_duplicate(order: OrderInput) -> Callable[[StepContext], str | None]:
    """Look for a recent order with the same content. Key: the content's fingerprint, held by the first order."""
    return lambda _: services().screening.possible_duplicate(_ref(order["document"]))


def reserve_stock(order: OrderInput, branch: int) -> Callable[[StepContext], list[str] | Refusal]:
    """Claim the requester's quota and reserve the goods of one branch's chunks; return the SKUs that lack stock.

    An order beyond the quota reserves nothing and returns why. Key: `orderId:chunk`, by conditional writes.
    """

    def body(step: StepContext) -> list[str] | Refusal:
        ref = _ref(order["document"])
        refusal = services().quotas.claim_branch(ref, branch)
        if refusal is not None:
            step.logger.info("quota used up", extra={"branch": branch})
            return {"refusal": refusal}
        lacking = services().stock.reserve_branch(ref, branch)
        step.logger.info("stock reserved" if not lacking else "stock lacking", extra={"branch": branch})
        return [*lacking]

    return body


def authorize_payment(order: OrderInput) -> Callable[[StepContext], bool]:
    """Set the customer's money aside; False when declined. Key: the order's id, at the gateway."""

    def body(step: StepContext) -> bool:
        authorised = services().payment.authorize(_ref(order["document"]))
        step.logger.info("payment authorised" if authorised else "payment declined")
        return authorised

    return body


def open_level(
    order: OrderInput, level: LevelPlan, callback_id: str, duplicate_of: str | None
) -> Callable[[StepContext], LookResult]:
    """Publish this look's callback id in the row. Key: the row's version; the same id twice is one write."""

    def body(step: StepContext) -> LookResult:
        look = services().approval.open_level(
            OrderId(order["orderId"]),
            level["number"],
            callback_id,
            OrderId(duplicate_of) if duplicate_of else None,
        )
        step.logger.info("level open", extra={"approval_level": level["number"], "outcome": look.outcome})
        return _look(look)

    return body


def settle_level(order: OrderInput, level: LevelPlan, undelivered: str | None) -> Callable[[StepContext], LookResult]:
    """Write what is due and say how the level stands. Key: the row's version; what is marked is not marked again."""

    def body(step: StepContext) -> LookResult:
        look = services().approval.settle_level(OrderId(order["orderId"]), level["number"], undelivered)
        step.logger.info("looked at level", extra={"approval_level": level["number"], "outcome": look.outcome})
        return _look(look)

    return body


def begin_cooling_off(order: OrderInput) -> Callable[[StepContext], bool]:
    """Let the order rest; False when withdrawn first. Key: the row's version."""
    return lambda _: services().closing.begin_cooling_off(OrderId(order["orderId"]))


def begin_charge(order: OrderInput) -> Callable[[StepContext], bool]:
    """Pass the point of no return; False when withdrawn first. Key: the row's version.

    The order's claims on its requester's quota end here. Key: `orderId:chunk`; a released claim is released once.
    """

    def body(_: StepContext) -> bool:
        charging = services().closing.begin_charge(OrderId(order["orderId"]))
        if charging:
            services().quotas.release_all(_ref(order["document"]))
        return charging

    return body


def capture_payment(order: OrderInput) -> Callable[[StepContext], str]:
    """Take the money. Key: the order's id, at the gateway: a second try returns what the first one did."""

    def body(step: StepContext) -> str:
        outcome = services().payment.capture(_ref(order["document"]))
        step.logger.info("capture answered", extra={"outcome": outcome})
        return str(outcome)

    return body


def find_capture(order: OrderInput) -> Callable[[StepContext], str]:
    """Ask the gateway by key what became of the capture; a question, safe to repeat."""
    return lambda _: str(services().payment.find_capture(OrderId(order["orderId"])))


def has_settled(order: OrderInput) -> Callable[[bool, WaitForConditionCheckContext], bool]:
    """Poll once whether the money has arrived; a poll that nobody answers has found nothing yet."""

    def poll(_settled: bool, check: WaitForConditionCheckContext) -> bool:  # noqa: FBT001  # by position, from the SDK
        try:
            return services().payment.has_settled(_ref(order["document"]))
        except TransientFaultError as fault:
            check.logger.warning("settlement poll unanswered", extra={"reason": fault.code})
            return False

    return poll


def open_job(order: OrderInput, job: int, callback_id: str) -> Callable[[StepContext], JobResult]:
    """Ask the warehouse, publishing the claim's callback id. Key: the job's number in the row."""
    return lambda _: _job(services().picking.open_job(OrderId(order["orderId"]), job, callback_id))


def listen_to_station(order: OrderInput, job: int) -> Callable[[str, WaitForCallbackContext], None]:
    """Publish the callback that the station's beats keep alive; fail unless a station works on the job.

    Key: the row's version; the same id is one write.
    """

    def submit(callback_id: str, _context: WaitForCallbackContext) -> None:
        services().picking.listen(OrderId(order["orderId"]), job, callback_id)

    return submit


def settle_picking(order: OrderInput, job: int) -> Callable[[StepContext], JobResult]:
    """Write what is due on the job and say how it stands. Key: the row's version."""

    def body(step: StepContext) -> JobResult:
        look = services().picking.settle_job(OrderId(order["orderId"]), job)
        step.logger.info("looked at picking job", extra={"job": job, "outcome": look.outcome})
        return _job(look)

    return body


def complete_order(order: OrderInput) -> Callable[[StepContext], str]:
    """Write the receipt and close the row. Keys: the receipt's name, with the same bytes; the row's version."""

    def body(step: StepContext) -> str:
        row = services().closing.complete(OrderId(order["orderId"]))
        step.logger.info("order complete", extra={"total": row.total})
        return str(row.status)

    return body


def release_stock(order: OrderInput) -> Callable[[StepContext], None]:
    """Give back every chunk, and its claims on the quota. Key: `orderId:chunk`; a released chunk is released once."""

    def body(_: StepContext) -> None:
        ref = _ref(order["document"])
        services().stock.release_all(ref)
        services().quotas.release_all(ref)

    return body


def refund_payment(order: OrderInput) -> Callable[[StepContext], None]:
    """Pay back what was captured. Key: the order's id, at the gateway."""
    return lambda _: services().payment.refund(OrderId(order["orderId"]))


def void_payment(order: OrderInput) -> Callable[[StepContext], None]:
    """Give up the authorisation. Key: the order's id, at the gateway."""
    return lambda _: services().payment.void(OrderId(order["orderId"]))


def refuse_order(order: OrderInput, reason: str) -> Callable[[StepContext], str]:
    """Close the row as REFUSED; returns the status it has. Key: the row's version."""
    return lambda _: str(services().closing.refuse(OrderId(order["orderId"]), reason).status)


def fail_order(order: OrderInput, reason: str) -> Callable[[StepContext], str]:
    """Close the row as FAILED. Key: the row's version."""
    return lambda _: str(services().closing.fail(OrderId(order["orderId"]), reason).status)


def close_recovered(order: OrderInput) -> Callable[[StepContext], str]:
    """Close the held row as FAILED, everything being undone. Key: the row's version."""
    return lambda _: str(services().closing.recover(OrderId(order["orderId"])).status)


def hold_order(order: OrderInput, reason: str) -> Callable[[StepContext], str]:
    """Fence the row as NEEDS_ATTENTION. Key: the row's version."""

    def body(step: StepContext) -> str:
        step.logger.error("order needs attention", extra={"reason": reason})
        return str(services().closing.hold(OrderId(order["orderId"]), reason).status)

    return body


def report_to_state_machine(order: OrderInput) -> Callable[[StepContext], bool]:
    """End the task that waits for the order; False when it no longer did. Key: the task's token, in the document."""

    def body(step: StepContext) -> bool:
        told = services().reporting.report_outcome(_ref(order["document"]))
        step.logger.info("state machine told" if told else "the state machine's task was over")
        return told

    return body


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
