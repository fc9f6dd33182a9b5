"""A folder of an earlier run that cannot be used is refused in one line, exit code 2, and stays as it is."""

from __future__ import annotations

import resource
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from local import state
from local.executions.database import DamagedError, Database
from local.folder import StartError
from tests.local import small_system
from tests.stack import ROOT, Stack

DATABASE = "executions.sqlite3"


@pytest.fixture(scope="module")
def system(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The small system's template."""
    return small_system.write(tmp_path_factory.mktemp("system"))


@pytest.fixture(scope="module")
def used(tmp_path_factory: pytest.TempPathFactory, system: Path) -> Path:
    """The folder of a stack that has run."""
    data = tmp_path_factory.mktemp("used") / "data"
    with Stack(data, template=system):
        pass
    return data


def start(data: Path, system: Path, limit: int | None = None) -> subprocess.CompletedProcess[str]:
    """Start on a folder; with a limit no file can grow beyond it."""
    before = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (before[0] if limit is None else limit, before[1]))
    command = [sys.executable, "-m", "local", "--port", "0", "--data", str(data), "--template", str(system)]
    try:
        return subprocess.run(command, cwd=ROOT, capture_output=True, text=True, timeout=30, check=False)
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, before)


def contents(data: Path) -> dict[Path, bytes]:
    """Every file of a folder but the lock, which each start signs."""
    files = (file for file in data.rglob("*") if file.is_file())
    return {file: file.read_bytes() for file in files if file.name != "lock"}


def write(name: str, content: str) -> Callable[[Path], object]:
    """Overwrite a file of the folder."""
    return lambda data: (data / name).write_text(content, "ascii")


@pytest.mark.parametrize(
    ("name", "content", "said"),
    [
        (state.FORMAT_FILE, "99\n", "was written by a newer release (format 99, this one knows 2)"),
        (state.FORMAT_FILE, "", "format is damaged: restore the folder"),
        ("clock-offset", "", "clock-offset is damaged: write the seconds"),
        ("versions/Greeter/1/version.json", "", "version.json is damaged: restore the folder"),
    ],
)
def test_a_damaged_or_newer_folder_is_refused_in_one_line(
    used: Path, system: Path, name: str, content: str, said: str
) -> None:
    file = used / name
    whole = file.read_bytes() if file.exists() else None
    file.write_text(content, "ascii")
    before = contents(used)
    ended = start(used, system)
    assert (ended.returncode, ended.stderr.count("\n")) == (2, 1)
    assert said in ended.stderr
    after = contents(used)
    assert {path: after.get(path) for path in before if path.name != "endpoints.json"} == before
    if whole is None:
        file.unlink()
    else:
        file.write_bytes(whole)


def test_a_start_on_a_full_disk_is_refused_in_one_line(used: Path, system: Path) -> None:
    before = contents(used)
    ended = start(used, system, limit=1024)
    assert (ended.returncode, ended.stderr) == (
        2,
        f"countersign: {used} is on a full disk: make room, or choose another DATA\n",
    )
    assert contents(used) == before


@pytest.mark.parametrize("content", [b"", b"no database", b"SQLite format 3\x00" + b"\xff" * 5000])
def test_a_broken_database_is_refused_by_name_and_stays(used: Path, system: Path, content: bytes) -> None:
    file = used / DATABASE
    whole = file.read_bytes()
    file.write_bytes(content)
    with pytest.raises(DamagedError, match=f"{file} .*: restore the folder from a copy, or choose another DATA"):
        Database(file)
    assert file.read_bytes() == content
    ended = start(used, system)
    assert ended.returncode == 2
    assert "Traceback" not in ended.stderr
    assert f"executions: cannot start: {file}" in ended.stderr
    assert ended.stderr.splitlines()[-1].startswith("countersign: local.executions did not start")
    file.write_bytes(whole)


def test_a_folder_of_this_release_and_one_of_the_first_are_taken(tmp_path: Path) -> None:
    """The first release wrote no format."""
    state.check(tmp_path)
    state.mark(tmp_path)
    state.check(tmp_path)
    (tmp_path / state.FORMAT_FILE).write_text(f"{state.FORMAT + 1}", "ascii")
    with pytest.raises(StartError, match="newer release"):
        state.check(tmp_path)
