"""Plain JSON values as DynamoDB spells them. All numbers of ours are whole."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, assert_never

Item = dict[str, Any]
_Plain = str | int | bool | None | list[Any] | tuple[Any, ...] | dict[str, Any]


def encoded(item: Mapping[str, Any]) -> dict[str, Any]:
    """Return the item as the API takes it."""
    return {name: _encoded_value(value) for name, value in item.items()}


def decoded(item: Mapping[str, Any]) -> Item:
    """Return the item that the API gave, as plain values."""
    return {name: _decoded_value(value) for name, value in item.items()}


def _encoded_value(value: _Plain) -> dict[str, Any]:
    match value:
        case None:
            return {"NULL": True}
        case bool():
            return {"BOOL": value}
        case int():
            return {"N": str(value)}
        case str():
            return {"S": value}
        case list() | tuple():
            return {"L": [_encoded_value(inner) for inner in value]}
        case dict():
            return {"M": encoded(value)}
        case _:
            assert_never(value)


def _decoded_value(value: Mapping[str, Any]) -> Any:
    ((kind, content),) = value.items()
    match kind:
        case "NULL":
            return None
        case "N":
            return int(content)
        case "L":
            return [_decoded_value(inner) for inner in content]
        case "M":
            return decoded(content)
        case _:
            return content
