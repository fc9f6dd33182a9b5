"""Items at rest and items in the hands of a request.

Between requests an item is one JSON text. A request that is about to change an item opens it; when the request has
succeeded it is closed again, and when it has failed the text from before takes its place.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any, NamedTuple, Protocol, Self

from moto.dynamodb.models.dynamo_type import DynamoType, Item, LimitedSizeDict

from local.data.encoding import from_text, to_text


class Key(NamedTuple):
    """The primary key of an item."""

    partition: DynamoType
    sort: DynamoType | None


class TextKey(DynamoType):
    """A key value of type S: compared and hashed as moto's, at a tenth of the cost. Dictionaries do little else."""

    def __init__(self, value: str) -> None:
        self.type = "S"
        self.value = value

    def __hash__(self) -> int:
        return hash(("S", self.value))

    def __eq__(self, other: object) -> bool:
        return isinstance(other, DynamoType) and other.type == "S" and bool(other.value == self.value)


def key_value(attribute: Mapping[str, Any]) -> DynamoType:
    """The value of a key attribute in DynamoDB's JSON."""
    return TextKey(attribute["S"]) if "S" in attribute else DynamoType(dict(attribute))


class StoredItem(Item):
    """An item at rest: a third of the memory of moto's objects, and nothing to copy before a change.

    To moto it is an item like any other, except that changing what `attrs` gives changes nothing here.
    """

    def __new__(cls, *_: object) -> Self:
        """Made without entering moto's list of everything ever made."""
        return object.__new__(cls)

    def __init__(self, key: Key, text: str) -> None:
        self.hash_key = key.partition
        self.range_key = key.sort
        self.text = text

    @property
    def attrs(self) -> LimitedSizeDict:  # type: ignore[override]  # a plain attribute in moto
        """Read anew each time."""
        return _sized({name: DynamoType(value) for name, value in from_text(self.text).items()})

    def __deepcopy__(self, memo: dict[int, Any]) -> Item:
        return self.opened()

    def opened(self) -> Item:
        """An item of moto's that may be changed."""
        return item_of(Key(self.hash_key, self.range_key), self.attrs)


def values_of(item: Item, names: Iterable[str]) -> list[DynamoType | None]:
    """Some attributes of an item, without making objects of the others."""
    if isinstance(item, StoredItem):
        stored = from_text(item.text)
        return [DynamoType(stored[name]) if name in stored else None for name in names]
    return [item.attrs.get(name) for name in names]


def item_of(key: Key, values: dict[str, DynamoType]) -> Item:
    """An item of moto's from values that were checked when they were written."""
    item = Item(key.partition, key.sort, {})
    item.attrs = values if isinstance(values, LimitedSizeDict) else _sized(values)
    return item


def closed(item: Item) -> StoredItem:
    """An item as it rests."""
    return StoredItem(Key(item.hash_key, item.range_key), to_text(item.to_json()["Attributes"]))


def _sized(values: dict[str, DynamoType]) -> LimitedSizeDict:
    """Moto's checked mapping without its check, which costs the square of the number of attributes."""
    checked = LimitedSizeDict.__new__(LimitedSizeDict)
    dict.update(checked, values)
    return checked


@dataclass(frozen=True, slots=True)
class Change:
    """One item after a request; `text` is its JSON, or None where it no longer exists."""

    table: str
    key: dict[str, Any]
    text: str | None


class ItemHolder(Protocol):
    """What a table offers to the changes of its items."""

    name: str

    def found(self, key: Key) -> Item | None:
        """The item under a key: stored, or open for the request under way."""
        ...

    def store(self, key: Key, item: Item | None) -> None:
        """Set or remove an item, whatever is there."""
        ...

    def reindex(self, before: Item | None, after: Item | None) -> None:
        """Move an item to where its new state belongs in every index."""
        ...

    def key_map(self, key: Key) -> dict[str, Any]:
        """A key in DynamoDB's JSON."""
        ...

    def index_problem(self, item: Item) -> str | None:
        """What keeps an item out of an index although it has the attribute."""
        ...


class ItemChanges:
    """The items that the request under way has opened, each as it was before."""

    def __init__(self) -> None:
        self._before: dict[tuple[str, Key], tuple[ItemHolder, Item | None]] = {}

    def open(self, table: ItemHolder, key: Key) -> None:
        """Let the request change an item, and remember it as it is."""
        if (table.name, key) in self._before:
            return
        before = table.found(key)
        self._before[table.name, key] = (table, before)
        if isinstance(before, StoredItem):
            table.store(key, before.opened())

    def problem(self) -> str | None:
        """Why DynamoDB would not store what the request made; None when it would."""
        items = ((table, table.found(key)) for (_, key), (table, _before) in self._before.items())
        problems = (table.index_problem(item) for table, item in items if item is not None)
        return next((problem for problem in problems if problem is not None), None)

    def commit(self) -> list[Change]:
        """Close every item and bring the indexes up to date; returns what is now stored under each key."""
        changes = []
        for (name, key), (table, before) in self._before.items():
            after = table.found(key)
            table.reindex(before, after)
            stored = None if after is None else closed(after)
            table.store(key, stored)
            changes.append(Change(name, table.key_map(key), None if stored is None else stored.text))
        self._before.clear()
        return changes

    def undo(self) -> None:
        """Put every item back as it was."""
        for (_, key), (table, before) in self._before.items():
            table.store(key, before)
        self._before.clear()
