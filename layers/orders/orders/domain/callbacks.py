"""The writes to a row that are no moves: callback ids and beats. The audit is silent about them."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime

from orders.domain.approval import with_level
from orders.domain.model import Job, Order
from orders.domain.picking import with_job
from orders.domain.refusals import job_of, level_of
from orders.domain.rules import Change


def publish_callback(order: Order, number: int, callback_id: str) -> Change:
    """Return the write that puts a later look's callback id in the row. Nothing happened, so the audit is silent."""
    level = replace(level_of(order, number), callback_id=callback_id)
    return Change(order, replace(order, version=order.version + 1, levels=with_level(order, level)), None)


def beat(order: Order, number: int, now: datetime) -> Change:
    """Return the write that keeps a claimed job alive. A beat is no event."""
    job = job_of(order, number)
    return _unaudited(order, replace(job, last_beat_at=now, beats=job.beats + 1))


def publish_claim_callback(order: Order, number: int, callback_id: str) -> Change:
    """Return the write that puts a later look's claim callback in the row."""
    return _unaudited(order, replace(job_of(order, number), claim_callback_id=callback_id))


def publish_picking_callback(order: Order, number: int, callback_id: str) -> Change:
    """Return the write that names the callback which a station's beats keep alive."""
    return _unaudited(order, replace(job_of(order, number), picking_callback_id=callback_id))


def _unaudited(order: Order, job: Job) -> Change:
    return Change(order, replace(with_job(order, job), version=order.version + 1), None)
