"""Every way an order can go, ready to be played: what is ordered, what is broken, and what people do.

The suites that disturb orders (crashes, faults, old histories) play these; what each is about is its name.
"""

from __future__ import annotations

import json
import time
from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import dataclass, field, replace
from typing import Any, NoReturn, TypeVar

from aws_durable_execution_sdk_python_testing.execution import Execution

from notifier.handler import handler as notifier
from orders.domain.approval import Withdraw
from orders.domain.errors import GatewayUnavailableError, TransientFaultError
from orders.domain.model import Decision, Order, OrderId, Status
from orders.domain.payments import PaymentRequest, PaymentState
from orders.domain.picking import ReportPicking
from orders.domain.refusals import TransitionRefusedError
from orders.domain.submission import order_id_for
from orders.services.approval import ApprovalService
from orders.services.writing import OrderWriter
from orders.wiring import Ports
from tests.builders import a_person, approval, rejection
from tests.workflow.harness import AUTOMATIC, ONE_LEVEL, World, untouched

PATIENCE_SECONDS = 45
MAX_STRAYS = 5  # after so many stray signals, the workflow waits until something is due
GLANCE_SECONDS = 0.02
DELIVERIES = 3
REQUESTER, STATION, OPERATOR = a_person("requester-1"), a_person("warehouse-1"), a_person("operator-1")
TWO_LEVELS = (("MERIDIAN-GIS", 6),)
COOLING_OFF = (("MERIDIAN-GIS", 60),)
DESK = (("QUARTZ-LAMP", 1),)
# Three chunks of stock, in three branches; the last good of the last one is sold out.
MANY_GOODS = (*((f"BULK-{number:04}", 2) for number in range(1, 111)), ("SOLD-OUT", 1))
Lines = tuple[tuple[str, int], ...]
T = TypeVar("T")


class ProcessDiedError(Exception):
    """The process that made a call is gone; what the call did stays done."""


@dataclass(slots=True)
class People:
    """Everybody who has to do with one order. Whoever gets no answer tries again, as a person and as a service does."""

    world: World
    order_id: OrderId
    accepted: list[tuple[int, Decision]] = field(default_factory=list)

    def row(self) -> Order:
        """Return the order's row."""
        return self.world.row(self.order_id)

    def until(self, condition: Callable[[Order], bool]) -> None:
        """Wait until the row meets a condition."""
        end = time.monotonic() + PATIENCE_SECONDS
        while not condition(self.row()):
            assert time.monotonic() < end, f"still {self.row()}"
            time.sleep(GLANCE_SECONDS)

    def until_told(self, kind: str, level: int = 1) -> None:
        """Wait until a message about a level is in the outbox, or known to be lost."""
        key = f"{self.order_id}#{kind}#{level}#1"
        outbox = self.world.ports.outbox
        self.until(
            lambda row: key in outbox._messages or f"{kind}-1" in row.levels[level - 1].undelivered  # type: ignore[attr-defined]  # memory
        )

    def approve(self, by: str = "manager-1", level: int = 1) -> None:
        """Approve a level once somebody has asked for it."""
        self.until_told("request-decision", level)
        self._decide(lambda: self.world.decide(self.order_id, approval(by, level)).decision, level)

    def reject(self) -> None:
        """Reject the first level once somebody has asked for it."""
        self.until_told("request-decision")
        self._decide(lambda: self.world.decide(self.order_id, rejection()).decision, 1)

    def withdraw(self) -> None:
        """Take the order back."""
        insist(lambda: self.world.withdraw(self.order_id))

    def claim(self, number: int) -> None:
        """Beat once for a job as soon as it is there."""
        self.until(lambda row: len(row.jobs) >= number)
        insist(lambda: self.world.services.picking.beat(self.order_id, STATION, number))

    def finish(self, number: int, *, picked: bool) -> None:
        """Claim a job, beat until the workflow listens, and say what became of it."""
        self.claim(number)
        while self.row().jobs[number - 1].picking_callback_id is None:
            self.claim(number)
            time.sleep(0.2)
        command = ReportPicking(STATION, number, picked, None if picked else "Not there")
        insist(lambda: self.world.services.picking.report(self.order_id, command))

    def stray(self, count: int, callback_of: Callable[[Order], str | None]) -> None:
        """Signal `count` callbacks in turn, and wait until the workflow has published another."""
        for _ in range(count):
            callback_id = callback_of(self.row())
            assert callback_id is not None
            self.world.wire.wake(callback_id)
            self.until(lambda row, seen=callback_id: callback_of(row) != seen)  # type: ignore[misc]  # bound at once

    def stop(self) -> None:
        """Stop the execution as an operator does; the service tells the notifier."""
        insist(lambda: self.world.services.operating.stop(self.order_id, OPERATOR, "The customer went bankrupt"))
        self.hear(self.order_id)

    def recover(self) -> None:
        """Have everything undone, and wait until it is."""
        insist(lambda: self.world.services.operating.recover(self.order_id, OPERATOR, "Clean up"))
        self.hear(OrderId(f"{self.order_id}-r1"))

    def hear(self, name: OrderId) -> None:
        """Wait for the end of an execution and deliver its status event: tried again, then given up."""
        status = self.ended(name).current_status().value
        for _ in range(DELIVERIES):
            with suppress(Exception):
                tell(name, status)
                return

    def ended(self, name: OrderId) -> Execution:
        """Wait until the execution of this name has ended, and return it."""
        arn = self.world.starter.arns[name]
        self.until(lambda _: self.world.runner._store.load(arn).is_complete)
        return self.world.runner._store.load(arn)

    def _decide(self, decide: Callable[[], Decision], level: int) -> None:
        self.accepted.append((level, insist(decide)))


