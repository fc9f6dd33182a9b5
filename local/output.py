"""What the stack's processes say, as JSON lines on standard error; standard output is for the person who started it."""

import asyncio
import codecs
import contextlib
import io
import json
import logging
import os
import re
import sys
from collections.abc import Callable
from typing import Any, Protocol

_CHUNK_BYTES = 65536
_OBEYED = re.compile("[\x00-\x1f\x7f-\x9f\u2028\u2029\u202a-\u202e\u2066-\u2069\ud800-\udfff]")
"""Control characters, separators of lines, marks that turn the direction of what follows, and halves of characters."""
_SIGNS = {"\n": " ⏎ ", "\t": " "}
_PLAIN = {"\N{FULL BLOCK}": "#", "\N{LIGHT SHADE}": "-"}


def write_what_can_be_written() -> None:
    """Write a stand-in for each character that this process's output cannot show, instead of failing on it."""
    codecs.register_error("stand-in", _stand_in)
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper):
            stream.reconfigure(errors="stand-in")


def _stand_in(error: UnicodeError) -> tuple[str, int]:
    """A plain sign for what draws a bar, and a Python escape for any other character."""
    if not isinstance(error, UnicodeEncodeError):
        raise error
    characters = error.object[error.start : error.end]
    escaped = (_PLAIN.get(each) or each.encode("ascii", "backslashreplace").decode() for each in characters)
    return "".join(escaped), error.end


def say(line: str) -> None:
    """Tell the person who started the stack; a reader that has gone (`make run | head`) must not take it with it."""
    with contextlib.suppress(BrokenPipeError):
        print(line, flush=True)


def give_up_output(error: OSError) -> int:
    """Write nothing more to standard output, and return the exit code: a reader that has gone is not a mistake."""
    os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
    if isinstance(error, BrokenPipeError):
        return 0
    print(f"countersign: the output cannot be written: {error.strerror}", file=sys.stderr)
    return 2


class Log(Protocol):
    """Takes one line of a process's output."""

    def __call__(self, source: str, request_id: str | None, line: str, execution: str | None = None) -> None:
        """`source` is a function's name or a service's module; id and execution are those the line belongs to."""
        ...


def log(source: str, request_id: str | None, line: str, execution: str | None = None) -> None:
    """Write a line, tagged."""
    if not line.strip():
        return
    # A reader that went away (`make run 2>&1 | head`) or a full disk must not take the stack with it.
    with contextlib.suppress(OSError):
        print(as_json(tagged(source, request_id, line, execution)), file=sys.stderr, flush=True)


def tagged(source: str, request_id: str | None, line: str, execution: str | None) -> dict[str, Any]:
    """A line with what it belongs to; one that is a JSON object keeps its own keys."""
    tags: dict[str, Any] = {"source": source}
    if request_id is not None:
        tags["requestId"] = request_id
    if execution is not None:
        tags["execution"] = execution
    return tags | _content(line)


def as_json(entry: dict[str, Any]) -> str:
    """One line of JSON, which also a terminal only shows: what it would obey is escaped."""
    return _OBEYED.sub(lambda found: f"\\u{ord(found.group()):04x}", json.dumps(entry, ensure_ascii=False))


def visible(text: str) -> str:
    """The text in one line that a terminal shows and does not obey: `<U+001B>` in the place of an escape character.

    Texts that people wrote, in logs or in answers of the API, are printed in this form and in no other.
    """
    return _OBEYED.sub(lambda found: _SIGNS.get(found.group(), f"<U+{ord(found.group()):04X}>"), text)


class LogLines(logging.Handler):
    """Sends the supervisor's own log records the same way."""

    def emit(self, record: logging.LogRecord) -> None:
        """Write a record, its traceback inside it."""
        log(record.name, None, self.format(record))


def _content(line: str) -> dict[str, Any]:
    if line.startswith("{"):
        try:
            content = json.loads(line)
        except ValueError:
            return {"message": line}
        if isinstance(content, dict):
            return content
    return {"message": line}


async def pass_on(stream: asyncio.StreamReader, take: Callable[[str], None]) -> None:
    """Hand over a stream line by line until it ends, however long the lines are."""
    rest = b""
    while chunk := await stream.read(_CHUNK_BYTES):
        *lines, rest = (rest + chunk).split(b"\n")
        for line in lines:
            take(line.decode(errors="replace"))
    if rest:
        take(rest.decode(errors="replace"))
