"""A full or damaged disk: what was answered stays, nothing wrong is served, and one line says what to do."""

from __future__ import annotations

import errno
import os
import resource
import sqlite3
import subprocess
import sys
import time
import zlib
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

import pytest

from local import disk
from local.data.journal import Journal, JournalError
from local.executions.database import Database
from tests.local.test_data import ROOT, Service, code_of, create_table, item_of, key, serving
from tests.orders import ATLAS, Orders
from tests.stack import Stack, eventually

RECORDS = [{"n": number, "text": "digit 7"} for number in range(3)]


@contextmanager
def no_room(pid: int) -> Iterator[None]:
    """Let no file of a process grow: the system refuses such writes as it does on a full disk, for every user."""
    before = resource.prlimit(pid, resource.RLIMIT_FSIZE)
    resource.prlimit(pid, resource.RLIMIT_FSIZE, (1, before[1]))
    try:
        yield
    finally:
        with suppress(ProcessLookupError):
            resource.prlimit(pid, resource.RLIMIT_FSIZE, before)


@contextmanager
def everything_full(stack: Stack) -> Iterator[None]:
    """Let no file of a running stack grow; processes that the supervisor starts meanwhile inherit that."""
    parts = ("supervisor", "executions", "data")
    unlimited = resource.getrlimit(resource.RLIMIT_FSIZE)
    for part in parts:
        resource.prlimit(stack.pids()[part][0], resource.RLIMIT_FSIZE, (1, unlimited[1]))
    try:
        yield
    finally:
        supervisor = stack.pids()["supervisor"][0]
        for pid in (supervisor, *children_of(supervisor)):
            with suppress(ProcessLookupError):
                resource.prlimit(pid, resource.RLIMIT_FSIZE, unlimited)


def children_of(pid: int) -> list[int]:
    """The processes that a process has started."""
    listing = subprocess.run(["ps", "-o", "pid=", "--ppid", str(pid)], capture_output=True, text=True, check=False)
    return [int(child) for child in listing.stdout.split()]


@pytest.fixture
def journal(tmp_path: Path) -> Path:
    """The file of a journal with three records."""
    Journal(tmp_path).append(RECORDS)
    return tmp_path / "journal.jsonl"


def read(journal: Path) -> list[dict[str, Any]]:
    """What a journal says."""
    return list(Journal(journal.parent).read())


def refused_start(folder: Path) -> subprocess.CompletedProcess[str]:
    """A start of the data service that must end by itself, although its standard input stays open."""
    command = [sys.executable, "-m", "local.data", "--port", "0", "--data", str(folder)]
    reading, writing = os.pipe()
    try:
        return subprocess.run(command, cwd=ROOT, stdin=reading, capture_output=True, text=True, timeout=20, check=False)
    finally:
        os.close(reading)
        os.close(writing)


