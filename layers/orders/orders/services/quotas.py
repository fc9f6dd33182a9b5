"""Limits on what each requester's orders may hold before they are charged.

The API checks first, so that the requester learns at once what to change. The claim decides: a conditional write that
the workflow makes right before it reserves the goods. Claims end when the charge begins or the goods are released.
"""

from __future__ import annotations

from dataclasses import dataclass

from orders.domain.errors import PendingLimitError
from orders.domain.model import DocumentRef, OrderDocument
from orders.domain.quotas import Quotas
from orders.services.ports import DocumentStore, QuotaCounters
from orders.services.stock import chunks, chunks_of


@dataclass(frozen=True, slots=True)
class QuotaService:
    """Checks, claims and releases. Key: `orderId:chunk`, as for the reservations of stock."""

    documents: DocumentStore
    counters: QuotaCounters
    quotas: Quotas

    def admit(self, document: OrderDocument) -> None:
        """Raise PendingLimitError, naming each line, when the order does not fit beside the requester's open ones."""
        if not document.levels:
            return
        claims = (self.quotas.claims_of(goods, first=number == 0) for number, goods in enumerate(chunks(document)))
        names = [name for each in claims for name in each]
        findings = self.quotas.findings(document, self.counters.used(document.requester, names))
        if findings:
            raise PendingLimitError(findings)

    def claim_branch(self, ref: DocumentRef, branch: int) -> str | None:
        """Claim what the chunks of one branch hold; return why that is too much, or None."""
        document = self.documents.read(ref)
        if not document.levels:
            return None
        for number, goods in chunks_of(document, branch):
            key, claims = f"{document.order_id}:{number}", self.quotas.claims_of(goods, first=number == 0)
            beyond = self.counters.claim(key, document.requester, claims)
            if beyond:
                return self.quotas.refusal(beyond)
        return None

    def release_all(self, ref: DocumentRef) -> None:
        """Release every chunk's claims, made or not."""
        document = self.documents.read(ref)
        if document.levels:
            for number in range(len(chunks(document))):
                self.counters.release(f"{document.order_id}:{number}")
