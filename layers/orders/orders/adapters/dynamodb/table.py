"""One DynamoDB table: reads that are strongly consistent, writes under conditions, errors in our words.

Expressions spell attributes `#name` and values `:name`, so that no reserved word of DynamoDB's is in the way.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal

from orders.adapters.aws_errors import translated
from orders.adapters.clients import dynamodb_client
from orders.adapters.clock import jittered_pause
from orders.adapters.dynamodb.attributes import Item, decoded, encoded
from orders.domain.errors import TransientFaultError

Key = tuple[str, str]
NOTHING: Mapping[str, Any] = {}
ABSENT = "attribute_not_exists(#pk)"
KEYS_PER_BATCH = 100
BATCH_TRIES = 5


@dataclass(frozen=True, slots=True)
class Write:
    """One conditional write, alone or as a part of a transaction."""

    kind: Literal["Put", "Update", "Delete"]
    parameters: Mapping[str, Any]


def put(item: Mapping[str, Any], condition: str, values: Mapping[str, Any] = NOTHING) -> Write:
    """Return the write of a whole item; attributes that are None are left out."""
    present = {name: value for name, value in item.items() if value is not None}
    return Write("Put", {"Item": encoded(present), **_expressions(values, ConditionExpression=condition)})


def update(key: Key, change: str, condition: str, values: Mapping[str, Any]) -> Write:
    """Return the write of some attributes of an item."""
    expressions = _expressions(values, UpdateExpression=change, ConditionExpression=condition)
    return Write("Update", {"Key": _key(key), **expressions})


def delete(key: Key) -> Write:
    """Return the removal of an item; part of a transaction whose other writes have the conditions."""
    return Write("Delete", {"Key": _key(key)})


class OrdersTable:
    """The table by its name. Every method may raise TransientFaultError, every write RefusedWriteError."""

    def __init__(self, name: str) -> None:
        self._name = name

    def get(self, key: Key) -> Item | None:
        """Return the item, None when there is none."""
        with translated():
            answer = dynamodb_client().get_item(TableName=self._name, Key=_key(key), ConsistentRead=True)
        return decoded(answer["Item"]) if "Item" in answer else None

    def get_many(self, keys: Sequence[Key]) -> list[Item]:
        """Return the items there are, in no particular order."""
        found: list[Item] = []
        for start in range(0, len(keys), KEYS_PER_BATCH):
            found += self._get_batch([_key(key) for key in keys[start : start + KEYS_PER_BATCH]])
        return found

    def all_under(self, partition: str, prefix: str) -> list[Item]:
        """Return every item of a partition whose sort key begins with `prefix`, by sort key."""
        pages = (
            dynamodb_client()
            .get_paginator("query")
            .paginate(
                TableName=self._name,
                ConsistentRead=True,
                KeyConditionExpression="pk = :pk AND begins_with(sk, :prefix)",
                ExpressionAttributeValues=encoded({":pk": partition, ":prefix": prefix}),
            )
        )
        with translated():
            return [decoded(item) for page in pages for item in page["Items"]]

    def positions(
        self, index: str, partition: str, after: str | None, limit: int, *, newest_first: bool
    ) -> tuple[list[str], bool]:
        """Return up to `limit` positions of an index partition beyond `after`, and whether there are more."""
        hash_key = {"lists": "listPk", "statuses": "statusPk"}[index]
        beyond = "<" if newest_first else ">"
        condition = f"#{hash_key} = :partition" + (f" AND #listSk {beyond} :after" if after else "")
        values = {":partition": partition} | ({":after": after} if after else {})
        with translated():
            answer = dynamodb_client().query(
                TableName=self._name,
                IndexName=index,
                ScanIndexForward=not newest_first,
                Limit=limit,
                **_expressions(values, KeyConditionExpression=condition),
            )
        return [decoded(item)["listSk"] for item in answer["Items"]], "LastEvaluatedKey" in answer

    def write(self, write: Write) -> None:
        """Make one write; RefusedWriteError when its condition does not hold."""
        client = dynamodb_client()
        call: Any = {"Put": client.put_item, "Update": client.update_item, "Delete": client.delete_item}
        with translated():
            call[write.kind](TableName=self._name, **write.parameters)

    def transact(self, writes: Sequence[Write]) -> None:
        """Make all the writes or none; RefusedWriteError says whose conditions did not hold."""
        items: list[Any] = [{write.kind: {"TableName": self._name, **write.parameters}} for write in writes]
        with translated():
            dynamodb_client().transact_write_items(TransactItems=items)

    def _get_batch(self, keys: list[dict[str, Any]]) -> list[Item]:
        request: Any = {self._name: {"Keys": keys, "ConsistentRead": True}}
        found: list[Item] = []
        for attempt in range(1, BATCH_TRIES + 1):
            with translated():
                answer = dynamodb_client().batch_get_item(RequestItems=request)
            found += [decoded(item) for item in answer["Responses"].get(self._name, [])]
            request = answer.get("UnprocessedKeys")
            if not request:
                return found
            jittered_pause(attempt)
        raise TransientFaultError("The table is too busy to read a whole page; try again.")


def _key(key: Key) -> dict[str, Any]:
    return encoded({"pk": key[0], "sk": key[1]})


def _expressions(values: Mapping[str, Any], **expressions: str) -> dict[str, Any]:
    """Return the expressions with the names they use, and their values if they use any."""
    names = {f"#{name}": name for text in expressions.values() for name in re.findall(r"#(\w+)", text)}
    parameters: dict[str, Any] = {**expressions, "ExpressionAttributeNames": names}
    if values:
        parameters["ExpressionAttributeValues"] = encoded(values)
    return parameters
