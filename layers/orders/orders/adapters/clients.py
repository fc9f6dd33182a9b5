"""The AWS clients: created at first use, one of each in a process, with short timeouts and few retries.

A client that waits a minute for an answer would outlive the function that called it; the workflow and the callers of
the API retry anyway.
"""

from __future__ import annotations

from functools import cache
from threading import Lock
from typing import TYPE_CHECKING, Any, Protocol, cast

import boto3
from botocore.config import Config

if TYPE_CHECKING:
    from mypy_boto3_dynamodb import DynamoDBClient
    from mypy_boto3_lambda import LambdaClient
    from mypy_boto3_s3 import S3Client
    from mypy_boto3_sns import SNSClient


class StepFunctionsClient(Protocol):
    """The two calls that end a task, as botocore has them."""

    def send_task_success(self, *, taskToken: str, output: str) -> object:  # noqa: N803 - AWS's name
        """SendTaskSuccess; `output` is JSON."""
        ...

    def send_task_failure(self, *, taskToken: str, error: str, cause: str) -> object:  # noqa: N803 - AWS's name
        """SendTaskFailure."""
        ...


_CONFIG = Config(
    connect_timeout=1,
    read_timeout=3,
    retries={"mode": "standard", "total_max_attempts": 3},
)
_making = Lock()


@cache
def _client(service: str) -> Any:
    with _making:  # a client may be shared by threads, but boto3 makes only one at a time
        return boto3.client(cast("Any", service), config=_CONFIG)


def dynamodb_client() -> DynamoDBClient:
    """Return the process's DynamoDB client."""
    return cast("DynamoDBClient", _client("dynamodb"))


def s3_client() -> S3Client:
    """Return the process's S3 client."""
    return cast("S3Client", _client("s3"))


def sns_client() -> SNSClient:
    """Return the process's SNS client."""
    return cast("SNSClient", _client("sns"))


def lambda_client() -> LambdaClient:
    """Return the process's Lambda client."""
    return cast("LambdaClient", _client("lambda"))


def step_functions_client() -> StepFunctionsClient:
    """Return the process's Step Functions client; only an order that a state machine asked for ever needs one."""
    return cast("StepFunctionsClient", _client("stepfunctions"))
