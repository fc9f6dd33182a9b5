"""The contract of the payment port, for every adapter of it: the sandbox over both ledgers, and one over HTTP."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from orders.domain.errors import GatewayUnavailableError
from orders.domain.model import OrderId
from orders.domain.payments import ON_FILE, PaymentState, payment_for
from orders.services.ports import PaymentGateway
from tests.adapters.http_payments import HttpGateway, Provider, serving
from tests.adapters.payments import payment
from tests.adapters.stand import Adapters, in_memory
from tests.builders import a_document

ORDER, OTHER = OrderId("order-1"), OrderId("order-2")
PAYMENT = payment(ORDER)


@pytest.fixture
def provider() -> Provider:
    """A provider behind HTTP that has done nothing yet."""
    return Provider()


@pytest.fixture
def over_http(provider: Provider) -> Iterator[HttpGateway]:
    """The adapter for that provider, over a real connection."""
    with serving(provider) as gateway:
        yield gateway


@pytest.fixture(params=["memory", "aws", "http"])
def gateway(request: pytest.FixtureRequest) -> PaymentGateway:
    """One adapter of the port after the other."""
    if request.param == "memory":
        return in_memory().gateway
    if request.param == "aws":
        adapters: Adapters = request.getfixturevalue("aws")
        return adapters.gateway
    http: HttpGateway = request.getfixturevalue("over_http")
    return http


# --- the contract -----------------------------------------------------------------------------------------------------


def test_an_unknown_payment_has_no_state(gateway: PaymentGateway) -> None:
    assert gateway.state(ORDER) is PaymentState.NONE


def test_a_payment_is_authorized_captured_and_refunded(gateway: PaymentGateway) -> None:
    assert gateway.authorize(PAYMENT) is PaymentState.AUTHORIZED
    assert gateway.capture(PAYMENT) is PaymentState.CAPTURED
    assert gateway.settled(PAYMENT)
    assert gateway.refund(ORDER) is PaymentState.REFUNDED
    assert gateway.state(ORDER) is PaymentState.REFUNDED
    assert gateway.state(OTHER) is PaymentState.NONE


def test_a_repeated_call_returns_the_result_of_the_first(gateway: PaymentGateway) -> None:
    gateway.authorize(PAYMENT)
    for _ in range(2):
        assert gateway.capture(PAYMENT) is PaymentState.CAPTURED
    assert gateway.authorize(PAYMENT) is PaymentState.AUTHORIZED
    for _ in range(2):
        assert gateway.refund(ORDER) is PaymentState.REFUNDED
    assert gateway.capture(PAYMENT) is PaymentState.CAPTURED


def test_a_decline_is_returned_and_stays(gateway: PaymentGateway) -> None:
    declined = payment(ORDER, "card-declined")
    for _ in range(2):
        assert gateway.authorize(declined) is PaymentState.DECLINED
    assert gateway.capture(declined) is PaymentState.DECLINED
    assert not gateway.settled(declined)


def test_a_capture_needs_an_authorization(gateway: PaymentGateway) -> None:
    assert gateway.capture(PAYMENT) is PaymentState.NONE


def test_a_voided_payment_is_never_captured(gateway: PaymentGateway) -> None:
    gateway.authorize(PAYMENT)
    assert gateway.void(ORDER) is PaymentState.VOIDED
    assert gateway.capture(PAYMENT) is PaymentState.VOIDED
    assert gateway.state(ORDER) is PaymentState.VOIDED


def test_a_void_before_the_authorization_prevents_it(gateway: PaymentGateway) -> None:
    assert gateway.void(ORDER) is PaymentState.VOIDED
    assert gateway.authorize(PAYMENT) is PaymentState.VOIDED


def test_a_void_after_the_capture_is_too_late(gateway: PaymentGateway) -> None:
    gateway.authorize(PAYMENT)
    gateway.capture(PAYMENT)
    assert gateway.void(ORDER) is PaymentState.CAPTURED
    assert gateway.state(ORDER) is PaymentState.CAPTURED


# --- over HTTP --------------------------------------------------------------------------------------------------------


def test_the_provider_receives_amount_currency_and_method(over_http: HttpGateway, provider: Provider) -> None:
    over_http.authorize(payment_for(a_document(order_id=ORDER)))
    path, key, body = provider.requests[0]
    assert (path, key) == ("/payments/order-1/authorize", "order-1:authorize")
    assert body == {"customer": "acme", "amount": 14_700, "currency": "EUR", "method": ON_FILE}


@pytest.mark.parametrize("fault", ["dropped", "busy"])
def test_a_failed_try_is_repeated_under_the_same_key(over_http: HttpGateway, provider: Provider, fault: str) -> None:
    """A dropped connection leaves it unknown whether the first try took effect; the money moves once."""
    over_http.authorize(PAYMENT)
    setattr(provider, fault, 2)
    assert over_http.capture(PAYMENT) is PaymentState.CAPTURED
    assert [key for _, key, _ in provider.requests] == ["order-1:authorize", *["order-1:capture"] * 3]


def test_the_result_of_an_unanswered_capture_can_be_looked_up(over_http: HttpGateway, provider: Provider) -> None:
    over_http.authorize(PAYMENT)
    provider.dropped = 3
    with pytest.raises(GatewayUnavailableError):
        over_http.capture(PAYMENT)
    assert over_http.state(ORDER) is PaymentState.CAPTURED


def test_a_provider_out_of_reach_is_unavailable() -> None:
    with serving(Provider()) as gateway:
        pass
    with pytest.raises(GatewayUnavailableError):
        gateway.authorize(PAYMENT)
