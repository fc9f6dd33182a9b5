"""From a request to the order's document and row: identity, prices, levels."""

from __future__ import annotations

import base64
import hashlib
import json
from dataclasses import dataclass, fields, replace
from typing import TYPE_CHECKING, ClassVar

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
from orders.domain.payments import Money
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
    """One line as requested; the price comes from the catalogue."""

    ORIGINAL_FIELDS: ClassVar[tuple[str, ...]] = ("sku", "quantity")
    NOT_FINGERPRINTED: ClassVar[frozenset[str]] = frozenset()

    sku: str
    quantity: int


@dataclass(frozen=True, slots=True)
class Submission:
    """An order as requested; the API has already checked its shape.

    Every field is part of the fingerprint, except those that `NOT_FINGERPRINTED` names. Give a new field a default: a
    request without it then keeps the fingerprint that it had before the field existed, so retries of stored orders
    still match.

    Attributes:
        ORIGINAL_FIELDS: The fields of the first version, in the order in which they are hashed. Never change this.
        NOT_FINGERPRINTED: Fields that may differ between two requests for the same order.

    """

    ORIGINAL_FIELDS: ClassVar[tuple[str, ...]] = ("customer", "currency", "lines", "note")
    NOT_FINGERPRINTED: ClassVar[frozenset[str]] = frozenset()

    customer: str
    currency: str
    lines: tuple[RequestedLine, ...]
    note: str | None = None

    def canonical(self) -> Submission:
        """Return the order with its texts as they are stored."""
        return replace(self, customer=canonical(self.customer), note=self.note and canonical(self.note))

    def fingerprint(self) -> str:
        """Return the sha256 of the request, which does not depend on how its texts and JSON were encoded."""
        return self.canonical().fingerprint_as_sent()

    def fingerprint_as_sent(self) -> str:
        """Return the sha256 of the request with its texts as sent.

        Orders that were stored before texts became canonical have this fingerprint.
        """
        plain = json.dumps(_hashed_values(self), separators=(",", ":"), default=_hashed_values)
        return hashlib.sha256(plain.encode()).hexdigest()


def _hashed_values(requested: Submission | RequestedLine) -> list[object]:
    """Return the values of the original fields, then the name and value of each later field that is not its default."""
    left_out = requested.NOT_FINGERPRINTED.union(requested.ORIGINAL_FIELDS)
    later = [each for each in fields(requested) if each.name not in left_out]
    named = [(each.name, getattr(requested, each.name), each.default) for each in later]
    original = [getattr(requested, name) for name in requested.ORIGINAL_FIELDS]
    return original + [[name, value] for name, value, default in named if value != default]


def order_id_for(requester: str, idempotency_key: str) -> OrderId:
    """Return the order id of this person's key; it is also the execution's name, so a retry finds both."""
    digest = hashlib.sha256(f"{requester}\n{idempotency_key}".encode()).digest()
    return OrderId("o" + base64.b32encode(digest).decode()[:26].lower())


@dataclass(frozen=True, slots=True)
class Terms:
    """What a submission is judged by when it arrives: the prices, levels and waits of that moment."""

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
        comes_to, cap = Money(total, catalogue.currency), Money(policy.cap, policy.currency)
        detail = f"The order comes to {comes_to}; at most {cap} can be ordered at once. Order less, or split the order."
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
    """Return how long the warehouse has, or None when no line is physical."""
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
    """Return the change that creates the row; the API and the workflow make the same one."""
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
