"""The same request comes twice, late, together, or with another body: what the caller is told each time."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from threading import Barrier, Event, Lock
from typing import Any

import boto3
import pytest
from aws_lambda_powertools.utilities.idempotency import DynamoDBPersistenceLayer

from approval_api import idempotency
from approval_api.idempotency import Answer, KeyedRequest, once
from approval_api.problems import RequestInFlightError
from orders.domain.errors import CountersignError, KeyReusedError, TransientFaultError
from orders.domain.model import OrderId
from tests.api.world import ONE_LEVEL, Context, World, a_key, an_event, call, decision

REPLAYED = "Idempotent-Replayed"


# --- one after the other ----------------------------------------------------------------------------------------------


def test_a_repeated_submission_is_answered_alike_to_the_byte_and_marked(world: World) -> None:
    event = an_event("POST", "/orders", body=ONE_LEVEL)

    first, second = call(event), call(event)

    assert (first.status, second.status, second.text) == (202, 202, first.text)
    assert second.headers["Location"] == first.headers["Location"]
    assert REPLAYED not in first.headers
    assert second.headers[REPLAYED] == "true"


def test_a_replay_tells_what_was_answered_then_not_what_is_true_now(world: World) -> None:
    event = an_event("POST", "/orders", body=ONE_LEVEL)
    first = call(event)
    world.open_level(first.json["orderId"])

    assert call(event).text == first.text


def test_a_repeated_decision_wakes_the_workflow_once(world: World) -> None:
    order_id = world.pending()
    event = decision(order_id)

    assert call(event).text == call(event).text
    assert world.signaller.signals == (f"callback-of-{order_id}-1",)


def test_the_same_word_with_another_key_is_the_same_decision_and_no_replay(world: World) -> None:
    order_id = world.pending()
    first = call(decision(order_id))
    world.clock.move(seconds=3)

    second = call(decision(order_id))

    assert (second.status, second.json) == (200, first.json)
    assert REPLAYED not in second.headers


def test_a_key_that_comes_with_another_body_is_refused(world: World) -> None:
    key = a_key()
    call(an_event("POST", "/orders", body=ONE_LEVEL, key=key))

    answer = call(an_event("POST", "/orders", body={**ONE_LEVEL, "note": "and more"}, key=key))

    assert (answer.status, answer.json["code"]) == (422, "idempotency-key-reused")


def test_the_same_body_in_another_spelling_is_the_same_request(world: World) -> None:
    key = a_key()
    first = call(an_event("POST", "/orders", body='{"customer":"acme","currency":"EUR","lines":[]}', key=key))
    assert first.status == 422

    one = call(an_event("POST", "/orders", body=ONE_LEVEL, key=key))
    two = call(an_event("POST", "/orders", body=dict(reversed(ONE_LEVEL.items())), key=key))

    assert (two.status, two.headers[REPLAYED], two.text) == (202, "true", one.text)


def test_a_key_belongs_to_its_caller_its_route_and_its_order(world: World) -> None:
    key = a_key()
    mine = call(an_event("POST", "/orders", body=ONE_LEVEL, key=key))
    theirs = call(an_event("POST", "/orders", person="requester-2", body=ONE_LEVEL, key=key))
    withdrawals = [
        call(an_event("POST", f"/orders/{answer.json['orderId']}/withdrawal", person=person, body={}, key=key))
        for answer, person in ((mine, "requester-1"), (theirs, "requester-2"))
    ]

    assert mine.json["orderId"] != theirs.json["orderId"]
    assert [answer.status for answer in withdrawals] == [200, 200]
    assert not any(REPLAYED in answer.headers for answer in (theirs, *withdrawals))


def test_a_refusal_is_not_kept(world: World) -> None:
    order_id = world.submit()
    event = decision(order_id)

    assert call(event).json["code"] == "not-open-yet"
    world.open_level(order_id)

    assert call(event).status == 200


def test_an_answer_is_kept_for_a_day(world: World, requests_table: str) -> None:
    call(an_event("POST", "/orders", body=ONE_LEVEL))

    kept = boto3.client("dynamodb").scan(TableName=requests_table)["Items"]

    latest = max(int(item["expiration"]["N"]) for item in kept)
    assert abs(latest - time.time() - 24 * 60 * 60) < 60


def test_a_duplicate_after_the_day_finds_the_order_as_it_is_now(world: World, requests_table: str) -> None:
    event = an_event("POST", "/orders", body=ONE_LEVEL)
    order_id = call(event).json["orderId"]
    forget_answers(requests_table)
    world.open_level(order_id)

    again = call(event)

    assert (again.status, again.json["orderId"], again.json["status"]) == (202, order_id, "PENDING_APPROVAL")
    assert REPLAYED not in again.headers
    assert world.row(order_id).order_id == OrderId(order_id)


def forget_answers(table: str) -> None:
    """Do what the table's time to live does."""
    client = boto3.client("dynamodb")
    for item in client.scan(TableName=table)["Items"]:
        client.delete_item(TableName=table, Key={"id": item["id"]})


