"""Reads of orders, each limited to the people who may see the order."""

from __future__ import annotations

from dataclasses import dataclass

from orders.domain.access import Access, access_of, actions_of, audience_for
from orders.domain.errors import NoHistoryError, OrderNotFoundError
from orders.domain.history import Timeline, timeline_of
from orders.domain.model import AuditEntry, Order, OrderDocument, OrderId, Page, Person, Status
from orders.services.ports import Clock, DocumentStore, ExecutionHistory, OrderRepository


@dataclass(frozen=True, slots=True)
class ReadingService:
    """The API's reads. An order that a person may not see is answered as one that does not exist."""

    orders: OrderRepository
    documents: DocumentStore
    history: ExecutionHistory
    clock: Clock

    def order(self, order_id: OrderId, person: Person) -> Order:
        """Return the row; raise OrderNotFoundError when there is none or the person may not see it."""
        return self._seen(order_id, person)[0]

    def actions(self, order: Order, person: Person) -> tuple[str, ...]:
        """Return what the person may do with the order now."""
        return actions_of(order, person, self.clock.now())

    def document(self, order_id: OrderId, person: Person) -> OrderDocument:
        """Return the whole document; operators do not see documents."""
        order, access = self._seen(order_id, person)
        if not access.document:
            raise _not_found()
        return self.documents.read(order.document)

    def audit(self, order_id: OrderId, person: Person) -> tuple[AuditEntry, ...]:
        """Return the audit in its order."""
        order, _ = self._seen(order_id, person)
        return self.orders.audit(order.order_id)

    def timeline(self, order_id: OrderId, person: Person, after: int) -> Timeline:
        """Return what happened in the order's execution since history event `after` (0 for everything)."""
        order, access = self._seen(order_id, person)
        if order.execution_arn is None:
            raise NoHistoryError("Nothing is known of this order's execution yet; look again in a moment.")
        description = self.history.describe(order.execution_arn)
        events = self.history.events(order.execution_arn, payloads=access.payloads)
        return timeline_of(description, events, after=after, now=self.clock.now())

    def page(self, person: Person, *, status: Status | None, mine: bool, limit: int, cursor: str | None) -> Page:
        """Return the person's orders, newest first."""
        return self.orders.newest(audience_for(person, mine=mine), status, limit, cursor)

    def inbox(self, person: Person, limit: int, cursor: str | None) -> Page:
        """Return what the person may decide now, by deadline. A page can be shorter than `limit` and still go on."""
        page = self.orders.inbox(person.roles, limit, cursor)
        return Page(tuple(order for order in page.orders if "approve" in self.actions(order, person)), page.cursor)

    def _seen(self, order_id: OrderId, person: Person) -> tuple[Order, Access]:
        order = self.orders.get(order_id)
        access = None if order is None else access_of(order, person)
        if order is None or access is None:
            raise _not_found()
        return order, access


def _not_found() -> OrderNotFoundError:
    return OrderNotFoundError("There is no such order, or you may not see it.")
