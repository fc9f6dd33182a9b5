"""The data service answers as DynamoDB, S3 and SNS do, one request at a time, and forgets nothing it has answered."""

import json
import os
import resource
import signal
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import urlencode

import boto3
import pytest
from botocore.config import Config
from botocore.exceptions import ClientError

from local.data.journal import Journal, JournalError
from local.data.store import SPARE_STATES

ROOT = Path(__file__).parents[2]
THREADS = 50


@dataclass(frozen=True)
class Service:
    """A running data service."""

    url: str
    process: subprocess.Popen[str]

    def client(self, name: str) -> Any:
        """An AWS client; a request that fails is not repeated."""
        make: Any = boto3.client
        return make(
            name,
            endpoint_url=self.url,
            region_name="us-east-1",
            aws_access_key_id="local",
            aws_secret_access_key="local",
            config=Config(retries={"total_max_attempts": 1}, max_pool_connections=THREADS),
        )

    def kill(self) -> None:
        """End it as a crash would."""
        self.process.send_signal(signal.SIGKILL)
        self.process.wait()


@contextmanager
def serving(folder: Path, *options: str, limit: int | None = None) -> Iterator[Service]:
    """A data service over a folder; with a limit none of its files can grow beyond it."""
    command = [sys.executable, "-m", "local.data", "--port", "0", "--data", str(folder), *options]
    before = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (before[0] if limit is None else limit, before[1]))
    try:
        process = subprocess.Popen(command, cwd=ROOT, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, before)
    assert process.stdout is not None
    assert process.stdin is not None
    try:
        word, url = process.stdout.readline().split()
        assert word == "ready"
        yield Service(url, process)
    finally:
        process.stdin.close()
        process.wait(5)
        process.stdout.close()


def create_table(dynamodb: Any, name: str = "orders") -> None:
    """A table with a list index and a time to live, as the template's is."""
    keys = [("pk", "HASH"), ("sk", "RANGE")]
    dynamodb.create_table(
        TableName=name,
        BillingMode="PAY_PER_REQUEST",
        AttributeDefinitions=[{"AttributeName": n, "AttributeType": "S"} for n in ("pk", "sk", "listPk", "listSk")],
        KeySchema=[{"AttributeName": attribute, "KeyType": kind} for attribute, kind in keys],
        GlobalSecondaryIndexes=[
            {
                "IndexName": "lists",
                "KeySchema": [
                    {"AttributeName": "listPk", "KeyType": "HASH"},
                    {"AttributeName": "listSk", "KeyType": "RANGE"},
                ],
                "Projection": {"ProjectionType": "KEYS_ONLY"},
            }
        ],
    )
    dynamodb.update_time_to_live(
        TableName=name, TimeToLiveSpecification={"Enabled": True, "AttributeName": "expiresAt"}
    )


def key(pk: str, sk: str = "row") -> dict[str, Any]:
    """A primary key."""
    return {"pk": {"S": pk}, "sk": {"S": sk}}


def item_of(dynamodb: Any, pk: str, sk: str = "row", table: str = "orders") -> Any:
    """The stored item, or None."""
    return dynamodb.get_item(TableName=table, Key=key(pk, sk)).get("Item")


def code_of(action: Callable[[], object]) -> str:
    """The error code an action ends with."""
    with pytest.raises(ClientError) as caught:
        action()
    return str(caught.value.response["Error"]["Code"])


@pytest.fixture(scope="module")
def service(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Service]:
    """One service for the tests that need no restart."""
    with serving(tmp_path_factory.mktemp("data")) as running:
        create_table(running.client("dynamodb"))
        running.client("s3").create_bucket(Bucket="documents")
        yield running


@pytest.fixture(scope="module")
def dynamodb(service: Service) -> Any:
    """Its DynamoDB."""
    return service.client("dynamodb")


@pytest.fixture(scope="module")
def s3(service: Service) -> Any:
    """Its S3."""
    return service.client("s3")


def at_once(action: Callable[[int], bool]) -> list[bool]:
    """Run an action in fifty threads that start together."""
    barrier = threading.Barrier(THREADS)

    def one(number: int) -> bool:
        barrier.wait()
        return action(number)

    with ThreadPoolExecutor(THREADS) as pool:
        return list(pool.map(one, range(THREADS)))


