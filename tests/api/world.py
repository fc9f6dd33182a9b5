"""The API over memory adapters: events as an HTTP API sends them, and answers as it would read them."""

from __future__ import annotations

import json
import re
from dataclasses import dataclass, field
from itertools import count
from pathlib import Path
from typing import Any
from urllib.parse import urlencode

from approval_api.description import route_keys
from approval_api.handler import described, handler
from orders.adapters.clock import SystemClock
from orders.adapters.documents import BucketDocuments
from orders.adapters.memory import (
    MemoryBucket,
    MemoryDuplicates,
    MemoryHistory,
    MemoryLedger,
    MemoryOrderRepository,
    MemoryOutbox,
    MemoryPublisher,
    MemoryQuotaCounters,
    MemorySignaller,
    MemoryStarter,
    MemoryTasks,
    MemoryWarehouse,
    MovableClock,
    no_pause,
)
from orders.adapters.reference import load_catalogue, load_policy
from orders.adapters.sandbox import SandboxBureau, SandboxGateway
from orders.domain.model import Order, OrderId, Role
from orders.domain.submission import order_id_for
from orders.settings import Settings
from orders.wiring import Ports, Services, assemble
from tests.builders import NOON, a_person

REQUESTS_TABLE = "requests"
ROUTES = route_keys(described())
ONE_LEVEL: dict[str, Any] = {"customer": "acme", "currency": "EUR", "lines": [{"sku": "ATLAS-ED", "quantity": 3}]}
AUTOMATIC: dict[str, Any] = {"customer": "acme", "currency": "EUR", "lines": [{"sku": "JUNO-MAIL", "quantity": 1}]}
LAMP: dict[str, Any] = {
    "customer": "acme",
    "currency": "EUR",
    "lines": [{"sku": "QUARTZ-LAMP", "quantity": 1}, {"sku": "JUNO-MAIL", "quantity": 1}],
}
NOBODYS = "o" + "z" * 26
SAMPLE = Path(__file__).resolve().parents[2] / "events" / "intake-queue.json"

_keys = count(1)


def a_key() -> str:
    """Return an Idempotency-Key that no test has used."""
    return f"key-of-a-test-{next(_keys):08}"


@dataclass(frozen=True, slots=True)
class Context:
    """What Lambda tells a function about its invocation."""

    function_name: str = "countersign-ApprovalApi"
    function_version: str = "1"
    memory_limit_in_mb: int = 512
    invoked_function_arn: str = "arn:aws:lambda:us-east-1:123456789012:function:countersign-ApprovalApi:live"
    aws_request_id: str = "invocation-1"
    remaining_ms: int = 20_000

    def get_remaining_time_in_millis(self) -> int:
        """Return how long the invocation may still take."""
        return self.remaining_ms


@dataclass(frozen=True, slots=True)
class Answer:
    """What the function answered."""

    status: int
    headers: dict[str, str]
    text: str

    @property
    def json(self) -> Any:
        """The body, parsed."""
        return json.loads(self.text)


def an_event(  # noqa: PLR0913 - a request has that many parts, and a test names the one it is about
    method: str,
    path: str,
    *,
    person: str | None = "requester-1",
    groups: str | None = None,
    body: Any = None,
    key: str | None = None,
    query: dict[str, Any] | None = None,
    headers: dict[str, str] | None = None,
) -> dict[str, Any]:
    """Return a payload-v2 event. A body that is not text is written as JSON; `person` None means no token."""
    sent = {"host": "api.example", "accept": "application/json"}
    if body is not None:
        sent["content-type"] = "application/json"
    if method == "POST":
        sent["idempotency-key"] = key or a_key()
    route = route_of(method, path)
    context: dict[str, Any] = {
        "apiId": "api",
        "http": {"method": method, "path": path, "protocol": "HTTP/1.1", "sourceIp": "192.0.2.1", "userAgent": "test"},
        "requestId": "request-1",
        "routeKey": route,
        "stage": "$default",
        "time": "02/Nov/2026:12:00:00 +0000",
        "timeEpoch": 1793620800000,
    }
    if person is not None and route not in {"GET /health", "$default"}:
        roles = f"[{' '.join(sorted(a_person(person).roles))}]" if groups is None else groups
        context["authorizer"] = {"jwt": {"claims": {"username": person, "cognito:groups": roles}, "scopes": []}}
    event = {
        "version": "2.0",
        "routeKey": route,
        "rawPath": path,
        "rawQueryString": urlencode(query or {}),
        "headers": {name: value for name, value in {**sent, **(headers or {})}.items() if value},
        "requestContext": context,
        "isBase64Encoded": False,
    }
    if query:
        event["queryStringParameters"] = {name: str(value) for name, value in query.items()}
    if body is not None:
        event["body"] = body if isinstance(body, str) else json.dumps(body)
    return event


def route_of(method: str, path: str) -> str:
    """Return the route that API Gateway picks."""
    for route in ROUTES:
        verb, template = route.split(" ")
        if verb == method and re.fullmatch(re.sub(r"{\w+}", "[^/]+", template), path):
            return route
    return "$default"