def insist(call: Callable[[], T]) -> T:
    """Make a call until it is answered."""
    while True:
        with suppress(ProcessDiedError, TransientFaultError):
            return call()


def tell(execution_name: str, status: str) -> None:
    """Deliver a status event of an execution, as EventBridge does."""
    detail = {"durableExecutionName": execution_name, "status": status}
    notifier({"detail-type": "Durable Execution Status Change", "detail": detail}, None)


# --- what people do -------------------------------------------------------------------------------------------------


def nothing(_people: People) -> None:
    """Nobody is asked."""


def manager_approves(people: People) -> None:
    people.approve()


def manager_rejects(people: People) -> None:
    people.reject()


def requester_withdraws(people: People) -> None:
    people.until_told("request-decision")
    people.withdraw()


def manager_wakes_up(people: People) -> None:
    people.until_told("remind")
    people.approve()


def director_steps_in(people: People) -> None:
    people.until_told("escalate")
    people.approve("director-1")


def two_levels_approve(people: People) -> None:
    people.approve()
    people.approve("director-1", 2)


def finance_approves(people: People) -> None:
    people.approve()
    people.approve("finance-1", 2)
    people.approve("finance-2", 2)


def requester_withdraws_at_rest(people: People) -> None:
    finance_approves(people)
    people.until(lambda row: row.status is Status.COOLING_OFF)
    people.withdraw()


def station_picks(people: People) -> None:
    people.finish(1, picked=True)


def station_falls_silent(people: People) -> None:
    people.claim(1)
    people.finish(2, picked=True)


def station_finds_nothing(people: People) -> None:
    people.finish(1, picked=False)
    people.finish(2, picked=False)


def operator_recovers(people: People) -> None:
    people.until_told("request-decision")
    people.stop()
    people.recover()


def operator_recovers_what_is_held(people: People) -> None:
    """The workflow itself holds the order, its requester is told so, and then what it did is undone."""
    people.approve()
    people.hear(people.order_id)
    people.recover()


def somebody_signals(people: People) -> None:
    """A signal without a decision comes first, then the manager."""
    people.until_told("request-decision")
    stray = people.row().levels[0].callback_id
    assert stray is not None
    people.world.wire.wake(stray)
    people.until(lambda row: row.levels[0].callback_id != stray)
    people.approve()


