"""Starting an execution once per name.

Gap closed: the stock engine starts a second execution for the same name. The service model (Invoke,
DurableExecutionName): "If you invoke a durable function using a name that already exists with the same payload, Lambda
returns the existing execution ... If the payload differs, Lambda returns a DurableExecutionAlreadyStartedException",
unique "within the function", for closed executions too until their retention is over.
"""

from __future__ import annotations

import threading
import uuid

from aws_durable_execution_sdk_python_testing.model import StartDurableExecutionInput

from local.executions.arns import valid_name
from local.executions.engine import Engine
from local.executions.errors import AlreadyStartedError, InvalidParameterError
from local.executions.functions import Target
from local.executions.store import SqliteExecutions, digest


class Starts:
    """The door through which executions start. Twenty racing starts of one name make one execution."""

    def __init__(self, engine: Engine, store: SqliteExecutions, account: str) -> None:
        self._engine = engine
        self._store = store
        self._account = account
        self._lock = threading.Lock()

    def start(self, target: Target, name: str | None, payload: str) -> str:
        """The ARN of the execution of that name; started now, or before with the same payload.

        Raises:
            InvalidParameterError: the name is malformed.
            AlreadyStartedError: the name belongs to an execution with another payload.

        """
        request = self._request(target, valid_name(name) if name is not None else str(uuid.uuid4()), payload)
        with self._lock:
            existing = self._existing(request)
            if existing is not None:
                return existing
            return str(self._engine.start_execution(request).execution_arn)

    def _existing(self, request: StartDurableExecutionInput) -> str | None:
        found = self._store.find(request.function_name, request.execution_name)
        if found is None:
            return None
        if self._engine.retention_is_over(found.arn):
            self._store.forget(found.arn)
            return None
        if found.input_digest != digest(request.input):
            raise AlreadyStartedError(f"Durable execution {request.execution_name} was started with another payload")
        return found.arn

    def _request(self, target: Target, name: str, payload: str) -> StartDurableExecutionInput:
        durable = target.function.durable
        if durable is None:
            raise InvalidParameterError(f"{target.function.name} is not a durable function")
        return StartDurableExecutionInput(
            account_id=self._account,
            function_name=target.function.name,
            function_qualifier=target.version,
            execution_name=name,
            execution_timeout_seconds=durable.execution_timeout,
            execution_retention_period_days=durable.retention_days,
            input=payload,
        )
