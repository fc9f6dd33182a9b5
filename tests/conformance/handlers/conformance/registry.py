"""The handlers by requirement id."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, TypeAlias

from aws_durable_execution_sdk_python import DurableContext

Handler: TypeAlias = Callable[[Any, DurableContext], Any]

HANDLERS: dict[str, Handler] = {}


def requirement(number: str) -> Callable[[Handler], Handler]:
    """Register a function as the handler of a requirement, for example `1-13`.

    Raises:
        ValueError: The requirement has a handler already.

    """

    def register(handler: Handler) -> Handler:
        if number in HANDLERS:
            raise ValueError(f"requirement {number} has two handlers")
        HANDLERS[number] = handler
        return handler

    return register
