"""The folder that holds a stack's state, used by one stack at a time."""

import contextlib
import fcntl
import json
import tempfile
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any


class StartError(Exception):
    """The stack cannot start; the message is one line that says what to change."""


@contextlib.contextmanager
def held(folder: Path, *, ephemeral: bool) -> Iterator[Path]:
    """Create the folder if need be and keep other stacks out of it; an ephemeral one is removed afterwards.

    Raises StartError when another stack uses it or it cannot be written.
    """
    with contextlib.ExitStack() as leaving:
        if ephemeral:
            folder = Path(leaving.enter_context(tempfile.TemporaryDirectory(prefix="countersign-")))
        try:
            folder.mkdir(mode=0o700, parents=True, exist_ok=True)
            lock = leaving.enter_context((folder / "lock").open("w"))
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            raise StartError(f"{folder} is in use by another stack: stop it, or choose another DATA") from None
        except OSError as error:
            raise StartError(f"{folder} cannot hold the state: {error.strerror}") from error
        yield folder.resolve()


def write_json(path: Path, content: Mapping[str, Any]) -> None:
    """Replace a file in one step: whoever reads it sees the old content or the new one."""
    fresh = path.with_suffix(".new")
    fresh.write_text(json.dumps(content, indent=2) + "\n", encoding="utf-8")
    fresh.replace(path)
