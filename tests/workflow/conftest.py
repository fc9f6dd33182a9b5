"""The workflow suite's options, and the histories it guards."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from orders.domain.model import OrderId
from tests.workflow.harness import World

FOLDER = Path(__file__).parent / "golden"
Golden = Callable[[World, OrderId, str], None]


def pytest_addoption(parser: pytest.Parser) -> None:
    """`--record-golden` writes today's histories; a changed one is a changed contract with waiting executions.

    `--record-histories` writes the executions that later code must replay, and only those that are missing: an old one
    stays what it was.
    """
    parser.addoption("--record-golden", action="store_true")
    parser.addoption("--record-histories", action="store_true")


@pytest.fixture
def golden(request: pytest.FixtureRequest) -> Golden:
    """Compare an execution's operations with the recorded ones: a contract with executions that wait right now."""

    def compare(world: World, order_id: OrderId, name: str) -> None:
        path = FOLDER / f"{name}.txt"
        if request.config.getoption("--record-golden"):
            FOLDER.mkdir(exist_ok=True)
            path.write_text(world.history(order_id), "utf-8")
        assert world.history(order_id) == path.read_text("utf-8")

    return compare
