"""Everything that costs something: screening, stock, payment, and undoing them. Every effect names its key.

Keys: stock `orderId:chunk`, payment `orderId` (the gateway keeps one authorisation, capture, void and refund for it).
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum

from orders.domain.catalogue import Catalogue
from orders.domain.commands import (
    WORKFLOW,
    BeginCharge,
    BeginCoolingOff,
    Command,
    Complete,
    Fail,
    NeedAttention,
    Recover,
    Refuse,
)
from orders.domain.errors import OrderFencedError, TransientFaultError, TransitionRefusedError
from orders.domain.model import DocumentRef, Order, OrderDocument, OrderId, Sku, Status
from orders.domain.transitions import Change, judge
from orders.services.ports import (
    Clock,
    CreditBureau,
    DocumentStore,
    Duplicates,
    PaymentGateway,
    PaymentState,
    Warehouse,
)
from orders.services.writing import OrderWriter

SKUS_PER_TRANSACTION = 50
MAX_BRANCHES = 10


@dataclass(frozen=True, slots=True)
class ScreeningService:
    """Three questions before anything is reserved. A no is an answer, not an exception."""

    documents: DocumentStore
    bureau: CreditBureau
    catalogue: Catalogue
    duplicates: Duplicates

    def credit_refusal(self, ref: DocumentRef) -> str | None:
        """Return why the customer may not buy, or None."""
        document = self.documents.read(ref)
        return self.bureau.check(document.customer, document.total)

    def catalogue_refusal(self, ref: DocumentRef) -> str | None:
        """Return which good is no longer sold, or None."""
        document = self.documents.read(ref)
        gone = sorted({line.sku for line in document.lines} - set(self.catalogue.goods))
        return f"No longer in the catalogue: {', '.join(gone[:5])}" if gone else None

    def possible_duplicate(self, ref: DocumentRef) -> OrderId | None:
        """Return another order with the same content in the last day. It refuses nothing; approvers see it."""
        document = self.documents.read(ref)
        return self.duplicates.first_with(document.fingerprint, document.order_id, document.submitted_at)


@dataclass(frozen=True, slots=True)
class StockService:
    """Reserving and releasing, in branches that each run their transactions one after another."""

    documents: DocumentStore
    warehouse: Warehouse

    def branches(self, ref: DocumentRef) -> int:
        """Return how many branches reserve the document's stock."""
        return _branch_count(chunks(self.documents.read(ref)))

    def reserve_branch(self, ref: DocumentRef, branch: int) -> tuple[Sku, ...]:
        """Reserve the chunks of one branch; return the SKUs that lack stock. Stops at the first chunk that lacks."""
        document = self.documents.read(ref)
        for number, quantities in chunks_of(document, branch):
            lacking = self.warehouse.reserve(f"{document.order_id}:{number}", quantities)
            if lacking:
                return lacking
        return ()

    def release_all(self, ref: DocumentRef) -> None:
        """Give back every chunk, whether or not it was ever reserved; a released chunk can never be reserved again."""
        document = self.documents.read(ref)
        for number, quantities in enumerate(chunks(document)):
            self.warehouse.release(f"{document.order_id}:{number}", quantities)


def chunks(document: OrderDocument) -> list[Mapping[Sku, int]]:
    """Sum the lines by SKU and cut them, in SKU order, into what one transaction can hold."""
    wanted: Counter[Sku] = Counter()
    for line in document.lines:
        wanted[line.sku] += line.quantity
    goods = sorted(wanted.items())
    return [dict(goods[at : at + SKUS_PER_TRANSACTION]) for at in range(0, len(goods), SKUS_PER_TRANSACTION)]


def _branch_count(every: list[Mapping[Sku, int]]) -> int:
    """One branch for each chunk, at most ten."""
    return min(MAX_BRANCHES, len(every))


def chunks_of(document: OrderDocument, branch: int) -> list[tuple[int, Mapping[Sku, int]]]:
    """Return the chunks that one branch works on, each with its number in the order."""
    every = chunks(document)
    return [(number, every[number]) for number in range(branch, len(every), _branch_count(every))]


class CaptureOutcome(StrEnum):
    """The closed set of what capturing can come to."""

    CAPTURED = "captured"
    NOT_CAPTURED = "not-captured"
    UNKNOWN = "unknown"


