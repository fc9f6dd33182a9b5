"""Let the API act inside every moment of the workflow's own work: each checkpoint, each write, each invocation.

The workflow runs on the SDK's runner; people act through the API function, in the thread that is in the moment. Nothing
here sleeps for an event: a moment is reached, the request is answered, and the work goes on.
"""

from __future__ import annotations

import threading
import time
from collections import Counter, defaultdict
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from typing import Any, TypeVar

import pytest
from aws_durable_execution_sdk_python.exceptions import CheckpointError
from aws_durable_execution_sdk_python.lambda_service import (
    CheckpointOutput,
    DurableServiceClient,
    OperationUpdate,
    StateOutput,
)

from approval_api import idempotency
from orders.domain.errors import TransientFaultError
from orders.domain.model import Order, OrderId
from orders.domain.rules import Change
from orders.services.ports import Clock, OrderRepository, Signaller
from orders.wiring import Ports
from tests.api.world import Answer, an_event, call
from tests.races.requests import MemoryRequests
from tests.workflow.harness import World, a_world
from tests.workflow.scenarios import Instead

WRITE, INVOCATION = "write", "invocation"
STOPPED = "the end of the execution"
GLANCE_SECONDS = 0.01
QUIET_SECONDS = 0.2
WORK_SECONDS = 20
T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Moment:
    """The workflow does `what` for the `time`-th time: the instant before it, or the one after."""

    what: str
    time: int
    after: bool

    def __str__(self) -> str:
        """Name the moment in a failure."""
        return f"{'after' if self.after else 'before'} {self.what} {self.time}"


@dataclass(frozen=True, slots=True)
class Passed:
    """A moment that was reached: when, and what the order's row was."""

    moment: Moment
    at: float
    row: Order | None


@dataclass(frozen=True, slots=True)
class Act:
    """What is done at a moment, or at the first one after it when the row allows it."""

    moment: Moment
    possible: Callable[[Order], bool]
    does: Callable[[OrderId], None]


@dataclass(frozen=True, slots=True)
class Fault:
    """What breaks once: the checkpoint call that carries `update`, or else the workflow's write number `write`."""

    update: str | None = None
    write: int | None = None


@dataclass(slots=True)
class Moments:
    """Watches every order's workflow, and acts where a test has planned it."""

    plan: dict[OrderId, Act] = field(default_factory=dict)
    faults: dict[OrderId, Fault] = field(default_factory=dict)
    passed: dict[OrderId, list[Passed]] = field(default_factory=lambda: defaultdict(list))
    due: set[OrderId] = field(default_factory=set)
    acted: dict[OrderId, float] = field(default_factory=dict)
    troubles: dict[OrderId, str] = field(default_factory=dict)
    _times: dict[OrderId, Counter[str]] = field(default_factory=lambda: defaultdict(Counter))
    _lock: threading.Lock = field(default_factory=threading.Lock)
    _here: threading.local = field(default_factory=threading.local)

    def around(self, order_id: OrderId, whats: Sequence[str], row: Callable[[], Order | None], work: Any) -> Any:
        """Do a part of the workflow's work, between the moment before it and the moment after it."""
        if getattr(self._here, "asking", False):
            return work()
        with self._lock:
            self._times[order_id].update(whats)
            numbered = [(what, self._times[order_id][what]) for what in whats]
        self._reach(order_id, [Moment(what, number, after=False) for what, number in numbered], row)
        answer = work()
        self._reach(order_id, [Moment(what, number, after=True) for what, number in numbered], row)
        return answer

    def breaks(self, order_id: OrderId, *, update: str | None = None, write: int | None = None) -> bool:
        """Whether this is what breaks in the workflow; it does so once."""
        with self._lock:
            if getattr(self._here, "asking", False):
                return False
            fault = self.faults.get(order_id)
            if fault is None or Fault(update, write) != fault:
                return False
            del self.faults[order_id]
            return True

    def act(self, order_id: OrderId, does: Callable[[OrderId], None]) -> None:
        """Act, and remember when it was done; what was refused is told at the end of the test."""
        try:
            does(order_id)
        except AssertionError as trouble:
            self.troubles[order_id] = str(trouble)
        self.acted[order_id] = time.monotonic()

    @contextmanager
    def asking(self) -> Iterator[None]:
        """Let what this thread writes be no moment of the workflow."""
        self._here.asking = True
        yield
        self._here.asking = False

    def is_quiet(self, order_id: OrderId) -> bool:
        """Whether the workflow sleeps: its last invocation is over, for a while."""
        passed = self.passed[order_id]
        last = passed[-1] if passed else None
        over = last is not None and last.moment.what == INVOCATION and last.moment.after
        return over and last is not None and time.monotonic() - last.at > QUIET_SECONDS

    def went_on(self, order_id: OrderId, what: str) -> float | None:
        """Return how long after the act the workflow came to this checkpoint; None while it has not."""
        acted = self.acted.get(order_id)
        if acted is None:
            return None
        found = (each.at for each in [*self.passed[order_id]] if each.moment.what == what and each.at >= acted)
        return next((at - acted for at in found), None)

    def _reach(self, order_id: OrderId, moments: Sequence[Moment], row: Callable[[], Order | None]) -> None:
        now, present = time.monotonic(), row()
        with self._lock:
            self.passed[order_id].extend(Passed(moment, now, present) for moment in moments)
            act = self.plan.get(order_id)
            if act is None or not (order_id in self.due or act.moment in moments):
                return
            self.due.add(order_id)
            if present is None or not act.possible(present):
                return
            del self.plan[order_id]
        self.act(order_id, act.does)


