"""The ports of the services, each as small as its use. Adapters implement them structurally.

Any method may raise `TransientFaultError` when the other side does not answer; the caller may then repeat the call.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any, Protocol

from orders.domain.messages import Message
from orders.domain.model import AuditEntry, DocumentRef, Order, OrderDocument, OrderId, Page, Role, Sku, Status
from orders.domain.payments import PaymentRequest, PaymentState
from orders.domain.quotas import Claim
from orders.domain.rules import Change


class Clock(Protocol):
    """The time: aware, UTC, whole milliseconds."""

    def now(self) -> datetime:
        """Return the present moment."""
        ...


class Pause(Protocol):
    """A short delay before the next try of a write that met a conflict."""

    def __call__(self, attempt: int, /) -> None:
        """Wait before try number `attempt + 1`, with jitter."""
        ...


class OrderRepository(Protocol):
    """The orders table: rows, votes, audit, inbox. One conditional transaction for each change."""

    def create(self, change: Change) -> Order:
        """Write a new row with its first audit entry; return the row that is stored, also if another actor wrote it."""
        ...

    def get(self, order_id: OrderId) -> Order | None:
        """Return the row, strongly consistent."""
        ...

    def commit(self, change: Change) -> None:
        """Replace `before` by `after`, with audit, votes and inbox; WriteConflictError if the row is not `before`."""
        ...

    def audit(self, order_id: OrderId) -> tuple[AuditEntry, ...]:
        """Return the audit in its order."""
        ...

    def newest(self, audiences: Sequence[str], status: Status | None, limit: int, cursor: str | None) -> Page:
        """Return the orders of any of these audiences (`all`, `requester:NAME`, `role:GROUP`) once each, newest first.

        Reads a bounded number of index entries, so a page can be shorter than `limit` and still have a cursor.
        """
        ...

    def inbox(self, roles: frozenset[Role], limit: int, cursor: str | None) -> Page:
        """Return orders with an open level that one of `roles` may decide, by deadline."""
        ...


class PickingList(Protocol):
    """The part of the order repository that the warehouse reads."""

    def picking(self, limit: int, cursor: str | None) -> Page:
        """Return orders with a picking job that is open or claimed, the oldest job first."""
        ...


class DocumentStore(Protocol):
    """The bucket with each order's whole document, and its receipt."""

    def put_if_absent(self, document: OrderDocument) -> None:
        """Write the document unless the order has one; leave an existing document as it is."""
        ...

    def get(self, order_id: OrderId) -> tuple[OrderDocument, DocumentRef] | None:
        """Return the document and what it hashes to."""
        ...

    def read(self, ref: DocumentRef) -> OrderDocument:
        """Return the document that `ref` names; raise CorruptDocumentError if its sha256 is another."""
        ...

    def put_receipt(self, order_id: OrderId, receipt: Mapping[str, Any]) -> str:
        """Write the receipt (the same bytes on every try) and return its key."""
        ...


class ExecutionStarter(Protocol):
    """Starts durable executions by name."""

    def start(self, order_id: OrderId, ref: DocumentRef) -> str:
        """Start, or find, the order's one execution and return its ARN."""
        ...

    def start_recovery(self, order_id: OrderId, ref: DocumentRef, number: int, *, awaited: bool = False) -> str:
        """Start, or find, the order's recovery execution of this number and return its ARN.

        `awaited` says that a state machine waits for the outcome.
        """
        ...

    def stop(self, execution_arn: str, reason: str) -> None:
        """Stop an execution; one that has ended is left as it is."""
        ...


class Signaller(Protocol):
    """Signals to a waiting workflow. A signal carries no trusted data and never fails its sender."""

    def wake(self, callback_id: str) -> bool:
        """Complete the callback; return False, and count it, when it was closed, unknown or out of reach."""
        ...

    def keep_alive(self, callback_id: str) -> bool:
        """Send the callback a heartbeat, which restarts its heartbeat timeout; return False as `wake` does."""
        ...