def nobody_decides_five_times(people: People) -> None:
    """Five signals come without a decision; the manager decides when the workflow listens once more."""
    people.until_told("request-decision")
    people.stray(MAX_STRAYS, lambda row: row.levels[0].callback_id)
    people.approve()


def nobody_claims_five_times(people: People) -> None:
    """Five signals come without a claim; the station comes when the workflow listens once more."""
    people.until(lambda row: len(row.jobs) == 1)
    people.stray(MAX_STRAYS, lambda row: row.jobs[0].claim_callback_id)
    people.finish(1, picked=True)


# --- what is broken -------------------------------------------------------------------------------------------------


class Instead:
    """A port with some of its methods replaced."""

    def __init__(self, port: object, **methods: Callable[..., Any]) -> None:
        self._port = port
        self._methods = methods

    def __getattr__(self, name: str) -> Any:
        return self._methods.get(name) or getattr(self._port, name)


def no_answer(*_: object) -> NoReturn:
    """Leave the caller without an answer."""
    raise GatewayUnavailableError("no answer")


def silent_from_the_capture_on(ports: Ports) -> Ports:
    """Neither the capture nor the question about it is ever answered."""
    return replace(ports, gateway=Instead(ports.gateway, capture=no_answer, state=no_answer))


def captures_break_off(ports: Ports) -> Ports:
    """Every capture takes effect, and nobody hears the answer."""

    def capture(payment: PaymentRequest) -> PaymentState:
        ports.gateway.capture(payment)
        no_answer()

    return replace(ports, gateway=Instead(ports.gateway, capture=capture))


def voids_fail(ports: Ports) -> Ports:
    """An authorisation cannot be given up."""
    return replace(ports, gateway=Instead(ports.gateway, void=no_answer))


def publishes_nothing(ports: Ports) -> Ports:
    """Every message breaks the notifier."""

    def publish(*_: object) -> NoReturn:
        raise RuntimeError("no topic")

    return replace(ports, publisher=Instead(ports.publisher, publish=publish))


def loses_signals(ports: Ports) -> Ports:
    """Nobody is ever woken."""
    return replace(ports, signaller=Instead(ports.signaller, wake=lambda _callback_id: False))


def withdrawn_while_screened(ports: Ports) -> Ports:
    """The requester withdraws while the order is being checked."""
    approvals = ApprovalService(OrderWriter(ports.orders, ports.pause), ports.clock, ports.signaller)

    def first_with(fingerprint: str, order_id: OrderId, at: Any) -> OrderId | None:
        with suppress(TransitionRefusedError):
            approvals.withdraw(order_id, Withdraw(REQUESTER, None))
        return ports.duplicates.first_with(fingerprint, order_id, at)

    return replace(ports, duplicates=Instead(ports.duplicates, first_with=first_with))


# --- the scenarios --------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Scenario:
    """One way an order can go. Waits are in seconds; `skip_time` is for those that need not really wait.

    An `awaited` one is placed by a state machine, which waits for its end.
    """

    name: str
    ends: Status
    drive: Callable[[People], None] = nothing
    lines: Lines = ONE_LEVEL
    customer: str = "acme"
    broken: Callable[[Ports], Ports] = untouched
    waits: Mapping[str, int] = field(default_factory=dict)
    skip_time: bool = True
    awaited: bool = False