def refused(action: Callable[[], object], *codes: str) -> bool:
    """Whether a write was refused for its condition; any other error is raised."""
    try:
        action()
    except ClientError as error:
        if error.response["Error"]["Code"] not in codes:
            raise
        return True
    return False


class TestOneAtATime:
    """Every request is alone, whatever comes at the same time."""

    def test_fifty_threads_increment_a_counter_exactly(self, dynamodb: Any) -> None:
        """Read, compare and set, again after every conflict: no increment is lost."""
        dynamodb.put_item(TableName="orders", Item=key("counter") | {"n": {"N": "0"}})

        def increment(_: int) -> bool:
            while True:
                now = int(item_of(dynamodb, "counter")["n"]["N"])
                conflict = refused(
                    lambda: dynamodb.update_item(
                        TableName="orders",
                        Key=key("counter"),
                        UpdateExpression="SET n = :next",
                        ConditionExpression="n = :now",
                        ExpressionAttributeValues={":now": {"N": str(now)}, ":next": {"N": str(now + 1)}},  # noqa: B023
                    ),
                    "ConditionalCheckFailedException",
                )
                if not conflict:
                    return True

        at_once(increment)
        assert item_of(dynamodb, "counter")["n"] == {"N": str(THREADS)}

    def test_of_fifty_transactions_on_one_row_exactly_one_wins(self, dynamodb: Any) -> None:
        """And of the others nothing is left, not even the part without a condition."""
        dynamodb.put_item(TableName="orders", Item=key("row") | {"state": {"S": "OPEN"}})

        def decide(number: int) -> bool:
            vote = {"Put": {"TableName": "orders", "Item": key("row", f"vote#{number}")}}
            close = {
                "Update": {
                    "TableName": "orders",
                    "Key": key("row"),
                    "UpdateExpression": "SET #s = :closed, winner = :me",
                    "ConditionExpression": "#s = :open",
                    "ExpressionAttributeNames": {"#s": "state"},
                    "ExpressionAttributeValues": {
                        ":open": {"S": "OPEN"},
                        ":closed": {"S": "CLOSED"},
                        ":me": {"N": str(number)},
                    },
                }
            }
            return not refused(
                lambda: dynamodb.transact_write_items(TransactItems=[vote, close]), "TransactionCanceledException"
            )

        (winner,) = [number for number, won in enumerate(at_once(decide)) if won]
        found = dynamodb.query(
            TableName="orders",
            KeyConditionExpression="pk = :pk AND begins_with(sk, :vote)",
            ExpressionAttributeValues={":pk": {"S": "row"}, ":vote": {"S": "vote#"}},
        )
        assert [item["sk"]["S"] for item in found["Items"]] == [f"vote#{winner}"]
        assert item_of(dynamodb, "row")["winner"] == {"N": str(winner)}

    def test_of_fifty_conditional_puts_of_one_object_exactly_one_wins(self, s3: Any) -> None:
        """`If-None-Match: *` is how a document is written once."""

        def put(number: int) -> bool:
            body = str(number).encode()
            return not refused(
                lambda: s3.put_object(Bucket="documents", Key="raced", Body=body, IfNoneMatch="*"),
                "PreconditionFailed",
            )

        (winner,) = [number for number, won in enumerate(at_once(put)) if won]
        assert s3.get_object(Bucket="documents", Key="raced")["Body"].read() == str(winner).encode()


