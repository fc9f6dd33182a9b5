"""Picking of physical goods. As for decisions, the row is written first; the workflow is signaled after that."""

from __future__ import annotations

import math
from dataclasses import dataclass
from enum import StrEnum

from orders.domain.access import access_of
from orders.domain.callbacks import beat, publish_claim_callback, publish_picking_callback
from orders.domain.errors import (
    JobNotUnderWayError,
    NotPermittedError,
    OrderFencedError,
    OrderNotFoundError,
)
from orders.domain.model import JobState, Line, Order, OrderId, Page, Person, Role, Status
from orders.domain.picking import ClaimJob, OpenJob, ReportPicking, job_superseded
from orders.domain.rules import Change
from orders.domain.schedule import next_job_command
from orders.domain.table import judge
from orders.domain.usernames import same_person
from orders.services.ports import Clock, DocumentStore, PickingList, Signaller
from orders.services.writing import OrderWriter


class JobOutcome(StrEnum):
    """The closed set of what settling a job can find."""

    PICKED = "picked"
    FAILED = "failed"
    LOST = "lost"
    UNCLAIMED = "unclaimed"
    STRAY = "stray"


@dataclass(frozen=True, slots=True)
class JobLook:
    """A job as its row describes it, and the seconds until something is due while it is not settled."""

    outcome: JobOutcome
    claimed: bool
    wake_in_seconds: int


_SETTLED = {
    JobState.PICKED: JobOutcome.PICKED,
    JobState.FAILED: JobOutcome.FAILED,
    JobState.LOST: JobOutcome.LOST,
    JobState.UNCLAIMED: JobOutcome.UNCLAIMED,
}


@dataclass(frozen=True, slots=True)
class PickingService:
    """Both sides of a job: stations claim, send heartbeats and report; the workflow opens jobs and looks at them."""

    writer: OrderWriter
    list: PickingList
    documents: DocumentStore
    clock: Clock
    signaller: Signaller

    # --- the station's side -------------------------------------------------------------------------------------

    def jobs(self, person: Person, limit: int, cursor: str | None) -> Page:
        """Return orders with a job to be picked, the oldest first."""
        _refuse_others(person)
        return self.list.picking(limit, cursor)

    def lines(self, order: Order) -> tuple[Line, ...]:
        """Return what is to be picked."""
        return self.documents.read(order.document).lines

    def beat(self, order_id: OrderId, person: Person, number: int) -> Order:
        """Keep a job alive; the first heartbeat claims it.

        Raises:
            TransitionRefusedError: `job-claimed` when another person claimed the job, `job-superseded` when it ended.

        """
        order = self.writer.apply(order_id, lambda row: self._beating(row, person, number))
        job = order.job(number)
        if job.picking_callback_id is not None:
            self.signaller.keep_alive(job.picking_callback_id)
        elif job.claim_callback_id is not None:  # the workflow may have missed the signal of the claim
            self.signaller.wake(job.claim_callback_id)
        return order

    def report(self, order_id: OrderId, command: ReportPicking) -> Order:
        """Record a job's result, then wake the workflow; repeating the same result returns the same order."""
        order = self.writer.apply(order_id, lambda row: self._reporting(row, command))
        job = order.job(command.job)
        callback_id = (
            job.picking_callback_id or job.claim_callback_id
        )  # the workflow may have missed the signal of the claim
        if callback_id is not None:
            self.signaller.wake(callback_id)
        return order

    # --- the workflow's side ------------------------------------------------------------------------------------

    def open_job(self, order_id: OrderId, number: int, callback_id: str) -> JobLook:
        """Open the job, or publish a later look's claim callback; the result says whether to wait for a claim."""
        return self._look(self.writer.apply(order_id, lambda row: self._opening(row, number, callback_id)), number)

    def listen(self, order_id: OrderId, number: int, callback_id: str) -> None:
        """Publish the callback that the station's heartbeats keep alive.

        Raises:
            JobNotUnderWayError: No station works on the job, so no signal will come: no station has claimed it yet, or
                its result arrived before the callback was published.

        """
        order = self.writer.apply(order_id, lambda row: self._listening(row, number, callback_id))
        if not _is_under_way(order, number):
            raise JobNotUnderWayError(f"No station works on job {number} of {order_id}.")

    def settle_job(self, order_id: OrderId, number: int) -> JobLook:
        """Write what is due on the job, and return its state."""
        return self._look(self.writer.apply(order_id, lambda row: self._due(row, number)), number)

    # --- judgements ---------------------------------------------------------------------------------------------

    def _beating(self, order: Order, person: Person, number: int) -> Change | None:
        _refuse_strangers(order, person)
        now = self.clock.now()
        job = order.job(number)
        claimed = job.state is JobState.CLAIMED and order.status is Status.FULFILLING
        if claimed and same_person(job.claimed_by, person.username):
            if job.lost_at is not None and now >= job.lost_at:
                raise job_superseded(order)
            return beat(order, number, now)
        return judge(order, ClaimJob(person, number), now)

    def _reporting(self, order: Order, command: ReportPicking) -> Change | None:
        _refuse_strangers(order, command.person)
        job = order.job(command.job)
        said = JobState.PICKED if command.picked else JobState.FAILED
        if job.state is said and same_person(job.claimed_by, command.person.username):
            return None
        return judge(order, command, self.clock.now())

    def _opening(self, order: Order, number: int, callback_id: str) -> Change | None:
        if len(order.jobs) < number:
            return judge(order, OpenJob(number, callback_id), self.clock.now())
        job = order.job(number)
        if job.state is not JobState.OPEN or job.claim_callback_id == callback_id:
            return None
        return publish_claim_callback(order, number, callback_id)

    def _listening(self, order: Order, number: int, callback_id: str) -> Change | None:
        published = order.job(number).picking_callback_id == callback_id
        if published or not _is_under_way(order, number):
            return None
        return publish_picking_callback(order, number, callback_id)

    def _due(self, order: Order, number: int) -> Change | None:
        now = self.clock.now()
        command = next_job_command(order.job(number), now)
        return None if command is None or order.status is not Status.FULFILLING else judge(order, command, now)

    def _look(self, order: Order, number: int) -> JobLook:
        if order.status is not Status.FULFILLING:
            raise OrderFencedError(f"{order.order_id} is {order.status}; nothing may be picked any more.")
        job = order.job(number)
        due = job.claim_deadline if job.state is JobState.OPEN else job.lost_at or job.claim_deadline
        seconds = math.ceil((due - self.clock.now()).total_seconds())
        outcome = _SETTLED.get(job.state, JobOutcome.STRAY)
        return JobLook(outcome, job.state is not JobState.OPEN, max(1, seconds))


def _is_under_way(order: Order, number: int) -> bool:
    """Return whether a station works on the job."""
    return order.status is Status.FULFILLING and order.job(number).state is JobState.CLAIMED


def _refuse_others(person: Person) -> None:
    if Role.WAREHOUSE not in person.roles:
        raise NotPermittedError("Only the warehouse may do that.")


def _refuse_strangers(order: Order, person: Person) -> None:
    """Raise OrderNotFoundError unless the person may see the order; the warehouse sees orders that have a job."""
    knows = Role.WAREHOUSE in person.roles and bool(order.jobs)
    if not knows and access_of(order, person) is None:
        raise OrderNotFoundError("There is no such order, or you may not see it.")
    _refuse_others(person)
