"""How a response is written: camel case, RFC 3339 times in UTC, absent members left out."""

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
    """Names in camel case on the wire; built from the attributes of what it shows."""

    model_config = ConfigDict(
        alias_generator=to_camel, validate_by_name=True, from_attributes=True, frozen=True, serialize_by_alias=True
    )


def optional() -> Any:
    """A field that is left out rather than null."""
    return Field(default=None, exclude_if=_is_absent)
