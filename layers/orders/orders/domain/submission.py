"""From what a person asks for to the order's document: identity, prices, levels."""

from __future__ import annotations

import base64
import hashlib
import json
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from orders.domain.errors import FieldError, InvalidRequestError
from orders.domain.model import (
    AuditEntry,
    DocumentRef,
    Level,
    Line,
    Order,
    OrderDocument,
    OrderId,
    PickingTerms,
    Sku,
    Status,
)
from orders.domain.rules import Change
from orders.domain.texts import CUSTOMER, NOTE, canonical

if TYPE_CHECKING:
    from datetime import datetime

    from orders.domain.catalogue import Catalogue
    from orders.domain.policy import Policy, Waits

MAX_LINES = 10_000
MAX_QUANTITY = 10_000


@dataclass(frozen=True, slots=True)
class RequestedLine:
    """What a person asks for: never a price."""

    sku: str
    quantity: int


@dataclass(frozen=True, slots=True)
class Submission:
    """An order as asked for, its shape already checked at the border."""

    customer: str
    currency: str
    lines: tuple[RequestedLine, ...]
    note: str | None = None

    def canonical(self) -> Submission:
        """Return the order with its texts as they are stored."""
        return replace(self, customer=canonical(self.customer), note=self.note and canonical(self.note))

    def fingerprint(self) -> str:
        """Return the sha256 of the request: the same for the same request, however its texts and JSON were encoded."""
        return self.canonical().fingerprint_as_sent()

    def fingerprint_as_sent(self) -> str:
        """Return the sha256 of the request's texts as they came.

        Orders taken before texts were made canonical have this one.
        """
        lines = [[line.sku, line.quantity] for line in self.lines]
        plain = json.dumps([self.customer, self.currency, lines, self.note], separators=(",", ":"))
        return hashlib.sha256(plain.encode()).hexdigest()


def order_id_for(requester: str, idempotency_key: str) -> OrderId:
    """Return the one id that this person's key can ever have; it is the execution's name too, so a retry finds both."""
    digest = hashlib.sha256(f"{requester}\n{idempotency_key}".encode()).digest()
    return OrderId("o" + base64.b32encode(digest).decode()[:26].lower())


@dataclass(frozen=True, slots=True)
class Terms:
    """What a submission is held against when it comes in: prices, levels and waits of that moment."""

    catalogue: Catalogue
    policy: Policy
    waits: Waits


def draw_up(  # noqa: PLR0913 - a document is drawn up once, from all there is to know
    submission: Submission,
    terms: Terms,
    *,
    order_id: OrderId,
    requester: str,
    at: datetime,
    task_token: str | None = None,
) -> OrderDocument:
    """Price the submission and choose its levels; raise InvalidRequestError with everything that must be changed."""
    catalogue, policy = terms.catalogue, terms.policy
    errors = [
        *_text_errors(submission),
        *_currency_errors(submission, catalogue),
        *_line_errors(submission, catalogue),
    ]
    if errors:
        raise InvalidRequestError(tuple(errors))
    submission = submission.canonical()
    lines = tuple(
        Line(Sku(line.sku), line.quantity, catalogue.goods[Sku(line.sku)].unit_price) for line in submission.lines
    )
    total = sum(line.amount for line in lines)
    if total > policy.cap:
        detail = f"The order comes to {total} cents; at most {policy.cap} can be ordered at once. Order less, or split."
        raise InvalidRequestError((FieldError("/lines", detail),))
    return OrderDocument(
        order_id=order_id,
        fingerprint=submission.fingerprint(),
        requester=requester,
        customer=submission.customer,
        currency=submission.currency,
        note=submission.note,
        lines=lines,
        submitted_at=at,
        catalogue_version=catalogue.version,
        policy_version=policy.version,
        levels=policy.levels_for(total, terms.waits),
        cooling_off_seconds=terms.waits.cooling_off if policy.tier_for(total).cooling_off else 0,
        picking=_picking_terms(lines, terms),
        task_token=task_token,
    )


def _picking_terms(lines: tuple[Line, ...], terms: Terms) -> PickingTerms | None:
    """Return how long the warehouse has, when there is something to pick."""
    if all(terms.catalogue.goods[line.sku].digital for line in lines):
        return None
    return PickingTerms(terms.waits.claim, terms.waits.beat)


def _text_errors(submission: Submission) -> list[FieldError]:
    mistakes = {"/customer": CUSTOMER.mistake(submission.customer), "/note": NOTE.mistake(submission.note or "")}
    return [FieldError(pointer, mistake) for pointer, mistake in mistakes.items() if mistake is not None]


def _currency_errors(submission: Submission, catalogue: Catalogue) -> list[FieldError]:
    if submission.currency == catalogue.currency:
        return []
    return [FieldError("/currency", f"The catalogue is in {catalogue.currency}; use that.")]


def _line_errors(submission: Submission, catalogue: Catalogue) -> list[FieldError]:
    if not 1 <= len(submission.lines) <= MAX_LINES:
        return [FieldError("/lines", f"An order has 1 to {MAX_LINES} lines.")]
    errors = []
    for index, line in enumerate(submission.lines):
        if Sku(line.sku) not in catalogue.goods:
            errors.append(FieldError(f"/lines/{index}/sku", f"The catalogue has no {line.sku!r}; pick one it has."))
        if not 1 <= line.quantity <= MAX_QUANTITY:
            errors.append(FieldError(f"/lines/{index}/quantity", f"Order 1 to {MAX_QUANTITY} of a good."))
    return errors


def register(document: OrderDocument, ref: DocumentRef, execution_arn: str | None) -> Change:
    """Return the row's creation: the same for API and workflow, whoever comes first."""
    order = Order(
        order_id=document.order_id,
        version=1,
        audit_seq=1,
        status=Status.SUBMITTED,
        requester=document.requester,
        customer=document.customer,
        currency=document.currency,
        total=document.total,
        note=document.note,
        line_count=len(document.lines),
        submitted_at=document.submitted_at,
        updated_at=document.submitted_at,
        document=ref,
        policy_version=document.policy_version,
        levels=tuple(Level(number, terms) for number, terms in enumerate(document.levels, start=1)),
        cooling_off_seconds=document.cooling_off_seconds,
        picking=document.picking,
        awaited=document.task_token is not None,
        execution_arn=execution_arn,
    )
    entry = AuditEntry(
        order_id=order.order_id,
        seq=1,
        at=document.submitted_at,
        actor=document.requester,
        event="submitted",
        from_status=None,
        to_status=Status.SUBMITTED,
        data={"total": document.total, "policyVersion": document.policy_version},
    )
    return Change(None, order, entry)
