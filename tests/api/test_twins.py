"""Equal requests that reach several workers at the same moment are one order and one answer."""

from __future__ import annotations

from collections.abc import Iterator
from concurrent.futures import ProcessPoolExecutor
from pathlib import Path

import pytest

from tests.api.workers import ask, workers
from tests.api.world import ONE_LEVEL, an_event

ROUNDS, TWINS, WORKERS = 5, 20, 2


@pytest.fixture(scope="module")
def pool(tmp_path_factory: pytest.TempPathFactory) -> Iterator[ProcessPoolExecutor]:
    """Two warm workers."""
    data: Path = tmp_path_factory.mktemp("data")
    with workers(WORKERS, data) as pool:
        list(pool.map(ask, [an_event("GET", "/me")] * 4 * WORKERS))
        yield pool


@pytest.mark.parametrize("_round", range(ROUNDS))
def test_twenty_equal_submissions_at_two_workers_get_twenty_equal_answers(
    pool: ProcessPoolExecutor, _round: int
) -> None:
    answers = list(pool.map(ask, [an_event("POST", "/orders", body=ONE_LEVEL)] * TWINS))

    assert {answer.status for answer in answers} == {202}
    assert len({answer.text for answer in answers}) == 1
    assert sum("Idempotent-Replayed" in answer.headers for answer in answers) == TWINS - 1


def test_two_submissions_with_one_key_and_two_bodies_are_one_order_and_one_refusal(pool: ProcessPoolExecutor) -> None:
    event = an_event("POST", "/orders", body=ONE_LEVEL)
    other = an_event("POST", "/orders", body={**ONE_LEVEL, "note": "other"}, key=event["headers"]["idempotency-key"])

    answers = list(pool.map(ask, [event, other] * 5))

    assert {answer.status for answer in answers} == {202, 422}
    assert {answer.json["code"] for answer in answers if answer.status == 422} == {"idempotency-key-reused"}
    assert len({answer.text for answer in answers if answer.status == 202}) == 1
