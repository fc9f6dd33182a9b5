"""Screening an order before anything is reserved."""

from __future__ import annotations

from dataclasses import dataclass

from orders.domain.catalogue import Catalogue
from orders.domain.model import DocumentRef, OrderId
from orders.services.ports import CreditBureau, DocumentStore, Duplicates


@dataclass(frozen=True, slots=True)
class ScreeningService:
    """Three checks before anything is reserved. A refusal is returned, not raised."""

    documents: DocumentStore
    bureau: CreditBureau
    catalogue: Catalogue
    duplicates: Duplicates

    def credit_refusal(self, ref: DocumentRef) -> str | None:
        """Return why the credit bureau refuses the customer, or None."""
        document = self.documents.read(ref)
        return self.bureau.check(document.customer, document.total)

    def catalogue_refusal(self, ref: DocumentRef) -> str | None:
        """Return which good is no longer sold, or None."""
        document = self.documents.read(ref)
        gone = sorted({line.sku for line in document.lines} - set(self.catalogue.goods))
        return f"No longer in the catalogue: {', '.join(gone[:5])}" if gone else None

    def possible_duplicate(self, ref: DocumentRef) -> OrderId | None:
        """Return another order with the same content in the last day. It is shown to approvers and refuses nothing."""
        document = self.documents.read(ref)
        return self.duplicates.first_with(document.fingerprint, document.order_id, document.submitted_at)
