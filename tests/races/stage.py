"""The API over memory adapters, with a model beside each of its orders: whoever acts here acts on both.

People come through the API's handler, as HTTP API events; the workflow calls the services as its steps do. Whatever
they are told is held against the model at once, and `agree` holds everything else against it.
"""

from __future__ import annotations

import json
from collections import Counter
from contextlib import ExitStack
from dataclasses import dataclass, field, replace
from typing import Any

import pytest

from approval_api import idempotency
from orders.adapters.memory import MemorySignaller
from orders.domain.model import Order, OrderId, Person, Role
from orders.domain.submission import order_id_for
from orders.services.approval import Look
from orders.wiring import installed
from tests.api.world import Context, World, an_event, call
from tests.builders import NOON
from tests.races.model import FINAL, OK, Answer, Level, Model, Waits, Who
from tests.races.model_of_workflow import wakes_in
from tests.races.requests import MemoryRequests
from tests.races.steps import STEPS
from tests.races.test_interruptions import KilledError
from tests.races.track import heard
from tests.workflow.harness import WatchedOrderRepository

PEOPLE = {
    name: Who(name, frozenset(roles.split()))
    for name, roles in {
        "requester-1": "requesters",
        "requester-2": "requesters",
        "manager-1": "managers",
        "manager-2": "managers",
        "director-1": "directors",
        "finance-1": "finance",
        "finance-2": "finance",
        "pat": "requesters managers directors finance",
        "warehouse-1": "warehouse",
        "warehouse-2": "warehouse",
        "operator-1": "operators",
        "auditor-1": "auditors",
    }.items()
}
# Jobs and rests are over long before levels, so that waiting for them does not expire every order there is.
WAITS = Waits(window=600, reminder=120, escalation=300, rest=30, claim=60, beat=10)
VARIABLES = {
    "DECISION_WINDOW_SECONDS": "600",
    "REMINDER_SECONDS": "120",
    "ESCALATION_SECONDS": "300",
    "COOLING_OFF_SECONDS": "30",
    "CLAIM_SECONDS": "60",
    "BEAT_SECONDS": "10",
}
A_MANAGER, A_DIRECTOR, TWO_OF_FINANCE = Level("managers"), Level("directors"), Level("finance", quorum=2)
# What can be ordered: the line, and what such an order asks for.
KINDS: dict[str, tuple[tuple[str, int], Model]] = {
    "a small one": (("JUNO-MAIL", 1), Model()),
    "a lamp": (("QUARTZ-LAMP", 1), Model(physical=True)),
    "one level": (("ATLAS-ED", 3), Model((A_MANAGER,))),
    "two levels": (("ATLAS-ED", 120), Model((A_MANAGER, A_DIRECTOR))),
    "a quorum and a rest": (("ATLAS-ED", 1_100), Model((A_MANAGER, TWO_OF_FINANCE), rests=True)),
}


@dataclass
class Reached:
    """What all the stages of a test have reached together."""

    steps: int = 0
    states: Counter[str] = field(default_factory=Counter)
    answers: Counter[str] = field(default_factory=Counter)
    refusals_of_steps: Counter[str] = field(default_factory=Counter)
    events: Counter[str] = field(default_factory=Counter)


class MortalSignaller(MemorySignaller):
    """Wakes workflows, unless the worker dies first."""

    def __init__(self) -> None:
        super().__init__()
        self.dies = False

    def wake(self, callback_id: str) -> bool:
        """Complete the callback, or be killed."""
        if self.dies:
            raise KilledError
        return super().wake(callback_id)


@dataclass
class Placed:
    """An order, and the model of it."""

    order_id: OrderId
    model: Model


