"""What every scenario costs, measured: played by people who wait until the workflow sleeps, so that nothing varies.

The processes that measure are many, since scenarios wait more than they work; they take and return plain values.
"""

from __future__ import annotations

import logging
import os
import time
import warnings
from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from concurrent.futures import ProcessPoolExecutor
from contextlib import ExitStack, contextmanager, redirect_stdout
from dataclasses import dataclass, replace
from http import HTTPStatus
from multiprocessing import get_context
from unittest.mock import patch

from aws_durable_execution_sdk_python.lambda_service import Operation, OperationType
from aws_lambda_powertools import Logger

from approval_api.handler import logger as api_logger
from orders.domain.model import Order, OrderId, Status
from orders.wiring import installed
from tests.api import world as api
from tests.workflow.as_state_machine import differences, walked
from tests.workflow.harness import World, a_world
from tests.workflow.meter import LogMeter, Meter, logged_by, logging_to, metered
from tests.workflow.metering import flat_branches, metered_operations
from tests.workflow.scenarios import (
    GLANCE_SECONDS,
    PATIENCE_SECONDS,
    SCENARIOS,
    People,
    Scenario,
    finance_approves,
    insist,
    order_id_of,
)

PROCESSES = 4
LEVEL = "INFO"
# The services that the functions log as.
LOGGERS = {"workflow": "order-workflow", "notifier": "notifier"}
TEN_THOUSAND_LINES = Scenario(
    "ten-thousand-lines",
    Status.COMPLETED,
    finance_approves,
    tuple((f"BULK-{number % 1000 + 1:04}", 60) for number in range(10_000)),
    skip_time=False,
)
WITHOUT_TABLES = {"POWERTOOLS_IDEMPOTENCY_DISABLED": "true", "AWS_DEFAULT_REGION": "us-east-1"}
SDK = "aws_durable_execution_sdk_python"
# A second reminder must not come before somebody has acted on the first, however busy the machine is.
CALM = {"reminded": {"reminder": 4}}
# Forged signals cost the durable workflow a look each; the state machine waits for one token and has no such rule.
FORGED = {"five-strays", "five-strays-picking"}
# An order that a state machine waits for costs one step more; the same process as a state machine has nobody to tell.
MEASURED = {
    each.name: replace(each, waits={**each.waits, **CALM.get(each.name, {})})
    for each in (*SCENARIOS, TEN_THOUSAND_LINES)
    if not each.awaited and each.name not in FORGED
}


@dataclass(frozen=True, slots=True)
class Log:
    """What a function logged."""

    records: int
    bytes: int


@dataclass(frozen=True, slots=True)
class Cost:
    """What one order cost, its recovery included; beside it what the same process takes as a state machine."""

    operations: int
    metered: int
    flat_branches: int
    invocations: int
    messages: int
    checkpoint_calls: int
    payload_bytes: int
    request_bytes: int
    logs: Mapping[str, Log]
    transitions: int
    tasks: int
    entered: frozenset[str]
    differences: Mapping[str, int]

    def __str__(self) -> str:
        """Return the figures in a line."""
        logs = ", ".join(f"{log.bytes} bytes in {log.records} records of the {name}" for name, log in self.logs.items())
        return (
            f"{self.operations} operations, {self.metered} metered, {self.invocations} invocations, "
            f"{self.checkpoint_calls} checkpoint calls, {self.payload_bytes} bytes of payload in "
            f"{self.request_bytes} of requests; logged {logs}; {self.transitions} transitions"
        )


@dataclass(slots=True)
class PatientPeople(People):
    """People who act only when the workflow sleeps."""

    asleep: Callable[[], bool] = bool

    def until(self, condition: Callable[[Order], bool]) -> None:
        """Wait until the row meets a condition and the workflow sleeps."""
        People.until(self, condition)
        end = time.monotonic() + PATIENCE_SECONDS
        while not self.asleep():
            assert time.monotonic() < end, "the workflow never sleeps"
            time.sleep(GLANCE_SECONDS)

    def finish(self, number: int, *, picked: bool) -> None:
        """Claim a job, wait until the workflow listens, and say what became of it."""
        self.claim(number)
        self.until(lambda row: row.jobs[number - 1].picking_callback_id is not None)
        People.finish(self, number, picked=picked)


