"""moto's DynamoDB made fit for a stack that runs all day.

Three things are added: what a request changes is known item by item (so that it can be undone and remembered),
a transaction costs as much as its items instead of a copy of every table, and a query costs as much as its page
instead of a walk over the table.
"""

from __future__ import annotations

import copy
import inspect
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any, TypeAlias

from moto.dynamodb.models import DynamoDBBackend
from moto.dynamodb.models.dynamo_type import DynamoType, Item, LimitedSizeDict
from moto.dynamodb.models.table import RESULT_SIZE_LIMIT, SecondaryIndex, Table

from local.data.order import KeyOrder

AttributeMap: TypeAlias = dict[str, Any]
"""A key or an item in DynamoDB's own JSON: `{"pk": {"S": "order#1"}}`."""


_QUERY = inspect.signature(Table.query)


@dataclass(frozen=True, slots=True)
class Change:
    """One item after a request; `item` is None where it no longer exists."""

    table: str
    key: AttributeMap
    item: AttributeMap | None


class ItemChanges:
    """The items that the request under way has touched, each as it was before."""

    def __init__(self) -> None:
        self._before: dict[tuple[str, DynamoType, DynamoType | None], tuple[LocalTable, Item | None]] = {}

    def touch(self, table: LocalTable, hash_key: DynamoType, range_key: DynamoType | None) -> None:
        """Remember an item before it is changed for the first time."""
        place = (table.name, hash_key, range_key)
        if place not in self._before:
            self._before[place] = (table, copy.deepcopy(table.get_item(hash_key, range_key)))

    def problem(self) -> str | None:
        """Why DynamoDB would not store what the request made: an index key of another type than declared."""
        for (_, hash_key, range_key), (table, _before) in self._before.items():
            item = table.get_item(hash_key, range_key)
            if item is not None and (problem := table.index_problem(item)) is not None:
                return problem
        return None

    def commit(self) -> list[Change]:
        """Bring the indexes up to date; returns what is now stored under each touched key."""
        changes = []
        for (_, hash_key, range_key), (table, before) in self._before.items():
            after = table.get_item(hash_key, range_key)
            table.reindex(before, after)
            item = None if after is None else after.to_json()["Attributes"]
            changes.append(Change(table.name, table.key_map(hash_key, range_key), item))
        self._before.clear()
        return changes

    def undo(self) -> None:
        """Put every touched item back as it was."""
        for (_, hash_key, range_key), (table, before) in self._before.items():
            table.store(hash_key, range_key, before)
        self._before.clear()


