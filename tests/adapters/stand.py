"""Both sets of adapters side by side: in memory, and AWS as moto plays it with the table of template.yaml."""

import threading
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any, Protocol, TypeVar

import pytest
import yaml
from moto import mock_aws
from moto.core.botocore_stubber import BotocoreStubber

from orders.adapters.clients import dynamodb_client, s3_client
from orders.adapters.documents import Bucket, BucketDocuments, S3Bucket
from orders.adapters.dynamodb import (
    DynamoDuplicates,
    DynamoOrderRepository,
    DynamoOutbox,
    DynamoQuotaCounters,
    OrdersTable,
)
from orders.adapters.memory import (
    MemoryBucket,
    MemoryDuplicates,
    MemoryLedger,
    MemoryOrderRepository,
    MemoryOutbox,
    MemoryQuotaCounters,
    MemoryWarehouse,
    MovableClock,
)
from orders.adapters.reference import load_catalogue
from orders.adapters.sandbox import DynamoLedger, Ledger, SandboxGateway, SandboxWarehouse
from orders.domain.model import Sku
from orders.services.ports import Duplicates, Outbox, PaymentGateway, QuotaCounters, Warehouse
from orders.wiring import Repository
from tests.builders import NOON

TEMPLATE = Path(__file__).resolve().parents[2] / "template.yaml"
TABLE = "orders-under-test"
BUCKET = "documents-under-test"
SHARDS = 4
T = TypeVar("T")


class Stock(Warehouse, Protocol):
    """A warehouse that a test may count in."""

    def available(self, sku: Sku) -> int:
        """How many are left."""
        ...


@dataclass(frozen=True, slots=True)
class Adapters:
    """One adapter for each port that has more than one."""

    orders: Repository
    bucket: Bucket
    documents: BucketDocuments
    outbox: Outbox
    duplicates: Duplicates
    warehouse: Stock
    quotas: QuotaCounters
    ledger: Ledger
    gateway: PaymentGateway


def in_memory() -> Adapters:
    """The memory adapters, empty."""
    bucket, ledger = MemoryBucket(), MemoryLedger()
    return Adapters(
        orders=MemoryOrderRepository(),
        bucket=bucket,
        documents=BucketDocuments(bucket),
        outbox=MemoryOutbox(),
        duplicates=MemoryDuplicates(),
        warehouse=MemoryWarehouse(load_catalogue()),
        quotas=MemoryQuotaCounters(),
        ledger=ledger,
        gateway=SandboxGateway(ledger, MovableClock(NOON)),
    )


def on_aws() -> Adapters:
    """The AWS adapters over the table and bucket of `empty_aws`."""
    table, bucket = OrdersTable(TABLE), S3Bucket(BUCKET)
    ledger = DynamoLedger(table)
    return Adapters(
        orders=DynamoOrderRepository(table, SHARDS),
        bucket=bucket,
        documents=BucketDocuments(bucket),
        outbox=DynamoOutbox(table, SHARDS),
        duplicates=DynamoDuplicates(table),
        warehouse=SandboxWarehouse(table, load_catalogue()),
        quotas=DynamoQuotaCounters(table),
        ledger=ledger,
        gateway=SandboxGateway(ledger, MovableClock(NOON)),
    )


@contextmanager
def empty_aws(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """Play AWS in this process, with an empty table and bucket; one request at a time, as moto needs it."""
    monkeypatch.setenv("AWS_DEFAULT_REGION", "us-east-1")
    one_at_a_time, answer = threading.Lock(), BotocoreStubber.__call__

    def locked(*args: Any, **kwargs: Any) -> Any:
        with one_at_a_time:
            return answer(*args, **kwargs)

    monkeypatch.setattr(BotocoreStubber, "__call__", locked)
    with mock_aws():
        dynamodb_client().create_table(TableName=TABLE, **table_shape())
        s3_client().create_bucket(Bucket=BUCKET)
        yield


def table_shape() -> Any:
    """What CreateTable needs to know of the deployed table."""
    names = ("BillingMode", "AttributeDefinitions", "KeySchema", "GlobalSecondaryIndexes")
    return {name: table_properties()[name] for name in names}


@cache
def table_properties() -> Any:
    """The deployed table's properties; CloudFormation's own tags, which no test looks at, are read as None."""

    class Loader(yaml.SafeLoader):
        """YAML with unknown tags."""

    Loader.add_multi_constructor("!", lambda *_: None)
    template = yaml.load(TEMPLATE.read_text(), Loader)  # noqa: S506 - a safe loader, with tags
    return template["Resources"]["OrdersTable"]["Properties"]


def items(condition: Callable[[dict[str, Any]], bool] = lambda _: True) -> list[dict[str, Any]]:
    """Every item of the table, as DynamoDB spells it, that meets a condition."""
    found = dynamodb_client().scan(TableName=TABLE)["Items"]
    return [dict(item) for item in found if condition(dict(item))]


def at_once(calls: Sequence[Callable[[], T]]) -> list[T | Exception]:
    """Make all calls in threads that wait for each other first; return what each returned or raised."""
    barrier = threading.Barrier(len(calls))

    def one(call: Callable[[], T]) -> T | Exception:
        barrier.wait()
        try:
            return call()
        except Exception as error:  # noqa: BLE001 - the test judges it
            return error

    with ThreadPoolExecutor(len(calls)) as pool:
        return list(pool.map(one, calls))
