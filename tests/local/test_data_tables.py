"""The tables of the data service agree with plain moto's, whatever is written to them and asked of them."""

import gc
import json
import random
from collections.abc import Iterator
from typing import Any

import pytest
from moto.dynamodb.models import DynamoDBBackend, dynamodb_backends
from moto.dynamodb.models.dynamo_type import Item
from moto.dynamodb.responses import DynamoHandler

from local.data import moto_bridge
from local.data.dynamodb import DynamoDB
from local.data.exchange import ApiRequest
from local.data.tables import LocalDynamoDB

NAMES = ("a", "b", "c")
SORTS = tuple(str(number) for number in range(6))
OPERATIONS = 200


@pytest.fixture
def service() -> Iterator[DynamoDB]:
    """The service in this process, without a journal."""
    yield DynamoDB()
    del dynamodb_backends[moto_bridge.ACCOUNT]


def sent(service: DynamoDB, action: str, body: dict[str, Any]) -> tuple[int, dict[str, Any]]:
    """Status and answer of one action."""
    headers = {"x-amz-target": f"DynamoDB_20120810.{action}", "content-type": "application/x-amz-json-1.0"}
    response = service.answer(ApiRequest("POST", "/", "", headers, json.dumps(body).encode())).response
    return response.status, json.loads(response.body)


def sent_to_plain_moto(plain: DynamoDBBackend, action: str, body: dict[str, Any]) -> tuple[int, dict[str, Any]]:
    """The same, answered by moto's own handler and backend in place of ours."""
    backends = dynamodb_backends[moto_bridge.ACCOUNT]
    ours = backends[moto_bridge.REGION]
    backends[moto_bridge.REGION] = plain
    try:
        headers = {"x-amz-target": f"DynamoDB_20120810.{action}", "content-type": "application/x-amz-json-1.0"}
        request = ApiRequest("POST", "/", "", headers, json.dumps(body).encode())
        response = moto_bridge.call(DynamoHandler.dispatch, request, "dynamodb")
    finally:
        backends[moto_bridge.REGION] = ours
    return response.status, json.loads(response.body)


def table(sort: str) -> dict[str, Any]:
    """A table with a sort key of this type, and an index over numbers."""
    kinds = {"pk": "S", "sk": sort, "list": "S", "rank": "N"}
    return {
        "TableName": "t",
        "BillingMode": "PAY_PER_REQUEST",
        "AttributeDefinitions": [{"AttributeName": name, "AttributeType": kind} for name, kind in kinds.items()],
        "KeySchema": [{"AttributeName": "pk", "KeyType": "HASH"}, {"AttributeName": "sk", "KeyType": "RANGE"}],
        "GlobalSecondaryIndexes": [
            {
                "IndexName": "ranked",
                "KeySchema": [
                    {"AttributeName": "list", "KeyType": "HASH"},
                    {"AttributeName": "rank", "KeyType": "RANGE"},
                ],
                "Projection": {"ProjectionType": "INCLUDE", "NonKeyAttributes": ["n"]},
            }
        ],
    }


