"""The laboratory: the experiments of all selected tests run ahead and side by side; they wait more than they work."""

from __future__ import annotations

import logging
from collections.abc import Iterator
from concurrent.futures import Future, ProcessPoolExecutor
from multiprocessing import get_context

import pytest

from tests.crash.experiments import Finding

PROCESSES = 4
MARK = "experiment"


def pytest_configure(config: pytest.Config) -> None:
    """Register the mark that names a test's experiments."""
    config.addinivalue_line("markers", f"{MARK}(function, *arguments): what the test's findings come from")


def silence() -> None:
    """Keep the logs of a thousand orders that die as they should out of the report; the evidence is in the rows."""
    logging.disable()


@pytest.fixture(scope="session")
def laboratory(request: pytest.FixtureRequest) -> Iterator[dict[str, list[Future[Finding]]]]:
    """Start the experiments of every selected test."""
    with ProcessPoolExecutor(PROCESSES, get_context("spawn"), silence) as pool:
        yield {
            item.nodeid: [pool.submit(mark.args[0], *mark.args[1:]) for mark in item.iter_markers(MARK)]
            for item in request.session.items
        }
        pool.shutdown(cancel_futures=True)


@pytest.fixture
def findings(request: pytest.FixtureRequest, laboratory: dict[str, list[Future[Finding]]]) -> list[Finding]:
    """Wait for what this test's experiments have found."""
    return [future.result() for future in laboratory[request.node.nodeid]]
