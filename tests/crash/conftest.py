"""The crash suites' quiet."""

from __future__ import annotations

import logging
from collections.abc import Iterator

import pytest


@pytest.fixture(autouse=True)
def quiet() -> Iterator[None]:
    """Keep the logs of a hundred orders that die as they should out of the report; the evidence is in the rows."""
    logging.disable()
    yield
    logging.disable(logging.NOTSET)
