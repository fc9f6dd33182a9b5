"""One sqlite file, one connection, one writer at a time.

Gap closed: the stock sqlite store opens a connection for every read and every write. Write-ahead logging keeps
what was committed when the process is killed at any instant.
"""

from __future__ import annotations

import os
import sqlite3
import sys
import threading
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

_SCHEMA = """
CREATE TABLE IF NOT EXISTS executions (
    row INTEGER PRIMARY KEY AUTOINCREMENT,  -- also the order of starts
    arn TEXT NOT NULL UNIQUE,
    function TEXT NOT NULL, version TEXT NOT NULL, name TEXT NOT NULL,
    status TEXT NOT NULL, started REAL NOT NULL, ended REAL,
    input_digest TEXT NOT NULL,
    start_input TEXT NOT NULL,
    head TEXT NOT NULL,
    idle_invocation TEXT NOT NULL DEFAULT '');
CREATE UNIQUE INDEX IF NOT EXISTS execution_names ON executions (function, name);
CREATE INDEX IF NOT EXISTS execution_statuses ON executions (status);
CREATE TABLE IF NOT EXISTS operations (
    row INTEGER NOT NULL, position INTEGER NOT NULL,
    started REAL, ended REAL, touched INTEGER NOT NULL, bytes INTEGER NOT NULL, body TEXT NOT NULL,
    PRIMARY KEY (row, position)) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS updates (
    row INTEGER NOT NULL, position INTEGER NOT NULL, at REAL NOT NULL, body TEXT NOT NULL,
    PRIMARY KEY (row, position)) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS invocations (
    row INTEGER NOT NULL, position INTEGER NOT NULL,
    started REAL NOT NULL, ended REAL NOT NULL, request_id TEXT NOT NULL,
    PRIMARY KEY (row, position)) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS invocation_errors (
    row INTEGER NOT NULL, request_id TEXT NOT NULL, error TEXT NOT NULL,
    PRIMARY KEY (row, request_id)) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS heartbeats (
    row INTEGER NOT NULL, operation_id TEXT NOT NULL, at REAL NOT NULL,
    PRIMARY KEY (row, operation_id)) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS executed_versions (
    row INTEGER NOT NULL, operation_id TEXT NOT NULL, version TEXT NOT NULL,
    PRIMARY KEY (row, operation_id)) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS event_numbers (
    row INTEGER NOT NULL, number INTEGER NOT NULL, event TEXT NOT NULL,
    PRIMARY KEY (row, number)) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS deliveries (
    number INTEGER PRIMARY KEY AUTOINCREMENT,
    kind TEXT NOT NULL, target TEXT NOT NULL, body BLOB NOT NULL,
    attempts INTEGER NOT NULL DEFAULT 0, due REAL NOT NULL DEFAULT 0);
"""

PARTS_OF_AN_EXECUTION = (
    "operations",
    "updates",
    "invocations",
    "invocation_errors",
    "heartbeats",
    "executed_versions",
    "event_numbers",
)


_REMEDY = "restore the folder from a copy, or choose another DATA"
_UNWRITTEN = frozenset({sqlite3.SQLITE_FULL, sqlite3.SQLITE_IOERR})
_PRIMARY_CODE = 0xFF


class DamagedError(Exception):
    """The database cannot be read; the message is one line that says what to do."""


def end_process(error: sqlite3.OperationalError) -> None:
    """End the process at once: the engine's memory is ahead of the file, and the next process starts from the file."""
    with suppress(OSError):  # standard error may be a file on the same disk
        print(f"executions: a write could not be remembered: {error}", file=sys.stderr, flush=True)
    os._exit(1)


class Database:
    """The process's sqlite file; `None` for a path keeps everything in memory. Safe to use from any thread.

    `unwritten` is called when the file does not take a write, as on a full disk.
    """

    def __init__(self, path: Path | None, unwritten: Callable[[sqlite3.OperationalError], None] = end_process) -> None:
        """Open or create it; raises DamagedError when it is there and cannot be read."""
        self._unwritten = unwritten
        self._lock = threading.RLock()
        if path is None:
            self._open(path)
            return
        path.parent.mkdir(parents=True, exist_ok=True)
        if path.exists() and path.stat().st_size == 0:
            raise DamagedError(f"{path} is empty: {_REMEDY}")
        try:
            self._open(path)
            problem = self.rows("PRAGMA quick_check(1)")[0][0]
        except sqlite3.DatabaseError as error:
            raise DamagedError(f"{path} cannot be read ({error}): {_REMEDY}") from error
        if problem != "ok":
            raise DamagedError(f"{path} is damaged ({' '.join(problem.split())}): {_REMEDY}")

    def _open(self, path: Path | None) -> None:
        # Transactions are opened by hand below, so that a reader never opens one by accident.
        self._connection = sqlite3.connect(path or ":memory:", check_same_thread=False, isolation_level=None)
        self._connection.execute("PRAGMA journal_mode=WAL")
        self._connection.execute("PRAGMA synchronous=NORMAL")
        self._connection.executescript(_SCHEMA)

    @contextmanager
    def transaction(self) -> Iterator[sqlite3.Connection]:
        """A connection whose writes are committed together, or not at all when the block raises."""
        with self._lock, self._noticing_losses():
            self._connection.execute("BEGIN IMMEDIATE")
            try:
                yield self._connection
                self._connection.execute("COMMIT")
            except BaseException:
                if self._connection.in_transaction:  # sqlite ends some of those that fail by itself
                    self._connection.execute("ROLLBACK")
                raise

    def rows(self, sql: str, parameters: Sequence[Any] = ()) -> list[tuple[Any, ...]]:
        """All rows of one query."""
        with self._lock:
            return self._connection.execute(sql, parameters).fetchall()

    def write(self, sql: str, parameters: Sequence[Any] = ()) -> int:
        """Run one statement that commits by itself; the number of rows it changed."""
        with self._lock, self._noticing_losses():
            return self._connection.execute(sql, parameters).rowcount

    @contextmanager
    def _noticing_losses(self) -> Iterator[None]:
        try:
            yield
        except sqlite3.OperationalError as error:
            if error.sqlite_errorcode & _PRIMARY_CODE in _UNWRITTEN:
                self._unwritten(error)
            raise

    def close(self) -> None:
        """Close the file. Nothing may use the database afterwards."""
        with self._lock:
            self._connection.close()
