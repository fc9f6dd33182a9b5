"""A payment provider behind HTTP, and an adapter of the payment port for it: a model for the adapter of a real one.

The provider takes `POST /payments/{orderId}/{operation}` with an Idempotency-Key, and `GET /payments/{orderId}`. A test
can make it perform an operation and drop the connection, or answer 503, as providers do.
"""

from __future__ import annotations

import http.client
import json
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

from orders.adapters.memory import MemoryLedger, MovableClock
from orders.adapters.sandbox import SandboxGateway
from orders.domain.errors import GatewayUnavailableError
from orders.domain.model import OrderId
from orders.domain.payments import Money, PaymentRequest, PaymentState
from tests.builders import NOON

MAX_TRIES = 3
TIMEOUT_SECONDS = 5


class HttpGateway:
    """The payment port over HTTP. Every try of an operation carries the same Idempotency-Key."""

    def __init__(self, host: str, port: int) -> None:
        self._address = host, port

    def authorize(self, payment: PaymentRequest) -> PaymentState:
        """Return AUTHORIZED or DECLINED; VOIDED when the payment was voided before."""
        return self._operate(payment.order_id, "authorize", _body(payment))

    def capture(self, payment: PaymentRequest) -> PaymentState:
        """Return CAPTURED or DECLINED; VOIDED when the payment was voided, NONE when it was never authorized."""
        return self._operate(payment.order_id, "capture", _body(payment))

    def settled(self, payment: PaymentRequest) -> bool:
        """Return whether the captured payment has settled; one poll."""
        return bool(self._send("POST", f"/payments/{payment.order_id}/settled", _body(payment), {})["settled"])

    def void(self, order_id: OrderId) -> PaymentState:
        """Void the authorization; CAPTURED or REFUNDED when it is too late."""
        return self._operate(order_id, "void", {})

    def refund(self, order_id: OrderId) -> PaymentState:
        """Refund what was captured; return the state unchanged when nothing was."""
        return self._operate(order_id, "refund", {})

    def state(self, order_id: OrderId) -> PaymentState:
        """Return the payment's state."""
        return PaymentState(self._send("GET", f"/payments/{order_id}", {}, {})["state"])

    def _operate(self, order_id: OrderId, operation: str, body: dict[str, Any]) -> PaymentState:
        key = {"Idempotency-Key": f"{order_id}:{operation}"}
        return PaymentState(self._send("POST", f"/payments/{order_id}/{operation}", body, key)["state"])

    def _send(self, method: str, path: str, body: dict[str, Any], headers: dict[str, str]) -> dict[str, Any]:
        """Send a request up to three times; raise GatewayUnavailableError when no try is answered."""
        for _ in range(MAX_TRIES):
            answer = self._try(method, path, body, headers)
            if answer is not None:
                return answer
        raise GatewayUnavailableError(f"The payment provider did not answer ({path}); try again.")

    def _try(self, method: str, path: str, body: dict[str, Any], headers: dict[str, str]) -> dict[str, Any] | None:
        connection = http.client.HTTPConnection(*self._address, timeout=TIMEOUT_SECONDS)
        try:
            connection.request(method, path, json.dumps(body), {"Content-Type": "application/json", **headers})
            response = connection.getresponse()
            answer: dict[str, Any] = json.loads(response.read())
        except (OSError, http.client.HTTPException):
            return None
        finally:
            connection.close()
        return None if response.status >= http.HTTPStatus.INTERNAL_SERVER_ERROR else answer


def _body(payment: PaymentRequest) -> dict[str, Any]:
    return {
        "customer": payment.customer,
        "amount": payment.money.amount,
        "currency": payment.money.currency,
        "method": payment.method,
    }


# --- the provider -----------------------------------------------------------------------------------------------------


@dataclass(slots=True)
class Provider:
    """What the provider has done, and how it fails next.

    Attributes:
        requests: Path, Idempotency-Key and body of each request, in order.
        dropped: How many of the next operations it performs without answering.
        busy: How many of the next operations it answers with 503, without performing them.

    """

    gateway: SandboxGateway = field(default_factory=lambda: SandboxGateway(MemoryLedger(), MovableClock(NOON)))
    requests: list[tuple[str, str | None, dict[str, Any]]] = field(default_factory=list)
    dropped: int = 0
    busy: int = 0
    lock: threading.Lock = field(default_factory=threading.Lock)

    def answer(
        self, method: str, path: str, key: str | None, body: dict[str, Any]
    ) -> tuple[int, dict[str, Any]] | None:
        """Return status and body, or None to drop the connection."""
        with self.lock:
            self.requests.append((path, key, body))
            if method == "POST" and self.busy:
                self.busy -= 1
                return 503, {}
            answered = self._perform(path, body)
            if method == "POST" and self.dropped:
                self.dropped -= 1
                return None
            return answered

    def _perform(self, path: str, body: dict[str, Any]) -> tuple[int, dict[str, Any]]:
        _, _, order, *operation = path.split("/")
        order_id = OrderId(order)
        try:
            match operation:
                case ["settled"]:
                    return 200, {"settled": self.gateway.settled(_payment(order_id, body))}
                case ["authorize" | "capture" as name]:
                    return 200, {"state": getattr(self.gateway, name)(_payment(order_id, body))}
                case ["void" | "refund" as name]:
                    return 200, {"state": getattr(self.gateway, name)(order_id)}
                case _:
                    return 200, {"state": self.gateway.state(order_id)}
        except GatewayUnavailableError:
            return 503, {}


def _payment(order_id: OrderId, body: dict[str, Any]) -> PaymentRequest:
    return PaymentRequest(order_id, body["customer"], Money(body["amount"], body["currency"]), body["method"])


@contextmanager
def serving(provider: Provider) -> Iterator[HttpGateway]:
    """Serve the provider on a free port of 127.0.0.1."""

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            self._handle("GET")

        def do_POST(self) -> None:
            self._handle("POST")

        def log_message(self, format: str, *args: Any) -> None:  # noqa: A002 - the base class's name
            """Keep the test's output clean."""

        def _handle(self, method: str) -> None:
            body = json.loads(self.rfile.read(int(self.headers.get("Content-Length", 0))) or b"{}")
            answer = provider.answer(method, self.path, self.headers.get("Idempotency-Key"), body)
            if answer is None:
                self.close_connection = True
                return
            content = json.dumps(answer[1]).encode()
            self.send_response(answer[0])
            self.send_header("Content-Length", str(len(content)))
            self.end_headers()
            self.wfile.write(content)

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
    thread.start()
    try:
        yield HttpGateway("127.0.0.1", server.server_port)
    finally:
        server.shutdown()
        thread.join()
        server.server_close()
