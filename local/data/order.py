"""Sorted indexes over a table's items, so that a query costs as much as its page."""

from bisect import bisect_left, bisect_right, insort
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, TypeAlias

from moto.dynamodb.exceptions import MockValidationException
from moto.dynamodb.models.dynamo_type import DynamoType, Item

from local.data.items import values_of

Entry: TypeAlias = tuple[Any, ...]
"""Range value in the index, then the item's own partition and sort value: never twice in an index."""
RangeCondition: TypeAlias = tuple[str, Sequence[DynamoType]]
"""An operator of a key condition expression, and its one or two operands."""


@dataclass(slots=True)
class KeyOrder:
    """The items of one key schema, per hash value, sorted by range value."""

    hash_attribute: str
    range_attribute: str | None
    table_key: tuple[str, str | None]
    partitions: dict[Any, list[Entry]] = field(default_factory=dict)

    def add(self, item: Item) -> None:
        """Take an item in; one that lacks a key attribute is not part of the index."""
        if (place := self._place(item)) is not None:
            partition, position = place
            entries = self.partitions.setdefault(partition, [])
            insort(entries, position)

    def remove(self, item: Item) -> None:
        """Take out the entry that this state of an item had."""
        if (place := self._place(item)) is not None:
            partition, position = place
            entries = self.partitions.get(partition, [])
            found = bisect_left(entries, position)
            if found < len(entries) and entries[found] == position:
                del entries[found]

    def fill(self, items: Iterable[Item]) -> None:
        """Take many items in at once."""
        for item in items:
            if (place := self._place(item)) is not None:
                self.partitions.setdefault(place[0], []).append(place[1])
        for entries in self.partitions.values():
            entries.sort()

    def page(
        self,
        partition: DynamoType,
        condition: RangeCondition | None,
        after: Mapping[str, Any] | None,
        *,
        forward: bool,
    ) -> Iterator[Entry]:
        """The entries of a partition that meet the range condition, in order, beginning after a start key."""
        entries = self.partitions.get(partition.cast_value, [])
        low, high = (0, len(entries)) if condition is None else _bounds(entries, *condition)
        if after:
            start = self._start(after)
            if forward:
                low = max(low, bisect_right(entries, start))
            else:
                high = min(high, bisect_left(entries, start))
        indexes = range(low, high) if forward else range(high - 1, low - 1, -1)
        return (entries[index] for index in indexes)

    def _start(self, key: Mapping[str, Any]) -> Entry:
        """Where an ExclusiveStartKey stands in the order."""
        names = (self.range_attribute, *self.table_key)
        if any(name is not None and name not in key for name in names):
            raise MockValidationException("The provided starting key is invalid")
        return tuple("" if name is None else DynamoType(key[name]).cast_value for name in names)

    def _place(self, item: Item) -> tuple[Any, Entry] | None:
        names = [self.hash_attribute, *([self.range_attribute] if self.range_attribute else [])]
        values = [value.cast_value for value in values_of(item, names) if value is not None]
        if len(values) < len(names):
            return None
        partition, *position = values
        table_range = "" if item.range_key is None else item.range_key.cast_value
        return partition, (*(position or [""]), item.hash_key.cast_value, table_range)


def _range_value(entry: Entry) -> Any:
    return entry[0]


def _bounds(entries: list[Entry], comparison: str, operands: Sequence[DynamoType]) -> tuple[int, int]:
    """The slice of a sorted partition that meets a range condition."""
    values = [operand.cast_value for operand in operands]
    at_first = bisect_left(entries, values[0], key=_range_value)
    past_last = bisect_right(entries, values[-1], key=_range_value)
    if comparison.upper() == "BEGINS_WITH":
        # Every text with a prefix sorts before the prefix followed by the greatest character.
        return at_first, bisect_right(entries, values[0] + "\U0010ffff", key=_range_value)
    slices = {
        "=": (at_first, past_last),
        "BETWEEN": (at_first, past_last),
        "<": (0, at_first),
        "<=": (0, past_last),
        ">": (past_last, len(entries)),
        ">=": (at_first, len(entries)),
    }
    return slices[comparison.upper()]