class _Client(DurableServiceClient):
    """Talks to the durable service; the API may act on either side of each call, and a worker may die at one."""

    def __init__(self, service: DurableServiceClient, stage: Stage) -> None:
        self._service = service
        self._stage = stage

    def checkpoint(
        self,
        durable_execution_arn: str,
        checkpoint_token: str,
        updates: list[OperationUpdate],
        client_token: str | None,
    ) -> CheckpointOutput:
        """Pass the call on, unless the worker dies first."""
        order_id = self._stage.order_of(durable_execution_arn)
        names = [f"{each.operation_type.value} {each.name} {each.action.value}" for each in updates]

        def work() -> CheckpointOutput:
            if any(self._stage.moments.breaks(order_id, update=name) for name in names):
                raise CheckpointError("the worker died")
            return self._service.checkpoint(durable_execution_arn, checkpoint_token, updates, client_token)

        answer: CheckpointOutput = self._stage.around(order_id, names, work)
        return answer

    def get_execution_state(
        self, durable_execution_arn: str, checkpoint_token: str, next_marker: str, max_items: int = 1000
    ) -> StateOutput:
        """Pass the call on; it writes nothing."""
        return self._service.get_execution_state(durable_execution_arn, checkpoint_token, next_marker, max_items)


@dataclass(slots=True)
class Stage:
    """A world whose workflow is watched, with the API in front of it."""

    world: World
    moments: Moments
    aside: threading.local
    _api: threading.Lock = field(default_factory=threading.Lock)

    def order_of(self, arn: str) -> OrderId:
        """Return whose execution this is."""
        return OrderId(self.world.runner._store.load(arn).start_input.execution_name)

    def around(self, order_id: OrderId, whats: Sequence[str], work: Callable[[], Any]) -> Any:
        """Do a part of an order's work."""
        return self.moments.around(order_id, whats, lambda: self.world.ports.orders.get(order_id), work)

    def post(self, order_id: OrderId, person: str, what: str, body: dict[str, Any]) -> None:
        """Send a request about an order, which must be granted. A function works on one request at a time."""
        with self._api, self.moments.asking():
            answer: Answer = call(an_event("POST", f"/orders/{order_id}/{what}", person=person, body=body))
        assert answer.status == 200, f"{person} {what}: {answer.status} {answer.text}"

    @contextmanager
    def signals_lost(self) -> Iterator[None]:
        """Let no signal of this thread arrive."""
        self.aside.lost = True
        yield
        self.aside.lost = False

    @contextmanager
    def clock_ahead(self, seconds: int) -> Iterator[None]:
        """Let this thread's clock be ahead."""
        self.aside.ahead = seconds
        yield
        self.aside.ahead = 0

    def falls_asleep(self, order_id: OrderId) -> bool:
        """Wait until the order's workflow sleeps; return whether it does."""
        time.sleep(QUIET_SECONDS)  # what was just asked of it has begun by then
        return bool(_found(lambda: self.moments.is_quiet(order_id), WORK_SECONDS))

    def acts_before_it_sleeps(self, order_id: OrderId) -> bool:
        """Wait for the planned act; return False, and plan it no more, when the workflow sleeps without it."""
        time.sleep(QUIET_SECONDS)
        _found(lambda: order_id in self.moments.acted or self.moments.is_quiet(order_id), WORK_SECONDS)
        return self.moments.plan.pop(order_id, None) is None and bool(
            _found(lambda: order_id in self.moments.acted, GLANCE_SECONDS)
        )

    def goes_on(self, order_id: OrderId, what: str, patience: float) -> float | None:
        """Return how long after the act the workflow came to a checkpoint, or ended; None when it did not in time."""
        if what == STOPPED:
            arn = self.world.starter.arns[order_id]
            ended = _found(lambda: self.world.runner._store.load(arn).is_complete, patience)
            return time.monotonic() - self.moments.acted[order_id] if ended else None
        return _found(lambda: self.moments.went_on(order_id, what), patience)


