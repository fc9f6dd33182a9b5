"""The errors of this system. Codes are part of the HTTP API; texts are for people."""

from __future__ import annotations

from dataclasses import dataclass


class CountersignError(Exception):
    """Base of every error of this system. `code` is stable and machine-readable; the message says what to do."""

    code = "error"

    def __init__(self, detail: str) -> None:
        """Keep the message."""
        super().__init__(detail)
        self.detail = detail


@dataclass(frozen=True, slots=True)
class FieldError:
    """One thing to change in a request: `pointer` is a JSON pointer into the body, `detail` what to do."""

    pointer: str
    detail: str


class InvalidRequestError(CountersignError):
    """A well-formed request that cannot be met; `errors` has one entry for each thing to change."""

    code = "validation"

    def __init__(self, errors: tuple[FieldError, ...]) -> None:
        """Keep every finding, so that the caller can fix all of them at once."""
        count = "One thing" if len(errors) == 1 else f"{len(errors)} things"
        super().__init__(f"{count} in this request must be changed.")
        self.errors = errors


class PendingLimitError(InvalidRequestError):
    """The requester's open orders would hold more than the policy lets one requester hold before approval."""

    code = "pending-limit"


class InvalidUsernameError(CountersignError):
    """A name that is not a valid username; it is refused where it enters and never compared."""

    code = "invalid-username"


class InvalidReferenceDataError(CountersignError):
    """Catalogue, policy or settings that cannot be used; the message names the field."""

    code = "invalid-configuration"


class KeyReusedError(CountersignError):
    """The same Idempotency-Key came with another request."""

    code = "idempotency-key-reused"


class AlreadySubmittedError(CountersignError):
    """A state machine asked for an order that an earlier request or task has asked for."""

    code = "already-submitted"


class OrderNotFoundError(CountersignError):
    """There is no such order, or this person may not see it; the answer is the same for both."""

    code = "not-found"


class NoHistoryError(OrderNotFoundError):
    """The order exists, but the history of its execution does not: not yet, or no longer."""

    code = "no-history"


class NotAnApproverError(CountersignError):
    """The person has no role that may decide this level."""

    code = "not-an-approver"


class SegregationOfDutiesError(CountersignError):
    """The person asked for this order, or has decided another level of it."""

    code = "segregation-of-duties"


class NotTheRequesterError(CountersignError):
    """Only the person who asked for an order may withdraw it."""

    code = "not-the-requester"


class NotPermittedError(CountersignError):
    """The person's roles do not include this."""

    code = "not-permitted"


class TransientFaultError(CountersignError):
    """A dependency did not answer or was busy; the same call may succeed later."""

    code = "temporarily-unavailable"


class WriteConflictError(TransientFaultError):
    """Another write came first; read the row and judge again."""

    code = "write-conflict"


class GatewayUnavailableError(TransientFaultError):
    """The payment gateway did not answer; it is unknown whether the call took effect."""

    code = "gateway-unavailable"


class CorruptDocumentError(CountersignError):
    """The document in the bucket is not the one that was accepted."""

    code = "corrupt-document"


class JobNotUnderWayError(CountersignError):
    """No station works on this picking job, so the workflow must not wait for its result."""

    code = "job-not-under-way"


class OrderFencedError(CountersignError):
    """The order is held in NEEDS_ATTENTION: no workflow may act on it."""

    code = "order-fenced"
