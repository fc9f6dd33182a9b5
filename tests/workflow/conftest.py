"""The workflow suite's one option."""

from __future__ import annotations

import pytest


def pytest_addoption(parser: pytest.Parser) -> None:
    """`--record-golden` writes today's histories; a changed one is a changed contract with waiting executions."""
    parser.addoption("--record-golden", action="store_true")


@pytest.fixture
def record_golden(request: pytest.FixtureRequest) -> bool:
    """Whether to record instead of compare."""
    return bool(request.config.getoption("--record-golden"))
