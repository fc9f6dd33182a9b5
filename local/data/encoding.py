"""JSON that may hold bytes: the form in which items and objects rest, in memory and in the journal."""

import base64
import json
from typing import Any

import orjson

_BYTES = "$base64"


def to_text(value: object) -> str:
    """Compact JSON on one line.

    Raises TypeError for what is neither JSON nor bytes.
    """
    return orjson.dumps(value, default=plain).decode()


def from_text(text: str) -> Any:
    """What `to_text` was given.

    Raises ValueError for text that is not whole.
    """
    # Only the slower of the two readers can be told about bytes, and hardly any item has some.
    return json.loads(text, object_hook=original) if _BYTES in text else orjson.loads(text)


def plain(value: object) -> dict[str, str]:
    """Bytes in JSON.

    Raises TypeError for anything else.
    """
    if not isinstance(value, bytes):
        raise TypeError(f"{type(value).__name__} cannot be kept")
    return {_BYTES: base64.b64encode(value).decode()}


def original(found: dict[str, Any]) -> Any:
    """The bytes that `plain` was given, or any other object of JSON as it is."""
    return base64.b64decode(found[_BYTES]) if set(found) == {_BYTES} else found