class Stage:
    """A world of its own, whose orders are numbered from 1."""

    def __init__(self, reached: Reached) -> None:
        self.reached, self.signaller, self.requests = reached, MortalSignaller(), MemoryRequests()
        self.book = WatchedOrderRepository()
        self.world = World(waits=VARIABLES, signaller=self.signaller, orders=self.book)
        self.services = self.world.services()
        self.orders: dict[int, Placed] = {}
        self.kept: list[tuple[dict[str, Any], str]] = []
        self._names = 0
        self._stack = ExitStack()
        self._stack.enter_context(installed(self.services))
        patch = self._stack.enter_context(pytest.MonkeyPatch.context())
        patch.setattr(idempotency, "_store", lambda _table: self.requests)

    def close(self) -> None:
        """Leave the process as it was."""
        self._stack.close()

    @property
    def now(self) -> float:
        """Seconds since the beginning, as the models count them."""
        return (self.world.clock.now() - NOON).total_seconds()

    @property
    def in_sight(self) -> list[int]:
        """The orders that somebody is still busy with, and the last two that are closed."""
        closed = [number for number, order in self.orders.items() if order.model.status in FINAL]
        return sorted(self.orders.keys() - set(closed[:-2]))

    def model(self, number: int) -> Model:
        """Return what should be true of an order."""
        return self.orders[number].model

    def row(self, number: int) -> Order:
        """Return what is written of it."""
        return self.world.row(self.orders[number].order_id)

    def become(self, number: int, after: Model) -> None:
        """Let the model of an order go on."""
        before = self.model(number)
        if (before.status, before.current) != (after.status, after.current):
            self.reached.states[state_of(after)] += 1
        self.reached.events.update(after.story[len(before.story) :])
        self.orders[number].model = after

    def a_name(self, what: str) -> str:
        """Return a name that nothing else on this stage has."""
        self._names += 1
        return f"{what}-{self._names:016}"

    # --- people ---------------------------------------------------------------------------------------------------

    def event(self, name: str, method: str, path: str, body: dict[str, Any] | None = None) -> dict[str, Any]:
        """Return a person's request."""
        groups = f"[{' '.join(sorted(PEOPLE[name].roles))}]"
        return an_event(method, path, person=name, groups=groups, body=body, key=self.a_name("key"))

    def ask(self, event: dict[str, Any], context: Context | None = None) -> Answer:
        """Send a request and return what the person is told; what would be replayed is kept."""
        answer = call(event, context)
        told = Answer(answer.status) if answer.status < 300 else Answer(answer.status, answer.json["code"])
        self.reached.answers[f"{told.status} {told.code}".strip()] += 1
        if answer.status < 300 and not event["rawPath"].endswith("/heartbeat"):
            self.kept.append((event, answer.text))
        return told

    def place(self, kind: str, name: str) -> None:
        """Submit an order."""
        (sku, quantity), model = KINDS[kind]
        body = {"customer": "acme", "currency": "EUR", "lines": [{"sku": sku, "quantity": quantity}]}
        event = self.event(name, "POST", "/orders", body)
        assert self.ask(event) == Answer(202)
        order_id = order_id_for(name, event["headers"]["idempotency-key"])
        self.orders[len(self.orders) + 1] = Placed(order_id, replace(model, requester=name, waits=WAITS))
        self.reached.states["SUBMITTED"] += 1
        self.reached.events["submitted"] += 1

    def address(self, number: int, what: str = "") -> str:
        """Return where an order is found."""
        return f"/orders/{self.orders[number].order_id}{what}"

    def post(self, number: int, name: str, what: str, body: dict[str, Any], expected: tuple[Answer, Model]) -> None:
        """Send a request about an order, and hold its answer against the model's."""
        answer = self.ask(self.event(name, "POST", self.address(number, what), body))
        assert answer == expected[0], f"{name} {what} {body}: the API says {answer}, the model {expected[0]}"
        self.become(number, expected[1])

    def decide(self, number: int, name: str, level: int, verdict: str) -> None:
        """Say a word on a level; whoever settles it wakes the workflow."""
        expected = self.model(number).decide(PEOPLE[name], level, verdict, self.now)
        self.post(number, name, "/decisions", decision(level, verdict), expected)
        if expected[0] == OK and expected[1].levels[level - 1].outcome != "open":
            assert expected[1].levels[level - 1].callback in self.signaller.woken

    def decide_and_die(self, number: int, name: str, level: int, verdict: str) -> None:
        """Let the worker die when it would wake the workflow: the decision stands, and the retry sends the signal."""
        event = self.event(name, "POST", self.address(number, "/decisions"), decision(level, verdict))
        expected, after = self.model(number).decide(PEOPLE[name], level, verdict, self.now)
        self.become(number, after)
        self.signaller.dies = True
        try:
            assert self.ask(event) == expected
        except KilledError:
            self.signaller.dies = False
            assert self.ask(event, Context(remaining_ms=5_000)) == Answer(409, "request-in-flight")
            self.requests.end_leases()
            assert self.ask(event) == after.decide(PEOPLE[name], level, verdict, self.now)[0]
            # An expiry needs no second signal: the workflow's own timer ends at that instant.
            assert expected != OK or after.levels[level - 1].callback in self.signaller.woken
        finally:
            self.signaller.dies = False

    def withdraw(self, number: int, name: str) -> None:
        """Take an order back, one's own or not."""
        self.post(number, name, "/withdrawal", {}, self.model(number).withdraw(PEOPLE[name]))

    def beat(self, number: int, name: str, job: int) -> None:
        """Give a sign of life."""
        expected = self.model(number).beat(PEOPLE[name], job, self.now)
        self.post(number, name, "/picking/heartbeat", {"job": job}, expected)

    def report(self, number: int, name: str, job: int, outcome: str) -> None:
        """Say what became of a job."""
        body = {"job": job, "outcome": outcome, "reason": "So it is"}
        self.post(number, name, "/picking/result", body, self.model(number).report(PEOPLE[name], job, outcome))

    def stop(self, number: int, name: str) -> None:
        """Stop the order's execution."""
        self.post(number, name, "/stop", {"reason": "It must be"}, self.model(number).stop(PEOPLE[name]))

    def recover(self, number: int, name: str) -> None:
        """Have an order undone, and let the recovery run until somebody says otherwise."""
        expected = self.model(number).recover(PEOPLE[name])
        self.post(number, name, "/recovery", {"reason": "It must be"}, expected)
        self.tell_of_recovery(number, "RUNNING" if expected[1].recovering else "FAILED")

    def break_recovery_off(self, number: int) -> None:
        """Let the recovery execution end without closing the order."""
        self.become(number, replace(self.model(number), recovering=False))
        self.tell_of_recovery(number, "FAILED")

    def tell_of_recovery(self, number: int, status: str) -> None:
        """Let the service say how the order's latest recovery stands."""
        row = self.row(number)
        arn = self.world.starter.start_recovery(row.order_id, row.document, row.recoveries)
        self.world.history.tell(arn, {"Status": status}, [])

    def repeat(self, event: dict[str, Any], text: str, *, with_another_body: bool) -> None:
        """Send a request again that was answered once: the answer is the same to the byte, whatever is true now."""
        if with_another_body:
            word = "note" if event["rawPath"] == "/orders" else "reason"
            body = json.dumps({**json.loads(event["body"]), word: "Something else"})
            assert self.ask({**event, "body": body}) == Answer(422, "idempotency-key-reused")
            return
        again = call(event)
        assert (again.text, again.headers["Idempotent-Replayed"]) == (text, "true")

    # --- the workflow ---------------------------------------------------------------------------------------------

    def step(self, number: int, name: str, about: int | None = None) -> None:
        """Run a step of the workflow, and hold what it is told against the model."""
        step, model, new = STEPS[name], self.model(number), self.a_name("name")
        at = step.about(model) if about is None else about
        expected, after = step.asks(model, at, new, self.now)
        found: list[object] = []

        def does() -> object:
            found.append(step.does(self.services, self.row(number), at, new))
            return found[0]

        answer = heard(does)
        assert answer == expected, f"{name} {at}: the step is told {answer}, the model says {expected}"
        if found and isinstance(found[0], Look) and answer == Answer(200, "pending"):
            assert found[0].wake_in_seconds == wakes_in(after, at, self.now)
        if answer.status == 409:
            self.reached.refusals_of_steps[answer.code] += 1
        self.become(number, after)


def decision(level: int, verdict: str) -> dict[str, Any]:
    """Return the body of a decision."""
    return {"level": level, "verdict": verdict, "reason": "So it is"}


def state_of(model: Model) -> str:
    """Return an order's state with its level, as people speak of it."""
    return f"PENDING_APPROVAL({model.current})" if model.status == "PENDING_APPROVAL" else model.status


def person(name: str) -> Person:
    """Return somebody as the services know them."""
    return Person.named(name, frozenset(Role(role) for role in PEOPLE[name].roles))
