"""The executions process, assembled: engine, store, deliveries, and what the API asks of them."""

from __future__ import annotations

import logging
import sqlite3
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from aws_durable_execution_sdk_python.lambda_service import ErrorObject
from aws_durable_execution_sdk_python_testing.checkpoint.processor import CheckpointProcessor
from aws_durable_execution_sdk_python_testing.execution import Execution
from aws_durable_execution_sdk_python_testing.model import CheckpointDurableExecutionRequest
from aws_durable_execution_sdk_python_testing.scheduler import Scheduler

from local.clock import StackClock
from local.executions.arns import ExecutionArn
from local.executions.chained import Dispatcher
from local.executions.clock_watch import ClockWatch
from local.executions.database import Database
from local.executions.deliveries import Deliveries
from local.executions.divergence import divergence
from local.executions.engine import Engine
from local.executions.environments import Environments
from local.executions.errors import NotFoundError
from local.executions.functions import Functions
from local.executions.history import EventNumbers
from local.executions.invoker import LONGEST_INVOCATION_SECONDS, EnvironmentsInvoker
from local.executions.lanes import PooledLanes
from local.executions.listing import ListRequest, list_executions
from local.executions.starts import Starts
from local.executions.store import SqliteExecutions
from local.faults import Faults

logger = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Settings:
    """`database` None keeps everything in memory; `attempts` and `backoff_seconds` rule a handler that was killed."""

    functions: Functions
    environments_url: str
    database: Path | None
    attempts: int = 5
    backoff_seconds: float = 0.5
    clock: StackClock = field(default_factory=StackClock)


class Service:
    """The durable execution service of one stack. `start` it once, `stop` it once."""

    def __init__(self, settings: Settings) -> None:
        self.functions = settings.functions
        self.environments = Environments(settings.environments_url)
        self._database = Database(settings.database)
        self.faults = Faults(settings.clock)
        self.deliveries = Deliveries(self._database, self.environments, self.faults)
        self._store = SqliteExecutions(self._database, self._status_changed)
        self._scheduler = Scheduler()
        self._registry = PooledLanes(self._store, self._scheduler)
        self._numbers = EventNumbers(self._database)
        self.engine = self._make_engine(settings)
        self._watch = ClockWatch(settings.clock.time, self.engine.rearm_all)
        self.starts = Starts(self.engine, self._store, settings.functions.account)

    def _make_engine(self, settings: Settings) -> Engine:
        clock = settings.clock
        engine = Engine(
            store=self._store,
            scheduler=self._scheduler,
            invoker=EnvironmentsInvoker(self.environments, clock),
            checkpoint_processor=CheckpointProcessor(self._store, self._scheduler, clock=clock),
            invocation_timeout_seconds=LONGEST_INVOCATION_SECONDS + 60,
            registry=self._registry,
            clock=clock,
            child_dispatcher=Dispatcher(settings.functions, self.environments, self._store),
            region=settings.functions.region,
        )
        engine.configure_invocations(settings.attempts, settings.backoff_seconds)
        engine.break_by(self.faults, self.environments)
        return engine

    def _status_changed(self, connection: sqlite3.Connection, execution: Execution) -> None:
        self.deliveries.status_changed(connection, execution)
        told = divergence(execution)
        if told is not None:
            logger.error(told)

    def start(self) -> int:
        """Begin to work, with what the last process left; the number of executions that are running."""
        self._scheduler.start()  # type: ignore[no-untyped-call]
        self.engine.forget_expired()
        running = self.engine.revive()
        self.deliveries.start()
        self._watch.start()
        return running

    def stop(self) -> None:
        """Stop working. Everything is on disk already: being killed instead loses nothing."""
        self._watch.stop()
        self.deliveries.stop()
        self.engine.shutdown()
        self._registry.shutdown()
        self._scheduler.stop()  # type: ignore[no-untyped-call]
        self._database.close()

    # The API's operations, in the shapes of its responses.

    def get(self, arn: str, *, include_execution_data: bool) -> dict[str, Any]:
        """GetDurableExecution."""
        execution = self._existing(arn)
        details = self.engine.undisturbed(arn, lambda: self.engine.get_execution_details(arn)).to_dict()
        if not include_execution_data:
            for name in ("InputPayload", "Result", "Error"):
                details.pop(name, None)
        start = execution.start_input
        return details | {
            "ExecutionDataIncluded": include_execution_data,
            "DurableConfig": {
                "ExecutionTimeout": start.execution_timeout_seconds,
                "RetentionPeriodInDays": start.execution_retention_period_days,
            },
        }

    def history(
        self,
        arn: str,
        *,
        include_execution_data: bool,
        reverse_order: bool,
        marker: str | None,
        max_items: int | None,
    ) -> dict[str, Any]:
        """GetDurableExecutionHistory."""
        self._existing(arn)
        return self.engine.undisturbed(
            arn,
            lambda: self.engine.history(
                self._numbers,
                arn,
                include_execution_data=include_execution_data,
                reverse_order=reverse_order,
                marker=marker,
                max_items=max_items,
            ),
        )

    def listing(self, request: ListRequest) -> dict[str, Any]:
        """ListDurableExecutionsByFunction."""
        return list_executions(self._database, self.functions, request)

    def stop_execution(self, arn: str, error: ErrorObject | None) -> dict[str, Any]:
        """StopDurableExecution. The error is recorded; stopping a closed execution changes nothing."""
        self._existing(arn)
        return self.engine.stop_execution(arn, error).to_dict()

    def checkpoint(self, request: CheckpointDurableExecutionRequest) -> dict[str, Any]:
        """CheckpointDurableExecution, called by the SDK inside a handler."""
        arn = request.durable_execution_arn
        self._existing(arn)
        answer = self.engine.checkpoint_execution(arn, request.checkpoint_token, request.updates, request.client_token)
        return answer.to_dict()

    def state(
        self, arn: str, checkpoint_token: str | None, marker: str | None, max_items: int | None
    ) -> dict[str, Any]:
        """GetDurableExecutionState, called by the SDK inside a handler."""
        self._existing(arn)
        return self.engine.get_execution_state(arn, checkpoint_token, marker, max_items).to_dict()

    def versions_in_use(self) -> dict[str, Any]:
        """The versions that executions under way started with; not an operation of AWS's."""
        found = self._store.running_versions()
        return {"inUse": [{"function": function, "version": version} for function, version in found]}

    def closed_execution(self, arn: str, seconds: float) -> Execution:
        """The execution once it has ended, at the latest after `seconds`."""
        self.engine.wait_closed(arn, seconds)
        return self.engine.undisturbed(arn, lambda: self._existing(arn))

    def _existing(self, arn: str) -> Execution:
        """The execution, looked up before the engine makes a worker thread for its ARN."""
        ExecutionArn.parse(arn)
        if not self._store.exists(arn):
            raise NotFoundError("The durable execution does not exist")
        return self._store.load(arn)