class ExecutionHistory(Protocol):
    """The histories of durable executions. Raises NoHistoryError for one that AWS does not know, or no longer keeps."""

    def events(self, execution_arn: str, *, payloads: bool) -> Sequence[Mapping[str, Any]]:
        """Return every history event (botocore's shape), oldest first; callback ids are replaced by their `ref`."""
        ...

    def describe(self, execution_arn: str) -> Mapping[str, Any]:
        """Return GetDurableExecution's answer: Status, StartTimestamp, EndTimestamp."""
        ...


class CreditBureau(Protocol):
    """Credit checks of customers."""

    def check(self, customer: str, total: int) -> str | None:
        """Return None to accept the customer, or the reason for a refusal."""
        ...


class Duplicates(Protocol):
    """Recent orders by the fingerprint of their content."""

    def first_with(self, fingerprint: str, order_id: OrderId, at: datetime) -> OrderId | None:
        """Return another order with the same content in the last day, or None; store this one."""
        ...


class Warehouse(Protocol):
    """Stock counters. A reservation is keyed `orderId:chunk`; a second identical call is a success."""

    def reserve(self, key: str, quantities: Mapping[Sku, int]) -> tuple[Sku, ...]:
        """Take all of `quantities` or nothing; return the SKUs that lack stock, empty when reserved."""
        ...

    def release(self, key: str, quantities: Mapping[Sku, int]) -> None:
        """Release the reservation; afterwards the key can never reserve."""
        ...


class QuotaCounters(Protocol):
    """Counters with a limit for what each requester's orders hold. A claim is keyed `orderId:chunk`."""

    def used(self, requester: str, names: Sequence[str]) -> Mapping[str, int]:
        """Return the values of these counters of the requester; a counter without a claim is missing."""
        ...

    def claim(self, key: str, requester: str, claims: Mapping[str, Claim]) -> tuple[str, ...]:
        """Claim all or nothing; return the counters that would exceed their limit, empty when claimed.

        A second identical call is a success; a key that was released can claim nothing.
        """
        ...

    def release(self, key: str) -> None:
        """Release what the key claimed, once; afterwards the key can never claim."""
        ...


class PaymentGateway(Protocol):
    """The payment provider. The order's id is the idempotency key: a repeated call returns the result of the first.

    Any method may raise GatewayUnavailableError, after which it is unknown whether the call took effect.
    """

    def authorize(self, payment: PaymentRequest) -> PaymentState:
        """Return AUTHORIZED or DECLINED; VOIDED when the payment was voided before."""
        ...

    def capture(self, payment: PaymentRequest) -> PaymentState:
        """Return CAPTURED or DECLINED; VOIDED when the payment was voided, NONE when it was never authorized."""
        ...

    def settled(self, payment: PaymentRequest) -> bool:
        """Return whether the captured payment has settled; one poll."""
        ...

    def void(self, order_id: OrderId) -> PaymentState:
        """Void the authorization, so that no later capture can succeed; CAPTURED or REFUNDED if it is too late."""
        ...

    def refund(self, order_id: OrderId) -> PaymentState:
        """Refund the whole captured amount; return the state unchanged when nothing was captured."""
        ...

    def state(self, order_id: OrderId) -> PaymentState:
        """Return the payment's state; NONE for a payment that the provider does not know."""
        ...


class Outbox(Protocol):
    """Messages written once, then published at least once."""

    def record(self, message: Message) -> bool:
        """Write the message unless its key is there; return whether it still has to be published."""
        ...

    def mark_published(self, message: Message) -> None:
        """Mark the message as published."""
        ...


class Tasks(Protocol):
    """The tasks of state machines that wait with a token. A task that has ended or is unknown is reported as False."""

    def succeed(self, token: str, output: Mapping[str, str]) -> bool:
        """End the task with its output; return False, and count it, when the task no longer waited."""
        ...

    def fail(self, token: str, error: str, cause: str) -> bool:
        """End the task with a named error; return as `succeed` does."""
        ...


class Publisher(Protocol):
    """The topic of messages, which delivers each at least once, with its key."""

    def publish(self, message: Message) -> None:
        """Publish the message."""
        ...