def call(event: dict[str, Any], context: Context | None = None) -> Answer:
    """Invoke the function with an event."""
    answer = handler(event, context or Context())
    return Answer(answer["statusCode"], answer["headers"], answer.get("body") or "")


@dataclass(slots=True)
class World:
    """Services over memory adapters, with a clock that a test moves; `waits` are the variables of template.yaml."""

    waits: dict[str, str] = field(default_factory=dict)
    clock: MovableClock = field(default_factory=lambda: MovableClock(NOON))
    orders: MemoryOrderRepository = field(default_factory=MemoryOrderRepository)
    starter: MemoryStarter = field(default_factory=MemoryStarter)
    signaller: MemorySignaller = field(default_factory=MemorySignaller)
    history: MemoryHistory = field(default_factory=MemoryHistory)
    bucket: MemoryBucket = field(default_factory=MemoryBucket)
    tasks: MemoryTasks = field(default_factory=MemoryTasks)
    quotas: MemoryQuotaCounters = field(default_factory=MemoryQuotaCounters)

    def services(self) -> Services:
        """Return the services over this world's adapters."""
        waits = {"DECISION_WINDOW_SECONDS": "600", **self.waits}
        settings = Settings.from_env({"REQUESTS_TABLE": REQUESTS_TABLE, **waits})
        return assemble(settings, load_catalogue(), load_policy(), self.ports())

    def ports(self) -> Ports:
        """Return this world's adapters."""
        return Ports(
            clock=self.clock,
            pause=no_pause,
            orders=self.orders,
            documents=BucketDocuments(self.bucket),
            starter=self.starter,
            signaller=self.signaller,
            history=self.history,
            bureau=SandboxBureau(),
            duplicates=MemoryDuplicates(),
            warehouse=MemoryWarehouse(load_catalogue()),
            quotas=self.quotas,
            gateway=SandboxGateway(MemoryLedger(), SystemClock()),
            outbox=MemoryOutbox(),
            publisher=MemoryPublisher(),
            tasks=self.tasks,
        )

    def submit(self, person: str = "requester-1", body: dict[str, Any] | None = None) -> str:
        """Submit an order, as a person who is a requester too, and return its id."""
        groups = f"[{' '.join(sorted(a_person(person).roles | {Role.REQUESTERS}))}]"
        answer = call(an_event("POST", "/orders", person=person, groups=groups, body=body or ONE_LEVEL))
        assert answer.status == 202, answer.text
        return str(answer.json["orderId"])

    def open_level(self, order_id: str, level: int = 1) -> None:
        """Do what the workflow does when it asks a level's people."""
        self.services().approval.open_level(OrderId(order_id), level, f"callback-of-{order_id}-{level}", None)

    def pending(self, person: str = "requester-1", body: dict[str, Any] | None = None) -> str:
        """Return an order whose first level is open."""
        order_id = self.submit(person, body)
        self.open_level(order_id)
        return order_id

    def fulfilling(self) -> str:
        """Return an order that is paid and whose lamp waits for a station."""
        order_id = self.pending(body=LAMP)
        call(decision(order_id))
        self.services().closing.begin_charge(OrderId(order_id))
        self.services().picking.open_job(OrderId(order_id), 1, f"callback-of-{order_id}-job-1")
        return order_id

    def held(self) -> str:
        """Return an order whose execution was stopped while it waited for a manager."""
        order_id = self.pending()
        self.services().notification.execution_lost(OrderId(order_id), "STOPPED")
        return order_id

    def row(self, order_id: str) -> Order:
        """Return the order's row."""
        found = self.orders.get(OrderId(order_id))
        assert found is not None
        return found


def decision(
    order_id: str, person: str = "manager-1", verdict: str = "approve", *, level: int = 1, reason: str | None = None
) -> dict[str, Any]:
    """Return the event of a decision."""
    body: dict[str, Any] = {"level": level, "verdict": verdict}
    if reason is not None:
        body["reason"] = reason
    return an_event("POST", f"/orders/{order_id}/decisions", person=person, body=body)


# --- the intake queue -------------------------------------------------------------------------------------------------


def a_message(order: Any = ONE_LEVEL, *, key: str | None = None, **parts: Any) -> dict[str, Any]:
    """Return the content of a message; a part that is None is left out."""
    content = {"requester": "requester-1", "idempotencyKey": key or a_key(), "order": order, **parts}
    return {name: value for name, value in content.items() if value is not None}


def a_batch(*contents: Any) -> dict[str, Any]:
    """Return the event of a batch; messages are called m0, m1, ... What is no text is written as JSON."""
    record = json.loads(SAMPLE.read_text())["Records"][0]
    bodies = (each if isinstance(each, str) else json.dumps(each) for each in contents)
    return {"Records": [{**record, "messageId": f"m{number}", "body": body} for number, body in enumerate(bodies)]}


def take(*contents: Any) -> list[str]:
    """Deliver a batch; return the messages that are to be delivered again."""
    answer = handler(a_batch(*contents), Context())
    return [each["itemIdentifier"] for each in answer["batchItemFailures"]]


def order_of(content: dict[str, Any]) -> OrderId:
    """Return the order that a message makes."""
    return order_id_for(content["requester"], content["idempotencyKey"])
