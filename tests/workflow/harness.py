"""The order workflow on the SDK's own runner, over memory adapters: a person's side and the workflow's side in one."""

from __future__ import annotations

import json
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from typing import Any

from aws_durable_execution_sdk_python.lambda_service import ErrorObject, Operation, OperationStatus, OperationType
from aws_durable_execution_sdk_python_testing import DurableFunctionTestResult, DurableFunctionTestRunner

from notifier.handler import handler as notifier
from order_workflow.handler import handler as workflow
from orders.adapters.clock import SystemClock
from orders.adapters.documents import BucketDocuments
from orders.adapters.memory import (
    MemoryBucket,
    MemoryDuplicates,
    MemoryHistory,
    MemoryLedger,
    MemoryOrderRepository,
    MemoryOutbox,
    MemoryPublisher,
    MemoryQuotaCounters,
    MemoryTasks,
    MemoryWarehouse,
    no_pause,
)
from orders.adapters.reference import load_catalogue, load_policy
from orders.adapters.sandbox import SandboxBureau, SandboxGateway
from orders.domain.approval import Decide, Withdraw
from orders.domain.catalogue import Catalogue
from orders.domain.errors import NoHistoryError
from orders.domain.executions import recovery_name
from orders.domain.model import Order, OrderId, Status
from orders.domain.rules import Change
from orders.domain.submission import RequestedLine, Submission
from orders.services.approval import DecisionTaken
from orders.settings import Settings
from orders.wiring import Ports, Services, assemble, installed
from tests.builders import a_person, approval

PATIENCE_SECONDS = 20
AUTOMATIC = (("JUNO-MAIL", 1),)
ONE_LEVEL = (("ATLAS-ED", 3),)


@dataclass(slots=True)
class Wire:
    """Carries signals to the runner, unless a test cuts it. Remembers every callback it was given."""

    runner: DurableFunctionTestRunner
    cut: bool = False
    seen: list[str] = field(default_factory=list)

    def keep_alive(self, callback_id: str) -> bool:
        """Beat for the callback."""
        try:
            self.runner.send_callback_heartbeat(callback_id)
        except Exception:  # noqa: BLE001  # as for `wake`
            return False
        return True

    def wake(self, callback_id: str) -> bool:
        """Complete the callback as the service would; a closed one is no error for the person."""
        self.seen.append(callback_id)
        if self.cut:
            return False
        try:
            self.runner.send_callback_success(callback_id)
        except Exception:  # noqa: BLE001  # whatever the engine says of a closed callback
            return False
        return True


@dataclass(slots=True)
class Starter:
    """Starts the order's execution on the runner, once for each name, as the service does."""

    runner: DurableFunctionTestRunner
    arns: dict[str, str] = field(default_factory=dict)
    enabled: bool = True

    def start(self, order_id: OrderId, ref: Any) -> str:
        """Return the ARN of the order's one execution."""
        if order_id not in self.arns:
            event = {"orderId": order_id, "document": {"key": ref.key, "sha256": ref.sha256, "bytes": ref.bytes}}
            self.arns[order_id] = self.runner.run_async(input=json.dumps(event), execution_name=order_id)
        return self.arns[order_id]

    def start_recovery(self, order_id: OrderId, ref: Any, number: int, *, awaited: bool = False) -> str:
        """Return the ARN of the recovery of this number, starting it at the first call."""
        name = OrderId(recovery_name(order_id, number))
        if name not in self.arns:
            document = {"key": ref.key, "sha256": ref.sha256, "bytes": ref.bytes}
            event = {"orderId": order_id, "document": document, "recovery": number}
            event |= {"awaited": True} if awaited else {}
            self.arns[name] = self.runner.run_async(input=json.dumps(event), execution_name=name)
        return self.arns[name]

    def stop(self, execution_arn: str, reason: str) -> None:
        """Stop an execution; one that has ended is left as it is."""
        self.runner._executor.stop_execution(execution_arn, ErrorObject(reason, "StoppedByOperator", None, None))


