"""No log line of workflow or notifier has what people wrote, who they are, or a secret that wakes or answers."""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterator
from functools import partial

import pytest

from notifier.handler import handler as notifier
from orders.domain.approval import Decide
from orders.domain.model import Order, OrderId, Person, Role, Verdict
from orders.domain.picking import ReportPicking
from orders.domain.submission import RequestedLine, Submission
from tests.workflow.harness import World, a_world

CANARY = "canary"
ENGINE = "aws_durable_execution_sdk_python_testing"
"""Plays the part of the service, which knows every callback id; its log is not the functions'."""
TOKEN = f"{CANARY}-task-token"
LAMP = (RequestedLine("QUARTZ-LAMP", 3),)


@pytest.fixture
def world() -> Iterator[World]:
    """A world with waits that no test here outlives."""
    with a_world() as world:
        yield world


def canary(role: Role) -> Person:
    """Somebody whose name must not be in a log."""
    return Person.named(f"{CANARY}-{role}", frozenset({role}))


def placed(world: World) -> OrderId:
    """Return a lamp's order, asked for by a state machine, that waits for its manager."""
    submission = Submission(f"{CANARY} customer", "EUR", LAMP, f"{CANARY} note")
    order_id = world.services.intake.submit(canary(Role.REQUESTERS), f"{CANARY}-key-000000", submission, TOKEN).order_id
    world.until_asked(order_id)
    return order_id


def decided(world: World, order_id: OrderId, verdict: Verdict) -> None:
    """Decide its one level, with a reason."""
    world.decide(order_id, Decide(canary(Role.MANAGERS), 1, verdict, f"{CANARY} reason"))


def has_job(number: int, row: Order) -> bool:
    """Whether the order's job of this number is open."""
    return len(row.jobs) == number


def is_heard(number: int, row: Order) -> bool:
    """Whether the workflow listens to the job's station."""
    return row.jobs[number - 1].picking_callback_id is not None


def rejected(world: World) -> OrderId:
    order_id = placed(world)
    decided(world, order_id, Verdict.REJECT)
    assert world.status(order_id) == "REJECTED"
    return order_id


def failed_twice(world: World) -> OrderId:
    order_id, station = placed(world), canary(Role.WAREHOUSE)
    decided(world, order_id, Verdict.APPROVE)
    for number in (1, 2):
        world.until(order_id, partial(has_job, number))
        world.services.picking.beat(order_id, station, number)
        world.until(order_id, partial(is_heard, number))
        failure = ReportPicking(station, number, picked=False, reason=f"{CANARY} reason")
        world.services.picking.report(order_id, failure)
    assert world.status(order_id) == "FAILED"
    return order_id


def stopped(world: World) -> OrderId:
    order_id, operator = placed(world), canary(Role.OPERATORS)
    world.services.operating.stop(order_id, operator, f"{CANARY} reason")
    detail = {"durableExecutionName": order_id, "status": "STOPPED"}
    notifier({"detail-type": "Durable Execution Status Change", "detail": detail}, None)
    world.services.operating.recover(order_id, operator, f"{CANARY} reason")
    world.result(OrderId(f"{order_id}-r1"))
    return order_id


def secrets_of(row: Order) -> set[str]:
    """The ids with which anybody could wake the workflow."""
    levels = {level.callback_id for level in row.levels}
    jobs = {each for job in row.jobs for each in (job.claim_callback_id, job.picking_callback_id)}
    return {each for each in levels | jobs if each}


@pytest.mark.parametrize("story", [rejected, failed_twice, stopped])
def test_no_log_line_holds_a_text_a_person_or_a_secret(
    world: World,
    story: Callable[[World], OrderId],
    caplog: pytest.LogCaptureFixture,
    capfd: pytest.CaptureFixture[str],
) -> None:
    """Whatever the functions, the durable SDK and Powertools log on the way: each record whole, and what is printed."""
    caplog.set_level(logging.INFO)

    order_id = story(world)

    records = [record for record in caplog.records if not record.name.startswith(ENGINE)]
    log = "".join(str(vars(record)) for record in records) + "".join(capfd.readouterr())
    assert {"order-workflow", "notifier"} <= {record.name for record in records}
    assert order_id in log
    assert CANARY not in log
    assert not {each for each in secrets_of(world.row(order_id)) if each in log}
