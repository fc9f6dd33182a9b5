"""Translation of AWS errors, which are recognized by code, status and type, never by text."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from botocore.exceptions import (
    BotoCoreError,
    ClientError,
    ConnectionError,  # noqa: A004 - botocore's own name for "could not connect"
    HTTPClientError,
    IncompleteReadError,
)

from orders.domain.errors import TransientFaultError, WriteConflictError

_REFUSED = "ConditionalCheckFailed"
_IN_THE_WAY = "TransactionConflict"
_CONFLICTS = frozenset(
    {"ConditionalCheckFailedException", "TransactionConflictException", "ConditionalRequestConflict"}
)
_BUSY = frozenset(
    {
        "ProvisionedThroughputExceeded",
        "ProvisionedThroughputExceededException",
        "RequestLimitExceeded",
        "RequestTimeout",
        "SlowDown",
        "Throttling",
        "ThrottlingError",
        "ThrottlingException",
        "TooManyRequestsException",
        "TransactionInProgressException",
    }
)
_OUT_OF_REACH = (ConnectionError, HTTPClientError, IncompleteReadError)
_TOO_MANY_REQUESTS = 429
_SERVER_ERROR = 500


class RefusedWriteError(WriteConflictError):
    """A write whose condition did not hold, or which met another one.

    `failed` has the positions, in the transaction, of the writes whose own condition failed.
    """

    def __init__(self, failed: frozenset[int]) -> None:
        """Keep which conditions failed."""
        super().__init__("Another write came first; read again.")
        self.failed = failed


@contextmanager
def translated() -> Iterator[None]:
    """Raise a domain error for a botocore error that `fault_of` translates; any other error is a bug and stays."""
    try:
        yield
    except (ClientError, BotoCoreError) as error:
        fault = fault_of(error)
        if fault is None:
            raise
        raise fault from error


def fault_of(error: ClientError | BotoCoreError) -> TransientFaultError | None:
    """Return the error for the services, or None when a retry could not help."""
    if isinstance(error, _OUT_OF_REACH):
        return TransientFaultError("An AWS service did not answer; try again.")
    if not isinstance(error, ClientError):
        return None
    reasons = _reasons(error)
    failed = frozenset(position for position, reason in enumerate(reasons) if reason == _REFUSED)
    if failed or _IN_THE_WAY in reasons:
        return RefusedWriteError(failed)
    code = code_of(error)
    if code in _CONFLICTS:
        return RefusedWriteError(frozenset({0}))
    if _status(error) >= _SERVER_ERROR or _status(error) == _TOO_MANY_REQUESTS or {code, *reasons} & _BUSY:
        return TransientFaultError("An AWS service is busy; try again.")
    return None


def code_of(error: ClientError) -> str:
    """Return the error code that AWS gave."""
    return error.response.get("Error", {}).get("Code", "")


def _status(error: ClientError) -> int:
    return error.response.get("ResponseMetadata", {}).get("HTTPStatusCode", 0)


def _reasons(error: ClientError) -> list[str]:
    """Return the reason for each write of a canceled transaction."""
    return [reason.get("Code", "") for reason in error.response.get("CancellationReasons", [])]
