"""JSON text that may hold bytes: the form in which everything rests, in memory and in the journal."""

import base64
import json
from typing import Any

_BYTES = "$base64"


def to_text(value: object) -> str:
    """Compact JSON on one line.

    Raises TypeError for what is neither JSON nor bytes.
    """
    return json.dumps(value, separators=(",", ":"), default=_encoded)


def from_text(text: str | bytes) -> Any:
    """What `to_text` was given.

    Raises ValueError for text that is not whole.
    """
    return json.loads(text, object_hook=_decoded) if _may_hold_bytes(text) else json.loads(text)


def _may_hold_bytes(text: str | bytes) -> bool:
    return (_BYTES.encode() if isinstance(text, bytes) else _BYTES) in text  # type: ignore[operator]


def _encoded(value: object) -> dict[str, str]:
    if not isinstance(value, bytes):
        raise TypeError(f"{type(value).__name__} cannot be kept")
    return {_BYTES: base64.b64encode(value).decode()}


def _decoded(found: dict[str, Any]) -> Any:
    return base64.b64decode(found[_BYTES]) if set(found) == {_BYTES} else found