# --- at once ----------------------------------------------------------------------------------------------------------


class OneAtATime:
    """A client that several threads may use: moto, in their process, is not made for that."""

    def __init__(self, client: Any) -> None:
        self._client = client
        self._lock = Lock()

    def __getattr__(self, name: str) -> Any:
        """Return the client's attribute, its methods behind the lock."""
        found = getattr(self._client, name)
        if not callable(found):
            return found

        def locked(*args: Any, **kwargs: Any) -> Any:
            with self._lock:
                return found(*args, **kwargs)

        return locked


@pytest.fixture
def shared_store(world: World, requests_table: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """A requests table for threads."""
    client: Any = OneAtATime(boto3.client("dynamodb"))
    store = DynamoDBPersistenceLayer(table_name=requests_table, boto3_client=client)
    monkeypatch.setattr(idempotency, "_store", lambda _table: store)


def ask(request: KeyedRequest, work: Callable[[], Answer], context: Context | None = None) -> Answer | str:
    """Return the answer, or the code of the refusal."""
    try:
        return once(request, context or Context(), work)  # type: ignore[arg-type]
    except CountersignError as error:
        return error.code


def a_request(fingerprint: str = "f" * 64) -> KeyedRequest:
    """Return a request that nobody has made."""
    return KeyedRequest(("requester-1", "POST /orders", a_key()), fingerprint)


def an_answer(body: str = '{"orderId":"o1"}') -> Answer:
    """Return an answer as a route gives it."""
    return Answer(202, body, {"Location": "/orders/o1"})


@pytest.fixture
def threads() -> Iterator[ThreadPoolExecutor]:
    """Twenty threads."""
    with ThreadPoolExecutor(20) as pool:
        yield pool


@pytest.mark.usefixtures("shared_store")
def test_twenty_twins_do_the_work_once_and_get_equal_answers(threads: ThreadPoolExecutor) -> None:
    request, gate, done = a_request(), Barrier(20), []

    def work() -> Answer:
        done.append(1)
        time.sleep(0.2)  # long enough for the others to find it under way
        return an_answer()

    def twin(_: int) -> Answer | str:
        gate.wait()
        return ask(request, work)

    answers = [answer for answer in threads.map(twin, range(20)) if isinstance(answer, Answer)]

    assert len(done) == 1
    assert [answer.body for answer in answers] == [an_answer().body] * 20
    assert sorted(answer.replayed for answer in answers) == [False] + [True] * 19


@pytest.mark.usefixtures("shared_store")
def test_a_twin_takes_over_when_the_first_attempt_fails(threads: ThreadPoolExecutor) -> None:
    request, under_way, may_fail = a_request(), Event(), Event()

    def failing() -> Answer:
        under_way.set()
        may_fail.wait(5)
        raise TransientFaultError("busy")

    first = threads.submit(ask, request, failing)
    under_way.wait(5)
    second = threads.submit(ask, request, an_answer)
    time.sleep(0.1)
    may_fail.set()

    assert first.result() == "temporarily-unavailable"
    assert second.result() == an_answer()


@pytest.mark.usefixtures("shared_store")
def test_a_twin_that_has_waited_long_enough_is_told_to_come_back(
    threads: ThreadPoolExecutor, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(idempotency, "MAX_WAIT_SECONDS", 0.3)
    request, under_way, may_end = a_request(), Event(), Event()

    def slow() -> Answer:
        under_way.set()
        may_end.wait(5)
        return an_answer()

    first = threads.submit(ask, request, slow)
    under_way.wait(5)
    began = time.monotonic()

    with pytest.raises(RequestInFlightError, match="same key"):
        once(request, Context(), an_answer)  # type: ignore[arg-type]

    assert 0.3 <= time.monotonic() - began < 2
    may_end.set()
    assert first.result() == an_answer()


@pytest.mark.usefixtures("shared_store")
def test_a_twin_does_not_wait_longer_than_its_invocation_can_bear(threads: ThreadPoolExecutor) -> None:
    request, under_way, may_end = a_request(), Event(), Event()

    def slow() -> Answer:
        under_way.set()
        may_end.wait(5)
        return an_answer()

    threads.submit(ask, request, slow)
    under_way.wait(5)
    began = time.monotonic()

    assert ask(request, an_answer, Context(remaining_ms=5_100)) == "request-in-flight"
    assert time.monotonic() - began < 1
    may_end.set()


@pytest.mark.usefixtures("shared_store")
def test_a_twin_with_another_body_is_refused_at_once(threads: ThreadPoolExecutor) -> None:
    request, under_way, may_end = a_request(), Event(), Event()

    def slow() -> Answer:
        under_way.set()
        may_end.wait(5)
        return an_answer()

    threads.submit(ask, request, slow)
    under_way.wait(5)

    with pytest.raises(KeyReusedError):
        once(KeyedRequest(request.key, "e" * 64), Context(), an_answer)  # type: ignore[arg-type]
    may_end.set()


class KilledError(BaseException):
    """What a worker's end looks like from inside: nothing after it runs."""


@pytest.mark.usefixtures("shared_store")
def test_a_crashed_attempt_gives_its_key_back_when_its_invocation_would_have_ended() -> None:
    request = a_request()

    def crash() -> Answer:
        raise KilledError

    with pytest.raises(KilledError):
        once(request, Context(remaining_ms=700), crash)  # type: ignore[arg-type]

    began = time.monotonic()
    assert ask(request, an_answer) == an_answer()
    assert 0.3 < time.monotonic() - began < 3


@pytest.mark.usefixtures("shared_store")
def test_a_crashed_attempt_gives_its_key_back_when_its_lease_is_over(monkeypatch: pytest.MonkeyPatch) -> None:
    """Long before its invocation could have ended: two attempts at once are harmless, waiting for a dead one is not."""
    monkeypatch.setattr(idempotency, "LEASE_MS", 700)
    request = a_request()

    def crash() -> Answer:
        raise KilledError

    with pytest.raises(KilledError):
        once(request, Context(remaining_ms=20_000), crash)  # type: ignore[arg-type]

    began = time.monotonic()
    assert ask(request, an_answer) == an_answer()
    assert 0.3 < time.monotonic() - began < 3


@pytest.mark.parametrize(("remaining", "lease"), [(20_000, 5_000), (5_000, 5_000), (1_200, 1_200)])
def test_a_lease_is_five_seconds_or_what_the_invocation_has_left(remaining: int, lease: int) -> None:
    context: Any = Context(remaining_ms=remaining)

    assert idempotency._Lease(context).get_remaining_time_in_millis() == lease


@pytest.mark.usefixtures("shared_store")
def test_without_its_table_nothing_is_done_and_the_caller_may_try_again(monkeypatch: pytest.MonkeyPatch) -> None:
    done: list[int] = []
    lost = DynamoDBPersistenceLayer(table_name="no-such-table")
    monkeypatch.setattr(idempotency, "_store", lambda _table: lost)

    def work() -> Answer:
        done.append(1)
        return an_answer()

    assert ask(a_request(), work) == "temporarily-unavailable"
    assert done == []
