"""The workflow suite's options, and the histories it guards."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from orders.domain.model import OrderId
from tests.workflow.differences import explain
from tests.workflow.harness import World

FOLDER = Path(__file__).parent / "golden"
Golden = Callable[[World, OrderId, str], None]


def pytest_addoption(parser: pytest.Parser) -> None:
    """Add `--record` (`make record`), which runs the tests that can record and writes what they see.

    It overwrites golden histories: a changed one is a changed contract with waiting executions. Of the executions that
    later code must replay, it writes only those that are missing, because an old one stays what it was.
    """
    parser.addoption("--record", action="store_true")


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Keep only the tests that record when they are asked to."""
    if config.getoption("--record"):
        items[:] = [item for item in items if {"golden", "recording"} & {*getattr(item, "fixturenames", ())}]


@pytest.fixture
def recording(request: pytest.FixtureRequest) -> bool:
    """Whether to write histories instead of comparing them."""
    return bool(request.config.getoption("--record"))


@pytest.fixture
def golden(recording: bool) -> Golden:  # noqa: FBT001  # a fixture
    """Compare an execution's operations with the recorded ones: a contract with executions that wait right now."""

    def compare(world: World, order_id: OrderId, name: str) -> None:
        path, found = FOLDER / f"{name}.txt", world.history(order_id)
        if recording:
            path.write_text(found, "utf-8")
        recorded = path.read_text("utf-8") if path.exists() else ""
        if found != recorded:
            pytest.fail(explain(name, recorded, found), pytrace=False)

    return compare
