"""Dependencies: every one pinned and hashed, none from an address, and the same in the functions as in the tests."""

import re
import tomllib
from pathlib import Path

import pytest

from tests.template.deployed import ROOT

LOCKS = (*sorted((ROOT / "requirements").glob("*.txt")), ROOT / "layers" / "orders" / "requirements.txt")


def entries(lock: Path) -> list[str]:
    """The requirements of a lock, each with its hashes, without comments."""
    lines = [line for line in lock.read_text().splitlines() if not line.lstrip().startswith("#")]
    return ("\n".join(lines)).replace("\\\n", " ").splitlines()


def versions(lock: Path) -> dict[str, str]:
    """Name and version of everything in a lock."""
    return dict(each.split()[0].split("==") for each in entries(lock))


@pytest.mark.parametrize("lock", LOCKS, ids=lambda lock: str(lock.relative_to(ROOT)))
def test_everything_is_pinned_and_hashed_and_comes_from_no_address(lock: Path) -> None:
    """A lock says what, never where from: an index of one's own works too."""
    assert len(entries(lock)) > 10
    for entry in entries(lock):
        assert re.match(r"[a-z0-9._-]+==[^ ]+ .*--hash=sha256:[0-9a-f]{64}", entry), entry
        assert "://" not in entry


@pytest.mark.parametrize("part", ["requirements/stack.txt", "layers/orders/requirements.txt"])
def test_what_runs_is_what_was_tested(part: str) -> None:
    """The functions and the local stack have no version that the tests do not have."""
    assert versions(ROOT / part).items() <= versions(ROOT / "requirements" / "dev.txt").items()


def test_the_durable_sdk_is_pinned_by_hand() -> None:
    """An older one would be chosen silently beside an older boto3, and it behaves differently."""
    layer = versions(ROOT / "layers" / "orders" / "requirements.txt")
    assert layer["aws-durable-execution-sdk-python"] == "3.0.0"
    assert tuple(map(int, layer["boto3"].split("."))) >= (1, 43, 114)


def test_every_lint_exception_has_a_reason() -> None:
    """Each ignored rule in pyproject.toml carries a comment on its line."""
    text = (ROOT / "pyproject.toml").read_text()
    ruff = tomllib.loads(text)["tool"]["ruff"]["lint"]
    ignored = {*ruff["ignore"], *(code for codes in ruff["per-file-ignores"].values() for code in codes)}
    explained = set(re.findall(r'^    "([A-Z]+[0-9]*)",\s+# \S', text, re.MULTILINE))
    assert ignored == explained