class TestDynamoDB:
    """What the adapters rely on."""

    def test_a_failed_condition_names_its_code_and_shows_the_old_item(self, dynamodb: Any) -> None:
        """With ReturnValuesOnConditionCheckFailure."""
        item = key("there") | {"n": {"N": "1"}}
        dynamodb.put_item(TableName="orders", Item=item)
        with pytest.raises(ClientError) as caught:
            dynamodb.put_item(
                TableName="orders",
                Item=item,
                ConditionExpression="attribute_not_exists(pk)",
                ReturnValuesOnConditionCheckFailure="ALL_OLD",
            )
        response: Any = caught.value.response
        assert (response["Error"]["Code"], response["Item"]) == ("ConditionalCheckFailedException", item)

    def test_a_cancelled_transaction_gives_a_reason_per_item(self, dynamodb: Any) -> None:
        """In the order of the request, with the old item where asked for, and undoes every part."""
        dynamodb.put_item(TableName="orders", Item=key("taken") | {"n": {"N": "1"}})
        put = {"TableName": "orders", "Item": key("fresh")}
        update = {"TableName": "orders", "Key": key("counted"), "UpdateExpression": "ADD n :one"}
        update["ExpressionAttributeValues"] = {":one": {"N": "1"}}
        guarded = {
            "TableName": "orders",
            "Item": key("taken"),
            "ConditionExpression": "attribute_not_exists(pk)",
            "ReturnValuesOnConditionCheckFailure": "ALL_OLD",
        }
        with pytest.raises(ClientError) as caught:
            dynamodb.transact_write_items(TransactItems=[{"Put": put}, {"Update": update}, {"Put": guarded}])
        response: Any = caught.value.response
        codes = [reason["Code"] for reason in response["CancellationReasons"]]
        assert (response["Error"]["Code"], codes) == (
            "TransactionCanceledException",
            ["None", "None", "ConditionalCheckFailed"],
        )
        assert response["CancellationReasons"][2]["Item"]["n"] == {"N": "1"}
        assert (item_of(dynamodb, "fresh"), item_of(dynamodb, "counted")) == (None, None)

    def test_an_update_that_cannot_be_done_leaves_nothing_behind(self, dynamodb: Any) -> None:
        """Plain moto keeps the part of it that came before the item grew too large."""
        values = {":little": {"S": "x"}, ":much": {"S": "x" * 410_000}}
        code = code_of(
            lambda: dynamodb.update_item(
                TableName="orders",
                Key=key("half"),
                UpdateExpression="SET a = :little, b = :much",
                ExpressionAttributeValues=values,
            )
        )
        assert (code, item_of(dynamodb, "half")) == ("ValidationException", None)

    def test_a_transaction_sent_again_is_carried_out_once(self, dynamodb: Any) -> None:
        """By its ClientRequestToken; the same token with something else is refused."""

        def add(amount: str) -> None:
            update = {"TableName": "orders", "Key": key("tokens"), "UpdateExpression": "ADD n :n"}
            update["ExpressionAttributeValues"] = {":n": {"N": amount}}
            dynamodb.transact_write_items(TransactItems=[{"Update": update}], ClientRequestToken="token-1")

        add("1")
        add("1")
        assert item_of(dynamodb, "tokens")["n"] == {"N": "1"}
        assert code_of(lambda: add("2")) == "IdempotentParameterMismatchException"
        assert item_of(dynamodb, "tokens")["n"] == {"N": "1"}

    @pytest.mark.parametrize("write", ["put", "update"])
    def test_an_index_key_of_another_type_is_refused(self, dynamodb: Any, write: str) -> None:
        """Plain moto stores it and the index breaks later."""

        def put() -> None:
            dynamodb.put_item(TableName="orders", Item=key("typed") | {"listPk": {"N": "1"}})

        def update() -> None:
            dynamodb.update_item(
                TableName="orders",
                Key=key("typed"),
                UpdateExpression="SET listPk = :one",
                ExpressionAttributeValues={":one": {"N": "1"}},
            )

        assert code_of(put if write == "put" else update) == "ValidationException"
        assert item_of(dynamodb, "typed") is None

    def test_the_time_to_live_can_be_read_back(self, dynamodb: Any) -> None:
        """It is part of what the template declares."""
        described = dynamodb.describe_time_to_live(TableName="orders")["TimeToLiveDescription"]
        assert described == {"TimeToLiveStatus": "ENABLED", "AttributeName": "expiresAt"}

    def test_what_is_not_part_of_the_stack_is_refused_by_name(self, dynamodb: Any) -> None:
        """PartiQL would write past the journal."""
        statement = "DELETE FROM orders WHERE pk = 'there'"
        assert code_of(lambda: dynamodb.execute_statement(Statement=statement)) == "UnknownOperationException"


@pytest.fixture(scope="module")
def listed(dynamodb: Any) -> Any:
    """A table `listed` with twenty items of a list, one item of another, one of none."""
    create_table(dynamodb, "listed")
    for number in range(20):
        listing = {"listPk": {"S": "all"}, "listSk": {"S": f"{number // 2:03}"}, "note": {"S": "x"}}
        dynamodb.put_item(TableName="listed", Item=key("order", f"{number:03}") | listing)
    other = {"listPk": {"S": "other"}, "listSk": {"S": "1"}}
    dynamodb.put_item(TableName="listed", Item=key("order", "x") | other)
    dynamodb.put_item(TableName="listed", Item=key("order", "y"))
    return dynamodb