class WatchedOrderRepository(MemoryOrderRepository):
    """The order book in memory, with every write that it took, in their order."""

    def __init__(self) -> None:
        super().__init__()
        self.changes: list[Change] = []

    def _write(self, change: Change) -> None:
        self.changes.append(change)
        super()._write(change)


@dataclass(slots=True)
class World:
    """One runner with its adapters."""

    runner: DurableFunctionTestRunner
    ports: Ports
    services: Services
    wire: Wire
    starter: Starter
    keys: int = 0

    def submit(
        self,
        lines: tuple[tuple[str, int], ...] = ONE_LEVEL,
        customer: str = "acme",
        key: str | None = None,
        task_token: str | None = None,
    ) -> OrderId:
        """Submit an order as requester-1 and return its id; its execution is running. Without a key it is a new one.

        With a token it is one that a state machine waits for.
        """
        if key is None:
            self.keys += 1
            key = f"key-{self.keys:012}"
        submission = Submission(customer, "EUR", tuple(RequestedLine(*line) for line in lines))
        return self.services.intake.submit(a_person("requester-1"), key, submission, task_token).order_id

    def row(self, order_id: OrderId) -> Order:
        """Return the order's row."""
        order = self.ports.orders.get(order_id)
        assert order is not None
        return order

    def until(self, order_id: OrderId, condition: Callable[[Order], bool]) -> Order:
        """Wait until the row meets a condition."""
        end = time.monotonic() + PATIENCE_SECONDS
        while not condition(self.row(order_id)):
            assert time.monotonic() < end, f"still {self.row(order_id)}"
            time.sleep(0.01)
        return self.row(order_id)

    def until_asked(self, order_id: OrderId, level: int = 1) -> Order:
        """Wait until people are asked: the level is open and its request is in the outbox."""
        self.until(order_id, lambda row: row.status is Status.PENDING_APPROVAL)
        return self.until(order_id, lambda _: f"{order_id}#request-decision#{level}#1" in self.messages(order_id))

    def until_asleep(self, order_id: OrderId, invocations: int) -> None:
        """Wait until the workflow has been invoked so many times and nothing of it runs."""
        arn = self.starter.arns[order_id]
        self.until(order_id, lambda _: len(self.runner._store.load(arn).invocation_completions) >= invocations)

    def stray(self, order_id: OrderId, count: int, callback_of: Callable[[Order], str | None]) -> None:
        """Signal `count` callbacks for nothing, each as soon as the workflow has published it."""
        seen: set[str | None] = {None}
        for _ in range(count):
            callback_id = callback_of(self.until(order_id, lambda row: callback_of(row) not in seen))
            assert callback_id is not None
            self.runner.send_callback_success(callback_id)
            seen.add(callback_id)

    def waits_out_strays(self, order_id: OrderId) -> bool:
        """Return whether the workflow has stopped listening until something is due."""
        waits = [each.status for each in self.operations(order_id) if each.name == "wait-out-strays"]
        return waits == [OperationStatus.STARTED]

    def approve(self, order_id: OrderId, by: str = "manager-1", level: int = 1) -> DecisionTaken:
        """Approve a level as the API does."""
        return self.services.approval.decide(order_id, approval(by, level))

    def decide(self, order_id: OrderId, command: Decide) -> DecisionTaken:
        """Decide as the API does."""
        return self.services.approval.decide(order_id, command)

    def withdraw(self, order_id: OrderId) -> Order:
        """Withdraw as the API does."""
        return self.services.approval.withdraw(order_id, Withdraw(a_person("requester-1"), None))

    def result(self, order_id: OrderId) -> DurableFunctionTestResult:
        """Wait for the execution's end."""
        return self.runner.wait_for_result(self.starter.arns[order_id], timeout=PATIENCE_SECONDS)

    def status(self, order_id: OrderId) -> str:
        """Wait for the execution's end and return the status in its result; the row must agree."""
        result = self.result(order_id)
        assert result.result is not None, result.error
        status: str = json.loads(result.result)["status"]
        assert self.row(order_id).status == status
        return status

    def events(self, order_id: OrderId) -> list[str]:
        """Return the audit's events, having checked that it is gapless."""
        entries = self.ports.orders.audit(order_id)
        assert [entry.seq for entry in entries] == list(range(1, len(entries) + 1))
        return [entry.event for entry in entries]

    def messages(self, order_id: OrderId) -> list[str]:
        """Return the keys of the order's outbox."""
        return [message.key for message in self.ports.publisher.published if message.order_id == order_id]  # type: ignore[attr-defined]  # memory

    def operations(self, order_id: OrderId) -> list[Operation]:
        """Return every operation of the execution, the execution itself left out."""
        operations = self.runner._store.load(self.starter.arns[order_id]).operations
        return [each for each in operations if each.operation_type is not OperationType.EXECUTION]

    def history(self, order_id: OrderId) -> str:
        """Return the golden form of the execution: one line for each operation, indented below its context."""
        return "\n".join(_tree(self.operations(order_id), None, "")) + "\n"


