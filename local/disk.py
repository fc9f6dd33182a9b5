"""Files on a disk that may fill up: a record is appended whole or not at all."""

from __future__ import annotations

import errno
import os
import tempfile
from pathlib import Path

FULL = frozenset({errno.ENOSPC, errno.EDQUOT, errno.EFBIG})
"""The errors of a disk, a quota or a file size limit that leaves no room."""
ROOM_BYTES = 256 * 1024
"""A folder with less room than this counts as full."""


def is_full(error: BaseException) -> bool:
    """Whether a write failed for want of room."""
    return isinstance(error, OSError) and error.errno in FULL


def append(descriptor: int, content: bytes) -> None:
    """Append all of `content` to a file; on an error leave the file as it was.

    The system may take a part of a write and report no error: the rest is written then, or the error comes up.

    Raises OSError.
    """
    before = os.lseek(descriptor, 0, os.SEEK_END)
    left = memoryview(content)
    try:
        while left:
            left = left[os.write(descriptor, left) :]
    except OSError:
        os.ftruncate(descriptor, before)
        raise


def append_line(path: Path, line: str) -> None:
    """Append a line to a text file, which is created if need be.

    Raises OSError, with nothing written.
    """
    descriptor = os.open(path, os.O_RDWR | os.O_CREAT | os.O_APPEND | os.O_CLOEXEC, 0o600)
    try:
        append(descriptor, f"{line}\n".encode())
    finally:
        os.close(descriptor)


def has_room(folder: Path) -> bool:
    """Whether the disk of a folder takes `ROOM_BYTES` more."""
    try:
        with tempfile.TemporaryFile(dir=folder, buffering=0) as probe:
            append(probe.fileno(), bytes(ROOM_BYTES))
    except OSError as error:
        if not is_full(error):
            raise
        return False
    return True
