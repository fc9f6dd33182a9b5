"""The import rules of pyproject.toml: each catches what it forbids, planted into a copy of the sources."""

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from scripts.suites import IMPORT_ROOTS
from tests.template.deployed import ROOT

SOURCES = ("functions", "layers/orders/orders", "local")
NO_LEFTOVERS = shutil.ignore_patterns("__pycache__")


@pytest.fixture
def sources(tmp_path: Path) -> Path:
    """A copy of everything the rules look at."""
    for folder in SOURCES:
        shutil.copytree(ROOT / folder, tmp_path / folder, ignore=NO_LEFTOVERS)
    shutil.copy(ROOT / "pyproject.toml", tmp_path)
    return tmp_path


def verdict(folder: Path) -> str:
    """What import-linter says of these sources."""
    roots = os.pathsep.join(str(folder / root) for root in IMPORT_ROOTS)
    statement = "from importlinter.cli import lint_imports_command; lint_imports_command()"
    command = [sys.executable, "-c", statement, "--no-cache"]
    environment = {**os.environ, "PYTHONPATH": roots, "PYTHONDONTWRITEBYTECODE": "1"}
    return subprocess.run(command, cwd=folder, env=environment, capture_output=True, text=True, check=False).stdout


@pytest.mark.parametrize(
    ("module", "statement", "rule"),
    [
        ("functions/notifier/notifier/handler.py", "import order_workflow.steps", "Functions use the layer"),
        ("layers/orders/orders/domain/model.py", "import orders.services.ports", "Functions use the layer"),
        ("layers/orders/orders/services/intake.py", "import orders.adapters.clock", "Functions use the layer"),
        ("layers/orders/orders/domain/policy.py", "import pydantic", "The domain is standard library only"),
        ("functions/notifier/notifier/messages.py", "import boto3", "AWS is called from adapters"),
        ("layers/orders/orders/wiring.py", "import aws_durable_execution_sdk_python", "The durable SDK is known"),
        ("functions/workflow/order_workflow/handler.py", "import time", "The replay path imports nothing"),
        ("functions/workflow/order_workflow/approval.py", "from datetime import datetime", "The replay path imports"),
        ("local/folder.py", "import orders.settings", "Nothing that is deployed knows the local stack"),
        ("layers/orders/orders/settings.py", "import local.folder", "Nothing that is deployed knows the local stack"),
    ],
)
def test_a_forbidden_import_is_caught(sources: Path, module: str, statement: str, rule: str) -> None:
    """By the rule that forbids it."""
    path = sources / module
    path.write_text(f"{path.read_text()}\n{statement}\n")
    broken = [line for line in verdict(sources).splitlines() if line.startswith(rule)]
    assert broken
    assert broken != [line for line in verdict(ROOT).splitlines() if line.startswith(rule)]


def test_nothing_forbidden_is_imported(sources: Path) -> None:
    """The copy without a planted import keeps every rule."""
    assert "0 broken" in verdict(sources)
