"""`python -m local COMMAND` on a running stack: what a person at a keyboard sees, and how a mistake is told."""

from __future__ import annotations

import contextlib
import fcntl
import hashlib
import io
import json
import os
import pty
import re
import shlex
import struct
import subprocess
import sys
import termios
import threading
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any
from urllib.parse import quote

import pytest

from local import commands
from local.commands.histories import scrubbed
from local.commands.timeline import Scale, Seen, bar, waiting_for
from local.output import write_what_can_be_written
from tests.orders import ATLAS, SMALL, Orders
from tests.stack import ROOT, Stack

NOON = datetime(2026, 11, 2, 12, 0, tzinfo=UTC)


@pytest.fixture(scope="module")
def orders(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Orders]:
    """One stack for every command."""
    with Stack(tmp_path_factory.mktemp("commands") / "data") as stack:
        yield Orders(stack)


class Terminal:
    """Somebody who types commands about one stack."""

    def __init__(self, data: Path, capsys: pytest.CaptureFixture[str]) -> None:
        self._data = data
        self._capsys = capsys

    def types(self, *words: str) -> str:
        """What a command that works prints."""
        code = commands.main([*words, "--data", str(self._data)])
        said = self._capsys.readouterr()
        assert (code, said.err) == (0, "")
        return said.out

    def mistypes(self, *words: str) -> str:
        """The one line on standard error of a command that is refused."""
        code = commands.main([*words, "--data", str(self._data)])
        said = self._capsys.readouterr()
        assert (code, said.out, said.err.count("\n")) == (2, "", 1)
        assert said.err.startswith("countersign: ")
        return said.err