@dataclass(frozen=True, slots=True)
class PaymentService:
    """One authorisation, one capture, and their undoing, each at most once for an order."""

    documents: DocumentStore
    gateway: PaymentGateway

    def authorise(self, ref: DocumentRef) -> bool:
        """Return whether the customer's money is set aside; a decline is an answer."""
        document = self.documents.read(ref)
        return self.gateway.authorise(document.order_id, document.customer, document.total) is PaymentState.AUTHORISED

    def capture(self, ref: DocumentRef) -> CaptureOutcome:
        """Take the money. A repeat returns what the gateway did the first time."""
        document = self.documents.read(ref)
        state = self.gateway.capture(document.order_id, document.customer, document.total)
        return CaptureOutcome.CAPTURED if state is PaymentState.CAPTURED else CaptureOutcome.NOT_CAPTURED

    def find_capture(self, order_id: OrderId) -> CaptureOutcome:
        """Ask by key what became of a capture nobody heard back from."""
        state = self.gateway.state(order_id)
        return CaptureOutcome.CAPTURED if state is PaymentState.CAPTURED else CaptureOutcome.NOT_CAPTURED

    def has_settled(self, ref: DocumentRef) -> bool:
        """Return whether the captured money has arrived; one poll."""
        document = self.documents.read(ref)
        return self.gateway.settled(document.order_id, document.customer)

    def refund(self, order_id: OrderId) -> None:
        """Pay back what was captured."""
        self.gateway.refund(order_id)

    def void(self, order_id: OrderId) -> None:
        """Give up the authorisation, if there is one; afterwards a capture is impossible.

        A capture that nobody heard back from may have won after all; then the money goes back.
        """
        if self.gateway.void(order_id) is PaymentState.CAPTURED:
            self.gateway.refund(order_id)


@dataclass(frozen=True, slots=True)
class ClosingService:
    """The order's own moves after its approval, each one conditional write."""

    writer: OrderWriter
    documents: DocumentStore
    clock: Clock

    def begin_cooling_off(self, order_id: OrderId) -> bool:
        """Let the order rest; False when the requester has withdrawn it first."""
        order = self._move(order_id, BeginCoolingOff(), {Status.COOLING_OFF, Status.WITHDRAWN})
        return order.status is Status.COOLING_OFF

    def recover(self, order_id: OrderId) -> Order:
        """Close an order that was held, after every undo is confirmed."""
        return self._move(order_id, Recover("Undone by a recovery"), {Status.FAILED})

    def begin_charge(self, order_id: OrderId) -> bool:
        """Pass the point of no return; False when the requester has withdrawn the order first."""
        order = self._move(order_id, BeginCharge(), {Status.CHARGING, Status.WITHDRAWN})
        return order.status is Status.CHARGING

    def complete(self, order_id: OrderId) -> Order:
        """Write the receipt, then close the row."""
        order = self.writer.read(order_id)
        self.documents.put_receipt(order_id, receipt_of(order))
        return self._move(order_id, Complete(), {Status.COMPLETED})

    def refuse(self, order_id: OrderId, reason: str) -> Order:
        """Close an order that was never approved; leaves it alone when the requester has withdrawn it meanwhile."""
        return self._move(order_id, Refuse(reason), {Status.REFUSED, Status.WITHDRAWN})

    def fail(self, order_id: OrderId, reason: str) -> Order:
        """Close an order whose charge did not succeed, after everything is undone."""
        return self._move(order_id, Fail(reason), {Status.FAILED})

    def hold(self, order_id: OrderId, reason: str) -> Order:
        """Fence an order about which nobody can tell what happened."""
        return self._move(order_id, NeedAttention(reason, WORKFLOW), {Status.NEEDS_ATTENTION})

    def _move(self, order_id: OrderId, command: Command, already: set[Status]) -> Order:
        """Apply `command` unless the order is where it leads; a repeat after a crash finds its own earlier write."""

        def judgement(order: Order) -> Change | None:
            if order.status in already:
                return None
            try:
                return judge(order, command, self.clock.now())
            except TransitionRefusedError as refusal:
                if refusal.code == "not-due":  # two clocks disagree by a moment; look again in a second
                    raise TransientFaultError(refusal.detail) from refusal
                raise OrderFencedError(refusal.detail) from refusal

        return self.writer.apply(order_id, judgement)


def receipt_of(order: Order) -> dict[str, object]:
    """Return the receipt: from the row only, so that every try writes the same bytes."""
    return {
        "orderId": order.order_id,
        "customer": order.customer,
        "currency": order.currency,
        "total": order.total,
        "documentSha256": order.document.sha256,
        "approvals": [
            {"level": level.number, "by": decision.by, "at": decision.at.isoformat()}
            for level in order.levels
            for decision in level.decisions
        ],
    }
