"""The configuration is read when a function is imported: a mistake fails its init with one line that says where."""

import json
import os
import shutil
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path

import pytest

from orders.adapters import reference
from orders.domain.errors import InvalidReferenceDataError

ROOT = Path(__file__).resolve().parents[2]
LAYER = ROOT / "layers" / "orders"
FUNCTIONS = {"approval_api": "approval_api", "notifier": "notifier", "workflow": "order_workflow"}
PLACE = "orders/reference"


@pytest.fixture
def layer(tmp_path: Path) -> Path:
    """A copy of the layer, to write mistakes into."""
    return Path(shutil.copytree(LAYER, tmp_path / "layer", ignore=shutil.ignore_patterns("__pycache__")))


def init(function: str, layer: Path, settings: Mapping[str, str]) -> subprocess.CompletedProcess[str]:
    """Import a function's handler as Lambda does."""
    libraries = [path for path in sys.path if path.endswith("site-packages")]
    roots = [str(ROOT / "functions" / function), str(layer), *libraries]
    environment = {"PYTHONPATH": os.pathsep.join(roots), "AWS_DEFAULT_REGION": "us-east-1", **settings}
    module = f"{FUNCTIONS[function]}.handler"
    command = [sys.executable, "-P", "-c", f"import {module}"]
    return subprocess.run(command, env=environment, cwd=layer, capture_output=True, text=True, check=False)


def rewrite(layer: Path, name: str, **changes: object) -> None:
    """Change members of a reference file."""
    path = layer / PLACE / name
    path.write_text(json.dumps(json.loads(path.read_text("utf-8")) | changes), "utf-8")


@pytest.mark.parametrize("function", FUNCTIONS)
def test_a_function_that_is_configured_as_shipped_can_be_imported(function: str) -> None:
    done = init(function, LAYER, {})
    assert (done.returncode, done.stderr) == (0, "")


@pytest.mark.parametrize("function", FUNCTIONS)
def test_a_setting_that_cannot_be_used_fails_the_init(function: str) -> None:
    done = init(function, LAYER, {"CLAIM_SECONDS": "1.5"})
    assert done.returncode == 1
    assert done.stderr.splitlines()[-1].endswith("CLAIM_SECONDS must be a whole number from 1 to 259200, not '1.5'")


def test_a_policy_in_another_currency_than_the_catalogue_fails_the_init(layer: Path) -> None:
    rewrite(layer, "policy.json", currency="USD")
    last = init("approval_api", layer, {}).stderr.splitlines()[-1]
    assert last.endswith(f"{PLACE}/policy.json: /currency must be 'EUR', as in catalogue.json, not 'USD'")


def test_a_catalogue_with_a_wrong_price_fails_the_init(layer: Path) -> None:
    rewrite(layer, "catalogue.json", defaultStock="many")
    last = init("workflow", layer, {}).stderr.splitlines()[-1]
    assert f"{PLACE}/catalogue.json: /defaultStock must be a whole number" in last


@pytest.mark.parametrize(
    ("content", "words"),
    [
        (b'{"version": ', "cannot be read as JSON: Expecting value: line 1 column 13"),
        (b'\xef\xbb\xbf{"version": 1}', "cannot be read as JSON: Unexpected UTF-8 BOM"),
        (b"\xff", "cannot be read as JSON: 'utf-8' codec can't decode byte 0xff"),
        (b'{"tiers": [], "tiers": []}', "tiers must not occur twice in one object"),
        (None, "cannot be read as JSON: [Errno 2]"),
    ],
)
def test_a_policy_that_cannot_be_parsed_is_refused_by_its_name(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, content: bytes | None, words: str
) -> None:
    if content is not None:
        (tmp_path / "policy.json").write_bytes(content)
    monkeypatch.setattr(reference, "files", lambda _: tmp_path)
    with pytest.raises(InvalidReferenceDataError) as caught:
        reference.load_policy.__wrapped__()
    assert caught.value.detail.startswith(f"{PLACE}/policy.json: {words}")
