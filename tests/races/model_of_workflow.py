"""What the workflow does to an order, as `tests.races.model` says it should: every step, wherever the order stands.

A step may run again after its worker died, or much too late; so each is answered in every state. `FENCED` means that
the workflow must not go on, 503 that it should try once more.
"""

from __future__ import annotations

import math

from tests.races.model import BEFORE_CHARGE, FINAL, INVALID, LADDER, OK, Answer, Job, Level, Model

FENCED, AGAIN = Answer(409, "order-fenced"), Answer(503)
FIRST_REMINDER_AFTER_A_LOST_REQUEST = 60
MOST_JOBS = 2

Result = tuple[Answer, Model]


def register(model: Model) -> Result:
    """The row is there; a late duplicate of the execution is told to do nothing."""
    return (OK if model.status == "SUBMITTED" else Answer(200, "late")), model


def refuse(model: Model) -> Result:
    """Screening, stock or authorisation said no."""
    if model.status == "SUBMITTED":
        return OK, model.after("refused", status="REFUSED")
    return (OK if model.status in {"REFUSED", "WITHDRAWN"} else FENCED), model


# --- levels -----------------------------------------------------------------------------------------------------------


def open_level(model: Model, number: int, callback: str, now: float) -> Result:
    """A level's people are asked, or a later look's callback is published; who settles the level wakes `callback`."""
    if number > len(model.levels):
        return INVALID, model
    level = model.levels[number - 1]
    if not _is_settled(model, level):
        if level.deadline is not None:
            model = model.with_level(number, callback=callback)
        elif number != model.current + 1 or any(each.outcome != "approved" for each in model.levels[: number - 1]):
            return Answer(409, "not-open-yet"), model
        else:
            model = _opened(model, number, callback, now)
    return _look(model, number), model


def _opened(model: Model, number: int, callback: str, now: float) -> Model:
    """What would be due at the deadline or after it never is: the expiry comes first."""
    waits = model.waits
    opened = model.with_level(
        number,
        outcome="open",
        callback=callback,
        deadline=now + waits.window,
        reminds_at=now + waits.reminder,
        escalates_at=now + waits.escalation if model.levels[number - 1].role in LADDER else None,
    )
    return opened.after("level-opened", status="PENDING_APPROVAL")


def settle_level(model: Model, number: int, now: float, undelivered: str | None = None) -> Result:
    """The workflow has looked at a level and written what was due; before, perhaps, what message was lost."""
    if number > len(model.levels):
        return INVALID, model
    level = model.levels[number - 1]
    if undelivered is not None and not _is_settled(model, level) and undelivered not in level.undelivered:
        if model.status == "SUBMITTED":
            return Answer(409, "not-open-yet"), model
        model = _noted(model, number, undelivered, now)
    model = _with_what_is_due(model, number, now)
    return _look(model, number), model


def _noted(model: Model, number: int, message: str, now: float) -> Model:
    level = model.levels[number - 1]
    reminds_at = level.reminds_at
    if level.reminders == 0 and reminds_at is not None:
        reminds_at = min(reminds_at, now + FIRST_REMINDER_AFTER_A_LOST_REQUEST)
    noted = model.with_level(number, undelivered=(*level.undelivered, message), reminds_at=reminds_at)
    return noted.after("notification-failed")


def _with_what_is_due(model: Model, number: int, now: float) -> Model:
    level = model.levels[number - 1]
    if level.outcome != "open" or model.status != "PENDING_APPROVAL":
        return model
    if level.deadline is not None and now >= level.deadline:
        return model.expired(number)
    if level.escalates_at is not None and now >= level.escalates_at:
        return model.with_level(number, escalated=True, escalates_at=None).after("escalated")
    if level.reminds_at is not None and now >= level.reminds_at:
        following = {"reminders": level.reminders + 1, "reminds_at": now + model.waits.reminder}
        return model.with_level(number, **following).after("reminded")
    return model


def wakes_in(model: Model, number: int, now: float) -> int:
    """In how many seconds the workflow must look at an open level again."""
    level = model.levels[number - 1]
    due = [at for at in (level.deadline, level.reminds_at, level.escalates_at) if at is not None]
    return max(1, math.ceil(min(due, default=now) - now))


