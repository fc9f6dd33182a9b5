"""What a stack writes is for the user who runs it, and for no other user of the machine."""

import os
import pty
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import boto3
import pytest

from local.folder import StartError, close_to_others, held
from tests.local import small_system
from tests.stack import ROOT, Stack, fetch

OTHERS = 0o077


def open_to_others(folder: Path) -> list[str]:
    """Return the files and folders that another user could read, write or enter, the folder itself included."""
    return [f"{path} {path.stat().st_mode:o}" for path in (folder, *folder.rglob("*")) if path.stat().st_mode & OTHERS]


@contextmanager
def careless() -> Iterator[None]:
    """Let new files be open to everyone, unless their writer cares."""
    before = os.umask(0)
    try:
        yield
    finally:
        os.umask(before)


def use(stack: Stack) -> None:
    """Have every process write: the journal, the executions, the signing key, the clock, a version of new code."""
    session = boto3.Session("local", "local", region_name="us-east-1")
    item = {"pk": {"S": "a"}, "sk": {"N": "1"}}
    session.client("dynamodb", endpoint_url=stack.endpoints["data"]).put_item(TableName="countersign-Things", Item=item)
    session.client("lambda", endpoint_url=stack.endpoints["lambda"]).invoke(
        FunctionName="countersign-Worker:live", InvocationType="Event", DurableExecutionName="one", Payload=b"{}"
    )
    assert stack.token("manager-1")


def test_everything_in_data_is_closed_to_other_users_also_where_it_was_open(tmp_path: Path) -> None:
    """An earlier version, or a person, may have left it open; every process writes in it, one after a `kill -9`."""
    data = tmp_path / "data"
    system = small_system.write(tmp_path / "system")
    with careless():
        (data / "data").mkdir(parents=True)
        for name in (".countersign", "lock", "log.jsonl", "data/journal.jsonl"):
            (data / name).touch()
        assert open_to_others(data)
        with Stack(data, template=system) as stack:
            use(stack)
            stack.kill("data")
            use(stack)
            written = {path.name for path in data.rglob("*")}
            assert open_to_others(data) == []

    assert written >= {"journal.jsonl", "executions.sqlite3-wal", "signing-key.pem", "version.json", "endpoints.json"}
    assert (data / "data" / "journal.jsonl").stat().st_size > 0
    assert data.stat().st_mode & 0o700 == 0o700


def test_the_log_of_a_terminal_is_closed_to_other_users(tmp_path: Path) -> None:
    """It is written only where a person watches."""
    system = small_system.write(tmp_path / "system")
    options = ["--port", "0", "--data", str(tmp_path / "data"), "--template", str(system)]
    ours, theirs = pty.openpty()
    with (
        careless(),
        subprocess.Popen(
            [sys.executable, "-m", "local", *options], cwd=ROOT, stdout=subprocess.PIPE, stderr=theirs, text=True
        ) as running,
    ):
        ready = next(line for line in running.stdout or () if line.startswith("ready "))
        fetch("POST", f"{ready.split()[1]}/anything", {})
        assert (tmp_path / "data" / "log.jsonl").exists()
        assert open_to_others(tmp_path / "data") == []
        running.terminate()
        assert running.wait(10) == 0
    os.close(ours)
    os.close(theirs)


def test_a_service_process_that_runs_alone_is_as_careful(tmp_path: Path) -> None:
    """As `make sam-check` runs it."""
    with careless():
        command = [sys.executable, "-m", "local.data", "--port", "0", "--data", str(tmp_path / "alone")]
        running = subprocess.Popen(command, cwd=ROOT, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
        with running:
            assert next(iter(running.stdout or ())).startswith("ready ")
            assert open_to_others(tmp_path / "alone") == []
            running.communicate()


def test_a_symbolic_link_is_not_followed(tmp_path: Path) -> None:
    """The permissions of what lies elsewhere are not ours."""
    elsewhere = tmp_path / "elsewhere"
    elsewhere.mkdir(mode=0o755)
    elsewhere.chmod(0o755)
    (tmp_path / "data").mkdir()
    (tmp_path / "data" / "link").symlink_to(elsewhere)
    (tmp_path / "data" / "dangling").symlink_to(tmp_path / "nowhere")
    close_to_others(tmp_path / "data")
    assert elsewhere.stat().st_mode & 0o777 == 0o755


def test_a_folder_of_other_files_is_left_as_it_is(tmp_path: Path) -> None:
    """A home folder given by mistake keeps its files and their permissions."""
    (tmp_path / "letter.txt").write_text("Dear", "utf-8")
    tmp_path.chmod(0o755)
    with pytest.raises(StartError, match="holds files that no stack wrote"), held(tmp_path, ephemeral=False):
        pass
    assert tmp_path.stat().st_mode & 0o777 == 0o755
    assert [path.name for path in tmp_path.iterdir()] == ["letter.txt"]
