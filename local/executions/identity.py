"""Executions carry ARNs of AWS's shape; see `arns` for the gap this closes."""

from __future__ import annotations

from dataclasses import replace
from uuid import uuid4

from aws_durable_execution_sdk_python_testing.execution import Execution
from aws_durable_execution_sdk_python_testing.executor import Executor
from aws_durable_execution_sdk_python_testing.model import StartDurableExecutionInput

from local.executions.arns import ExecutionArn


class AwsShapedArns(Executor):
    """Gives every new execution, also a chained child, an AWS-shaped ARN."""

    def _create_execution(
        self,
        input: StartDurableExecutionInput,  # noqa: A002 - the engine's signature
        parent_execution_arn: str | None = None,
    ) -> Execution:
        execution_id = input.invocation_id or str(uuid4())
        arn = ExecutionArn(
            region=self.region,
            account=input.account_id,
            function=input.function_name,
            version=input.function_qualifier,
            name=input.execution_name,
            execution_id=execution_id,
        )
        execution = Execution(str(arn), replace(input, invocation_id=execution_id), [])
        execution.region = self.region
        execution.parent_execution_arn = parent_execution_arn
        execution.start(now=self._clock.now())
        self._store.save(execution)
        return execution
