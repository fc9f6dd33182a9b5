"""The folder that holds a stack's state, used by one stack at a time."""

import contextlib
import fcntl
import json
import os
import stat
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
_LOCK = "lock"
_MARK = ".countersign"
_BEFORE_THE_MARK = frozenset({_LOCK, "functions.json"})
"""What a folder holds that a stack made before it left marks."""
_OPEN_TO_OTHERS = 0o077


class StartError(Exception):
    """The stack cannot start; the message is one line that says what to change."""


@dataclass(frozen=True, slots=True)
class Held:
    """A folder that is ours while the file descriptor `lock` is open in any process."""

    path: Path
    lock: int


@contextlib.contextmanager
def held(folder: Path, *, ephemeral: bool) -> Iterator[Held]:
    """Create the folder if need be and keep other stacks and other users out; an ephemeral one is removed afterwards.

    Processes that write in the folder inherit the lock: after a `kill -9` of the supervisor the next one waits until
    they have noticed and gone. Raises StartError when another stack uses the folder, when it belongs to another
    program, or when it cannot be written.
    """
    with contextlib.ExitStack() as leaving:
        if ephemeral:
            folder = leaving.enter_context(_temporary())
        try:
            folder.mkdir(mode=0o700, parents=True, exist_ok=True)
            _check_ours(folder)
            lock = leaving.enter_context((folder / _LOCK).open("a+", encoding="ascii"))
            _take(lock)
            _sign(lock)
            close_to_others(folder)
        except BlockingIOError:
            raise StartError(f"{folder} is in use by another stack: stop it, or choose another DATA") from None
        except OSError as error:
            raise StartError(f"{folder} cannot hold the state: {error.strerror}") from error
        yield Held(folder.resolve(), lock.fileno())


@contextlib.contextmanager
def _temporary() -> Iterator[Path]:
    try:
        folder = tempfile.TemporaryDirectory(prefix="countersign-")
    except OSError as error:
        raise StartError(f"there is no temporary folder to write in: {error.strerror}; set TMPDIR") from error
    with folder as path:
        yield Path(path)


def _check_ours(folder: Path) -> None:
    """Mark a new folder as a stack's; refuse one that holds the files of another program."""
    names = {entry.name for entry in folder.iterdir()}
    if names and _MARK not in names and not names >= _BEFORE_THE_MARK:
        raise StartError(f"{folder} holds files that no stack wrote: choose a new or empty folder as DATA")
    (folder / _MARK).touch()


def keep_private() -> None:
    """Let only their owner read the files that this process and its children create."""
    os.umask(_OPEN_TO_OTHERS)


def close_to_others(path: Path) -> None:
    """Take every permission on a file, or on a folder and what is in it, from all users but the owner."""
    status = path.lstat()
    if stat.S_ISLNK(status.st_mode):
        return
    if status.st_mode & _OPEN_TO_OTHERS:
        path.chmod(stat.S_IMODE(status.st_mode) & ~_OPEN_TO_OTHERS)
    if stat.S_ISDIR(status.st_mode):
        for inner in path.iterdir():
            close_to_others(inner)


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
