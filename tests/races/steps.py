"""The workflow's steps by name: what each does to the system, what the model says to it, and when it is its turn."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from orders.domain.model import Order
from orders.wiring import Services
from tests.races import model_of_workflow as workflow
from tests.races.model import Model
from tests.races.model_of_workflow import MOST_JOBS, Result

# A step is told the row as it is now (for its id and document), the level or job it is about, and a name that nobody
# else has, for a callback or a message.
Does = Callable[[Services, Order, int, str], object]
Asks = Callable[[Model, int, str, float], Result]


@dataclass(frozen=True)
class Step:
    """One step. `about` is the level or the job that the workflow would name."""

    does: Does
    asks: Asks
    is_due: Callable[[Model], bool]
    about: Callable[[Model], int] = lambda _: 1


# --- whose turn it is -------------------------------------------------------------------------------------------------


def waits_for_people(model: Model) -> bool:
    """A level is open."""
    return model.status == "PENDING_APPROVAL" and model.levels[model.current - 1].outcome == "open"


def can_escalate(model: Model) -> bool:
    """An open level has somebody above it who was not asked yet."""
    return waits_for_people(model) and model.levels[model.current - 1].escalates_at is not None


def lacks_a_level(model: Model) -> bool:
    """Everything so far is approved, and there is more to ask."""
    return model.status in {"SUBMITTED", "PENDING_APPROVAL"} and not waits_for_people(model) and not model.is_approved


def may_rest(model: Model) -> bool:
    """All is approved, and policy asks for a rest."""
    return model.status == "PENDING_APPROVAL" and model.is_approved and model.rests


def may_charge(model: Model) -> bool:
    """All is approved, and there is nothing to rest for, or it rests already."""
    before = model.status in {"SUBMITTED", "PENDING_APPROVAL"} and not model.rests
    return model.status == "COOLING_OFF" or (before and model.is_approved)


def last_job_is(model: Model, *states: str) -> bool:
    """The last job stands there."""
    return model.status == "FULFILLING" and model.jobs[-1].state in states


def is_being_picked(model: Model) -> bool:
    """A station has claimed the last job."""
    return last_job_is(model, "claimed")


def lacks_a_job(model: Model) -> bool:
    """Nothing was picked yet, or the first station did not manage."""
    again = last_job_is(model, "lost", "failed") and len(model.jobs) < MOST_JOBS
    return again or (model.status == "CHARGING" and model.physical)


def has_failed(model: Model) -> bool:
    """The charge did not succeed, or the goods were not picked; nobody will try again."""
    unpicked = last_job_is(model, "unclaimed") or (last_job_is(model, "lost", "failed") and not lacks_a_job(model))
    return model.status == "CHARGING" or unpicked


def is_delivered(model: Model) -> bool:
    """Paid, and picked if there is something to pick."""
    return last_job_is(model, "picked") or (model.status == "CHARGING" and not model.physical)


def stands(*statuses: str) -> Callable[[Model], bool]:
    """Return whether an order stands there."""
    return lambda model: model.status in statuses


def the_level(model: Model) -> int:
    """The level that is open, or else the next one."""
    return model.current if waits_for_people(model) else model.current + 1


# --- the steps --------------------------------------------------------------------------------------------------------

STEPS: dict[str, Step] = {
    "register-order": Step(
        lambda services, row, _at, _new: services.registration.register(row.order_id, row.document, "arn:execution"),
        lambda model, _at, _new, _now: workflow.register(model),
        stands("SUBMITTED"),
    ),
    "refuse": Step(
        lambda services, row, _at, _new: services.closing.refuse(row.order_id, "Out of stock"),
        lambda model, _at, _new, _now: workflow.refuse(model),
        stands("SUBMITTED"),
    ),
    "open-level": Step(
        lambda services, row, at, new: services.approval.open_level(row.order_id, at, new, None),
        workflow.open_level,
        lambda model: lacks_a_level(model) or waits_for_people(model),
        the_level,
    ),
    "settle-level": Step(
        lambda services, row, at, _new: services.approval.settle_level(row.order_id, at),
        lambda model, at, _new, now: workflow.settle_level(model, at, now),
        waits_for_people,
        the_level,
    ),
    "settle-level, a message lost": Step(
        lambda services, row, at, new: services.approval.settle_level(row.order_id, at, new),
        lambda model, at, new, now: workflow.settle_level(model, at, now, new),
        waits_for_people,
        the_level,
    ),
    "begin-cooling-off": Step(
        lambda services, row, _at, _new: services.closing.begin_cooling_off(row.order_id),
        lambda model, _at, _new, now: workflow.begin_cooling_off(model, now),
        may_rest,
    ),
    "begin-charge": Step(
        lambda services, row, _at, _new: services.closing.begin_charge(row.order_id),
        lambda model, _at, _new, now: workflow.begin_charge(model, now),
        may_charge,
    ),
    "open-job": Step(
        lambda services, row, at, new: services.picking.open_job(row.order_id, at, new),
        lambda model, at, _new, now: workflow.open_job(model, at, now),
        lacks_a_job,
        lambda model: len(model.jobs) + 1,
    ),
    "settle-picking": Step(
        lambda services, row, at, _new: services.picking.settle_job(row.order_id, at),
        lambda model, at, _new, now: workflow.settle_job(model, at, now),
        stands("FULFILLING"),
        lambda model: len(model.jobs),
    ),
    "complete-order": Step(
        lambda services, row, _at, _new: services.closing.complete(row.order_id),
        lambda model, _at, _new, _now: workflow.complete(model),
        is_delivered,
    ),
    "fail": Step(
        lambda services, row, _at, _new: services.closing.fail(row.order_id, "So it is"),
        lambda model, _at, _new, _now: workflow.fail(model),
        has_failed,
    ),
    "hold": Step(
        lambda services, row, _at, _new: services.closing.hold(row.order_id, "Nobody knows"),
        lambda model, _at, _new, _now: workflow.hold(model),
        stands("CHARGING"),
    ),
    "recover": Step(
        lambda services, row, _at, _new: services.closing.recover(row.order_id),
        lambda model, _at, _new, _now: workflow.recover(model),
        lambda model: model.status == "NEEDS_ATTENTION" and model.recovering,
    ),
    "execution lost": Step(
        lambda services, row, _at, _new: services.notification.execution_lost(row.order_id, "STOPPED"),
        lambda model, _at, _new, _now: workflow.lose(model),
        lambda _: True,
    ),
}
# What the workflow would do of its own accord, the first of these that is due.
ON_ITS_WAY = (
    *("settle-level", "begin-cooling-off", "begin-charge", "open-level"),
    *("complete-order", "open-job", "fail", "settle-picking", "recover"),
)
