"""The environments hold what their locks list, whatever a person's settings of pip say."""

import os
import shutil
import subprocess
from pathlib import Path

import pytest

from scripts.environment import variables

ROOT = Path(__file__).resolve().parents[2]


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


@pytest.mark.parametrize("python", ["/bin/false", "/nowhere/python", ""])
def test_a_python_that_cannot_install_the_environment_is_named_before_anything_is_made(
    tmp_path: Path, python: str
) -> None:
    """PYTHON=python2 is exported for other programs; a traceback of its parser says nothing to a person."""
    shutil.copy(ROOT / "Makefile", tmp_path)
    shutil.copytree(ROOT / "requirements", tmp_path / "requirements")
    ended = subprocess.run(
        ["make", "--no-print-directory", "run", f"PYTHON={python}"],
        cwd=tmp_path,
        capture_output=True,
        text=True,
        check=False,
    )
    assert ended.returncode == 2
    assert "Countersign needs Python 3.11 or newer with venv: install it, or say make PYTHON=/its/path" in ended.stderr
    assert not (tmp_path / ".venv").exists()
