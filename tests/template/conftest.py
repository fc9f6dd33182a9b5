"""The transformed template, once per run."""

import pytest

from tests.template.deployed import Json, source, transform


@pytest.fixture(scope="session")
def deployed() -> Json:
    """What CloudFormation receives."""
    return transform(source())
