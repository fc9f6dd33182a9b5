"""The environments hold what their locks list, whatever a person's settings of pip say."""

import os

import pytest

from scripts.environment import variables


def test_pip_hears_where_packages_come_from_and_nothing_else(monkeypatch: pytest.MonkeyPatch) -> None:
    """PIP_TARGET would put them elsewhere, PIP_DRY_RUN nowhere, and the environment would be called complete."""
    monkeypatch.setattr(
        os, "environ", {"PATH": "/bin", "PIP_INDEX_URL": "https://index.example", "PIP_TARGET": "/else"}
    )
    monkeypatch.setitem(os.environ, "PIP_DRY_RUN", "1")
    monkeypatch.setitem(os.environ, "PYTHONPATH", "/else")
    assert variables() == {
        "PATH": "/bin",
        "PIP_INDEX_URL": "https://index.example",
        "PIP_USER": "0",
        "PIP_DRY_RUN": "0",
    }
