"""The stack's whole log in a file that stays small and never stops the stack."""

from __future__ import annotations

import os
from pathlib import Path

from local import disk

LARGEST_BYTES = 20_000_000
"""A longer log is put aside, in the place of the one before."""


class LogFile:
    """Lines of a log; `append` returns whether the disk took the line."""

    def __init__(self, path: Path, largest: int = LARGEST_BYTES) -> None:
        """Open or create it; raises OSError."""
        self._path, self._largest = path, largest
        self._descriptor = _open(path)
        self._size = os.fstat(self._descriptor).st_size

    def append(self, line: str) -> bool:
        """Append a line, or nothing of it when the disk is full."""
        content = f"{line}\n".encode(errors="backslashreplace")
        try:
            if self._size and self._size + len(content) > self._largest:
                self._put_aside()
            disk.append(self._descriptor, content)
        except OSError:
            return False
        self._size += len(content)
        return True

    def _put_aside(self) -> None:
        self._path.replace(self._path.with_suffix(".old.jsonl"))
        fresh = _open(self._path)
        os.close(self._descriptor)
        self._descriptor, self._size = fresh, 0


def _open(path: Path) -> int:
    return os.open(path, os.O_RDWR | os.O_CREAT | os.O_APPEND | os.O_CLOEXEC, 0o600)