class LocalTable(Table):
    """A moto table that reports its changes and answers queries from sorted indexes."""

    def __init__(self, changes: ItemChanges, name: str, **settings: Any) -> None:
        super().__init__(name, **settings)
        self._changes = changes
        self._orders: dict[str | None, KeyOrder] = {}

    def __deepcopy__(self, memo: dict[int, Any]) -> LocalTable:
        """Moto copies whole tables before a transaction; here the items that change are kept instead."""
        return self

    def put_item(self, item_attrs: AttributeMap, *args: Any, **kwargs: Any) -> Item:
        """As moto, after remembering what was there."""
        self.touch(item_attrs)
        return super().put_item(item_attrs, *args, **kwargs)

    def delete_item(self, hash_key: DynamoType, range_key: DynamoType | None) -> Item | None:
        """As moto, after remembering what was there."""
        self._changes.touch(self, hash_key, range_key)
        return super().delete_item(hash_key, range_key)

    def touch(self, attributes: Mapping[str, Any]) -> None:
        """Remember the item with these key attributes; malformed keys are left for moto to refuse."""
        names = [self.hash_key_attr, *([self.range_key_attr] if self.range_key_attr else [])]
        if all(isinstance(attributes.get(name), dict) and attributes[name] for name in names):
            keys = [DynamoType(attributes[name]) for name in names]
            self._changes.touch(self, keys[0], keys[1] if len(keys) > 1 else None)

    def get_item(
        self,
        hash_key: DynamoType,
        range_key: DynamoType | None = None,
        projection_expression: list[list[str]] | None = None,
    ) -> Item | None:
        """As moto, without leaving an empty partition behind for every key that is not there."""
        if range_key is not None and hash_key not in self.items:
            return None
        return super().get_item(hash_key, range_key, projection_expression)

    def key_map(self, hash_key: DynamoType, range_key: DynamoType | None) -> AttributeMap:
        """An item's key in DynamoDB's JSON."""
        key = {self.hash_key_attr: hash_key.to_json()}
        if self.range_key_attr and range_key is not None:
            key[self.range_key_attr] = range_key.to_json()
        return key

    def store(self, hash_key: DynamoType, range_key: DynamoType | None, item: Item | None) -> None:
        """Set or remove an item without conditions and without touching the indexes."""
        holder: dict[DynamoType, Any] = self.items if range_key is None else self.items[hash_key]
        key = hash_key if range_key is None else range_key
        if item is None:
            holder.pop(key, None)
        else:
            holder[key] = item

    def restore(self, key: AttributeMap, attributes: AttributeMap | None) -> None:
        """Bring one item to a remembered state."""
        hash_key = DynamoType(key[self.hash_key_attr])
        range_key = DynamoType(key[self.range_key_attr]) if self.range_key_attr else None
        item = None if attributes is None else _trusted_item(hash_key, range_key, attributes)
        self.reindex(self.get_item(hash_key, range_key), item)
        self.store(hash_key, range_key, item)

    def reindex(self, before: Item | None, after: Item | None) -> None:
        """Move an item to where its new state belongs in every index that has been built."""
        for order in self._orders.values():
            if before is not None:
                order.remove(before)
            if after is not None:
                order.add(after)

    def index_problem(self, item: Item) -> str | None:
        """What keeps an item out of an index although it has the attribute."""
        kinds = {attribute["AttributeName"]: attribute["AttributeType"] for attribute in self.attr}
        for index in self.all_indexes():
            for name in index.schema_key_attrs:
                value = item.attrs.get(name)
                if value is not None and value.type != kinds[name]:
                    return (
                        "One or more parameter values were invalid: Type mismatch for Index Key "
                        f"{name} Expected: {kinds[name]} Actual: {value.type} IndexName: {index.name}"
                    )
        return None

    def forget_indexes(self) -> None:
        """Build the indexes anew at their next use, because the schema changed."""
        self._orders.clear()

    def query(self, *args: Any, **kwargs: Any) -> tuple[list[Item], int, AttributeMap | None]:
        """As DynamoDB: one page, in key order, found by bisection.

        Reads that moto refuses, and legacy shapes of request, are left to moto's walk over the table.
        """
        asked = _QUERY.bind(self, *args, **kwargs)
        asked.apply_defaults()
        question = asked.arguments
        index_name: str | None = question["index_name"]
        refused = question["consistent_read"] and index_name in {index.name for index in self.global_indexes}
        order = None if question["filter_kwargs"] or question["hash_key"] is None else self._order(index_name)
        if order is None or refused:
            return super().query(*args, **kwargs)
        comparison = question["range_comparison"]
        candidates = order.page(
            question["hash_key"],
            (comparison, question["range_objs"]) if comparison else None,
            question["exclusive_start_key"],
            forward=question["scan_index_forward"],
        )
        page, last = self._page(candidates, question["limit"], index_name)
        return self._presented(page, question), len(page), last

    def _presented(self, page: list[Item], question: Mapping[str, Any]) -> list[Item]:
        """A page as the caller sees it: projected by the index, filtered, then projected by the request."""
        if question["index_name"] is not None:
            index = self.get_index(question["index_name"])
            page = [_projected(item, index, self.table_key_attrs) for item in page]
        if question["filter_expression"] is not None:
            page = [item for item in page if question["filter_expression"].expr(item)]
        if question["projection_expressions"]:
            page = [item.project(question["projection_expressions"]) for item in page]
        return page

    def _page(
        self, candidates: Iterator[Item], limit: int | None, index_name: str | None
    ) -> tuple[list[Item], AttributeMap | None]:
        """Items up to the limit or 1 MB, and the key to go on after when either was reached, as in AWS."""
        page: list[Item] = []
        size = 0
        for item in candidates:
            size += item.size()
            if page and (len(page) == limit or size > RESULT_SIZE_LIMIT):
                return page, self._get_last_evaluated_key(page[-1], index_name)
            page.append(item)
        if page and len(page) == limit:
            return page, self._get_last_evaluated_key(page[-1], index_name)
        return page, None

    def _order(self, index_name: str | None) -> KeyOrder | None:
        """The sorted index of that name, built at its first use; None where the schema is not a plain one."""
        if index_name not in self._orders:
            schema = self._schema(index_name)
            hashes = [key["AttributeName"] for key in schema if key["KeyType"] == "HASH"]
            ranges = [key["AttributeName"] for key in schema if key["KeyType"] == "RANGE"]
            if len(hashes) != 1 or len(ranges) > 1:
                return None
            order = KeyOrder(hashes[0], ranges[0] if ranges else None, (self.hash_key_attr, self.range_key_attr))
            order.fill(self.all_items())
            self._orders[index_name] = order
        return self._orders[index_name]

    def _schema(self, index_name: str | None) -> list[dict[str, str]]:
        if index_name is None:
            return self.schema
        return next((index.schema for index in self.all_indexes() if index.name == index_name), [])