SCENARIOS = (
    Scenario("automatic", Status.COMPLETED, lines=AUTOMATIC),
    Scenario("manager-approves", Status.COMPLETED, manager_approves),
    Scenario("manager-rejects", Status.REJECTED, manager_rejects),
    Scenario("withdrawn", Status.WITHDRAWN, requester_withdraws),
    Scenario("withdrawn-while-screened", Status.WITHDRAWN, broken=withdrawn_while_screened),
    Scenario("expired", Status.EXPIRED, waits={"window": 1}),
    Scenario("reminded", Status.COMPLETED, manager_wakes_up, waits={"reminder": 1}),
    Scenario("escalated", Status.COMPLETED, director_steps_in, waits={"escalation": 1}),
    Scenario("manager-then-director", Status.COMPLETED, two_levels_approve, TWO_LEVELS),
    Scenario("finance-and-cooling-off", Status.COMPLETED, finance_approves, COOLING_OFF, skip_time=False),
    Scenario(
        "withdrawn-at-rest",
        Status.WITHDRAWN,
        requester_withdraws_at_rest,
        COOLING_OFF,
        waits={"cooling_off": 4},
        skip_time=False,
    ),
    Scenario("credit-refused", Status.REFUSED, customer="credit-refused"),
    Scenario("sold-out", Status.REFUSED, lines=MANY_GOODS),
    Scenario("card-declined", Status.REFUSED, customer="card-declined"),
    Scenario("capture-declined", Status.FAILED, manager_approves, customer="capture-declined"),
    Scenario("gateway-flaky", Status.COMPLETED, manager_approves, customer="gateway-flaky"),
    Scenario("gateway-flaky-undone", Status.REJECTED, manager_rejects, customer="gateway-flaky"),
    Scenario("settlement-slow", Status.COMPLETED, lines=AUTOMATIC, customer="settlement-slow"),
    Scenario("capture-unknown", Status.NEEDS_ATTENTION, manager_approves, broken=silent_from_the_capture_on),
    Scenario("capture-found-by-key", Status.COMPLETED, manager_approves, broken=captures_break_off),
    Scenario("undo-fails", Status.NEEDS_ATTENTION, manager_approves, customer="capture-declined", broken=voids_fail),
    Scenario("picked", Status.COMPLETED, station_picks, DESK),
    Scenario("job-lost", Status.COMPLETED, station_falls_silent, DESK, waits={"beat": 2}),
    Scenario("picking-failed-twice", Status.FAILED, station_finds_nothing, DESK),
    Scenario("unclaimed", Status.FAILED, lines=DESK, waits={"claim": 1}),
    Scenario("recovery", Status.FAILED, operator_recovers),
    Scenario("held-and-recovered", Status.FAILED, operator_recovers_what_is_held, broken=silent_from_the_capture_on),
    Scenario("notifier-fails", Status.COMPLETED, manager_approves, broken=publishes_nothing),
    Scenario("signals-lost", Status.COMPLETED, manager_approves, broken=loses_signals, waits={"reminder": 2}),
    Scenario("stray-signal", Status.COMPLETED, somebody_signals),
    Scenario("five-strays", Status.COMPLETED, nobody_decides_five_times),
    Scenario("five-strays-picking", Status.COMPLETED, nobody_claims_five_times, DESK),
    Scenario("state-machine", Status.COMPLETED, manager_approves, awaited=True),
    Scenario("state-machine-rejected", Status.REJECTED, manager_rejects, awaited=True),
    Scenario("state-machine-recovered", Status.FAILED, operator_recovers, awaited=True),
)
BY_NAME = {scenario.name: scenario for scenario in SCENARIOS}


def order_id_of(key: str) -> OrderId:
    """Return the id of the order that `play` makes with this key, before it is there."""
    return order_id_for(REQUESTER.username, key)


def task_of(order_id: OrderId) -> str:
    """Return the token of the task that waits for this order."""
    return f"task-of-{order_id}"


def play(scenario: Scenario, world: World, key: str) -> People:
    """Take one order through the scenario until its execution has ended and its status event has been delivered."""
    people = People(world, order_id_of(key))
    token = task_of(people.order_id) if scenario.awaited else None
    insist(lambda: world.submit(scenario.lines, scenario.customer, key, token))
    scenario.drive(people)
    people.hear(people.order_id)
    return people


def result_status(execution: Execution) -> str | None:
    """Return the order's status as the execution's result gives it, None when it has no result."""
    output = execution.result.result if execution.result else None
    status: str | None = json.loads(output)["status"] if output else None
    return status
