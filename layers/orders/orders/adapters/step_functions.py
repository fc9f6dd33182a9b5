"""Tasks of Step Functions state machines: ended by their tokens, each at most once."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import partial

from aws_lambda_powertools.metrics import MetricUnit, single_metric
from botocore.exceptions import ClientError

from orders.adapters.aws_errors import code_of, translated
from orders.adapters.clients import step_functions_client
from orders.adapters.codec import canonical_json
from orders.adapters.durable_lambda import METRICS_NAMESPACE

LONGEST_ERROR, LONGEST_CAUSE = 256, 32_768
# A task ends once. A report that comes again, or too late, finds it over; one for a token that is none finds nothing.
_OVER = frozenset({"InvalidToken", "TaskDoesNotExist", "TaskTimedOut"})


class StepFunctionsTasks:
    """Ends tasks. The client is made at the first report: an order that no task awaits has no such cost."""

    def succeed(self, token: str, output: Mapping[str, str]) -> bool:
        """End the task with its output; a task that no longer waits is counted as `TaskOver`, never raised."""
        text = canonical_json(output).decode()
        return _ended(partial(step_functions_client().send_task_success, taskToken=token, output=text))

    def fail(self, token: str, error: str, cause: str) -> bool:
        """End the task with a named error; what is too long for Step Functions is cut. Returns as `succeed` does."""
        error, cause = error[:LONGEST_ERROR], cause[:LONGEST_CAUSE]
        return _ended(partial(step_functions_client().send_task_failure, taskToken=token, error=error, cause=cause))


def _ended(send: Callable[[], object]) -> bool:
    try:
        with translated():
            send()
    except ClientError as error:
        if code_of(error) not in _OVER:
            raise
        with single_metric("TaskOver", MetricUnit.Count, 1, namespace=METRICS_NAMESPACE) as metric:
            metric.add_metadata("reason", code_of(error))
        return False
    return True
