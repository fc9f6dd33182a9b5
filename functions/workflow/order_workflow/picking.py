"""Having physical goods picked: a job waits for its claim, then lives as long as its station beats."""

from __future__ import annotations

from aws_durable_execution_sdk_python import CallbackError, DurableContext
from aws_durable_execution_sdk_python.config import CallbackConfig, Duration, WaitForCallbackConfig

from order_workflow import retries, steps
from order_workflow.checkpoints import JobResult, OrderInput, PickingPlan

JOBS = (1, 2)
MAX_STRAYS = 5
OPENING_GRACE_SECONDS = 1


def pick(context: DurableContext, order: OrderInput, plan: PickingPlan) -> str | None:
    """Have the goods picked; return why not. A job that was lost or failed is followed by one more."""
    for job in JOBS:
        match work_on_job(context, order, plan, job):
            case "picked":
                return None
            case "unclaimed":
                return "Nobody came to pick the goods"
            case _:
                context.logger.warning("picking job ended without its goods", extra={"job": job})
    return "Picking failed twice"


def work_on_job(context: DurableContext, order: OrderInput, plan: PickingPlan, job: int) -> str:
    """Return how the job ended: picked, failed, lost or unclaimed. A wake-up that settles nothing is a stray."""
    wake_in, strays = plan["claimSeconds"] + OPENING_GRACE_SECONDS, 0
    while True:
        if strays < MAX_STRAYS:
            _await_claim(context, order, job, wake_in)
            _await_result(context, order, job, plan["beatSeconds"])
        else:  # somebody signals without a claim or a result: stop listening until something is due
            context.wait(Duration.from_seconds(wake_in), name="wait-out-strays")
            strays = 0
        settled = _settle(context, order, job)
        if settled["outcome"] != "stray":
            return settled["outcome"]
        strays, wake_in = strays + 1, settled["wakeInSeconds"]


def _await_claim(context: DurableContext, order: OrderInput, job: int, seconds: int) -> None:
    """Publish a callback for the claim and sleep until it comes, unless the job has its station already.

    No heartbeat here: its clock would run from the creation on, long before anybody took the job.
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


def _await_result(context: DurableContext, order: OrderInput, job: int, beat_seconds: int) -> None:
    """Sleep until the station reports or falls silent; return at once when no station works on the job.

    Publishing the callback fails then (JobNotUnderWayError): nothing would ever complete it.
    """
    config = WaitForCallbackConfig(
        heartbeat_timeout=Duration.from_seconds(beat_seconds), retry_strategy=retries.STORAGE.retry_strategy
    )
    try:
        context.wait_for_callback(steps.listen_to_station(order, job), name="pick-order", config=config)
    except CallbackError:
        return


def _settle(context: DurableContext, order: OrderInput, job: int) -> JobResult:
    return context.step(steps.settle_picking(order, job), name="settle-picking", config=retries.STORAGE)
