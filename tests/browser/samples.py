"""Answers of the approval API: small builders with every field, overridden where it matters."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

from tests.browser.fake_server import Answer, Script

ORDER_ID = "o3x7kq2mfa5wzn6bdyhvu4trjcpe"
NEEDS_ATTENTION = "GET /orders?limit=100&status=NEEDS_ATTENTION"
PEOPLE = [
    {"username": "requester-1", "groups": ["requesters"]},
    {"username": "manager-1", "groups": ["managers"]},
    {"username": "warehouse-1", "groups": ["warehouse"]},
    {"username": "operator-1", "groups": ["operators"]},
    {"username": "auditor-1", "groups": ["auditors"]},
]
POLICY = {
    "version": "sample",
    "currency": "EUR",
    "cap": 25_000_000,
    "tiers": [
        {"upTo": 10_000, "levels": [], "coolingOff": False},
        {"upTo": 500_000, "levels": [{"role": "managers", "quorum": 1}], "coolingOff": False},
        {
            "upTo": None,
            "levels": [{"role": "managers", "quorum": 1}, {"role": "finance", "quorum": 2}],
            "coolingOff": True,
        },
    ],
}


def ago(seconds: float) -> str:
    """Return the moment so many seconds before now, as the API writes it."""
    return (datetime.now(UTC) - timedelta(seconds=seconds)).isoformat(timespec="milliseconds").replace("+00:00", "Z")


def a_catalogue() -> dict[str, Any]:
    """Return a small catalogue: a cheap good, a dear one, a sold-out one and many of a kind."""
    goods = [
        ("JUNO-MAIL", "Juno mailbox, one year", 1_200, True),
        ("FJORD-DB", "Fjord database, one node", 24_900, True),
        ("MERIDIAN-GIS", "Meridian maps, one seat", 99_000, True),
        ("SOLD-OUT", "Sold-out license", 2_500, False),
        *((f"BULK-{number:04}", f"Bulk license {number}", 10, True) for number in range(1, 30)),
    ]
    items = [
        {"sku": sku, "name": name, "unitPrice": price, "digital": True, "available": available}
        for sku, name, price, available in goods
    ]
    return {"currency": "EUR", "items": items}


def an_order(**overrides: Any) -> dict[str, Any]:
    """Return an order that waits for a manager, as its requester sees it."""
    level = {"level": 1, "role": "managers", "quorum": 1, "outcome": "open", "deadline": ago(-480), "decisions": []}
    order = {
        "orderId": ORDER_ID,
        "status": "PENDING_APPROVAL",
        "level": 1,
        "total": 123_400,
        "currency": "EUR",
        "customer": "acme",
        "requester": "requester-1",
        "note": "For the new office on the hill.",
        "lineCount": 1,
        "submittedAt": ago(120),
        "updatedAt": ago(119),
        "deadline": ago(-480),
        "levels": [level],
        "actions": ["withdraw"],
    }
    return {**order, **overrides}


def an_operation(number: int, name: str, kind: str = "STEP", **overrides: Any) -> dict[str, Any]:
    """Return operation `number` of a history; it began two minutes ago and took 12 ms."""
    began = 120 - number * 0.02
    operation: dict[str, Any] = {
        "id": f"op-{number}",
        "parentId": None,
        "type": kind,
        "name": name,
        "status": "SUCCEEDED",
        "startedAt": ago(began),
        "endedAt": ago(began - 0.012),
        "attempts": [],
    }
    return {**operation, **overrides}


def an_execution(**overrides: Any) -> dict[str, Any]:
    """Return the history of an order that waits for its manager."""
    waiting = {"status": "STARTED", "endedAt": None}
    operations = [
        an_operation(1, "register-order"),
        an_operation(2, "screen-order", "CONTEXT", subType="Parallel", endedAt=ago(119.88)),
        an_operation(3, "check-credit", parentId="op-2"),
        an_operation(4, "check-catalogue", parentId="op-2"),
        an_operation(5, "check-duplicate", parentId="op-2"),
        an_operation(6, "reserve-stock", "CONTEXT", subType="Map"),
        an_operation(7, "chunk-0", parentId="op-6"),
        an_operation(8, "authorize-payment", attempts=_attempts(), startedAt=ago(119.8), endedAt=ago(112)),
        an_operation(9, "approve-manager", "CONTEXT", startedAt=ago(111.9), **waiting),
        an_operation(10, "decision", "CALLBACK", parentId="op-9", startedAt=ago(111.8), **waiting, deadline=ago(-480)),
        an_operation(11, "open-level", parentId="op-9", startedAt=ago(111.8), endedAt=ago(111.7)),
        an_operation(
            12, "request-decision", "CHAINED_INVOKE", parentId="op-9", startedAt=ago(111.7), endedAt=ago(111.2)
        ),
    ]
    invocations = [
        {"requestId": "a", "startedAt": ago(119.99), "endedAt": ago(119.4), "replayed": 0, "ran": 7},
        {"requestId": "b", "startedAt": ago(112.1), "endedAt": ago(111.1), "replayed": 7, "ran": 5},
    ]
    history = {
        "status": "RUNNING",
        "startedAt": ago(120),
        "endedAt": None,
        "operations": operations,
        "invocations": invocations,
        "cursor": "c1",
        "nextPollMs": 5000,
    }
    return {**history, **overrides}


def _attempts() -> list[dict[str, Any]]:
    failed = {"startedAt": ago(119.8), "endedAt": ago(119.7), "status": "FAILED"}
    return [
        {**failed, "error": {"type": "GatewayUnavailable", "message": "no answer from the gateway"}},
        {"startedAt": ago(112.06), "endedAt": ago(112), "status": "SUCCEEDED"},
    ]


def an_audit() -> dict[str, Any]:
    """Return the audit of an order that waits for its manager."""
    entry = {"seq": 1, "at": ago(120), "actor": "requester-1", "event": "submitted", "data": {}}
    opened = {"seq": 2, "at": ago(112), "actor": "workflow", "event": "level-opened", "data": {"level": 1}}
    return {
        "items": [
            {**entry, "from": None, "to": "SUBMITTED"},
            {**opened, "from": "SUBMITTED", "to": "PENDING_APPROVAL"},
        ]
    }


FAULTS: dict[str, Any] = {"armed": None, "fired": []}


def a_timer(order: dict[str, Any]) -> dict[str, Any]:
    """Return the next timer of a stack in which an order waits for its manager."""
    return {"at": ago(-100), "orderId": order["orderId"], "kind": "callback-timeout", "operation": "decision"}


def a_message(order: dict[str, Any]) -> dict[str, Any]:
    """Return the message that asked the managers for a decision."""
    subject = f"Please decide: order {order['orderId']} of {order['requester']} for {order['customer']}, 1,234.00 EUR"
    message = {"kind": "request-decision", "level": 1, "to": "managers", "subject": subject, "body": subject}
    return {**message, "orderId": order["orderId"], "at": ago(111), "published": True, "deadline": order["deadline"]}


def a_job(order: dict[str, Any], **overrides: Any) -> dict[str, Any]:
    """Return a picking job that waits for a station."""
    lines = [{"sku": "PINE-STOOL", "name": "Pine stool", "quantity": 3}]
    job = {"orderId": order["orderId"], "job": 1, "state": "open", "claimedBy": None, "openedAt": ago(40)}
    times = {"claimDeadline": ago(-560), "lostAt": ago(-25), "beats": 0}
    return {**job, **times, "lines": lines, **overrides}


def a_script(order: dict[str, Any] | None = None) -> Script:
    """Return a script in which everything works and there is one order."""
    order = order or an_order()
    reason = "The workflow ended STOPPED before the order was closed; an operator must look."
    lost = {**order, "status": "NEEDS_ATTENTION", "outcomeReason": reason, "actions": ["recover"], "deadline": None}
    lines = [{"sku": "MERIDIAN-GIS", "quantity": 10_000, "unitPrice": 99_000}]
    path = f"/orders/{order['orderId']}"
    token = {"accessToken": "not-checked-here", "tokenType": "Bearer", "expiresIn": 3600}
    script = Script()
    for request, body in {
        "GET /config.json": {"mode": "local", "apiUrl": "", "identities": PEOPLE},
        "GET /local/token": token,
        "GET /local/faults": FAULTS,
        "GET /local/time": {"now": ago(0), "offsetSeconds": 0.0, "nextTimer": a_timer(order)},
        "GET /local/outbox": {"items": [a_message(order)]},
        "GET /picking": {
            "items": [a_job(order), a_job(order, job=2, state="claimed", claimedBy="warehouse-1", beats=3)]
        },
        "GET /catalogue": a_catalogue(),
        "GET /policy": POLICY,
        "GET /orders": {"items": [order], "nextCursor": None},
        NEEDS_ATTENTION: {"items": [lost], "nextCursor": None},
        "GET /inbox": {"items": [{**order, "actions": ["approve", "reject"]}], "nextCursor": None},
        f"GET {path}": order,
        f"GET {path}/audit": an_audit(),
        f"GET {path}/document": {"orderId": order["orderId"], "lines": lines},
    }.items():
        script.on(request, Answer(body))
    script.on(f"GET {path}/execution", Answer(an_execution()))
    return script
