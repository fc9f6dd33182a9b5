"""Every API test has a world of its own, and a requests table that all of them share."""

from __future__ import annotations

from collections.abc import Iterator

import boto3
import pytest
from moto import mock_aws

from approval_api import idempotency
from orders.adapters import clients
from orders.wiring import installed
from tests.api.world import REQUESTS_TABLE, World


@pytest.fixture(scope="module")
def requests_table() -> Iterator[str]:
    """The table where Powertools keeps what was answered; keys never repeat, so tests do not meet in it."""
    with pytest.MonkeyPatch.context() as environment, mock_aws():
        environment.setenv("AWS_DEFAULT_REGION", "us-east-1")
        forget_clients()
        boto3.client("dynamodb").create_table(
            TableName=REQUESTS_TABLE,
            KeySchema=[{"AttributeName": "id", "KeyType": "HASH"}],
            AttributeDefinitions=[{"AttributeName": "id", "AttributeType": "S"}],
            BillingMode="PAY_PER_REQUEST",
        )
        yield REQUESTS_TABLE
        forget_clients()


def forget_clients() -> None:
    """Let the next client be made in today's environment."""
    clients._client.cache_clear()
    idempotency._store.cache_clear()


@pytest.fixture
def world(requests_table: str) -> Iterator[World]:
    """A world without orders, installed as the function's services."""
    a_world = World()
    with installed(a_world.services()):
        yield a_world
