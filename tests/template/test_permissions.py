"""What each function may do: exactly this, on exactly these resources."""

import pytest

from tests.template.deployed import Json, as_list, changed, of_type, text

ITEMS = {
    f"dynamodb:{action}"
    for action in (
        "BatchGetItem",
        "ConditionCheckItem",
        "DeleteItem",
        "GetItem",
        "PutItem",
        "Query",
        "UpdateItem",
    )
}
REQUEST_ITEMS = {f"dynamodb:{action}" for action in ("DeleteItem", "GetItem", "PutItem", "UpdateItem")}
OBJECTS = {"s3:GetObject", "s3:PutObject"}
EXECUTIONS = {
    "lambda:GetDurableExecution",
    "lambda:GetDurableExecutionHistory",
    "lambda:SendDurableExecutionCallbackHeartbeat",
    "lambda:SendDurableExecutionCallbackSuccess",
    "lambda:StopDurableExecution",
}
REPORTS = {"states:SendTaskFailure", "states:SendTaskSuccess"}
ALLOWED = {
    "OrderWorkflow": {
        "${OrdersTable.Arn}": ITEMS,
        "${DocumentsBucket.Arn}/orders/*": OBJECTS,
        "${NotifierAliaslive}": {"lambda:InvokeFunction"},
        "${WorkflowDeadLetters.Arn}": {"sqs:SendMessage"},
        "*": REPORTS,
    },
    "ApprovalApi": {
        "${OrdersTable.Arn}": ITEMS,
        "${OrdersTable.Arn}/index/*": {"dynamodb:Query"},
        "${RequestsTable.Arn}": REQUEST_ITEMS,
        "${DocumentsBucket.Arn}": {"s3:ListBucket"},
        "${DocumentsBucket.Arn}/orders/*": OBJECTS,
        "${OrderWorkflowAliaslive}": {"lambda:InvokeFunction"},
        "${OrderWorkflow.Arn}:*/durable-execution/*/*": EXECUTIONS,
        "${IntakeQueue.Arn}": {"sqs:DeleteMessage", "sqs:GetQueueAttributes", "sqs:ReceiveMessage"},
        "*": REPORTS,
    },
    "Notifier": {
        "${OrdersTable.Arn}": ITEMS,
        "${MessagesTopic}": {"sns:Publish"},
        "${NotifierDeadLetters.Arn}": {"sqs:SendMessage"},
    },
}
MANAGED = {
    "OrderWorkflow": ["AWSLambdaBasicDurableExecutionRolePolicy"],
    "ApprovalApi": ["AWSLambdaBasicExecutionRole"],
    "Notifier": ["AWSLambdaBasicExecutionRole"],
}


def permissions(deployed: Json, function: str) -> dict[str, set[str]]:
    """The actions a function's own policies allow, by resource."""
    allowed: dict[str, set[str]] = {}
    for policy in of_type(deployed, "AWS::IAM::Role")[f"{function}Role"]["Policies"]:
        for statement in as_list(policy["PolicyDocument"]["Statement"]):
            assert statement["Effect"] == "Allow"
            for resource in as_list(statement["Resource"]):
                allowed.setdefault(text(resource), set()).update(as_list(statement["Action"]))
    return allowed


@pytest.mark.parametrize("function", sorted(ALLOWED))
def test_a_function_may_do_exactly_what_it_does(deployed: Json, function: str) -> None:
    """Action by action; a wildcard stands only inside the ARNs of objects, indexes and executions.

    And alone for the two actions that end a task: IAM has no resource for them, the task's token is the permission.
    """
    assert permissions(deployed, function) == ALLOWED[function]


@pytest.mark.parametrize("function", sorted(MANAGED))
def test_the_managed_policy_is_the_narrowest_there_is(deployed: Json, function: str) -> None:
    """Logs for all three, checkpoints for the durable one."""
    role = of_type(deployed, "AWS::IAM::Role")[f"{function}Role"]
    assert [text(arn).rsplit("/", 1)[-1] for arn in role["ManagedPolicyArns"]] == MANAGED[function]


def test_a_permission_too_many_is_caught() -> None:
    """A wildcard slipped into a copy does not go unseen."""

    def widen(resources: Json) -> None:
        resources["Notifier"]["Properties"]["Policies"][0]["Statement"][1]["Resource"] = "*"

    assert permissions(changed(widen), "Notifier") != ALLOWED["Notifier"]


def test_only_lambda_takes_these_roles(deployed: Json) -> None:
    """Each role trusts the Lambda service and nobody else."""
    for role in of_type(deployed, "AWS::IAM::Role").values():
        (statement,) = role["AssumeRolePolicyDocument"]["Statement"]
        assert statement["Principal"] == {"Service": ["lambda.amazonaws.com"]}
