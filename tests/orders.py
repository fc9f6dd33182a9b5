"""Placing and following orders over HTTP against a running stack, and reading what they left in its table."""

from __future__ import annotations

import uuid
from collections import Counter
from dataclasses import dataclass
from functools import cache
from typing import Any

import boto3

from tests.stack import Answer, Stack, eventually

ATLAS = [{"sku": "ATLAS-ED", "quantity": 3}]
LAMP = [{"sku": "QUARTZ-LAMP", "quantity": 1}]
SMALL = [{"sku": "JUNO-MAIL", "quantity": 1}]
FULL_STOCK = 1_000_000


@dataclass(frozen=True)
class Orders:
    """A person's hands on a stack: every call is one HTTP request, every reading one query of the table."""

    stack: Stack

    def post(
        self, lines: list[dict[str, Any]], *, customer: str = "acme", key: str | None = None, by: str = "requester-1"
    ) -> Answer:
        """Submit an order; without a key it is a new one."""
        body = {"customer": customer, "currency": "EUR", "lines": lines}
        headers = {"Idempotency-Key": key or uuid.uuid4().hex}
        return self.stack.request("POST", "/orders", body, identity=by, headers=headers)

    def submit(self, lines: list[dict[str, Any]], *, customer: str = "acme", by: str = "requester-1") -> str:
        """Submit an order that must be accepted, and return its id."""
        answer = self.post(lines, customer=customer, by=by)
        assert answer.status == 202, answer.body
        order_id: str = answer.json()["orderId"]
        return order_id

    def get(self, order_id: str, what: str = "", *, identity: str = "auditor-1") -> Any:
        """Return the order, or one of its parts (`/audit`, `/execution`, `/document`)."""
        answer = self.stack.request("GET", f"/orders/{order_id}{what}", identity=identity)
        assert answer.status == 200, answer.body
        return answer.json()

    def decide(
        self, order_id: str, verdict: str, *, by: str = "manager-1", reason: str | None = None, level: int = 1
    ) -> Answer:
        """Decide a level."""
        body = {"level": level, "verdict": verdict} | ({"reason": reason} if reason else {})
        headers = {"Idempotency-Key": uuid.uuid4().hex}
        return self.stack.request("POST", f"/orders/{order_id}/decisions", body, identity=by, headers=headers)

    def withdraw(self, order_id: str, *, by: str = "requester-1") -> Answer:
        """Withdraw the order."""
        headers = {"Idempotency-Key": uuid.uuid4().hex}
        return self.stack.request("POST", f"/orders/{order_id}/withdrawal", {}, identity=by, headers=headers)

    def pick(self, order_id: str, what: str, **body: Any) -> Answer:
        """Send a station's heartbeat or result for the order's first job."""
        headers = {"Idempotency-Key": uuid.uuid4().hex}
        path = f"/orders/{order_id}/picking/{what}"
        return self.stack.request("POST", path, {"job": 1, **body}, identity="warehouse-1", headers=headers)

    def until(self, order_id: str, *statuses: str, seconds: float = 20) -> dict[str, Any]:
        """Wait until the order has one of these statuses, and return it."""

        def reached() -> dict[str, Any] | None:
            order: dict[str, Any] = self.get(order_id)
            return order if order["status"] in statuses else None

        found: dict[str, Any] = eventually(reached, seconds)
        return found

    def until_ended(self, order_id: str, seconds: float = 20) -> dict[str, Any]:
        """Wait until the order's execution has ended, and return its timeline."""

        def ended() -> dict[str, Any] | None:
            execution: dict[str, Any] = self.get(order_id, "/execution")
            return execution if execution["status"] != "RUNNING" else None

        found: dict[str, Any] = eventually(ended, seconds)
        return found

    # --- what lies in the table ---------------------------------------------------------------------------------

    @property
    def _table(self) -> Any:
        """The orders table where it is now: a restarted stack has other ports."""
        return _table_at(self.stack.endpoints["data"])

    def _query(self, pk: str, prefix: str) -> list[dict[str, Any]]:
        condition = "pk = :pk AND begins_with(sk, :prefix)"
        values = {":pk": pk, ":prefix": prefix}
        answer = self._table.query(KeyConditionExpression=condition, ExpressionAttributeValues=values)
        items: list[dict[str, Any]] = answer["Items"]
        return items

    def ledger(self, order_id: str) -> list[str]:
        """Return every operation that happened to the order's payment, with how often the ledger has it."""
        return sorted(item["sk"].removeprefix("ENTRY#") for item in self._query(f"PAYMENT#{order_id}", "ENTRY#"))

    def taken(self, sku: str) -> int:
        """Return how many of a good are gone."""
        counters = self._query(f"STOCK#{sku}", "STOCK")
        return FULL_STOCK - int(counters[0]["available"]) if counters else 0

    def outbox(self, order_id: str) -> Counter[str]:
        """Return the order's messages by kind."""
        return Counter(item["kind"] for item in self._query(f"ORDER#{order_id}", "OUTBOX#"))

    def events(self, order_id: str) -> list[str]:
        """Return the audit's events, having checked that it is gapless."""
        items = self.get(order_id, "/audit")["items"]
        assert [item["seq"] for item in items] == list(range(1, len(items) + 1))
        return [item["event"] for item in items]


@cache
def _table_at(endpoint: str) -> Any:
    session = boto3.Session("test", "test", region_name="us-east-1")
    return session.resource("dynamodb", endpoint_url=endpoint).Table("countersign-OrdersTable")
