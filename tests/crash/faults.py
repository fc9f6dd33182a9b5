"""Faults at exact places: at a checkpoint call, behind an outside call, at a signal. Each strikes one order, once.

A fault is a value that a test plans for an order; `Disturbance` carries it out and writes down that it did, so that no
suite can mistake a fault that never came for one that did no harm.
"""

from __future__ import annotations

import re
import threading
from collections import Counter, defaultdict
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from typing import Any

from aws_durable_execution_sdk_python.exceptions import CheckpointError
from aws_durable_execution_sdk_python.lambda_service import (
    CheckpointOutput,
    DurableServiceClient,
    OperationUpdate,
    StateOutput,
)

from orders.domain.errors import TransientFaultError
from orders.domain.executions import order_of_execution
from orders.domain.messages import Message
from orders.domain.model import OrderDocument, OrderId
from orders.domain.rules import Change
from orders.wiring import Ports
from tests.workflow.harness import World
from tests.workflow.scenarios import ProcessDiedError


@dataclass(frozen=True, slots=True)
class Crash:
    """The worker dies at its checkpoint call of this number, before the service has it or after."""

    call: int
    after: bool


@dataclass(frozen=True, slots=True)
class CrashWith:
    """The worker dies at the first checkpoint call that carries this update (`STEP begin-charge START`)."""

    update: str
    after: bool


@dataclass(frozen=True, slots=True)
class Death:
    """The process dies when this method of a port has returned for the `time`-th time: done, and nobody knows."""

    method: str
    time: int


@dataclass(frozen=True, slots=True)
class Throttle:
    """The call of this number to any port is turned away."""

    call: int


@dataclass(frozen=True, slots=True)
class LostSignal:
    """The signal of this number never arrives."""

    signal: int


@dataclass(frozen=True, slots=True)
class Repeat:
    """After the end, these status events come too: late, again, and in no order."""

    statuses: tuple[str, ...]


Fault = Crash | CrashWith | Death | Throttle | LostSignal | Repeat
# What each port can change in the world. Everything else only asks.
EFFECTS: Mapping[str, frozenset[str]] = {
    "orders": frozenset({"create", "commit"}),
    "documents": frozenset({"put_if_absent", "put_receipt"}),
    "starter": frozenset({"start", "start_recovery", "stop"}),
    "signaller": frozenset({"wake", "keep_alive"}),
    "duplicates": frozenset({"first_with"}),
    "warehouse": frozenset({"reserve", "release"}),
    "quotas": frozenset({"claim", "release"}),
    "gateway": frozenset({"authorize", "capture", "settled", "void", "refund"}),
    "outbox": frozenset({"record", "mark_published"}),
    "publisher": frozenset({"publish"}),
    "tasks": frozenset({"succeed", "fail"}),
}
QUESTIONS: Mapping[str, frozenset[str]] = {
    "orders": frozenset({"get"}),
    "documents": frozenset({"get", "read"}),
    "gateway": frozenset({"state"}),
    "quotas": frozenset({"used"}),
    "bureau": frozenset({"check"}),
}
# Threads in which a call is not the workflow's: people's (the API), and those in which the runner invokes the notifier.
PEOPLE = "people"
_ELSEWHERE = (PEOPLE, "durable-chained-invoke-target")
MOST_OF_A_KEY = 80  # a callback id is longer, and may contain anything
_ORDER_ID = re.compile(r"o[a-z2-7]{26}")


