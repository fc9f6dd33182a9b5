"""What a process has of its own: its clock, its reference data, its clients; and nothing of it before it is asked."""

import subprocess
import sys
from datetime import UTC, timedelta
from functools import partial
from itertools import pairwise
from typing import Any

import pytest

from orders.adapters.clients import dynamodb_client, lambda_client, s3_client, sns_client
from orders.adapters.clock import SystemClock, jittered_pause
from orders.adapters.dynamodb.attributes import decoded, encoded
from orders.adapters.memory import MovableClock, no_pause
from orders.adapters.reference import load_catalogue, load_policy
from orders.domain.model import Sku
from tests.adapters.stand import at_once
from tests.builders import NOON

IMPORT_EVERYTHING = """
import socket, boto3

def refuse(*_args, **_kwargs):
    raise AssertionError("an import reached out")

boto3.client = boto3.resource = boto3.Session = socket.socket.connect = refuse
import orders.adapters.memory, orders.services, orders.wiring
"""


def test_importing_everything_opens_nothing() -> None:
    """No client, no connection; a function's start is as short as its imports."""
    paths = [path for path in sys.path if path]
    run = subprocess.run(
        [sys.executable, "-c", IMPORT_EVERYTHING],
        env={"PYTHONPATH": ":".join(paths)},
        capture_output=True,
        text=True,
        check=False,
    )
    assert (run.returncode, run.stderr) == (0, "")


def test_the_clock_tells_utc_in_whole_milliseconds() -> None:
    """What is written in a row is exactly what was judged."""
    readings = [SystemClock().now() for _ in range(200)]
    assert all(reading.tzinfo is UTC and reading.microsecond % 1000 == 0 for reading in readings)
    assert all(earlier <= later for earlier, later in pairwise(readings))


def test_a_movable_clock_stands_until_it_is_moved() -> None:
    """Afterwards it advances as far as the test says."""
    clock = MovableClock(NOON)
    assert clock.now() == clock.now() == NOON
    clock.move(seconds=90.5)
    clock.move(seconds=-0.5)
    assert clock.now() == NOON + timedelta(seconds=90)


def test_a_pause_is_short_and_grows(monkeypatch: pytest.MonkeyPatch) -> None:
    """At most 20 ms, 40 ms, 80 ms, 160 ms; with jitter."""
    slept: list[float] = []
    monkeypatch.setattr("orders.adapters.clock.time.sleep", slept.append)
    for attempt in (1, 2, 3, 4):
        slept.clear()
        for _ in range(200):
            jittered_pause(attempt)
        assert 0 <= min(slept) < max(slept) <= 0.02 * 2 ** (attempt - 1)
        assert max(slept) > 0.015 * 2 ** (attempt - 1)
    slept.clear()
    no_pause(1)
    assert slept == []


def test_the_reference_data_of_the_layer_is_read_once() -> None:
    """And is usable: prices, sandbox stock, and a policy in the catalogue's currency."""
    catalogue, policy = load_catalogue(), load_policy()
    assert load_catalogue() is catalogue
    assert load_policy() is policy
    assert catalogue.currency == policy.currency
    assert (catalogue.goods[Sku("SOLD-OUT")].stock, catalogue.goods[Sku("LAST-ONE")].stock) == (0, 1)
    assert Sku("BULK-0001") in catalogue.goods
    assert Sku("BULK-1000") in catalogue.goods


def test_a_process_has_one_impatient_client_for_each_service(monkeypatch: pytest.MonkeyPatch) -> None:
    """Also when its threads ask for their first one at the same time."""
    monkeypatch.setenv("AWS_DEFAULT_REGION", "us-east-1")
    for made in (dynamodb_client, lambda_client, s3_client, sns_client):
        clients = at_once([partial[object](made)] * 4)
        assert not any(isinstance(client, Exception) for client in clients)
        config: Any = made().meta.config
        assert (config.connect_timeout, config.read_timeout) == (1, 3)
        assert config.retries["total_max_attempts"] == 3
        assert made() is made()


def test_values_survive_the_spelling_of_dynamodb() -> None:
    """Every kind we use, nested too."""
    item = {"none": None, "yes": True, "no": False, "n": -(10**15), "s": "", "l": [1, ["a"], {}], "m": {"x": [None]}}
    assert decoded(encoded(item)) == item
    assert encoded({"t": (1, True)}) == {"t": {"L": [{"N": "1"}, {"BOOL": True}]}}
