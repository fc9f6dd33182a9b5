"""Picking physical goods: a job waits for its claim, then stays open as long as its station sends heartbeats."""

from __future__ import annotations

from aws_durable_execution_sdk_python import CallbackError, DurableContext
from aws_durable_execution_sdk_python.config import CallbackConfig, Duration, WaitForCallbackConfig

from order_workflow import retries, steps
from order_workflow.checkpoints import JobResult, OrderInput, PickingPlan
from order_workflow.waiting import MAX_STRAY_SIGNALS, OPENING_GRACE_SECONDS, wait_out_strays

JOBS = (1, 2)


def pick(context: DurableContext, order: OrderInput, plan: PickingPlan) -> str | None:
    """Have the goods picked; return the reason if they were not. A job that failed is followed by one more."""
    for job in JOBS:
        match work_on_job(context, order, plan, job):
            case "picked":
                return None
            case "unclaimed":
                return "No station claimed the picking job"
            case _:
                context.logger.warning("picking job ended without its goods", extra={"job": job})
    return "Picking failed twice"


def work_on_job(context: DurableContext, order: OrderInput, plan: PickingPlan, job: int) -> str:
    """Return how the job ended: picked, failed, lost or unclaimed. A wake-up that settles nothing is a stray."""
    wake_in, strays = plan["claimSeconds"] + OPENING_GRACE_SECONDS, 0
    while True:
        if strays < MAX_STRAY_SIGNALS:
            _await_claim(context, order, job, wake_in)
            _await_result(context, order, job, plan["beatSeconds"])
        else:
            wait_out_strays(context, wake_in)
            strays = 0
        settled = _settle(context, order, job)
        if settled["outcome"] != "stray":
            return settled["outcome"]
        strays, wake_in = strays + 1, settled["wakeInSeconds"]


def _await_claim(context: DurableContext, order: OrderInput, job: int, seconds: int) -> None:
    """Publish a callback for the claim and suspend until it comes, unless a station has claimed the job already.

    This callback has no heartbeat timeout: it would run from the callback's creation, long before any claim.
    """
    config = CallbackConfig(timeout=Duration.from_seconds(seconds))
    claim = context.create_callback(name="await-claim", config=config)
    opened = context.step(steps.open_job(order, job, claim.callback_id), name="open-job", config=retries.STORAGE)
    if opened["claimed"]:
        return
    try:
        claim.result()
    except CallbackError:
        return


def _await_result(context: DurableContext, order: OrderInput, job: int, heartbeat_seconds: int) -> None:
    """Suspend until the station reports or its heartbeats stop; return at once when no station has claimed the job.

    In that case the submitter raises JobNotUnderWayError, because no station would ever complete the callback.
    """
    config = WaitForCallbackConfig(
        heartbeat_timeout=Duration.from_seconds(heartbeat_seconds), retry_strategy=retries.STORAGE.retry_strategy
    )
    try:
        context.wait_for_callback(steps.listen_to_station(order, job), name="pick-order", config=config)
    except CallbackError:
        return


def _settle(context: DurableContext, order: OrderInput, job: int) -> JobResult:
    return context.step(steps.settle_picking(order, job), name="settle-picking", config=retries.STORAGE)