def measure(name: str) -> Cost:
    """Play a scenario once and return what it cost."""
    scenario = MEASURED[name]
    with (
        a_world(skip_time=scenario.skip_time, between=scenario.broken, **scenario.waits) as world,
        metered_logs() as logs,
    ):
        meter = metered(world)
        order_id = order_id_of(name)
        people = PatientPeople(world, order_id, asleep=lambda: _ended(world) or meter.asleep(_everything(world)))
        insist(lambda: world.submit(scenario.lines, scenario.customer, name))
        scenario.drive(people)
        people.hear(order_id)
        assert people.row().status is scenario.ends
        return _cost(world, meter, {name: Log(log.records, log.bytes) for name, log in logs.items()})


def _cost(world: World, meter: Meter, logs: Mapping[str, Log]) -> Cost:
    executions = [world.operations(name) for name in map(OrderId, world.starter.arns)]
    walks = [walked(operations) for operations in executions]
    differing: Counter[str] = Counter()
    for operations, walk in zip(executions, walks, strict=True):
        differing.update(differences(operations, walk))
    return Cost(
        operations=sum(map(len, executions)),
        metered=sum(map(metered_operations, executions)),
        flat_branches=sum(map(flat_branches, executions)),
        invocations=meter.invocations,
        messages=sum(each.operation_type is OperationType.CHAINED_INVOKE for each in _everything(world)),
        checkpoint_calls=meter.checkpoint_calls,
        payload_bytes=meter.payload_bytes,
        request_bytes=meter.request_bytes,
        logs=logs,
        transitions=sum(walk.transitions for walk in walks),
        tasks=sum(walk.tasks for walk in walks),
        entered=frozenset(name for walk in walks for name in walk.entered),
        differences=dict(differing),
    )


def _everything(world: World) -> list[Operation]:
    return [each for name in world.starter.arns for each in world.operations(OrderId(name))]


def _ended(world: World) -> bool:
    return all(world.runner._store.load(arn).is_complete for arn in world.starter.arns.values())


@contextmanager
def metered_logs() -> Iterator[dict[str, LogMeter]]:
    """Count what each function logs instead of writing it."""
    meters = {name: LogMeter() for name in (*LOGGERS, "SDK")}
    with ExitStack() as stack:
        for name, service in LOGGERS.items():
            stack.enter_context(logging_to(meters[name], Logger(service=service), LEVEL))
        stack.enter_context(logged_by(meters["SDK"], SDK, LEVEL))
        yield meters


def measure_api() -> dict[str, Log]:
    """Return what the API logs for one request of each kind, its metrics included."""
    world = api.World()
    answered: dict[str, Log] = {}

    def ask(kind: str, event: dict[str, object]) -> api.Answer:
        meter = LogMeter()
        with logging_to(meter, api_logger, LEVEL), redirect_stdout(meter):
            answer = api.call(event)
        assert answer.status < HTTPStatus.BAD_REQUEST, answer
        answered[kind] = Log(meter.records, meter.bytes)
        return answer

    # The table of requests that were answered before logs nothing; without it there is nothing to set up.
    with installed(world.services()), patch.dict(os.environ, WITHOUT_TABLES), warnings.catch_warnings():
        warnings.simplefilter("ignore")
        order_id = ask("submitting an order", api.an_event("POST", "/orders", body=api.ONE_LEVEL)).json["orderId"]
        world.open_level(order_id)
        ask("reading an order", api.an_event("GET", f"/orders/{order_id}"))
        ask("deciding", api.decision(order_id))
    return answered


@dataclass(frozen=True, slots=True)
class Measured:
    """Every scenario's costs, as often as it was played, and the API's logs for each kind of request."""

    costs: Mapping[str, list[Cost]]
    api: Mapping[str, Log]


def measure_all(times: int = 1) -> Measured:
    """Measure every scenario so many times."""
    with ProcessPoolExecutor(PROCESSES, get_context("spawn"), silence) as pool:
        # Those that really wait go first.
        names = sorted(MEASURED, key=lambda name: -sum(MEASURED[name].waits.values()))
        futures = {name: [pool.submit(measure, name) for _ in range(times)] for name in names}
        requests = pool.submit(measure_api)
        costs = {name: [future.result() for future in futures[name]] for name in MEASURED}
        return Measured(costs, requests.result())


def silence() -> None:
    """Keep what the testing engine has to say about timeouts out of the report."""
    logging.getLogger().addHandler(logging.NullHandler())