@pytest.fixture
def terminal(orders: Orders, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> Terminal:
    """A terminal of a usual width."""
    monkeypatch.setenv("COLUMNS", "140")
    return Terminal(orders.stack.data, capsys)


def test_the_orders_are_a_table_newest_first(orders: Orders, terminal: Terminal) -> None:
    waiting, done = orders.submit(ATLAS), orders.submit(SMALL)
    orders.until(waiting, "PENDING_APPROVAL")
    orders.until(done, "COMPLETED")

    head, *lines = terminal.types("orders").splitlines()

    assert head.split() == ["order", "status", "level", "total", "customer", "submitted", "deadline"]
    assert [line.split()[0] for line in lines[:2]] == [done, waiting]
    assert lines[1].split()[1:7] == ["PENDING_APPROVAL", "1", "managers", "147.00", "EUR", "acme"]


def test_the_table_can_be_narrowed(orders: Orders, terminal: Terminal) -> None:
    done = orders.submit(SMALL)
    orders.until(done, "COMPLETED")

    _, *lines = terminal.types("orders", "--status", "completed", "--limit", "1").splitlines()

    assert lines[0].split()[:2] == [done, "COMPLETED"]
    assert terminal.types("orders", "--status", "FAILED") == "No orders.\n"


def test_an_order_is_shown_by_the_beginning_of_its_id(orders: Orders, terminal: Terminal) -> None:
    order_id = orders.submit(ATLAS)
    orders.until(order_id, "PENDING_APPROVAL")

    shown = terminal.types("show", order_id[:12], "--as", "manager-1")

    assert order_id in shown
    assert "1 of managers: open, until " in shown
    assert "approve, reject" in shown
    assert re.search(r"1 .* requester-1 +submitted +SUBMITTED", shown)
    assert re.search(r"2 .* workflow +level-opened +PENDING_APPROVAL", shown)


def test_a_manager_decides_and_the_timeline_is_followed_to_the_end(orders: Orders, terminal: Terminal) -> None:
    order_id = orders.submit(ATLAS)
    orders.until(order_id, "PENDING_APPROVAL")
    deciding = threading.Timer(1.0, lambda: orders.decide(order_id, "approve"))
    deciding.start()

    shown = terminal.types("timeline", order_id, "--follow")

    deciding.join()
    lines = {line.split()[0]: line for line in shown.splitlines()}
    for name in ("register-order", "approve-manager", "decision", "capture-payment", "complete-order"):
        assert " succeeded " in lines[name], name
    assert lines["succeeded"].startswith("succeeded after ")
    assert lines["decision"].count("░") > lines["capture-payment"].count("█")


def test_the_timeline_of_an_order_that_waits_is_printed_at_once(orders: Orders, terminal: Terminal) -> None:
    order_id = orders.submit(ATLAS)
    orders.until(order_id, "PENDING_APPROVAL")

    shown = terminal.types("timeline", order_id)

    assert re.search(r"\n  decision +started +\d+\.\d{3} +░+\n", shown)
    assert shown.splitlines()[-1].startswith("running after ")


def test_decisions_are_taken_as_somebody(orders: Orders, terminal: Terminal) -> None:
    approved, rejected = orders.submit(ATLAS), orders.submit(ATLAS)
    orders.until(approved, "PENDING_APPROVAL")
    orders.until(rejected, "PENDING_APPROVAL")

    said = terminal.types("decide", approved, "approve", "--as", "manager-1")
    terminal.types("decide", rejected, "reject", "--as", "manager-2", "--reason", "Too dear")

    assert said == f"manager-1: approve. Level 1 of {approved} is approved\n"
    orders.until(approved, "COMPLETED")
    assert orders.until(rejected, "REJECTED")["outcomeReason"] == "manager-2 rejected it: Too dear"


def test_an_operator_stops_an_order_and_the_audit_says_who_and_why(orders: Orders, terminal: Terminal) -> None:
    order_id = orders.submit(ATLAS)
    orders.until(order_id, "PENDING_APPROVAL")

    said = terminal.types("stop", order_id, "--reason", "Sent twice")

    assert said.startswith(f"{order_id} is being stopped; it is ")
    orders.until(order_id, "NEEDS_ATTENTION")
    entries = orders.get(order_id, "/audit")["items"]
    assert [each["data"]["reason"] for each in entries if each["actor"] == "operator-1"] == ["Sent twice"]
    assert terminal.types("timeline", order_id).splitlines()[-1].startswith("stopped after ")
    assert "Only operators" in terminal.mistypes("stop", order_id, "--reason", "Too", "--as", "manager-1")


def test_every_command_of_the_runbook_works(
    orders: Orders, terminal: Terminal, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    lines = re.findall(
        r"^    \.venv/bin/python -m local (.+)$", (ROOT / "docs" / "operations.md").read_text("utf-8"), re.MULTILINE
    )
    assert len(lines) == 10
    for line in lines:
        order_id = orders.submit(SMALL if "--follow" in line else ATLAS)
        orders.until(order_id, "PENDING_APPROVAL", "COMPLETED")
        words = [order_id if word == "ORDER" else word for word in shlex.split(line)]
        if words[0] == "replay":
            assert commands.main([*words, "--template", str(ROOT / "template.yaml")]) == 0
        else:
            terminal.types(*words)


def test_refusals_are_one_line_with_the_reason(orders: Orders, terminal: Terminal) -> None:
    order_id, done = orders.submit(ATLAS), orders.submit(SMALL)
    orders.until(order_id, "PENDING_APPROVAL")
    orders.until(done, "COMPLETED")

    assert "decided by managers" in terminal.mistypes("decide", order_id, "approve", "--as", "auditor-1")
    assert "/reason" in terminal.mistypes("decide", order_id, "reject", "--as", "manager-1")
    assert "no level" in terminal.mistypes("decide", done, "approve", "--as", "auditor-1")
    assert "there are requester-1" in terminal.mistypes("orders", "--as", "nobody")
    assert "none of the 100 newest" in terminal.mistypes("show", "ozzz")
    assert "no such order" in terminal.mistypes("show", "o" + "z" * 26)
    assert "knows no execution" in terminal.mistypes("export", order_id, "--recovery", "7")


def test_without_a_stack_the_line_says_how_to_start_one(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], orders: Orders
) -> None:
    gone = tmp_path / "gone"
    gone.mkdir()
    (gone / "endpoints.json").write_text(json.dumps({"gateway": "http://127.0.0.1:9", "lambda": ""}), "utf-8")

    assert "start one with make run" in Terminal(tmp_path, capsys).mistypes("orders")
    assert "does not answer" in Terminal(gone, capsys).mistypes("orders")


def printed_in_a_terminal(columns: int, *words: str) -> str:
    """What a terminal of this many columns gets, without its line breaks and colors."""
    ours, theirs = pty.openpty()
    fcntl.ioctl(theirs, termios.TIOCSWINSZ, struct.pack("HHHH", 24, columns, 0, 0))
    environment = {name: value for name, value in os.environ.items() if name != "COLUMNS"} | {"TERM": "xterm"}
    command = [sys.executable, "-m", "local", *words]
    with subprocess.Popen(command, cwd=ROOT, env=environment, stdout=theirs, stdin=theirs) as running:
        os.close(theirs)
        printed = b""
        with contextlib.suppress(OSError):  # as a terminal ends once its last writer is gone
            while piece := os.read(ours, 65536):
                printed += piece
    os.close(ours)
    assert running.returncode == 0
    return re.sub(r"\x1b\[[0-9;?]*[a-zA-Z]|\r|\n", "", printed.decode())


@pytest.mark.parametrize("columns", [40, 80])
def test_nothing_is_cut_in_a_narrow_terminal(orders: Orders, columns: int) -> None:
    """The terminal wraps a long line: an id that is cut cannot be typed again."""
    order_id = orders.submit(ATLAS)
    orders.until(order_id, "PENDING_APPROVAL")
    data = ("--data", str(orders.stack.data))

    for words in (("orders",), ("show", order_id), ("timeline", order_id)):
        printed = printed_in_a_terminal(columns, *words, *data)
        assert "\u2026" not in printed, words
        assert order_id in printed or words[0] == "timeline"
        assert "PENDING_APPROVAL" in printed or "register-order" in printed


@pytest.mark.parametrize("encoding", ["ascii", "latin-1"])
def test_output_that_is_no_utf_8_gets_stand_ins(orders: Orders, monkeypatch: pytest.MonkeyPatch, encoding: str) -> None:
    """A name or a bar that cannot be written is not a traceback."""
    order_id = orders.submit(ATLAS, customer="M\xfcller \u6771\u4eac")
    orders.until(order_id, "PENDING_APPROVAL")
    written = io.BytesIO()
    monkeypatch.setattr(sys, "stdout", io.TextIOWrapper(written, encoding))
    write_what_can_be_written()

    for words in (("orders",), ("show", order_id), ("timeline", order_id)):
        assert commands.main([*words, "--data", str(orders.stack.data)]) == 0

    sys.stdout.flush()
    printed = written.getvalue().decode(encoding)
    assert ("M\xfcller" if encoding == "latin-1" else "M\\xfcller") + " \\u6771\\u4eac" in printed
    assert re.search(r"\n  decision +started +\d+\.\d{3} +-+\n", printed)


def test_a_row_is_one_line_in_a_pipe(orders: Orders) -> None:
    """So that `grep` finds an order with its status."""
    order_id = orders.submit(ATLAS)
    orders.until(order_id, "PENDING_APPROVAL")
    command = [sys.executable, "-m", "local", "orders", "--data", str(orders.stack.data)]
    environment = os.environ | {"COLUMNS": "40"}
    printed = subprocess.run(command, cwd=ROOT, env=environment, capture_output=True, text=True, check=True).stdout
    assert [line.split()[1] for line in printed.splitlines() if line.startswith(order_id)] == ["PENDING_APPROVAL"]


def test_a_history_is_exported_without_callback_ids(orders: Orders, terminal: Terminal, tmp_path: Path) -> None:
    order_id = orders.submit(ATLAS)
    orders.until(order_id, "PENDING_APPROVAL")
    callback_id = orders._query(f"ORDER#{order_id}", "ORDER")[0]["levels"][0]["callbackId"]

    printed = terminal.types("export", order_id)
    said = terminal.types("export", order_id, "--output", str(tmp_path / "history.json"))

    events = json.loads(printed)["Events"]
    assert [event["EventType"] for event in events][:2] == ["ExecutionStarted", "StepStarted"]
    assert all(datetime.fromisoformat(event["EventTimestamp"]).tzinfo for event in events)
    assert said.endswith("history.json\n")
    for text in (printed, (tmp_path / "history.json").read_text("utf-8")):
        assert callback_id not in text
        assert quote(callback_id, safe="") not in text
        assert "eyJ" not in text  # as every token of the engine begins


def test_ids_are_taken_out_by_value_in_every_spelling() -> None:
    """Wherever the value stands: in a payload of another event, inside a URL, inside an error."""
    events: list[dict[str, Any]] = [
        {"CallbackStartedDetails": {"CallbackId": "a+b/c=="}},
        {"StepSucceededDetails": {"Result": {"Payload": '{"url": "/x?id=a%2Bb%2Fc%3D%3D", "id": "a+b/c=="}'}}},
    ]

    text = json.dumps(scrubbed({"Events": events}))

    assert "a+b" not in text
    assert "a%2Bb" not in text
    assert text.count(hashlib.sha256(b"a+b/c==").hexdigest()[:12]) == 3


# --- what is drawn ----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("pieces", "drawn"),
    [
        ([(0, 10, "█")], "██████████"),
        ([(0, 0.1, "█")], "█         "),
        ([(9.9, None, "█")], "         █"),
        ([(2, 8, "░"), (2, 3.5, "█"), (6, 7, "█")], "  ██░░██░ "),
        ([(5, None, "░")], "     ░░░░░"),
        ([(-3, 0, "█"), (12, 13, "█")], "█        █"),
    ],
)
def test_a_bar_covers_the_cells_of_its_time(pieces: list[tuple[float, float | None, str]], drawn: str) -> None:
    """Ten cells for ten seconds; something short is still seen, something unended goes on to the edge."""
    scale = Scale(NOON, NOON + timedelta(seconds=10), 10)

    def at(seconds: float | None) -> datetime | None:
        return None if seconds is None else NOON + timedelta(seconds=seconds)

    assert bar([(at(begin), at(end), mark) for begin, end, mark in pieces], "green", scale).plain == drawn


