"""Everything that can be wrong, by name. Codes are part of the HTTP API; texts are for people."""

from __future__ import annotations

from dataclasses import dataclass


class CountersignError(Exception):
    """Base of every error of ours. `code` is stable and machine-readable; the message says what to do."""

    code = "error"

    def __init__(self, detail: str) -> None:
        """Keep the sentence for the person."""
        super().__init__(detail)
        self.detail = detail


@dataclass(frozen=True, slots=True)
class FieldError:
    """One thing to change in a request: `pointer` is a JSON pointer into the body, `detail` what to do."""

    pointer: str
    detail: str


class InvalidRequestError(CountersignError):
    """A well-formed request that asks for something impossible; `errors` has one entry for each thing to change."""

    code = "validation"

    def __init__(self, errors: tuple[FieldError, ...]) -> None:
        """Keep every finding, so that a person mends them in one go."""
        count = "One thing" if len(errors) == 1 else f"{len(errors)} things"
        super().__init__(f"{count} in this request must be changed.")
        self.errors = errors


class PendingLimitError(InvalidRequestError):
    """The requester's open orders would hold more than the policy lets one requester hold before approval."""

    code = "pending-limit"


class InvalidUsernameError(CountersignError):
    """A name that is no username: it is refused where identity enters, and never compared."""

    code = "invalid-username"


class InvalidReferenceDataError(CountersignError):
    """Catalogue, policy or settings that cannot be used; the message names the field."""

    code = "invalid-configuration"


class KeyReusedError(CountersignError):
    """The same Idempotency-Key came with another request."""

    code = "idempotency-key-reused"


class AlreadySubmittedError(CountersignError):
    """A state machine asked for an order that somebody else, or an earlier task of its own, has asked for before."""

    code = "already-submitted"


class OrderNotFoundError(CountersignError):
    """No such order, or none that this person may see: the two are never told apart."""

    code = "not-found"


class NoHistoryError(OrderNotFoundError):
    """The order is there, and what its execution did is not: not yet, or no longer."""

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
    """Something outside did not answer or was busy; the same call may succeed later."""

    code = "temporarily-unavailable"


class WriteConflictError(TransientFaultError):
    """Somebody else wrote the row first; read it and judge again."""

    code = "write-conflict"


class GatewayUnavailableError(TransientFaultError):
    """The payment gateway did not answer; nobody knows yet whether the call took effect."""

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
