"""The outbox for the page: every message to people, newest first, read from the orders table.

Only the local stack has it. The gateway answers `/local/outbox` for pages of its own origin:

    GET -> {"items": [MESSAGE, ...]}, the newest hundred

    MESSAGE {"orderId", "kind", "level" (0 for the outcome), "k", "to", "subject", "body", "at", "published",
             "deadline" or null}; the deadline is the one of the level that the message is about
"""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cached_property
from typing import TYPE_CHECKING, Any

from starlette.requests import Request
from starlette.responses import JSONResponse, Response

from local.template import Template

if TYPE_CHECKING:
    from mypy_boto3_dynamodb.service_resource import DynamoDBServiceResource, Table

PLACE = "/local/outbox"
_SHOWN = 100
_KEYS_OF_A_MESSAGE = ("kind", "level", "k", "to", "subject", "body", "at", "published")


@dataclass
class Outbox:
    """Reads the messages of the table `table` from the data service at `url`."""

    url: str
    region: str
    table: str
    shards: int
    _busy: asyncio.Lock = field(default_factory=asyncio.Lock)

    @classmethod
    def of(cls, template: Template, url: str) -> Outbox | None:
        """The outbox of a template's orders; None when it declares none."""
        names = [table.name for table in template.tables if table.logical_id == "OrdersTable"]
        shards = int(template.parameters.get("Shards", "1"))
        return cls(url, template.region, names[0], shards) if names else None

    async def answer(self, request: Request) -> Response:
        """The messages; boto3's resources belong to one thread at a time."""
        if request.method != "GET":
            return JSONResponse({"message": "Method Not Allowed"}, 405)
        async with self._busy:
            items = await asyncio.to_thread(self._messages)
        return JSONResponse({"items": items}, headers={"cache-control": "no-store"})

    def _messages(self) -> list[dict[str, Any]]:
        keys = [key for shard in range(self.shards) for key in self._newest(f"outbox#{shard}")]
        keys = sorted(keys, key=lambda key: str(key["listSk"]), reverse=True)[:_SHOWN]
        orders: dict[str, Mapping[str, Any]] = {}
        return [self._message(key, orders) for key in keys]

    def _newest(self, partition: str) -> list[dict[str, Any]]:
        from boto3.dynamodb.conditions import Key

        answer = self._table.query(
            IndexName="lists",
            KeyConditionExpression=Key("listPk").eq(partition),
            ScanIndexForward=False,
            Limit=_SHOWN,
        )
        return answer["Items"]

    def _message(self, key: Mapping[str, Any], orders: dict[str, Mapping[str, Any]]) -> dict[str, Any]:
        partition = str(key["pk"])
        item = self._item(partition, str(key["sk"]))
        if partition not in orders:
            orders[partition] = self._item(partition, "ORDER")
        message = {name: _plain(item.get(name)) for name in _KEYS_OF_A_MESSAGE}
        order_id = partition.removeprefix("ORDER#")
        return {"orderId": order_id, **message, "deadline": _deadline(orders[partition], message["level"])}

    def _item(self, partition: str, sort_key: str) -> Mapping[str, Any]:
        return self._table.get_item(Key={"pk": partition, "sk": sort_key}).get("Item", {})

    @cached_property
    def _table(self) -> Table:
        import boto3

        session = boto3.session.Session("local", "local", region_name=self.region)
        resource: DynamoDBServiceResource = session.resource("dynamodb", endpoint_url=self.url)
        return resource.Table(self.table)


def _deadline(order: Mapping[str, Any], level: int) -> str | None:
    found = [each["deadline"] for each in order.get("levels", []) if each["number"] == level]
    return found[0] if found else None


def _plain(value: Any) -> Any:
    """DynamoDB's numbers as JSON has them."""
    return value if value is None or isinstance(value, str | bool) else int(value)