def _projected(item: Item, index: SecondaryIndex, table_key: list[str]) -> Item:
    """What an index holds of an item; moto's way over Python values takes most of the time of a query."""
    if index.projection.get("ProjectionType") == "ALL":
        return item
    names = {*table_key, *index.schema_key_attrs, *index.projection.get("NonKeyAttributes", [])}
    return _item_of(item.hash_key, item.range_key, {n: v for n, v in item.attrs.items() if n in names})


def _trusted_item(hash_key: DynamoType, range_key: DynamoType | None, attributes: AttributeMap) -> Item:
    """An item from what the journal remembers."""
    return _item_of(hash_key, range_key, {name: DynamoType(value) for name, value in attributes.items()})


def _item_of(hash_key: DynamoType, range_key: DynamoType | None, values: dict[str, DynamoType]) -> Item:
    """An item whose size was checked when it was written; moto's check costs the square of its attributes."""
    item = Item(hash_key, range_key, {})
    item.attrs = LimitedSizeDict.__new__(LimitedSizeDict)
    dict.update(item.attrs, values)
    return item


class LocalDynamoDB(DynamoDBBackend):
    """moto's backend with tables of ours."""

    def __init__(self, region_name: str, account_id: str) -> None:
        super().__init__(region_name, account_id)
        self.changes = ItemChanges()

    def create_table(self, name: str, *args: Any, **settings: Any) -> Table:
        """As moto, except for the class of the table."""
        created = super().create_table(name, *args, **settings)
        table = LocalTable(  # type: ignore[abstract]  # moto leaves its CloudFormation methods to nobody
            self.changes, name, account_id=self.account_id, region=self.region_name, **settings
        )
        table.created_at = created.created_at
        self.tables[name] = table
        return table

    def update_table(self, name: str, *args: Any, **settings: Any) -> Table:
        """As moto; an index may have come or gone."""
        table = super().update_table(name, *args, **settings)
        self.local_table(name).forget_indexes()
        return table

    def update_item(self, table_name: str, key: AttributeMap, *args: Any, **settings: Any) -> Item:
        """As moto, which changes the stored item in place: remember it first."""
        self.local_table(table_name).touch(key)
        return super().update_item(table_name, key, *args, **settings)

    def local_table(self, name: str) -> LocalTable:
        """A table by name or ARN.

        Raises moto's ResourceNotFoundException.
        """
        table = self.get_table(name)
        assert isinstance(table, LocalTable)  # noqa: S101 - create_table makes no others
        return table
