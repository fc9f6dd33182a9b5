"""Races are run with the order book in memory, and with the one of DynamoDB as moto plays it."""

from __future__ import annotations

import random
import sys
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor

import pytest

from approval_api import idempotency
from orders.wiring import installed
from tests.adapters.stand import empty_aws, in_memory, on_aws
from tests.api.world import World
from tests.races.requests import MemoryRequests
from tests.races.track import Track

RUNNERS = 50
SEED = 20261121


@pytest.fixture(scope="session")
def pool() -> Iterator[ThreadPoolExecutor]:
    """A thread for every runner, changed as often as Python can."""
    usual = sys.getswitchinterval()
    sys.setswitchinterval(1e-5)
    with ThreadPoolExecutor(RUNNERS) as threads:
        yield threads
    sys.setswitchinterval(usual)


def a_stumble() -> random.Random:
    """Return the luck of a suite: who stumbles where."""
    return random.Random(SEED)  # noqa: S311 - decides who is first, guards nothing


@pytest.fixture
def memory(pool: ThreadPoolExecutor) -> Track:
    """A track over the order book in memory."""
    return Track(in_memory().orders, pool, a_stumble())


@pytest.fixture(params=["memory", "aws"])
def track(request: pytest.FixtureRequest, pool: ThreadPoolExecutor, monkeypatch: pytest.MonkeyPatch) -> Iterator[Track]:
    """One track after the other."""
    if request.param == "memory":
        yield request.getfixturevalue("memory")
        return
    with empty_aws(monkeypatch):
        yield Track(on_aws().orders, pool, a_stumble())


@pytest.fixture
def requests(monkeypatch: pytest.MonkeyPatch) -> MemoryRequests:
    """The API's requests table, in memory."""
    requests = MemoryRequests()
    monkeypatch.setattr(idempotency, "_store", lambda _table: requests)
    return requests


@pytest.fixture
def world(requests: MemoryRequests) -> Iterator[World]:
    """A world without orders, installed as the function's services."""
    a_world = World()
    with installed(a_world.services()):
        yield a_world
