"""Writes to a row that are not moves: callback ids and heartbeats. They have no row in the table and no audit entry."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime

from orders.domain.model import Order
from orders.domain.rules import Change


def publish_callback(order: Order, number: int, callback_id: str) -> Change:
    """Return the write that publishes the callback of a later look at a level."""
    return _unaudited(order, order.with_level(replace(order.level(number), callback_id=callback_id)))


def beat(order: Order, number: int, now: datetime) -> Change:
    """Return the write of a heartbeat, which keeps a claimed job alive."""
    job = order.job(number)
    return _unaudited(order, order.with_job(replace(job, last_beat_at=now, beats=job.beats + 1)))


def publish_claim_callback(order: Order, number: int, callback_id: str) -> Change:
    """Return the write that publishes the claim callback of a later look at a job."""
    return _unaudited(order, order.with_job(replace(order.job(number), claim_callback_id=callback_id)))


def publish_picking_callback(order: Order, number: int, callback_id: str) -> Change:
    """Return the write that publishes the callback which the station's heartbeats keep alive."""
    return _unaudited(order, order.with_job(replace(order.job(number), picking_callback_id=callback_id)))


def _unaudited(before: Order, after: Order) -> Change:
    return Change(before, replace(after, version=before.version + 1), None)
