"""Picking of physical goods, in jobs that stations claim: commands, guards, effects and rows."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import ClassVar

from orders.domain.errors import NotPermittedError
from orders.domain.model import Job, JobState, Order, Role, Status
from orders.domain.refusals import TransitionRefusedError
from orders.domain.rules import FULFILLING, PAID, Audited, PersonCommand, Rule
from orders.domain.usernames import WORKFLOW, same_person

MAX_JOBS = 2

# --- commands ---------------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class OpenJob(Audited):
    """Open a picking job and publish the id of the callback that a claim completes."""

    event: ClassVar[str] = "job-opened"
    audited: ClassVar[tuple[str, ...]] = ("job",)
    job: int
    callback_id: str
    actor: ClassVar[str] = WORKFLOW


@dataclass(frozen=True, slots=True)
class ClaimJob(PersonCommand):
    """Claim a job: a station's first heartbeat."""

    event: ClassVar[str] = "job-claimed"
    audited: ClassVar[tuple[str, ...]] = ("job",)
    job: int


@dataclass(frozen=True, slots=True)
class ReportPicking(PersonCommand):
    """Report the result of a job, from the station that claimed it."""

    audited: ClassVar[tuple[str, ...]] = ("job", "reason")
    job: int
    picked: bool
    reason: str | None

    @property
    def event(self) -> str:
        return "picked" if self.picked else "picking-failed"


@dataclass(frozen=True, slots=True)
class LoseJob(Audited):
    """Take a job from a station whose heartbeats stopped; every later call of that station is refused."""

    event: ClassVar[str] = "job-lost"
    audited: ClassVar[tuple[str, ...]] = ("job",)
    job: int
    actor: ClassVar[str] = WORKFLOW


@dataclass(frozen=True, slots=True)
class LeaveJob(Audited):
    """Close a job that no station claimed in time."""

    event: ClassVar[str] = "job-unclaimed"
    audited: ClassVar[tuple[str, ...]] = ("job",)
    job: int
    actor: ClassVar[str] = WORKFLOW


# --- guards -----------------------------------------------------------------------------------------------------------


def picks_goods(_order: Order, command: ClaimJob | ReportPicking, _now: datetime) -> None:
    """Require the role of the warehouse."""
    if Role.WAREHOUSE not in command.person.roles:
        raise NotPermittedError("Only the warehouse may do that.")


def is_next_job(order: Order, command: OpenJob, _now: datetime) -> None:
    """Require physical goods, and for the second and last job that the first was lost or failed."""
    again = all(job.state in {JobState.LOST, JobState.FAILED} for job in order.jobs)
    fits = command.job == len(order.jobs) + 1 <= MAX_JOBS
    if order.picking is None or not fits or not again:
        raise TransitionRefusedError("job-superseded", "This picking job cannot be opened.", order)


def job_is_free(order: Order, command: ClaimJob, now: datetime) -> None:
    """Require a job that no station has claimed and whose claim deadline has not passed."""
    job = order.job(command.job)
    if job.state is JobState.CLAIMED and not same_person(job.claimed_by, command.person.username):
        raise TransitionRefusedError("job-claimed", f"{job.claimed_by} has claimed this job.", order)
    if job.state is not JobState.OPEN or now >= job.claim_deadline:
        raise job_superseded(order)


def job_is_mine(order: Order, command: ReportPicking, _now: datetime) -> None:
    """Require a job that this person has claimed and still holds."""
    job = order.job(command.job)
    if job.state is not JobState.CLAIMED:
        raise job_superseded(order)
    if not same_person(job.claimed_by, command.person.username):
        raise TransitionRefusedError("job-claimed", f"{job.claimed_by} has claimed this job.", order)


def heartbeats_stopped(order: Order, command: LoseJob, now: datetime) -> None:
    """Require a claimed job whose next heartbeat is overdue."""
    job = order.job(command.job)
    if job.state is not JobState.CLAIMED or job.lost_at is None or now < job.lost_at:
        raise TransitionRefusedError("not-due", "The station of this job still sends heartbeats.", order)


def claim_deadline_passed(order: Order, command: LeaveJob, now: datetime) -> None:
    """Require an unclaimed job whose claim deadline has passed."""
    job = order.job(command.job)
    if job.state is not JobState.OPEN or now < job.claim_deadline:
        raise TransitionRefusedError("not-due", "This job can still be claimed.", order)


def job_superseded(order: Order) -> TransitionRefusedError:
    """Return the refusal of a station whose job has ended or has been taken from it."""
    return TransitionRefusedError("job-superseded", "This picking job is over; look at the list for open ones.", order)


# --- effects ----------------------------------------------------------------------------------------------------------


def job_opened(order: Order, command: OpenJob, now: datetime) -> Order:
    """Add a job to the order."""
    terms = order.picking
    claim_seconds, beat_seconds = (terms.claim_seconds, terms.beat_seconds) if terms else (0, 0)
    job = Job(
        number=command.job,
        beat_seconds=beat_seconds,
        opened_at=now,
        claim_deadline=now + timedelta(seconds=claim_seconds),
        claim_callback_id=command.callback_id,
    )
    return replace(order, status=Status.FULFILLING, jobs=(*order.jobs, job))


def job_claimed(order: Order, command: ClaimJob, now: datetime) -> Order:
    """Give the job to the station."""
    job = order.job(command.job)
    claimed = replace(job, state=JobState.CLAIMED, claimed_by=command.person.username, last_beat_at=now, beats=1)
    return order.with_job(claimed)


def picking_reported(order: Order, command: ReportPicking, _now: datetime) -> Order:
    """Record the job's result."""
    state = JobState.PICKED if command.picked else JobState.FAILED
    return order.with_job(replace(order.job(command.job), state=state, reason=command.reason))


def job_lost(order: Order, command: LoseJob, _now: datetime) -> Order:
    """Take the job from its station."""
    return order.with_job(replace(order.job(command.job), state=JobState.LOST))


def job_left(order: Order, command: LeaveJob, _now: datetime) -> Order:
    """Close the unclaimed job."""
    return order.with_job(replace(order.job(command.job), state=JobState.UNCLAIMED))


# --- rows -------------------------------------------------------------------------------------------------------------

ROWS = (
    Rule(
        OpenJob,
        by="workflow",
        sources=PAID,
        targets=FULFILLING,
        effect=job_opened,
        guards=(is_next_job,),
    ),
    Rule(
        ClaimJob,
        by="warehouse",
        sources=FULFILLING,
        targets=FULFILLING,
        effect=job_claimed,
        guards=(job_is_free,),
        permissions=(picks_goods,),
    ),
    Rule(
        ReportPicking,
        by="warehouse",
        sources=FULFILLING,
        targets=FULFILLING,
        effect=picking_reported,
        guards=(job_is_mine,),
        permissions=(picks_goods,),
    ),
    Rule(
        LoseJob,
        by="workflow",
        sources=FULFILLING,
        targets=FULFILLING,
        effect=job_lost,
        guards=(heartbeats_stopped,),
    ),
    Rule(
        LeaveJob,
        by="workflow",
        sources=FULFILLING,
        targets=FULFILLING,
        effect=job_left,
        guards=(claim_deadline_passed,),
    ),
)
