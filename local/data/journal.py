"""A file of JSON lines that outlives the process.

A line is handed to the operating system before the request that caused it is answered, so it survives a
`kill -9` of this process at any instant (not a power cut). A snapshot is a journal that happens to be short.
"""

import fcntl
import os
import time
from collections.abc import Iterable, Iterator
from pathlib import Path

import orjson

from local.data.exchange import Record

LOCK_SECONDS = 2.0
"""A predecessor that is on its way out is given this long."""


class JournalError(Exception):
    """The journal cannot be used; the message is one line for the person who runs the stack."""


class Journal:
    """The journal in one folder, held by one process at a time."""

    def __init__(self, folder: Path) -> None:
        """Open or create it.

        Raises JournalError when another process holds it.
        """
        folder.mkdir(parents=True, exist_ok=True)
        self._path = folder / "journal.jsonl"
        self._lock = (folder / "lock").open("wb")
        _hold(self._lock.fileno(), folder)
        self._file = self._path.open("ab", buffering=0)

    def read(self) -> Iterator[Record]:
        """Every record, oldest first.

        A last line that was torn while it was written is cut off: its request was never answered.

        Raises JournalError on damage anywhere else.
        """
        whole = 0
        with self._path.open("rb") as file:
            for number, line in enumerate(file, 1):
                record = _parse(line)
                if record is None:
                    if file.read(1):
                        raise JournalError(f"{self._path}: line {number} is damaged")
                    break
                whole += len(line)
                yield record
        os.truncate(self._path, whole)

    def append(self, records: Iterable[Record]) -> None:
        """Hand records to the operating system in one write.

        Raises JournalError when they are not all written, as on a full disk.
        """
        try:
            content = b"".join(_line(record) for record in records)
            complete = self._file.write(content) == len(content)
        except (OSError, TypeError) as error:
            raise JournalError(f"{self._path}: {error}") from error
        if not complete:
            raise JournalError(f"{self._path}: the disk took only a part of a record")

    def rewrite(self, records: Iterable[Record]) -> None:
        """Replace the past by records that amount to the same, at one instant."""
        fresh = self._path.with_suffix(".new")
        with fresh.open("wb") as file:
            for record in records:
                file.write(_line(record))
            file.flush()
            os.fsync(file.fileno())
        fresh.replace(self._path)
        self._file.close()
        self._file = self._path.open("ab", buffering=0)


def _line(record: Record) -> bytes:
    return orjson.dumps(record) + b"\n"


def _parse(line: bytes) -> Record | None:
    """The record of a line, or nothing when the line is not whole."""
    if not line.endswith(b"\n"):
        return None
    try:
        record: Record = orjson.loads(line)
    except ValueError:
        return None
    return record


def _hold(descriptor: int, folder: Path) -> None:
    deadline = time.monotonic() + LOCK_SECONDS
    while True:
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError as error:
            if time.monotonic() > deadline:
                raise JournalError(f"{folder} is in use by another stack") from error
            time.sleep(0.05)
        else:
            return
