"""Orders for tests: each builder makes a valid one, and a test says only what matters to it."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

from orders.domain.approval import Decide, OpenLevel
from orders.domain.model import (
    DocumentRef,
    LevelTerms,
    Line,
    Order,
    OrderDocument,
    OrderId,
    Person,
    Role,
    Sku,
    Verdict,
)
from orders.domain.rules import Command
from orders.domain.submission import register
from orders.domain.table import judge

NOON = datetime(2026, 11, 2, 12, 0, tzinfo=UTC)
A_LEVEL = LevelTerms(Role.MANAGERS, quorum=1, window_seconds=600, reminder_seconds=120, escalation_seconds=300)
A_REF = DocumentRef("orders/o1/document.json", "0" * 64, 512)


def at(seconds: float) -> datetime:
    """Return a moment so many seconds after the order was submitted."""
    return NOON + timedelta(seconds=seconds)


def a_person(username: str = "manager-1", *roles: Role) -> Person:
    """Return a person; without roles they are those of the username (`Manager-1` is a manager)."""
    by_name = {"requester": Role.REQUESTERS, "finance": Role.FINANCE, "warehouse": Role.WAREHOUSE}
    stem = username.casefold().split("-", maxsplit=1)[0]
    return Person.named(username, frozenset(roles or {by_name.get(stem) or Role(f"{stem}s")}))


def a_document(**overrides: Any) -> OrderDocument:
    """Return a document that one manager must approve."""
    fields: dict[str, Any] = {
        "order_id": OrderId("o" + "a" * 26),
        "fingerprint": "f" * 64,
        "requester": "requester-1",
        "customer": "acme",
        "currency": "EUR",
        "note": None,
        "lines": (Line(Sku("ATLAS-ED"), 3, 4900),),
        "submitted_at": NOON,
        "catalogue_version": "2026-11",
        "policy_version": "2026-11",
        "levels": (A_LEVEL,),
    }
    return OrderDocument(**{**fields, **overrides})


def an_order(**overrides: Any) -> Order:
    """Return a freshly submitted order that one manager must approve."""
    levels = overrides.pop("levels_terms", (A_LEVEL,))
    order_id = overrides.pop("order_id", OrderId("o" + "a" * 26))
    order = register(a_document(levels=levels, order_id=order_id), A_REF, "arn:execution").after
    return replace(order, **overrides)


def moved(order: Order, *commands: Command, seconds: float = 1) -> Order:
    """Return the order after these commands, all `seconds` after its submission."""
    for command in commands:
        order = judge(order, command, at(seconds)).after
    return order


def a_pending_order(**overrides: Any) -> Order:
    """Return an order whose first level was opened one second after it was submitted."""
    return moved(an_order(**overrides), OpenLevel(1, "callback-1"))


def approval(by: str = "manager-1", level: int = 1) -> Decide:
    """Return somebody's yes."""
    return Decide(a_person(by), level, Verdict.APPROVE, None)


def rejection(by: str = "manager-1", level: int = 1, reason: str = "Too dear") -> Decide:
    """Return somebody's no."""
    return Decide(a_person(by), level, Verdict.REJECT, reason)
