"""moto's DynamoDB made fit for a stack that runs all day.

Three things are added: what a request changes is known item by item (so that it can be undone and remembered), a
transaction costs as much as its items instead of a copy of every table, and a query costs as much as its page instead
of a walk over the table.
"""

from __future__ import annotations

import inspect
from collections.abc import Iterator, Mapping
from typing import Any, TypeAlias

from moto.dynamodb.models import DynamoDBBackend
from moto.dynamodb.models.dynamo_type import DynamoType, Item
from moto.dynamodb.models.table import RESULT_SIZE_LIMIT, SecondaryIndex, Table

from local.data.items import ItemChanges, Key, StoredItem, item_of, key_value
from local.data.order import Entry, KeyOrder

AttributeMap: TypeAlias = dict[str, Any]
"""A key or an item in DynamoDB's own JSON: `{"pk": {"S": "order#1"}}`."""


_QUERY = inspect.signature(Table.query)


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
        """As moto, in the open."""
        self.open(item_attrs)
        return super().put_item(item_attrs, *args, **kwargs)

    def delete_item(self, hash_key: DynamoType, range_key: DynamoType | None) -> Item | None:
        """As moto, in the open."""
        self._changes.open(self, Key(hash_key, range_key))
        return super().delete_item(hash_key, range_key)

    def open(self, attributes: Mapping[str, Any]) -> None:
        """Let the request change the item with these key attributes; malformed keys are left for moto to refuse."""
        names = [self.hash_key_attr, *([self.range_key_attr] if self.range_key_attr else [])]
        if all(isinstance(attributes.get(name), dict) and attributes[name] for name in names):
            self._changes.open(self, self._key(attributes))

    def get_item(
        self,
        hash_key: DynamoType,
        range_key: DynamoType | None = None,
        projection_expression: list[list[str]] | None = None,
    ) -> Item | None:
        """As moto, without leaving an empty partition behind for every key that is not there."""
        if range_key is not None and hash_key not in self.items:
            return None
        item = super().get_item(hash_key, range_key, projection_expression)
        return item.opened() if isinstance(item, StoredItem) else item

    def found(self, key: Key) -> Item | None:
        """The item under a key: stored, or open for the request under way."""
        if key.sort is None:
            return self.items.get(key.partition)  # type: ignore[return-value]  # moto types tables with sort keys only
        return self.items.get(key.partition, {}).get(key.sort)

    def store(self, key: Key, item: Item | None) -> None:
        """Set or remove an item, whatever is there; the indexes are not touched."""
        holder: dict[DynamoType, Any] = self.items if key.sort is None else self.items[key.partition]
        name = key.partition if key.sort is None else key.sort
        if item is None:
            holder.pop(name, None)
        else:
            holder[name] = item

    def restore(self, key_map: AttributeMap, text: str | None) -> None:
        """Bring one item to a remembered state."""
        key = self._key(key_map)
        item = None if text is None else StoredItem(key, text)
        if self._orders:
            self.reindex(self.found(key), item)
        self.store(key, item)

    def stored_items(self) -> Iterator[StoredItem]:
        """Every item, in no particular order; not while a request has some of them open."""
        for held in self.items.values():
            yield from held.values() if self.range_key_attr else (held,)  # type: ignore[misc]  # as above

    def key_map(self, key: Key) -> AttributeMap:
        """A key in DynamoDB's JSON."""
        named = {self.hash_key_attr: key.partition.to_json()}
        return named if key.sort is None else {**named, str(self.range_key_attr): key.sort.to_json()}

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

    def _key(self, attributes: Mapping[str, Any]) -> Key:
        sort = self.range_key_attr
        return Key(key_value(attributes[self.hash_key_attr]), key_value(attributes[sort]) if sort else None)

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
        page, last = self._page(map(self._at, candidates), question["limit"], index_name)
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

    def _at(self, entry: Entry) -> Item:
        """The item that an index entry stands for, open for reading."""
        _, partition, sort = entry
        item = self.found(Key(_typed(self.hash_key_type, partition), _typed(self.range_key_type, sort)))
        assert isinstance(item, StoredItem)  # noqa: S101 - indexes follow the items, and a query opens none
        return item.opened()

    def _order(self, index_name: str | None) -> KeyOrder | None:
        """The sorted index of that name, built at its first use; None where the schema is not a plain one."""
        if index_name not in self._orders:
            schema = self._schema(index_name)
            hashes = [key["AttributeName"] for key in schema if key["KeyType"] == "HASH"]
            ranges = [key["AttributeName"] for key in schema if key["KeyType"] == "RANGE"]
            if len(hashes) != 1 or len(ranges) > 1:
                return None
            order = KeyOrder(hashes[0], ranges[0] if ranges else None, (self.hash_key_attr, self.range_key_attr))
            order.fill(self.stored_items())
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
    return item_of(Key(item.hash_key, item.range_key), {n: v for n, v in item.attrs.items() if n in names})


def _typed(kind: str | None, value: Any) -> Any:
    """A key value of an index entry as moto has it; None for a table without a sort key."""
    return None if kind is None else DynamoType({kind: str(value) if kind == "N" else value})


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
        """As moto, in the open: it changes the item in place."""
        self.local_table(table_name).open(key)
        return super().update_item(table_name, key, *args, **settings)

    def local_table(self, name: str) -> LocalTable:
        """A table by name or ARN.

        Raises moto's ResourceNotFoundException.
        """
        table = self.get_table(name)
        assert isinstance(table, LocalTable)  # noqa: S101 - create_table makes no others
        return table