class TestQueries:
    """Pages in key order, from the table and from its index."""

    TABLE = "listed"

    def pages(self, dynamodb: Any, **query: Any) -> list[list[str]]:
        """The sort keys of every page of a query, following the keys to go on after."""
        pages = []
        while True:
            page = dynamodb.query(TableName=self.TABLE, **query)
            pages.append([item["sk"]["S"] for item in page["Items"]])
            if "LastEvaluatedKey" not in page:
                return pages
            query["ExclusiveStartKey"] = page["LastEvaluatedKey"]

    @pytest.mark.parametrize("forward", [True, False])
    def test_an_index_is_read_page_by_page_in_both_directions(self, listed: Any, forward: bool) -> None:  # noqa: FBT001
        """Equal index keys come in the order of the table's keys, and none is lost between pages."""
        pages = self.pages(
            listed,
            IndexName="lists",
            KeyConditionExpression="listPk = :all",
            ExpressionAttributeValues={":all": {"S": "all"}},
            ScanIndexForward=forward,
            Limit=3,
        )
        expected = [f"{number:03}" for number in range(20)]
        assert [sk for page in pages for sk in page] == (expected if forward else expected[::-1])
        assert [len(page) for page in pages] == [3] * 6 + [2]

    def test_a_page_that_ends_with_the_list_still_says_where_it_ended(self, listed: Any) -> None:
        """As DynamoDB: the limit was reached, and whether more follows is for the next request to find out."""
        pages = self.pages(
            listed,
            IndexName="lists",
            KeyConditionExpression="listPk = :all",
            ExpressionAttributeValues={":all": {"S": "all"}},
            Limit=20,
        )
        assert [len(page) for page in pages] == [20, 0]

    @pytest.mark.parametrize(
        ("condition", "operands", "expected"),
        [
            ("sk = :a", ["005"], [5]),
            ("sk < :a", ["002"], [0, 1]),
            ("sk <= :a", ["002"], [0, 1, 2]),
            ("sk > :a AND pk = :pk", ["018"], [19, "x", "y"]),
            ("sk >= :a", ["018"], [18, 19, "x", "y"]),
            ("sk BETWEEN :a AND :b", ["003", "005"], [3, 4, 5]),
            ("begins_with(sk, :a)", ["01"], list(range(10, 20))),
            ("sk = :a", ["nothing"], []),
        ],
    )
    def test_range_conditions(
        self, listed: Any, condition: str, operands: list[str], expected: list[int | str]
    ) -> None:
        """Every comparison that a key condition can make."""
        names = dict(zip((":a", ":b"), ({"S": operand} for operand in operands), strict=False))
        pages = self.pages(
            listed,
            KeyConditionExpression=condition if ":pk" in condition else f"pk = :pk AND {condition}",
            ExpressionAttributeValues={":pk": {"S": "order"}, **names},
        )
        assert pages == [[sk if isinstance(sk, str) else f"{sk:03}" for sk in expected]]

    def test_an_index_gives_keys_only_and_follows_its_items(self, dynamodb: Any) -> None:
        """Moved, left and deleted items are where they belong at the next read."""
        create_table(dynamodb, "moving")

        def listed(name: str) -> list[dict[str, Any]]:
            found = dynamodb.query(
                TableName="moving",
                IndexName="lists",
                KeyConditionExpression="listPk = :list",
                ExpressionAttributeValues={":list": {"S": name}},
            )
            items: list[dict[str, Any]] = found["Items"]
            return items

        def change(expression: str, **values: str) -> None:
            named = {f":{name}": {"S": value} for name, value in values.items()}
            extra = {"ExpressionAttributeValues": named} if named else {}
            dynamodb.update_item(TableName="moving", Key=key("o"), UpdateExpression=expression, **extra)

        entry = key("o") | {"listPk": {"S": "a"}, "listSk": {"S": "1"}}
        dynamodb.put_item(TableName="moving", Item=entry | {"note": {"S": "not projected"}})
        assert listed("a") == [entry]
        change("SET listPk = :b", b="b")
        assert (listed("a"), listed("b")) == ([], [entry | {"listPk": {"S": "b"}}])
        change("REMOVE listPk")
        assert (listed("a"), listed("b")) == ([], [])
        change("SET listPk = :c", c="c")
        dynamodb.delete_item(TableName="moving", Key=key("o"))
        assert listed("c") == []

    def test_a_filter_works_on_the_page_it_was_given(self, listed: Any) -> None:
        """The limit counts what was read, not what was kept."""
        found = listed.query(
            TableName=self.TABLE,
            KeyConditionExpression="pk = :pk",
            FilterExpression="sk = :third",
            ExpressionAttributeValues={":pk": {"S": "order"}, ":third": {"S": "002"}},
            Limit=2,
        )
        assert (found["Items"], found["ScannedCount"], found["LastEvaluatedKey"]) == ([], 2, key("order", "001"))

    def test_a_start_key_without_the_index_keys_is_refused(self, listed: Any) -> None:
        """With DynamoDB's words."""
        code = code_of(
            lambda: listed.query(
                TableName=self.TABLE,
                IndexName="lists",
                KeyConditionExpression="listPk = :all",
                ExpressionAttributeValues={":all": {"S": "all"}},
                ExclusiveStartKey=key("order", "001"),
            )
        )
        assert code == "ValidationException"


