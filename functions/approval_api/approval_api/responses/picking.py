"""Responses of the warehouse's routes."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from approval_api.responses.view import Moment, View
from orders.domain.catalogue import Catalogue
from orders.domain.model import Job, JobState, Line, Order


class JobView(View):
    """One picking job of an order, with its claim and its deadlines."""

    job: int
    state: JobState
    claimed_by: str | None
    opened_at: Moment
    claim_deadline: Moment
    lost_at: Moment | None
    beats: int


class PickedLineView(View):
    """A line to pick. The warehouse does not see amounts."""

    sku: str
    name: str
    quantity: int


class PickingView(JobView):
    """A job with the lines to pick."""

    order_id: str
    lines: tuple[PickedLineView, ...]


class PickingListView(View):
    """A page of picking jobs, oldest first."""

    items: tuple[PickingView, ...]
    next_cursor: str | None


def job_view(job: Job) -> JobView:
    """Return a picking job without its callback ids."""
    return JobView(**_job_fields(job))


def picking_view(order: Order, job: Job, lines: Sequence[Line], catalogue: Catalogue) -> PickingView:
    """Return a picking job with the physical goods to pick."""
    goods = catalogue.goods
    picked = tuple(
        PickedLineView(sku=line.sku, name=goods[line.sku].name, quantity=line.quantity)
        for line in lines
        if line.sku in goods and not goods[line.sku].digital
    )
    return PickingView(order_id=order.order_id, lines=picked, **_job_fields(job))


def _job_fields(job: Job) -> dict[str, Any]:
    return {
        "job": job.number,
        "state": job.state,
        "claimed_by": job.claimed_by,
        "opened_at": job.opened_at,
        "claim_deadline": job.claim_deadline,
        "lost_at": job.lost_at,
        "beats": job.beats,
    }
