"""The folder that holds a stack's state, used by one stack at a time."""

import contextlib
import fcntl
import json
import os
import tempfile
import time
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TextIO

_GRACE_SECONDS = 2.0
_DYING_SECONDS = 10.0
"""A busy machine may need this long to end the processes of a stack whose supervisor was killed."""
_LOOK_SECONDS = 0.05


class StartError(Exception):
    """The stack cannot start; the message is one line that says what to change."""


@dataclass(frozen=True, slots=True)
class Held:
    """A folder that is ours while the file descriptor `lock` is open in any process."""

    path: Path
    lock: int


@contextlib.contextmanager
def held(folder: Path, *, ephemeral: bool) -> Iterator[Held]:
    """Create the folder if need be and keep other stacks out of it; an ephemeral one is removed afterwards.

    Processes that write in the folder inherit the lock: after a `kill -9` of the supervisor the next one waits until
    they have noticed and gone. Raises StartError when another stack uses the folder or it cannot be written.
    """
    with contextlib.ExitStack() as leaving:
        if ephemeral:
            folder = Path(leaving.enter_context(tempfile.TemporaryDirectory(prefix="countersign-")))
        try:
            folder.mkdir(mode=0o700, parents=True, exist_ok=True)
            lock = leaving.enter_context((folder / "lock").open("a+", encoding="ascii"))
            _take(lock)
            _sign(lock)
        except BlockingIOError:
            raise StartError(f"{folder} is in use by another stack: stop it, or choose another DATA") from None
        except OSError as error:
            raise StartError(f"{folder} cannot hold the state: {error.strerror}") from error
        yield Held(folder.resolve(), lock.fileno())


def _take(lock: TextIO) -> None:
    """Take an exclusive lock; raises BlockingIOError when another stack keeps it.

    The processes of a stack whose supervisor has ended keep it until they have noticed.
    """
    began = time.monotonic()
    while True:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            waited = time.monotonic() - began
            if waited > (_GRACE_SECONDS if _holder_lives(lock) else _DYING_SECONDS):
                raise
            time.sleep(_LOOK_SECONDS)
        else:
            return


def _sign(lock: TextIO) -> None:
    """Write down which supervisor holds the lock."""
    lock.truncate(0)
    lock.write(str(os.getpid()))
    lock.flush()


def _holder_lives(lock: TextIO) -> bool:
    lock.seek(0)
    try:
        os.kill(int(lock.read()), 0)
    except (ProcessLookupError, ValueError):
        return False
    except PermissionError:
        return True
    return True


def write_json(path: Path, content: Mapping[str, Any]) -> None:
    """Replace a file in one step: whoever reads it sees the old content or the new one."""
    fresh = path.with_suffix(".new")
    fresh.write_text(json.dumps(content, indent=2) + "\n", encoding="utf-8")
    fresh.replace(path)
