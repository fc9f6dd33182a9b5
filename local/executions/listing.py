"""ListDurableExecutionsByFunction, from the table's columns.

Gap closed: the stock engine ignores `Statuses`, lists oldest first and pages by offset. The service model promises
newest first unless ReverseOrder is set, 100 a page and 1,000 at most.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from local.executions.arns import function_arn
from local.executions.database import Database
from local.executions.errors import InvalidParameterError
from local.executions.functions import Functions

DEFAULT_PAGE = 100
LARGEST_PAGE = 1000


@dataclass(frozen=True, slots=True)
class ListRequest:
    """The filters of one list call; an empty filter lets everything through."""

    function: str
    version: str | None = None
    name: str | None = None
    statuses: tuple[str, ...] = ()
    started_after: datetime | None = None
    started_before: datetime | None = None
    oldest_first: bool = False
    marker: str | None = None
    max_items: int | None = None


def list_executions(database: Database, functions: Functions, request: ListRequest) -> dict[str, Any]:
    """One page, in the shape of the API's response.

    The marker is the place of the page's last execution in the order of starts, so executions that start between
    two pages neither repeat nor hide one.
    """
    limit = page_size(request.max_items)
    where, parameters = _conditions(request)
    direction = "ASC" if request.oldest_first else "DESC"
    rows = database.rows(
        f"SELECT row, arn, name, version, status, started, ended FROM executions WHERE {where}"  # noqa: S608 - literals
        f" ORDER BY row {direction} LIMIT ?",
        (*parameters, limit + 1),
    )
    page = rows[:limit]
    answer: dict[str, Any] = {"DurableExecutions": [_summary(functions, request.function, row) for row in page]}
    if len(rows) > limit:
        answer["NextMarker"] = str(page[-1][0])
    return answer


def page_size(max_items: int | None) -> int:
    """How many items a page holds. The model: 0 to 1,000, and 0 means the default.

    Raises:
        InvalidParameterError: it is outside that range.

    """
    if max_items is not None and not 0 <= max_items <= LARGEST_PAGE:
        raise InvalidParameterError(f"MaxItems must be between 0 and {LARGEST_PAGE}")
    return max_items or DEFAULT_PAGE


def _conditions(request: ListRequest) -> tuple[str, list[Any]]:
    terms: list[tuple[str, list[Any]]] = [("function = ?", [request.function])]
    if request.version is not None:
        terms.append(("version = ?", [request.version]))
    if request.name is not None:
        terms.append(("name = ?", [request.name]))
    if request.statuses:
        terms.append((f"status IN ({','.join('?' * len(request.statuses))})", list(request.statuses)))
    if request.started_after is not None:
        terms.append(("started > ?", [request.started_after.timestamp()]))
    if request.started_before is not None:
        terms.append(("started < ?", [request.started_before.timestamp()]))
    if request.marker is not None:
        terms.append(("row > ?" if request.oldest_first else "row < ?", [_place(request.marker)]))
    return " AND ".join(term for term, _ in terms), [value for _, values in terms for value in values]


def _place(marker: str) -> int:
    if not marker.isascii() or not marker.isdigit():
        raise InvalidParameterError("Invalid Marker")
    return int(marker)


def _summary(functions: Functions, function: str, row: tuple[Any, ...]) -> dict[str, Any]:
    _, arn, name, version, status, started, ended = row
    summary = {
        "DurableExecutionArn": arn,
        "DurableExecutionName": name,
        "FunctionArn": function_arn(functions.region, functions.account, function, version),
        "Status": status,
        "StartTimestamp": started,
    }
    return summary if ended is None else summary | {"EndTimestamp": ended}