def _look(model: Model, number: int) -> Answer:
    if model.status in {"REJECTED", "EXPIRED", "WITHDRAWN"}:
        return Answer(200, model.status.lower())
    if model.status in FINAL | {"NEEDS_ATTENTION"}:
        return FENCED
    return Answer(200, "approved" if model.levels[number - 1].outcome == "approved" else "pending")


def _is_settled(model: Model, level: Level) -> bool:
    return model.status in FINAL | {"NEEDS_ATTENTION"} or level.outcome == "approved"


# --- charging, closing ------------------------------------------------------------------------------------------------


def begin_cooling_off(model: Model, now: float) -> Result:
    """The order rests, unless it was withdrawn first."""
    if model.status in {"COOLING_OFF", "WITHDRAWN"}:
        return (OK if model.status == "COOLING_OFF" else Answer(409, "order-withdrawn")), model
    if model.status != "PENDING_APPROVAL" or not model.is_approved:
        return FENCED, model
    if not model.rests:
        return AGAIN, model
    return OK, model.after("cooling-off-begun", status="COOLING_OFF", rested_at=now)


def begin_charge(model: Model, now: float) -> Result:
    """The workflow wants to pass the point of no return."""
    if model.status in {"CHARGING", "WITHDRAWN"}:
        return (OK if model.status == "CHARGING" else Answer(409, "order-withdrawn")), model
    if model.status not in BEFORE_CHARGE or not model.is_approved:
        return FENCED, model
    if model.rests and (model.rested_at is None or now < model.rested_at + model.waits.rest):
        return AGAIN, model
    return OK, model.after("charge-begun", status="CHARGING")


def complete(model: Model) -> Result:
    """Paid, and picked if there was something to pick."""
    if model.status == "COMPLETED":
        return OK, model
    delivered = not model.physical or bool(model.jobs and model.jobs[-1].state == "picked")
    if model.status not in {"CHARGING", "FULFILLING"} or not delivered:
        return FENCED, model
    return OK, model.after("completed", status="COMPLETED")


def fail(model: Model) -> Result:
    """The charge did not succeed and everything is undone."""
    if model.status in {"CHARGING", "FULFILLING"}:
        return OK, model.after("failed", status="FAILED")
    return (OK if model.status == "FAILED" else FENCED), model


# --- picking ----------------------------------------------------------------------------------------------------------


def open_job(model: Model, number: int, now: float) -> Result:
    """The warehouse has one job more, if it may."""
    if number > len(model.jobs):
        if model.status not in {"CHARGING", "FULFILLING"}:
            return model.too_late(), model
        over = all(job.state in {"lost", "failed"} for job in model.jobs)
        if not model.physical or not over or number != len(model.jobs) + 1 or number > MOST_JOBS:
            return Answer(409, "job-superseded"), model
        job = Job(now + model.waits.claim)
        model = model.after("job-opened", status="FULFILLING", jobs=(*model.jobs, job))
    return _look_at_job(model, number), model


def settle_job(model: Model, number: int, now: float) -> Result:
    """The workflow has looked at a job and written what was due."""
    if number > len(model.jobs):
        return INVALID, model
    job = model.jobs[number - 1]
    if model.status == "FULFILLING" and job.state == "open" and now >= job.claim_deadline:
        model = model.with_job(number, state="unclaimed").after("job-unclaimed")
    if model.status == "FULFILLING" and job.state == "claimed" and now >= job.lost_at:
        model = model.with_job(number, state="lost").after("job-lost")
    return _look_at_job(model, number), model


def _look_at_job(model: Model, number: int) -> Answer:
    if model.status != "FULFILLING":
        return FENCED
    state = model.jobs[number - 1].state
    return Answer(200, "stray" if state in {"open", "claimed"} else state)


# --- when something is wrong ------------------------------------------------------------------------------------------


def hold(model: Model) -> Result:
    """Nobody can tell what became of the capture."""
    if model.status in FINAL:
        return FENCED, model
    return OK, lose(model)[1]


def lose(model: Model) -> Result:
    """The service tells that the execution is gone."""
    untouched = model.status in FINAL | {"NEEDS_ATTENTION"}
    return OK, (model if untouched else model.after("needs-attention", status="NEEDS_ATTENTION"))


def recover(model: Model) -> Result:
    """The recovery execution has undone everything."""
    if model.status == "NEEDS_ATTENTION":
        return OK, model.after("recovered", status="FAILED", recovering=False)
    return (OK if model.status == "FAILED" else FENCED), model
