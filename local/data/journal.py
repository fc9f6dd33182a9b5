"""A file of JSON lines that outlives the process.

A line is handed to the operating system before the request that caused it is answered, so it survives a
`kill -9` of this process at any instant (not a power cut). A snapshot is a journal that happens to be short.

Each line begins with the CRC-32 of its JSON in eight hexadecimal digits and a space, so that a damaged line is refused
and not served. Lines of earlier releases are JSON alone; they are read, and `outdated` asks for a rewrite.
"""

import fcntl
import os
import time
import zlib
from collections.abc import Iterable, Iterator
from pathlib import Path

import orjson

from local import disk
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
        self.outdated = False
        self._path = folder / "journal.jsonl"
        self._lock = (folder / "lock").open("wb")
        _hold(self._lock.fileno(), folder)
        self._file = self._path.open("ab", buffering=0)

    def read(self) -> Iterator[Record]:
        """Every record, oldest first.

        An unfinished last line is cut off: the write of it was interrupted, and its request was never answered.

        Raises JournalError on a damaged line, the last one included when it is finished: its request was answered.
        """
        whole = 0
        with self._path.open("rb") as file:
            for number, line in enumerate(file, 1):
                if _is_unfinished(line):
                    break
                record = _parse(line)
                if record is None:
                    raise JournalError(
                        f"{self._path}: line {number} is damaged: restore the file from a copy, remove that line to go "
                        "on without what it says, or choose another DATA"
                    )
                self.outdated |= line.startswith(b"{")
                whole += len(line)
                yield record
        os.truncate(self._path, whole)

    def has_room(self) -> bool:
        """Whether the disk takes more records."""
        return disk.has_room(self._path.parent)

    def append(self, records: Iterable[Record]) -> None:
        """Hand records to the operating system, all of them or none.

        Raises JournalError when they are not all written, as on a full disk.
        """
        try:
            disk.append(self._file.fileno(), b"".join(_line(record) for record in records))
        except (OSError, TypeError) as error:
            raise JournalError(f"{self._path}: {error}") from error

    def rewrite(self, records: Iterable[Record]) -> None:
        """Replace the past by records that amount to the same, at one instant.

        Raises JournalError when there is no room for them; the past then stays as it is.
        """
        fresh = self._path.with_suffix(".new")
        try:
            with fresh.open("wb") as file:
                for record in records:
                    file.write(_line(record))
                file.flush()
                os.fsync(file.fileno())
        except OSError as error:
            fresh.unlink(missing_ok=True)
            raise JournalError(f"{fresh}: {error.strerror}") from error
        fresh.replace(self._path)
        self._file.close()
        self._file = self._path.open("ab", buffering=0)
        self.outdated = False


def _line(record: Record) -> bytes:
    text = orjson.dumps(record)
    return b"%08x %s\n" % (zlib.crc32(text), text)


def _is_unfinished(line: bytes) -> bool:
    """Whether the write of a line was interrupted; one that lost only its line feed was damaged later."""
    return not line.endswith(b"\n") and _parse(line[:-1] + b"\n") is None


def _parse(line: bytes) -> Record | None:
    """The record of a line, or nothing when the line is damaged."""
    text = line[:-1]
    if not line.startswith(b"{"):
        checksum, text = text[:9], text[9:]
        if checksum != b"%08x " % zlib.crc32(text):
            return None
    try:
        record: Record = orjson.loads(text)
    except ValueError:
        return None
    return record if line.endswith(b"\n") else None


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
