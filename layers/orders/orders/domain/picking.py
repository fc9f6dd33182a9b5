"""Picking physical goods, in jobs that stations claim."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import ClassVar

from orders.domain.errors import NotPermittedError
from orders.domain.model import Job, JobState, Order, Person, Role, Status
from orders.domain.refusals import TransitionRefusedError, job_of
from orders.domain.rules import FULFILLING, PAID, Command, Rule
from orders.domain.usernames import WORKFLOW, same_person

# --- commands --------------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class OpenJob:
    """Ask the warehouse to pick the goods. Publishes the id of the callback that a claim completes."""

    event: ClassVar[str] = "job-opened"
    job: int
    callback_id: str
    actor: ClassVar[str] = WORKFLOW


@dataclass(frozen=True, slots=True)
class ClaimJob:
    """A station's first beat: the job is theirs."""

    event: ClassVar[str] = "job-claimed"
    person: Person
    job: int

    @property
    def actor(self) -> str:
        """Who the audit names."""
        return self.person.username


@dataclass(frozen=True, slots=True)
class ReportPicking:
    """What became of a job, by the station that claimed it."""

    person: Person
    job: int
    picked: bool
    reason: str | None

    @property
    def actor(self) -> str:
        """Who the audit names."""
        return self.person.username

    @property
    def event(self) -> str:
        """What the audit calls it."""
        return "picked" if self.picked else "picking-failed"


@dataclass(frozen=True, slots=True)
class LoseJob:
    """A station stopped beating; whatever it says later comes too late."""

    event: ClassVar[str] = "job-lost"
    job: int
    actor: ClassVar[str] = WORKFLOW


@dataclass(frozen=True, slots=True)
class LeaveJob:
    """Nobody claimed a job in time."""

    event: ClassVar[str] = "job-unclaimed"
    job: int
    actor: ClassVar[str] = WORKFLOW


# --- guards ----------------------------------------------------------------------------------------------------------


MAX_JOBS = 2


def picks_goods(_order: Order, command: ClaimJob | ReportPicking, _now: datetime) -> None:
    """The person works in the warehouse."""
    if Role.WAREHOUSE not in command.person.roles:
        raise NotPermittedError("Only the warehouse may do that.")


def is_next_job(order: Order, command: OpenJob, _now: datetime) -> None:
    """Only physical goods are picked, at most twice, and the second time after the first was lost or failed."""
    again = all(job.state in {JobState.LOST, JobState.FAILED} for job in order.jobs)
    fits = command.job == len(order.jobs) + 1 <= MAX_JOBS
    if order.picking is None or not fits or not again:
        raise TransitionRefusedError("job-superseded", "This picking job cannot be opened.", order)


def job_is_free(order: Order, command: ClaimJob, now: datetime) -> None:
    """Nobody has claimed the job and its time is not over."""
    job = job_of(order, command.job)
    if job.state is JobState.CLAIMED and not same_person(job.claimed_by, command.person.username):
        raise TransitionRefusedError("job-claimed", f"{job.claimed_by} has claimed this job.", order)
    if job.state is not JobState.OPEN or now >= job.claim_deadline:
        raise job_superseded(order)


def job_is_mine(order: Order, command: ReportPicking, _now: datetime) -> None:
    """The person has claimed the job, and it is still theirs."""
    job = job_of(order, command.job)
    if job.state is not JobState.CLAIMED:
        raise job_superseded(order)
    if not same_person(job.claimed_by, command.person.username):
        raise TransitionRefusedError("job-claimed", f"{job.claimed_by} has claimed this job.", order)


def beats_are_missing(order: Order, command: LoseJob, now: datetime) -> None:
    """The station that claimed the job has been silent for too long."""
    job = job_of(order, command.job)
    if job.state is not JobState.CLAIMED or job.lost_at is None or now < job.lost_at:
        raise TransitionRefusedError("not-due", "This job's station is still beating.", order)


def nobody_came(order: Order, command: LeaveJob, now: datetime) -> None:
    """The time to claim the job is over."""
    job = job_of(order, command.job)
    if job.state is not JobState.OPEN or now < job.claim_deadline:
        raise TransitionRefusedError("not-due", "This job can still be claimed.", order)


def job_superseded(order: Order) -> TransitionRefusedError:
    """Return the refusal of a station whose job is no longer its own."""
    return TransitionRefusedError("job-superseded", "This picking job is over; look at the list for open ones.", order)


# --- effects ---------------------------------------------------------------------------------------------------------


def job_opened(order: Order, command: OpenJob, now: datetime) -> Order:
    """The warehouse has one job more."""
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
    """The job has its station."""
    job = job_of(order, command.job)
    claimed = replace(job, state=JobState.CLAIMED, claimed_by=command.person.username, last_beat_at=now, beats=1)
    return with_job(order, claimed)


def picking_reported(order: Order, command: ReportPicking, _now: datetime) -> Order:
    """The job has its result."""
    state = JobState.PICKED if command.picked else JobState.FAILED
    return with_job(order, replace(job_of(order, command.job), state=state, reason=command.reason))


def job_lost(order: Order, command: LoseJob, _now: datetime) -> Order:
    """The job is nobody's any more."""
    return with_job(order, replace(job_of(order, command.job), state=JobState.LOST))


def job_left(order: Order, command: LeaveJob, _now: datetime) -> Order:
    """The job was never anybody's."""
    return with_job(order, replace(job_of(order, command.job), state=JobState.UNCLAIMED))


def with_job(order: Order, job: Job) -> Order:
    """Return the order with this job in its place."""
    return replace(order, jobs=tuple(job if each.number == job.number else each for each in order.jobs))


# --- rows ------------------------------------------------------------------------------------------------------------


ROWS: dict[type[Command], Rule] = {
    OpenJob: Rule("workflow", PAID, FULFILLING, job_opened, guards=(is_next_job,)),
    ClaimJob: Rule(
        "warehouse",
        FULFILLING,
        FULFILLING,
        job_claimed,
        guards=(job_is_free,),
        permissions=(picks_goods,),
    ),
    ReportPicking: Rule(
        "warehouse",
        FULFILLING,
        FULFILLING,
        picking_reported,
        guards=(job_is_mine,),
        permissions=(picks_goods,),
    ),
    LoseJob: Rule("workflow", FULFILLING, FULFILLING, job_lost, guards=(beats_are_missing,)),
    LeaveJob: Rule("workflow", FULFILLING, FULFILLING, job_left, guards=(nobody_came,)),
}
