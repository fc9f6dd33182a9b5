"""One request and its answer, without any HTTP library's types."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, TypeAlias

Record: TypeAlias = dict[str, Any]
"""One line of the journal: JSON-plain, with a `kind` that its service knows."""


@dataclass(frozen=True, slots=True)
class ApiRequest:
    """An AWS API call as it arrived: `path` still percent-encoded, header names in lower case."""

    method: str
    path: str
    query: str
    headers: Mapping[str, str]
    body: bytes


@dataclass(frozen=True, slots=True)
class ApiResponse:
    """What the caller gets back; with `patience`, for so many seconds it would rather wait for a better answer."""

    status: int
    headers: Mapping[str, str]
    body: bytes
    patience: float = 0.0

    @property
    def succeeded(self) -> bool:
        """Whether the request was carried out, so that its effect has to be remembered."""
        return self.status < 300  # noqa: PLR2004 - the first status that is no success


@dataclass(frozen=True, slots=True)
class Answer:
    """A response, and the journal records that must be on disk before it may leave."""

    response: ApiResponse
    records: tuple[Record, ...] = ()
