"""The base of every response model: camel case names, RFC 3339 times in UTC, optional members omitted."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Annotated, Any

from pydantic import BaseModel, ConfigDict, Field, PlainSerializer, WithJsonSchema
from pydantic.alias_generators import to_camel


def _written(at: datetime) -> str:
    return at.astimezone(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")


def _is_absent(value: object) -> bool:
    return value is None


Moment = Annotated[
    datetime, PlainSerializer(_written, return_type=str), WithJsonSchema({"type": "string", "format": "date-time"})
]


class View(BaseModel):
    """Base of every response. Members are camel case in JSON; `model_validate` reads a domain object's attributes."""

    model_config = ConfigDict(
        alias_generator=to_camel, validate_by_name=True, from_attributes=True, frozen=True, serialize_by_alias=True
    )


def optional() -> Any:
    """Declare a member that is omitted rather than null."""
    return Field(default=None, exclude_if=_is_absent)
