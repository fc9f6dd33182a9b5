"""Holding answers of the Lambda API against the service model that botocore ships."""

from __future__ import annotations

from collections.abc import Iterator
from functools import cache
from typing import Any

import botocore.session
from botocore.model import ListShape, Shape, StringShape, StructureShape


@cache
def _output_shape(operation: str) -> Shape | None:
    return botocore.session.get_session().get_service_model("lambda").operation_model(operation).output_shape


def model_differences(operation: str, answer: dict[str, Any]) -> Iterator[str]:
    """Yield the required members that an answer lacks, and the members whose type is not the model's.

    Args:
        operation: The API's name of the operation, such as `GetDurableExecution`.
        answer: The answer as boto3 returns it.

    """
    shape = _output_shape(operation)
    if shape is not None:
        yield from _differences(shape, answer, operation)


def _differences(shape: Shape, value: Any, path: str) -> Iterator[str]:
    if isinstance(shape, StructureShape):
        yield from _member_differences(shape, value, path)
    elif isinstance(shape, ListShape):
        for at, item in enumerate(value):
            yield from _differences(shape.member, item, f"{path}[{at}]")
    elif isinstance(shape, StringShape) and shape.enum and value not in shape.enum:
        yield f"{path}: {value!r} is not one of {', '.join(shape.enum)}"


def _member_differences(shape: StructureShape, value: dict[str, Any], path: str) -> Iterator[str]:
    for name, member in shape.members.items():
        if name in value:
            yield from _differences(member, value[name], f"{path}.{name}")
        elif name in shape.required_members:
            yield f"{path}.{name}: required by the service model, and missing"
