"""Accept an order: document, then execution, then row. Each write is idempotent, so a retry repairs any crash."""

from __future__ import annotations

from dataclasses import dataclass

from orders.domain.errors import AlreadySubmittedError, CorruptDocumentError, KeyReusedError, NotPermittedError
from orders.domain.model import DocumentRef, Order, OrderDocument, OrderId, Person, Role, Status
from orders.domain.submission import Submission, Terms, draw_up, order_id_for, register
from orders.services.ports import Clock, DocumentStore, ExecutionStarter, OrderRepository
from orders.services.quotas import QuotaService


@dataclass(frozen=True, slots=True)
class IntakeService:
    """The API's half of accepting an order. The workflow's half is `RegistrationService`."""

    orders: OrderRepository
    documents: DocumentStore
    starter: ExecutionStarter
    clock: Clock
    terms: Terms
    quotas: QuotaService

    def submit(
        self, person: Person, idempotency_key: str, submission: Submission, task_token: str | None = None
    ) -> Order:
        """Return the one order of this person and key, having made sure that its execution was accepted.

        The first request for the order decides which state machine's task receives the outcome, if any. A later request
        with another task token does not order again: it is refused, unless the order is final and can answer at once.

        Raises:
            NotPermittedError: The person may not place orders.
            InvalidRequestError: The request must be changed.
            PendingLimitError: The person's open orders leave no room for this one; never for an order that exists.
            KeyReusedError: The key belongs to another request.
            AlreadySubmittedError: The order exists and is under way, and will not answer this task.
            TransientFaultError: The start could not be confirmed; send the same request again.

        """
        if Role.REQUESTERS not in person.roles:
            raise NotPermittedError("Only requesters may place orders; ask one of them, or for that role.")
        order_id = self._order_id(person, idempotency_key)
        document, ref = self._document(order_id, person.username, submission, task_token)
        existing = self.orders.get(order_id)
        if existing is not None and existing.is_final:
            return existing
        execution_arn = self.starter.start(order_id, ref)
        order = self.orders.create(register(document, ref, execution_arn))
        if task_token not in {None, document.task_token} and not order.is_final:
            raise AlreadySubmittedError(f"{order_id} was ordered before, and its outcome goes to the first request.")
        return order

    def _order_id(self, person: Person, idempotency_key: str) -> OrderId:
        """Return the id of the person's order of this key, even if it was stored before usernames were canonical."""
        order_id, *earlier = (order_id_for(name, idempotency_key) for name in person.names)
        return next((each for each in earlier if self.documents.get(each) is not None), order_id)

    def _document(
        self, order_id: OrderId, requester: str, submission: Submission, task_token: str | None
    ) -> tuple[OrderDocument, DocumentRef]:
        """Return the order's document, writing it at the first call; prices and task are those of that call."""
        found = self.documents.get(order_id)
        if found is None:
            now = self.clock.now()
            document = draw_up(
                submission, self.terms, order_id=order_id, requester=requester, at=now, task_token=task_token
            )
            self.quotas.admit(document)
            self.documents.put_if_absent(document)
            found = self.documents.get(order_id)
        if found is None:
            message = f"The document of {order_id} was written but cannot be read."
            raise CorruptDocumentError(message)
        if found[0].fingerprint not in {submission.fingerprint(), submission.fingerprint_as_sent()}:
            message = "This Idempotency-Key was used for another order; take a new key."
            raise KeyReusedError(message)
        return found


@dataclass(frozen=True, slots=True)
class RegistrationService:
    """The workflow's half: it creates the row before any other effect, unless the API has created it."""

    orders: OrderRepository
    documents: DocumentStore

    def register(self, order_id: OrderId, ref: DocumentRef, execution_arn: str) -> Order | None:
        """Create or find the row; return None when the order has left SUBMITTED, so that a late duplicate does nothing.

        Raises:
            CorruptDocumentError: The document is not the one that was accepted.

        """
        document = self.documents.read(ref)
        if document.order_id != order_id:
            message = f"The document at {ref.key} belongs to another order."
            raise CorruptDocumentError(message)
        order = self.orders.create(register(document, ref, execution_arn))
        return order if order.status is Status.SUBMITTED else None