def _found(look: Callable[[], T | None], seconds: float) -> T | None:
    """Look until something is found, or the time is over."""
    end = time.monotonic() + seconds
    while not (found := look()) and time.monotonic() < end:
        time.sleep(GLANCE_SECONDS)
    return found


def _clock(clock: Clock, aside: threading.local) -> Callable[[], datetime]:
    return lambda: clock.now() + timedelta(seconds=getattr(aside, "ahead", 0))


def _wake(signaller: Signaller, aside: threading.local) -> Callable[[str], bool]:
    return lambda callback_id: False if getattr(aside, "lost", False) else signaller.wake(callback_id)


def _commit(orders: OrderRepository, moments: Moments) -> Callable[[Change], None]:
    """Write a row; each write of a workflow is a moment, and may be refused."""

    def commit(change: Change) -> None:
        order_id = change.after.order_id

        def work() -> None:
            if moments.breaks(order_id, write=moments._times[order_id][WRITE]):
                raise TransientFaultError("throttled")
            orders.commit(change)

        moments.around(order_id, [WRITE], lambda: orders.get(order_id), work)

    return commit


@contextmanager
def a_stage(**waits: int) -> Iterator[Stage]:
    """Make a world whose every moment is watched, and install the API before it."""
    moments, aside = Moments(), threading.local()

    def between(ports: Ports) -> Ports:
        return replace(
            ports,
            clock=Instead(ports.clock, now=_clock(ports.clock, aside)),
            signaller=Instead(ports.signaller, wake=_wake(ports.signaller, aside)),
            orders=Instead(ports.orders, commit=_commit(ports.orders, moments)),
        )

    with a_world(skip_time=True, between=between, **waits) as world, pytest.MonkeyPatch.context() as patch:
        requests = MemoryRequests()
        patch.setattr(idempotency, "_store", lambda _table: requests)
        stage = Stage(world, moments, aside)
        invoker = world.runner._invoker
        invoke = invoker.invoke
        client = _Client(world.runner._service_client, stage)
        invoker.service_client = client  # type: ignore[assignment]  # any client of the protocol will do

        def invoked(name: str, given: Any, *rest: Any, **named: Any) -> Any:
            order_id = stage.order_of(given.durable_execution_arn)
            return stage.around(order_id, [INVOCATION], lambda: invoke(name, given, *rest, **named))

        patch.setattr(invoker, "invoke", invoked)
        yield stage