class Chance:
    """Seeded requests."""

    def __init__(self, seed: int, sort: str) -> None:
        self._random = random.Random(seed)  # noqa: S311 - a test's dice
        self._sort = sort

    def key(self) -> dict[str, Any]:
        """One of a few keys, so that they meet again."""
        pick = self._random.choice
        return {"pk": {"S": pick(NAMES)}, "sk": {self._sort: pick(SORTS)}}

    def item(self) -> dict[str, Any]:
        """An item, in the index or not."""
        item = self.key() | {"n": {"N": str(self._random.randrange(100))}, "more": {"L": [{"S": "x"}]}}
        if self._random.random() < 0.8:
            item["list"] = {"S": self._random.choice(NAMES)}
        if self._random.random() < 0.8:
            item["rank"] = {"N": self._random.choice(("1", "2", "10", "1.0", "-3"))}
        return item

    def part(self) -> dict[str, Any]:
        """One write, with a condition or without, some of which cannot be carried out."""
        shape = self._random.choice(("Put", "Put", "Update", "Update", "Delete"))
        body: dict[str, Any] = {"TableName": "t"}
        if self._random.random() < 0.4:
            body["ConditionExpression"] = self._random.choice(("attribute_exists(pk)", "attribute_not_exists(#n)"))
        if shape == "Put":
            body["Item"] = self.item()
        else:
            body["Key"] = self.key()
        if shape == "Update":
            expression = ("SET #n = :v, #r = :v", "ADD #n :v", "REMOVE #r", "SET #n = #r + :v", "SET #n = #l + :v")
            body["UpdateExpression"] = self._random.choice(expression)
            if ":v" in body["UpdateExpression"]:
                body["ExpressionAttributeValues"] = {":v": {"N": str(self._random.randrange(9))}}
        words = str([body.get("ConditionExpression"), body.get("UpdateExpression")])
        names = {"#n": "n", "#r": "rank", "#l": "list"}
        used = {short: name for short, name in names.items() if short in words}
        return {shape: body | ({"ExpressionAttributeNames": used} if used else {})}

    def write(self) -> tuple[str, dict[str, Any]]:
        """An action that writes."""
        if self._random.random() < 0.4:
            return "TransactWriteItems", {"TransactItems": [self.part() for _ in range(self._random.randint(1, 4))]}
        ((shape, body),) = self.part().items()
        return f"{shape}Item", body | {"ReturnValues": "ALL_OLD"}

    def query(self) -> dict[str, Any]:
        """A question to the table or to its index."""
        pick = self._random.choice
        index = self._random.random() < 0.5
        name, kind = ("rank", "N") if index else ("sk", self._sort)
        values = sorted([pick(SORTS), pick(SORTS)])
        condition = pick(("", " AND #s = :a", " AND #s > :a", " AND #s <= :a", " AND #s BETWEEN :a AND :b"))
        operands = {word: {kind: value} for word, value in zip((":a", ":b"), values, strict=True) if word in condition}
        body: dict[str, Any] = {
            "TableName": "t",
            "KeyConditionExpression": f"#p = :p{condition}",
            "ExpressionAttributeNames": {"#p": "list" if index else "pk"} | ({"#s": name} if condition else {}),
            "ExpressionAttributeValues": {":p": {"S": pick(NAMES)}} | operands,
            "ScanIndexForward": pick((True, False)),
        }
        return body | ({"IndexName": "ranked"} if index else {"Limit": 3})


@pytest.mark.parametrize("sort", ["S", "N"])
@pytest.mark.parametrize("seed", range(4))
def test_every_answer_is_plain_motos(service: DynamoDB, seed: int, sort: str) -> None:
    """After every write, the same question finds the same items in the same order."""
    plain = DynamoDBBackend(moto_bridge.REGION, moto_bridge.ACCOUNT)
    sent(service, "CreateTable", table(sort))
    sent_to_plain_moto(plain, "CreateTable", table(sort))
    chance = Chance(seed, sort)
    statuses = set()
    found = 0
    for action, body in (chance.write() for _ in range(OPERATIONS)):
        ours = sent(service, action, body)
        assert ours == sent_to_plain_moto(plain, action, body), (action, body)
        statuses.add(ours[0])
        question = chance.query()
        items = sent(service, "Query", question)[1]["Items"]
        assert items == sent_to_plain_moto(plain, "Query", question)[1]["Items"], question
        found += len(items)
    assert statuses == {200, 400}
    assert found > OPERATIONS / 10
    scan = {"TableName": "t"}
    assert sent(service, "Scan", scan) == sent_to_plain_moto(plain, "Scan", scan)


def test_a_transaction_opens_its_own_items_and_no_others(service: DynamoDB) -> None:
    """Its cost is that of its items: plain moto copies the whole table."""
    sent(service, "CreateTable", table("S"))
    for name in NAMES:
        sent(service, "PutItem", {"TableName": "t", "Item": {"pk": {"S": name}, "sk": {"S": "1"}}})
    backend = dynamodb_backends[moto_bridge.ACCOUNT][moto_bridge.REGION]
    assert isinstance(backend, LocalDynamoDB)
    before = {id(item) for item in backend.local_table("t").stored_items()}
    put = {"Put": {"TableName": "t", "Item": {"pk": {"S": "a"}, "sk": {"S": "1"}}}}
    assert sent(service, "TransactWriteItems", {"TransactItems": [put]})[0] == 200
    after = {id(item) for item in backend.local_table("t").stored_items()}
    assert len(before & after) == len(NAMES) - 1


def test_items_that_were_changed_are_not_kept_in_memory(service: DynamoDB) -> None:
    """Moto would hold every one of them, for its dashboard."""
    sent(service, "CreateTable", table("S"))
    for number in range(1_000):
        item = {"pk": {"S": "one"}, "sk": {"S": "item"}, "n": {"N": str(number)}}
        assert sent(service, "PutItem", {"TableName": "t", "Item": item})[0] == 200

    gc.collect()

    assert sum(isinstance(each, Item) for each in gc.get_objects()) < 500