class TestS3:
    """What the document store relies on."""

    def test_a_second_conditional_put_is_refused_with_412(self, s3: Any) -> None:
        """And changes nothing."""
        s3.put_object(Bucket="documents", Key="orders/o1.json", Body=b"first", IfNoneMatch="*")
        with pytest.raises(ClientError) as caught:
            s3.put_object(Bucket="documents", Key="orders/o1.json", Body=b"second", IfNoneMatch="*")
        response: Any = caught.value.response
        assert (response["Error"]["Code"], response["ResponseMetadata"]["HTTPStatusCode"]) == (
            "PreconditionFailed",
            412,
        )
        assert s3.get_object(Bucket="documents", Key="orders/o1.json")["Body"].read() == b"first"

    def test_an_object_that_is_not_there_is_missing(self, s3: Any) -> None:
        """With S3's code for it."""
        assert code_of(lambda: s3.get_object(Bucket="documents", Key="none")) == "NoSuchKey"

    def test_large_objects_and_odd_names(self, s3: Any) -> None:
        """Two megabytes under a key that needs encoding."""
        body, name = os.urandom(2_000_000), "orders/ä b+c%20/1.json"
        s3.put_object(Bucket="documents", Key=name, Body=body)
        assert s3.get_object(Bucket="documents", Key=name)["Body"].read() == body
        listed = s3.list_objects_v2(Bucket="documents", Prefix="orders/ä")["Contents"]
        assert [entry["Key"] for entry in listed] == [name]


def write_everything(service: Service) -> str:
    """Every kind of state there is; returns the ARN of a subscription."""
    dynamodb, s3, sns = (service.client(name) for name in ("dynamodb", "s3", "sns"))
    create_table(dynamodb)
    attributes = {
        "text": {"S": "ä\n"}, "number": {"N": "1.50"}, "flag": {"BOOL": True}, "nothing": {"NULL": True},
        "bytes": {"B": b"\x00\xff"}, "set": {"SS": ["a", "b"]}, "numbers": {"NS": ["1", "2"]},
        "list": {"L": [{"S": "x"}, {"M": {"deep": {"N": "1"}}}]}, "map": {"M": {"a": {"L": []}}},
        "listPk": {"S": "all"}, "listSk": {"S": "1"},
    }  # fmt: skip
    dynamodb.put_item(TableName="orders", Item=key("all-types") | attributes)
    dynamodb.put_item(TableName="orders", Item=key("deleted"))
    dynamodb.delete_item(TableName="orders", Key=key("deleted"))
    batch = [{"PutRequest": {"Item": key("batch", str(number))}} for number in range(3)]
    dynamodb.batch_write_item(RequestItems={"orders": batch})
    update = {"TableName": "orders", "Key": key("tx"), "UpdateExpression": "ADD n :one"}
    update["ExpressionAttributeValues"] = {":one": {"N": "1"}}
    dynamodb.transact_write_items(TransactItems=[{"Update": update}], ClientRequestToken="token-2")
    s3.create_bucket(Bucket="documents")
    s3.put_object(
        Bucket="documents",
        Key="orders/o 1.json",
        Body=b'{"a": 1}',
        ContentType="application/json",
        Metadata={"sha": "abc"},
    )
    for name in ("gone", "gone-too"):
        s3.put_object(Bucket="documents", Key=name, Body=b"")
    s3.delete_object(Bucket="documents", Key="gone")
    s3.delete_objects(Bucket="documents", Delete={"Objects": [{"Key": "gone-too"}]})
    topic = sns.create_topic(Name="messages")["TopicArn"]
    arn: str = sns.subscribe(TopicArn=topic, Protocol="email", Endpoint="a@example.com", ReturnSubscriptionArn=True)[
        "SubscriptionArn"
    ]
    return arn