@pytest.mark.parametrize(
    ("operation", "words"),
    [
        ({"type": "CALLBACK", "status": "STARTED", "deadline": "2026-11-02T12:09:32Z"}, "waiting for it, 9:32 left"),
        ({"type": "CALLBACK", "status": "STARTED"}, "waiting for it"),
        ({"type": "WAIT", "status": "STARTED", "deadline": "2026-11-03T13:00:05Z"}, "resting: it, 25:00:05 left"),
        ({"type": "STEP", "status": "PENDING"}, "it is tried again soon"),
        ({"type": "STEP", "status": "STARTED"}, "working"),
    ],
)
def test_progress_says_what_has_to_happen_next(operation: dict[str, str], words: str) -> None:
    seen = Seen(started_at=NOON, operations={"1": {"name": "it", **operation}})

    assert waiting_for(seen, NOON) == words


def test_an_order_without_a_history_has_not_begun() -> None:
    assert waiting_for(Seen(), NOON) == "the execution has not begun"


@pytest.mark.parametrize(
    ("words", "output", "code", "error"),
    [
        ("orders", "| true", {0, 1}, ""),
        ("orders", "> /dev/full", {2}, "countersign: the output cannot be written: No space left on device\n"),
        ("--help", "| true", {0}, ""),
        ("--help", "> /dev/full", {2}, "countersign: the output cannot be written: No space left on device\n"),
    ],
)
def test_an_output_that_takes_nothing_is_no_traceback(
    orders: Orders, words: str, output: str, code: set[int], error: str
) -> None:
    """A reader that has gone, or a full disk."""
    data = "" if words == "--help" else f"--data {shlex.quote(str(orders.stack.data))}"
    script = f"set -o pipefail; {shlex.quote(sys.executable)} -m local {words} {data} {output}"
    ended = subprocess.run(["bash", "-c", script], cwd=ROOT, capture_output=True, text=True, check=False)
    assert (ended.returncode in code, ended.stderr) == (True, error)