class TestAppending:
    """A file gets all of a record or none of it."""

    def test_a_write_that_the_system_takes_in_parts_is_completed(
        self, journal: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        """It reports how much it took, and no error."""
        write = os.write
        opened = Journal(journal.parent)
        monkeypatch.setattr(os, "write", lambda descriptor, content: write(descriptor, bytes(content)[:5]))
        opened.append([{"n": "in parts"}])
        monkeypatch.undo()
        assert list(opened.read()) == [*RECORDS, {"n": "in parts"}]

    def test_of_a_write_that_fails_half_way_nothing_stays(self, journal: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        """The next record begins a line of its own."""
        write, taken = os.write, [5]

        def until_full(descriptor: int, content: bytes) -> int:
            if not taken:
                raise OSError(errno.ENOSPC, "No space left on device")
            return write(descriptor, bytes(content)[: taken.pop()])

        opened = Journal(journal.parent)
        monkeypatch.setattr(os, "write", until_full)
        with pytest.raises(JournalError, match="No space left"):
            opened.append([{"n": "refused"}])
        monkeypatch.undo()
        opened.append([{"n": "later"}])
        assert list(opened.read()) == [*RECORDS, {"n": "later"}]

    def test_a_dead_letter_that_the_disk_does_not_take_leaves_the_file_as_it_was(self, tmp_path: Path) -> None:
        """Its event is delivered again, and the next letter is a line of its own."""
        letters = tmp_path / "dead-letters.jsonl"
        disk.append_line(letters, "first")
        with no_room(os.getpid()), pytest.raises(OSError, match="File too large"):
            disk.append_line(letters, "refused")
        disk.append_line(letters, "second")
        assert letters.read_text("utf-8").splitlines() == ["first", "second"]

    def test_a_folder_without_room_is_found_and_left_as_it_was(self, tmp_path: Path) -> None:
        assert disk.has_room(tmp_path)
        with no_room(os.getpid()):
            assert not disk.has_room(tmp_path)
        assert list(tmp_path.iterdir()) == []


class TestDamage:
    """The journal serves what was written, or refuses to start."""

    def test_no_flipped_bit_of_any_byte_is_served(self, journal: Path) -> None:
        """Also in the last line, whose write was answered because it is finished."""
        whole = journal.read_bytes()
        for place in range(len(whole)):
            damaged = bytearray(whole)
            damaged[place] ^= 1
            journal.write_bytes(damaged)
            with pytest.raises(JournalError, match=r"journal\.jsonl: line \d is damaged: restore"):
                read(journal)
            assert journal.read_bytes() == damaged

    def test_an_unfinished_last_line_is_cut_off_wherever_it_was_torn(self, journal: Path) -> None:
        """Its request was never answered."""
        whole = journal.read_bytes()
        last = whole.rindex(b"\n", 0, -1) + 1
        for end in range(last, len(whole)):
            journal.write_bytes(whole[:end])
            assert read(journal) == RECORDS[:2]
            assert journal.read_bytes() == whole[:last]

    def test_lines_of_an_earlier_release_are_read_and_get_their_checksum(self, tmp_path: Path) -> None:
        """At the first start."""
        folder = tmp_path / "data"
        with serving(tmp_path) as service:
            create_table(service.client("dynamodb"))
            service.client("dynamodb").put_item(TableName="orders", Item=key("old"))
            service.kill()
        file = folder / "journal.jsonl"
        file.write_bytes(b"".join(line[9:] for line in file.read_bytes().splitlines(keepends=True)))
        with serving(tmp_path) as service:
            assert item_of(service.client("dynamodb"), "old") == key("old")
        for line in file.read_bytes().splitlines():
            assert int(line[:8], 16) == zlib.crc32(line[9:])

    def test_the_data_service_says_it_in_one_line_and_changes_nothing(self, tmp_path: Path) -> None:
        """With the file, the line and what to do."""
        with serving(tmp_path) as service:
            create_table(service.client("dynamodb"))
            service.kill()
        file = tmp_path / "data" / "journal.jsonl"
        damaged = file.read_bytes().replace(b"PAY_PER", b"PAY_FER")
        file.write_bytes(damaged)
        ended = refused_start(tmp_path)
        assert (ended.returncode, ended.stderr.count("\n")) == (2, 1)
        assert f"{file}: line 1 is damaged" in ended.stderr
        assert file.read_bytes() == damaged


class TestExpiry:
    """A rewritten journal leaves out what has expired, and nothing else."""

    @pytest.mark.parametrize(("seconds", "kept"), [(-60, False), (60, True)])
    def test_an_item_is_kept_until_its_time_to_live_is_over(self, tmp_path: Path, seconds: int, kept: bool) -> None:  # noqa: FBT001
        with serving(tmp_path) as service:
            create_table(service.client("dynamodb"))
            expiry = {"N": str(int(time.time()) + seconds)}
            service.client("dynamodb").put_item(TableName="orders", Item=key("brief") | {"expiresAt": expiry})
            service.kill()
        file = tmp_path / "data" / "journal.jsonl"
        file.write_bytes(b"".join(line[9:] for line in file.read_bytes().splitlines(keepends=True)))
        with serving(tmp_path) as service:  # rewrites the journal, because its lines have no checksums
            service.kill()
        with serving(tmp_path) as service:
            assert (item_of(service.client("dynamodb"), "brief") is not None) == kept


def writes_of(service: Service) -> dict[str, Any]:
    """A write of every API of the data service."""
    sqs, sns, s3 = (service.client(name) for name in ("sqs", "sns", "s3"))
    return {
        "dynamodb": lambda: service.client("dynamodb").put_item(TableName="orders", Item=key("refused")),
        "s3": lambda: s3.put_object(Bucket="documents", Key="refused", Body=b"x"),
        "sns": lambda: sns.create_topic(Name="refused"),
        "sqs": lambda: sqs.create_queue(QueueName="refused"),
        "stepfunctions": lambda: service.client("stepfunctions").send_task_success(taskToken="t", output="{}"),
    }


class TestFullDisk:
    """The data service goes on reading, refuses writes so that they are repeated, and recovers."""

    def test_writes_are_refused_with_503_before_they_change_anything_and_taken_again_later(
        self, tmp_path: Path
    ) -> None:
        """Started on the full disk, as the supervisor does after the first write that could not be remembered."""
        with serving(tmp_path) as service:
            create_table(service.client("dynamodb"))
            service.client("s3").create_bucket(Bucket="documents")
            service.client("dynamodb").put_item(TableName="orders", Item=key("kept"))
            service.kill()
        with serving(tmp_path, limit=1) as service:
            before = (tmp_path / "data" / "journal.jsonl").read_bytes()
            for write in writes_of(service).values():
                assert code_of(write) == "ServiceUnavailable"
            assert item_of(service.client("dynamodb"), "kept") == key("kept")
            assert item_of(service.client("dynamodb"), "refused") is None
            assert (tmp_path / "data" / "journal.jsonl").read_bytes() == before
            unlimited = resource.RLIM_INFINITY
            resource.prlimit(service.process.pid, resource.RLIMIT_FSIZE, (unlimited, unlimited))
            for write in writes_of(service).values():
                write()
            service.kill()
        with serving(tmp_path) as service:
            assert item_of(service.client("dynamodb"), "refused") == key("refused")

    def test_the_write_that_fills_it_is_refused_and_forgotten(self, tmp_path: Path) -> None:
        """The process ends after its answer, because its memory has what the journal has not."""
        with serving(tmp_path) as service:
            create_table(service.client("dynamodb"))
            with no_room(service.process.pid):
                assert code_of(writes_of(service)["dynamodb"]) == "ServiceUnavailable"
                assert service.process.wait(5) == 1
        with serving(tmp_path) as service:
            assert item_of(service.client("dynamodb"), "refused") is None
            assert service.client("dynamodb").list_tables()["TableNames"] == ["orders"]


class TestExecutions:
    """The database of executions gives up at the first write that it cannot keep."""

    def test_a_write_that_is_not_kept_is_reported_and_leaves_nothing(self, tmp_path: Path) -> None:
        """The engine's memory is then ahead of the file: in the process the report is its end."""
        lost: list[sqlite3.OperationalError] = []
        database = Database(tmp_path / "executions.sqlite3", lost.append)
        insert = "INSERT INTO deliveries (kind, target, body) VALUES ('invoke', 'f', zeroblob(100000))"
        with no_room(os.getpid()):
            with pytest.raises(sqlite3.OperationalError):
                database.write(insert)
            with pytest.raises(sqlite3.OperationalError), database.transaction() as connection:
                connection.execute(insert)
        assert len(lost) == 2
        assert database.rows("SELECT count(*) FROM deliveries") == [(0,)]
        database.write(insert)
        assert database.rows("SELECT count(*) FROM deliveries") == [(1,)]

    def test_a_mistake_in_a_statement_is_no_full_disk(self, tmp_path: Path) -> None:
        lost: list[sqlite3.OperationalError] = []
        database = Database(tmp_path / "executions.sqlite3", lost.append)
        with pytest.raises(sqlite3.OperationalError, match="no such table"):
            database.write("DELETE FROM no_table")
        assert lost == []


class TestWholeStack:
    """Every process of a stack on a full disk, which then has room again."""

    def test_it_stays_up_refuses_what_it_cannot_keep_and_recovers(self, tmp_path: Path) -> None:
        """Nothing that was answered is lost, no traceback is printed, and the order that was waiting goes on."""
        with Stack(tmp_path / "data") as stack:
            orders = Orders(stack)
            waiting = orders.submit(ATLAS)
            orders.until(waiting, "PENDING_APPROVAL")
            eventually(lambda: orders.outbox(waiting))
            with everything_full(stack):
                refused = orders.post(ATLAS)
                assert (refused.status, refused.headers["retry-after"] >= "1") == (503, True)
                assert orders.decide(waiting, "approve").status == 503
                assert orders.get(waiting)["status"] == "PENDING_APPROVAL"
            eventually(lambda: stack.request("GET", "/local/time").status == 200)  # executions go on
            eventually(lambda: orders.decide(waiting, "approve").status == 200, 20)
            orders.until(waiting, "COMPLETED")
            assert orders.submit(ATLAS)
            assert stack.stop() == 0
            assert "Traceback" not in stack.log.read_text("utf-8")
