"""How many operations AWS meters for an execution.

The table is AWS's ("How durable operations are metered", documentation of the durable execution SDK): an execution 1,
a step 1 and 1 for each retry, wait_for_condition 1 and 1 for each poll, a callback, a wait, a chained invoke and a
child context 1 each, wait_for_callback 3 (its context, callback and submitter) and 1 for each retry of the submitter,
parallel and map 1 and 1 for each branch. A retried invocation adds 1; undisturbed executions have none.
"""

from __future__ import annotations

from collections.abc import Sequence

from aws_durable_execution_sdk_python.lambda_service import Operation, OperationType

BATCHES = {"Parallel", "Map"}
BRANCHES = {"ParallelBranch", "MapIteration"}


def metered_operations(operations: Sequence[Operation]) -> int:
    """Return what AWS meters for one execution, without the branches of flat parallels and maps.

    AWS does not document whether a flat branch, which has no operation of its own, is metered.
    """
    return 1 + sum(map(_metered, operations))


def _metered(operation: Operation) -> int:
    if operation.operation_type is OperationType.EXECUTION:
        return 0  # counted once for the execution
    if operation.operation_type is not OperationType.STEP or operation.step_details is None:
        return 1
    attempts = max(1, operation.step_details.attempt)
    return 1 + attempts if operation.sub_type == "WaitForCondition" else attempts


def flat_branches(operations: Sequence[Operation]) -> int:
    """Return how many flat branches ran. Each branch of ours runs exactly one operation, by which it is counted."""
    batches = {operation.operation_id for operation in operations if operation.sub_type in BATCHES}
    return sum(operation.parent_id in batches and operation.sub_type not in BRANCHES for operation in operations)
