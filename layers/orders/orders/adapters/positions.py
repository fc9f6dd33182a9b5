"""Where an order stands in a list, and the opaque cursor that names such a place.

A position is `moment#orderId`: text that sorts by time, is unique, and is the same in every list an order is on, so
lists are merged by sorting and an order that is on two of them shows once.
"""

from __future__ import annotations

import base64
import binascii
import json
import re

from orders.adapters import times
from orders.domain.errors import FieldError, InvalidRequestError
from orders.domain.model import Job, JobState, Level, LevelOutcome, Order, OrderId, Status

_POSITION = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z#[A-Za-z0-9_-]{1,64}")


def submitted_position(order: Order) -> str:
    """Return the order's place in the lists that go by submission."""
    return f"{times.written(order.submitted_at)}#{order.order_id}"


def open_level(order: Order) -> Level | None:
    """Return the level that people can decide now, if there is one."""
    level = order.current_level
    if order.status is Status.PENDING_APPROVAL and level is not None and level.outcome is LevelOutcome.OPEN:
        return level
    return None


def inbox_position(order: Order) -> str | None:
    """Return the order's place in an inbox, by deadline; None when nothing waits for a decision."""
    level = open_level(order)
    if level is None or level.deadline is None:
        return None
    return f"{times.written(level.deadline)}#{order.order_id}"


def open_job(order: Order) -> Job | None:
    """Return the picking job that the warehouse can work on now, if there is one."""
    job = order.jobs[-1] if order.jobs else None
    workable = order.status is Status.FULFILLING and job is not None and job.state in {JobState.OPEN, JobState.CLAIMED}
    return job if workable else None


def picking_position(order: Order) -> str | None:
    """Return the order's place in the warehouse's list, the oldest job first; None when there is nothing to pick."""
    job = open_job(order)
    return None if job is None else f"{times.written(job.opened_at)}#{order.order_id}"


def order_at(position: str) -> OrderId:
    """Return the order that stands at a position."""
    return OrderId(position.partition("#")[2])


def cursor_after(position: str) -> str:
    """Return the cursor with which a list goes on after `position`."""
    return base64.urlsafe_b64encode(json.dumps({"after": position}).encode()).decode()


def position_of(cursor: str | None) -> str | None:
    """Return the position that a cursor names; raise InvalidRequestError for one that we never gave out."""
    if cursor is None:
        return None
    try:
        position = json.loads(base64.b64decode(cursor, altchars=b"-_", validate=True))["after"]
    except (binascii.Error, ValueError, KeyError, TypeError) as error:
        raise _unusable() from error
    if not isinstance(position, str) or not _POSITION.fullmatch(position):
        raise _unusable()
    return position


def _unusable() -> InvalidRequestError:
    return InvalidRequestError((FieldError("/cursor", "Use a cursor from an earlier page, or none."),))