@dataclass(slots=True)
class Disturbance:
    """Carries out the faults planned for each order, and remembers everything that passed."""

    plan: dict[OrderId, list[Fault]] = field(default_factory=lambda: defaultdict(list))
    struck: dict[OrderId, dict[Fault, tuple[str, ...]]] = field(default_factory=lambda: defaultdict(dict))
    checkpoints: dict[OrderId, list[tuple[str, ...]]] = field(default_factory=lambda: defaultdict(list))
    calls: dict[OrderId, Counter[str]] = field(default_factory=lambda: defaultdict(Counter))
    returned: dict[OrderId, Counter[str]] = field(default_factory=lambda: defaultdict(Counter))
    dying: set[OrderId] = field(default_factory=set)
    lock: threading.Lock = field(default_factory=threading.Lock)
    _order: threading.local = field(default_factory=threading.local)

    def disturb(self, world: World) -> None:
        """Stand between this world's workflow and its durable service."""
        client = FaultingClient(world.runner._service_client, world, self)
        world.runner._invoker.service_client = client  # type: ignore[assignment]  # any client of the protocol will do

    def between(self, ports: Ports) -> Ports:
        """Stand between the services and their ports."""
        taps: dict[str, Any] = {name: _Tap(getattr(ports, name), name, self) for name in {*EFFECTS, *QUESTIONS}}
        return replace(ports, **taps)

    def strikes(self, order_id: OrderId, fault: Fault, hit: tuple[str, ...] = ()) -> bool:
        """Whether this fault is planned for the order and has not come yet; then it comes now, and hits this."""
        with self.lock:
            if fault not in self.plan[order_id] or fault in self.struck[order_id]:
                return False
            self.struck[order_id][fault] = hit
            return True

    # --- checkpoints ------------------------------------------------------------------------------------------------

    def note_checkpoint(self, order_id: OrderId, updates: list[OperationUpdate]) -> int:
        """Remember a checkpoint call and return its number; a worker that is dying gets no further than this."""
        with self.lock:
            if order_id in self.dying:
                self.dying.remove(order_id)
                raise CheckpointError("the worker is gone")
            told = tuple(f"{each.operation_type.value} {each.name} {each.action.value}" for each in updates)
            self.checkpoints[order_id].append(told)
            return len(self.checkpoints[order_id])

    def crash(self, order_id: OrderId, number: int, *, after: bool) -> None:
        """Let the worker die on this side of its call, if that is planned."""
        carried = self.checkpoints[order_id][number - 1]
        planned: list[Fault] = [Crash(number, after), *(CrashWith(update, after) for update in carried)]
        if any(self.strikes(order_id, fault, carried) for fault in planned):
            raise CheckpointError("the worker died")

    # --- calls of ports ---------------------------------------------------------------------------------------------

    def call(self, port: str, method: str, arguments: tuple[Any, ...], call: Callable[[], Any]) -> Any:
        """Make a call to a port with whatever is planned for it."""
        order_id = self._whose(arguments)
        name = f"{port}.{method}"
        with self.lock:
            self.calls[order_id][name] += 1
            number = self.calls[order_id].total()
            signals = self.calls[order_id]["signaller.wake"]
        if self.strikes(order_id, Throttle(number)):
            raise TransientFaultError("throttled")
        if name == "signaller.wake" and self.strikes(order_id, LostSignal(signals)):
            return False
        answer = call()
        with self.lock:
            self.returned[order_id][name] += 1
            time = self.returned[order_id][name]
        if self.strikes(order_id, Death(name, time)):
            if _in_workflow():
                self.dying.add(order_id)
            raise ProcessDiedError(name)
        return answer

    def _whose(self, arguments: tuple[Any, ...]) -> OrderId:
        """Return the order that a call is about; one that does not say is about the same as its thread's last."""
        for argument in arguments:
            found = _order_in(argument)
            if found is not None:
                self._order.id = found
                break
        order_id: OrderId = self._order.id
        return order_id


class FaultingClient(DurableServiceClient):
    """Talks to the durable service for a worker that may die at any call."""

    def __init__(self, service: DurableServiceClient, world: World, disturbance: Disturbance) -> None:
        self._service = service
        self._world = world
        self._disturbance = disturbance

    def checkpoint(
        self,
        durable_execution_arn: str,
        checkpoint_token: str,
        updates: list[OperationUpdate],
        client_token: str | None,
    ) -> CheckpointOutput:
        """Pass the call on unless the worker dies first; then let it die if that is its time."""
        order_id = order_of_execution(self._world.runner._store.load(durable_execution_arn).start_input.execution_name)
        number = self._disturbance.note_checkpoint(order_id, updates)
        self._disturbance.crash(order_id, number, after=False)
        answer = self._service.checkpoint(durable_execution_arn, checkpoint_token, updates, client_token)
        self._disturbance.crash(order_id, number, after=True)
        return answer

    def get_execution_state(
        self, durable_execution_arn: str, checkpoint_token: str, next_marker: str, max_items: int = 1000
    ) -> StateOutput:
        """Pass the call on; it writes nothing."""
        return self._service.get_execution_state(durable_execution_arn, checkpoint_token, next_marker, max_items)


class _Tap:
    """A port whose calls go through the disturbance."""

    def __init__(self, port: Any, name: str, disturbance: Disturbance) -> None:
        self._port = port
        self._name = name
        self._disturbance = disturbance

    def __getattr__(self, method: str) -> Any:
        target = getattr(self._port, method)
        if method not in EFFECTS.get(self._name, frozenset()) | QUESTIONS.get(self._name, frozenset()):
            return target

        def tapped(*arguments: Any, **named: Any) -> Any:
            return self._disturbance.call(self._name, method, arguments, lambda: target(*arguments, **named))

        return tapped


def _order_in(argument: Any) -> OrderId | None:
    """Return the order that an argument of a port's method names: an id, a key, a document or a change."""
    if isinstance(argument, OrderDocument | Message):
        return argument.order_id
    text = argument.after.order_id if isinstance(argument, Change) else getattr(argument, "key", argument)
    found = _ORDER_ID.search(text) if isinstance(text, str) and len(text) < MOST_OF_A_KEY else None
    return OrderId(found[0]) if found else None


def _in_workflow() -> bool:
    """Whether a worker of the workflow makes this call."""
    return not threading.current_thread().name.startswith(_ELSEWHERE)
