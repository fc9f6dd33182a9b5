"""At a terminal a person reads what happened, in a line each; the whole log is in a file beside the state."""

from __future__ import annotations

import io
import json
import os
import pty
import signal
import subprocess
import sys
import threading
from pathlib import Path
from typing import Any

import pytest

from local.log_file import LogFile
from local.screen import LOG, Screen, opened, sentences
from tests.stack import ROOT

WORKFLOW = {"source": "countersign-OrderWorkflow", "level": "INFO", "order_id": "o1", "location": "x:1"}
API = {"source": "countersign-ApprovalApi", "level": "INFO", "message": "answered", "order_id": "o1"}


class Kept(list[str]):
    """The lines of a file with `room` for so many."""

    room = 10

    def __call__(self, line: str) -> bool:
        """Keep a line if there is room."""
        if len(self) == self.room:
            return False
        self.append(line)
        return True


def told(**entry: Any) -> list[str]:
    """What a person reads of an entry, without the time."""
    return [line[9:] for line in sentences({"source": "countersign-OrderWorkflow", **entry})]


def test_what_happened_is_one_line_with_what_its_author_added() -> None:
    assert told(**WORKFLOW, message="looked at level", approval_level=1, outcome="pending") == [
        "OrderWorkflow  looked at level  approval_level=1 outcome=pending  o1"
    ]


def test_a_request_is_told_by_its_route_and_answer() -> None:
    assert told(**API, route="POST /orders", status=202) == ["ApprovalApi    POST /orders answered 202  o1"]
    assert told(**API, route="GET /me", status=401, problem="no-token") == [
        "ApprovalApi    GET /me answered 401  problem=no-token  o1"
    ]


@pytest.mark.parametrize("entry", [{"_aws": {}, "Answers2xx": [1.0]}, {"route": "GET /orders", "status": 200}])
def test_metrics_and_looks_stay_in_the_file(entry: dict[str, Any]) -> None:
    """A page that is open looks every few seconds."""
    terminal, kept = io.StringIO(), Kept()
    Screen(terminal, kept, colors=False)("countersign-ApprovalApi", "r-1", json.dumps(entry))
    assert terminal.getvalue() == ""
    assert json.loads(kept[0]) == {"source": "countersign-ApprovalApi", "requestId": "r-1", **entry}


@pytest.mark.parametrize(
    "failure",
    [
        pytest.param({"exception": "Traceback:\n  here\nValueError: no\n"}, id="Powertools"),
        pytest.param({"errorType": "ValueError", "errorMessage": "no", "stackTrace": ["here"]}, id="Lambda's runtime"),
    ],
)
def test_a_failure_comes_with_its_error_and_leaves_the_trace_to_the_file(failure: dict[str, Any]) -> None:
    head, *more = told(level="ERROR", message="it broke", **failure)
    assert head == "OrderWorkflow  it broke"
    assert [line.strip() for line in more] == ["ValueError: no"]


@pytest.mark.parametrize(("level", "color"), [("ERROR", "\033[31m"), ("WARNING", "\033[33m"), ("INFO", "")])
def test_trouble_has_a_color(level: str, color: str) -> None:
    terminal = io.StringIO()
    entry = {"level": level, "message": "it broke"}
    Screen(terminal, Kept(), colors=True)("countersign-Notifier", None, json.dumps(entry))
    assert f"\033[0m{color} Notifier       it broke" in terminal.getvalue()


def test_a_plain_line_is_told_as_it_is() -> None:
    assert told(message="listening") == ["OrderWorkflow  listening"]


def test_a_log_never_grows_beyond_twice_its_limit(tmp_path: Path) -> None:
    """Also while the stack runs: the older half is put aside, and the half before it goes."""
    log = LogFile(tmp_path / "log.jsonl", largest=100)
    lines = [f"line {number:03} of the log" for number in range(100)]
    assert all(log.append(line) for line in lines)
    files = [tmp_path / "log.old.jsonl", tmp_path / "log.jsonl"]
    assert all(file.stat().st_size <= 100 for file in files)
    assert set(tmp_path.iterdir()) == set(files)
    kept = "".join(file.read_text("utf-8") for file in files).splitlines()
    assert kept == lines[-len(kept) :]
    assert len(kept) > 5


def test_a_log_on_a_full_disk_goes_on_without_the_lines_and_says_so_once() -> None:
    terminal, kept = io.StringIO(), Kept()
    kept.room = 1
    screen = Screen(terminal, kept, colors=False)
    for number in range(5):
        screen("f", None, f"line {number}")
    kept.room = 10
    screen("f", None, "there is room")
    assert [json.loads(line)["message"] for line in kept] == ["line 0", "there is room"]
    assert terminal.getvalue().count("the disk is full: lines are missing in log.jsonl until there is room") == 1
    assert all(f"line {number}" in terminal.getvalue() for number in range(5))


def test_a_terminal_gets_sentences_and_the_folder_the_whole_log(tmp_path: Path) -> None:
    """A real `python -m local` at a real terminal; its first request is the health check of its own start."""
    ours, theirs = pty.openpty()
    command = [sys.executable, "-m", "local", "--port", "0", "--data", str(tmp_path / "data")]
    with subprocess.Popen(command, cwd=ROOT, stdin=theirs, stdout=theirs, stderr=theirs) as process:
        os.close(theirs)
        watchdog = threading.Timer(30, process.kill)
        watchdog.start()
        screen = read_until(ours, "ready http://127.0.0.1:")
        process.send_signal(signal.SIGINT)
        screen += read_until(ours, None)
        watchdog.cancel()
    os.close(ours)
    assert "{" not in screen
    logged = [json.loads(line) for line in (tmp_path / "data" / "log.jsonl").read_text("utf-8").splitlines()]
    assert any(entry.get("route") == "GET /health" for entry in logged)


def read_until(terminal: int, wanted: str | None) -> str:
    """What a terminal shows until it shows `wanted`, or until nobody writes to it any more."""
    shown = ""
    while wanted is None or wanted not in shown:
        try:
            piece = os.read(terminal, 4096)
        except OSError:  # Linux says so when the last writer is gone
            break
        if not piece:
            break
        shown += piece.decode(errors="replace")
    return shown


def test_a_log_line_with_half_a_character_is_written_as_an_escape(tmp_path: Path) -> None:
    """UTF-8 has no half of a surrogate pair, and JSON has."""
    opened(tmp_path, io.StringIO())("f", None, '{"message": "half \\ud800 of it"}')
    assert json.loads((tmp_path / LOG).read_text("utf-8"))["message"] == "half \ud800 of it"