def _tree(operations: list[Operation], parent: str | None, indent: str) -> Iterator[str]:
    known = {each.operation_id for each in operations}
    children = [each for each in operations if (each.parent_id if each.parent_id in known else None) == parent]
    concurrent = parent is not None and any(
        each.operation_id == parent and each.sub_type in {"Parallel", "Map"} for each in operations
    )
    for each in sorted(children, key=lambda op: op.name or "") if concurrent else children:
        yield f"{indent}{each.operation_type.value} {each.name} {each.status.value}"
        yield from _tree(operations, each.operation_id, indent + "  ")


def memory_ports(catalogue: Catalogue, wire: Wire, starter: Starter) -> Ports:
    """Return an adapter in memory for each port. The clock is real, since callbacks time out in real seconds."""
    clock = SystemClock()
    return Ports(
        clock=clock,
        pause=no_pause,
        orders=WatchedOrderRepository(),
        documents=BucketDocuments(MemoryBucket()),
        starter=starter,
        signaller=wire,
        history=RunnerHistory(wire.runner),
        bureau=SandboxBureau(),
        duplicates=MemoryDuplicates(),
        warehouse=MemoryWarehouse(catalogue),
        quotas=MemoryQuotaCounters(),
        gateway=SandboxGateway(MemoryLedger(), clock),
        outbox=MemoryOutbox(),
        publisher=MemoryPublisher(),
        tasks=MemoryTasks(),
    )


class RunnerHistory(MemoryHistory):
    """Says how the runner's executions stand, unless a test has told something else."""

    def __init__(self, runner: DurableFunctionTestRunner) -> None:
        super().__init__()
        self._runner = runner

    def describe(self, execution_arn: str) -> Mapping[str, Any]:
        """Return the status, as GetDurableExecution does."""
        try:
            return super().describe(execution_arn)
        except NoHistoryError:
            return {"Status": self._runner._store.load(execution_arn).current_status().value}


def untouched(ports: Ports) -> Ports:
    """Put nothing between the services and their ports."""
    return ports


@contextmanager
def a_world(*, skip_time: bool = True, between: Callable[[Ports], Ports] = untouched, **waits: int) -> Iterator[World]:
    """Make a world whose waits are as given in seconds (`window`, `reminder`, `claim`, ...).

    `between` may put something between the services and their ports; `World.ports` are what lies behind it.
    """
    # The runner can skip waits and retries, but the services' clock goes on as it does: not for what must rest.
    settings = Settings.from_env({"NOTIFIER_ARN": "notifier"})
    seconds = {"window": 60, "reminder": 50, "escalation": 55, "cooling_off": 1, "claim": 30, "beat": 10, **waits}
    settings = replace(settings, waits=replace(settings.waits, **seconds))
    catalogue = load_catalogue()
    with DurableFunctionTestRunner(workflow, poll_interval=0.02, skip_time=skip_time) as runner:
        wire, starter = Wire(runner), Starter(runner)
        ports = memory_ports(catalogue, wire, starter)
        services = assemble(settings, catalogue, load_policy(), between(ports))
        runner.register_function("notifier", notifier)
        runner._executor.RETRY_BACKOFF_SECONDS = 0
        with installed(services):
            yield World(runner, ports, services, wire, starter)
