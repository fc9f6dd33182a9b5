"""The metering function counts by AWS's table."""

from __future__ import annotations

import pytest
from aws_durable_execution_sdk_python.lambda_service import Operation, OperationStatus, OperationType, StepDetails

from tests.workflow.metering import flat_branches, metered_operations


def an_operation(
    kind: OperationType, sub_type: str | None = None, *, attempt: int = 0, number: str = "1", parent: str | None = None
) -> Operation:
    details = StepDetails(attempt=attempt) if kind is OperationType.STEP else None
    return Operation(number, kind, OperationStatus.SUCCEEDED, parent_id=parent, sub_type=sub_type, step_details=details)


STEP, CONTEXT = OperationType.STEP, OperationType.CONTEXT


@pytest.mark.parametrize(
    ("operations", "metered"),
    [
        ([], 1),
        ([an_operation(OperationType.EXECUTION)], 1),
        ([an_operation(STEP, "Step", attempt=1)], 2),
        ([an_operation(STEP, "Step", attempt=3)], 4),
        ([an_operation(STEP, "Step")], 2),  # started and not ended
        ([an_operation(STEP, "WaitForCondition", attempt=1)], 3),
        ([an_operation(STEP, "WaitForCondition", attempt=4)], 6),
        ([an_operation(OperationType.CALLBACK, "Callback")], 2),
        ([an_operation(OperationType.WAIT, "Wait")], 2),
        ([an_operation(OperationType.CHAINED_INVOKE, "ChainedInvoke")], 2),
        ([an_operation(CONTEXT, "RunInChildContext")], 2),
        (
            [
                an_operation(CONTEXT, "WaitForCallback"),
                an_operation(OperationType.CALLBACK, "Callback", parent="1"),
                an_operation(STEP, "Step", attempt=2, parent="1"),
            ],
            1 + 3 + 1,
        ),
        (
            [
                an_operation(CONTEXT, "Map"),
                *[an_operation(CONTEXT, "MapIteration", number=number, parent="1") for number in "234"],
            ],
            5,
        ),
    ],
)
def test_an_execution_is_metered_by_the_table(operations: list[Operation], metered: int) -> None:
    assert metered_operations(operations) == metered


def test_a_flat_branch_is_counted_by_its_operation() -> None:
    flat = [
        an_operation(CONTEXT, "Parallel"),
        *[an_operation(STEP, "Step", attempt=1, number=number, parent="1") for number in "23"],
    ]
    nested = [an_operation(CONTEXT, "Map"), an_operation(CONTEXT, "MapIteration", number="2", parent="1")]

    assert flat_branches(flat) == 2
    assert flat_branches(nested) == 0