def everything(service: Service) -> list[Any]:
    """What can be read of it."""
    dynamodb, s3, sns = (service.client(name) for name in ("dynamodb", "s3", "sns"))
    query = {
        "TableName": "orders",
        "IndexName": "lists",
        "KeyConditionExpression": "listPk = :all",
        "ExpressionAttributeValues": {":all": {"S": "all"}},
    }
    document = s3.get_object(Bucket="documents", Key="orders/o 1.json")
    return [
        dynamodb.scan(TableName="orders")["Items"],
        dynamodb.query(**query)["Items"],
        dynamodb.describe_time_to_live(TableName="orders")["TimeToLiveDescription"],
        [entry["Key"] for entry in s3.list_objects_v2(Bucket="documents")["Contents"]],
        document["Body"].read(),
        (document["ContentType"], document["Metadata"], document["ETag"], document["LastModified"]),
        [topic["TopicArn"] for topic in sns.list_topics()["Topics"]],
        [subscription["SubscriptionArn"] for subscription in sns.list_subscriptions()["Subscriptions"]],
    ]


class TestMemory:
    """What was answered survives the process."""

    def test_everything_survives_a_kill(self, tmp_path: Path) -> None:
        """Twice, and the transaction sent again afterwards still counts once."""
        with serving(tmp_path) as service:
            subscription = write_everything(service)
            before = everything(service)
            service.kill()
        assert before[-1] == [subscription]
        for _ in range(2):
            with serving(tmp_path) as service:
                assert everything(service) == before
                update = {"TableName": "orders", "Key": key("tx"), "UpdateExpression": "ADD n :one"}
                update["ExpressionAttributeValues"] = {":one": {"N": "1"}}
                transaction = [{"Update": update}]
                service.client("dynamodb").transact_write_items(TransactItems=transaction, ClientRequestToken="token-2")
                service.kill()

    def test_no_answered_write_is_lost_in_a_kill_under_load(self, tmp_path: Path) -> None:
        """Writers note what they were answered; all of it is there afterwards."""
        answered: list[str] = []
        with serving(tmp_path) as service:
            dynamodb = service.client("dynamodb")
            create_table(dynamodb)

            def write(writer: int) -> None:
                for number in range(10_000):
                    name = f"{writer}-{number}"
                    try:
                        dynamodb.put_item(TableName="orders", Item=key(name))
                    except Exception:  # noqa: BLE001 - the service is gone, in whatever way it shows
                        return
                    answered.append(name)

            with ThreadPoolExecutor(8) as pool:
                for writer in range(8):
                    pool.submit(write, writer)
                while len(answered) < 300:
                    time.sleep(0.005)
                service.kill()
        with serving(tmp_path) as service:
            pages = service.client("dynamodb").get_paginator("scan").paginate(TableName="orders")
            stored = {item["pk"]["S"] for page in pages for item in page["Items"]}
        assert len(answered) >= 300
        assert set(answered) <= stored

    def test_a_torn_last_line_is_cut_off(self, tmp_path: Path) -> None:
        """Its request was never answered; the next write starts a line of its own."""
        with serving(tmp_path) as service:
            create_table(service.client("dynamodb"))
            service.client("dynamodb").put_item(TableName="orders", Item=key("whole"))
            service.kill()
        journal = tmp_path / "data" / "journal.jsonl"
        whole = journal.read_bytes()
        journal.write_bytes(whole + whole.splitlines()[-1].replace(b"whole", b"torn!")[:-5])
        for pk in ("after", "later"):
            with serving(tmp_path) as service:
                dynamodb = service.client("dynamodb")
                assert (item_of(dynamodb, "whole"), item_of(dynamodb, "torn!")) == (key("whole"), None)
                dynamodb.put_item(TableName="orders", Item=key(pk))
                service.kill()
        with serving(tmp_path) as service:
            assert item_of(service.client("dynamodb"), "after") == key("after")

    def test_a_past_that_is_over_is_left_behind_at_the_next_start(self, tmp_path: Path) -> None:
        """The journal shrinks to what there is, without items that have expired, and says the same as before."""
        journal = tmp_path / "data" / "journal.jsonl"
        with serving(tmp_path) as service:
            write_everything(service)
            before = everything(service)
            service.kill()
        item = {**key("p", "s"), "expiresAt": {"N": "1"}}
        change = {"service": "dynamodb", "kind": "items", "changes": [["orders", key("p", "s"), json.dumps(item)]]}
        Journal(journal.parent).append([change] * SPARE_STATES)
        size = journal.stat().st_size
        with serving(tmp_path) as service:
            assert journal.stat().st_size < size / 100
            service.client("dynamodb").put_item(TableName="orders", Item=key("p", "s"))
            service.client("dynamodb").delete_item(TableName="orders", Key=key("p", "s"))
            service.kill()
        with serving(tmp_path) as service:
            assert everything(service) == before

    def test_an_old_subscription_that_called_a_server_is_not_brought_back(self, tmp_path: Path) -> None:
        """A version that still made them has written it down; publishing would wait for that server."""
        topic = "arn:aws:sns:us-east-1:123456789012:messages"
        form = {"service": "sns", "kind": "topic", "seed": 1, "contentType": "application/x-www-form-urlencoded"}
        with socket.create_server(("127.0.0.1", 0)) as silent:
            endpoint = f"http://127.0.0.1:{silent.getsockname()[1]}/"
            subscribe = {"Action": "Subscribe", "TopicArn": topic, "Protocol": "http", "Endpoint": endpoint}
            asked = [{"Action": "CreateTopic", "Name": "messages"}, subscribe]
            Journal(tmp_path / "data").append({**form, "body": urlencode(each)} for each in asked)
            with serving(tmp_path) as service:
                sns = service.client("sns")
                assert sns.list_subscriptions()["Subscriptions"] == []
                assert sns.publish(TopicArn=topic, Message="still here")["MessageId"]

    def test_an_ephemeral_service_leaves_nothing(self, tmp_path: Path) -> None:
        """No file, no folder."""
        with serving(tmp_path, "--ephemeral") as service:
            create_table(service.client("dynamodb"))
        assert list(tmp_path.iterdir()) == []

    def test_damage_in_the_middle_is_not_passed_over(self, tmp_path: Path) -> None:
        """Better no start than a past with a hole."""
        (tmp_path / "journal.jsonl").write_bytes(b'{"a":1}\n{"b":\n{"c":3}\n')
        with pytest.raises(JournalError, match="line 2 is damaged"):
            list(Journal(tmp_path).read())


class TestProcess:
    """The process is a good child."""

    def test_it_ends_when_its_parent_is_gone(self, tmp_path: Path) -> None:
        """At the end of its standard input."""
        with serving(tmp_path, "--ephemeral") as service:
            assert service.process.stdin is not None
            service.process.stdin.close()
            assert service.process.wait(5) == 0

    @pytest.mark.parametrize("reason", ["port", "folder"])
    def test_it_says_in_one_line_why_it_cannot_start(self, tmp_path: Path, reason: str) -> None:
        """A taken port; a folder that another process holds."""
        with serving(tmp_path) as service:
            port = service.url.rpartition(":")[2] if reason == "port" else "0"
            command = [sys.executable, "-m", "local.data", "--port", port, "--data", str(tmp_path)]
            second = subprocess.run(
                command, cwd=ROOT, stdin=service.process.stdout, capture_output=True, text=True, check=False
            )
        assert second.returncode == 2
        assert len(second.stderr.splitlines()) == 1
        assert second.stderr.startswith("data: ")

    def test_it_listens_on_loopback_only(self, service: Service) -> None:
        """Nobody in the same network reads orders."""
        assert service.url.startswith("http://127.0.0.1:")
