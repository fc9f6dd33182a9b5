"""Every contract is tried with both sets of adapters."""

from collections.abc import Iterator

import pytest

from tests.adapters.stand import Adapters, empty_aws, in_memory, on_aws


@pytest.fixture
def aws(monkeypatch: pytest.MonkeyPatch) -> Iterator[Adapters]:
    """The AWS adapters, on an empty table."""
    with empty_aws(monkeypatch):
        yield on_aws()


@pytest.fixture(params=["memory", "aws"])
def adapters(request: pytest.FixtureRequest) -> Adapters:
    """One set of adapters after the other."""
    if request.param == "memory":
        return in_memory()
    adapters: Adapters = request.getfixturevalue("aws")
    return adapters
