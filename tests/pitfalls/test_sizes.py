"""What is too large for a checkpoint, and what it costs to pass on a document instead of its reference."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from functools import partial
from pathlib import Path
from threading import Thread
from typing import IO, Any

import pytest
from aws_durable_execution_sdk_python import BatchResult, DurableContext, StepContext
from aws_durable_execution_sdk_python.config import MapConfig, NestingType

from tests.pitfalls.durable_function import PATIENCE_SECONDS, deployed, pause, unseen

ROOT = Path(__file__).resolve().parents[2]
MAX_BATCH_BYTES = 750 * 1024
TWO_SECONDS = 2.0
Record = Callable[[str, object], None]


@contextmanager
def oversized(where: str, size: int) -> Iterator[IO[str]]:
    """Run one value of this size in a process of its own, and yield its output; end the process afterwards."""
    command = [sys.executable, "-m", "tests.pitfalls.oversized", where, str(size)]
    env = {**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)}
    with subprocess.Popen(command, cwd=ROOT, env=env, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        try:
            yield process.stdout
        finally:
            process.kill()


def ends(where: str, size: int, patience: float) -> bool:
    """Whether a value of this size is written within so many seconds of being there."""
    with oversized(where, size) as said:
        assert said.readline() == "began\n"
        lines: list[str] = []
        reading = Thread(target=lambda: lines.append(said.readline()), daemon=True)
        reading.start()
        reading.join(patience)
        return lines == ["ended\n"]


@pytest.mark.parametrize("where", ["step", "step of a child context"])
def test_a_result_that_no_checkpoint_call_can_carry_hangs_the_invocation(
    where: str, record_testsuite_property: Record
) -> None:
    """SDK 3.0.0 postpones an update of more than 750 KiB to the next call, in which it does not fit either."""
    fits, hangs = MAX_BATCH_BYTES - 1_000, MAX_BATCH_BYTES + 20_000
    with ThreadPoolExecutor(2) as pool:
        written = pool.submit(ends, where, fits, PATIENCE_SECONDS)
        hung = pool.submit(ends, where, hangs, TWO_SECONDS)

        assert written.result()
        assert not hung.result()

    record_testsuite_property(f"result of a {where}", f"{fits} bytes are written, {hangs} bytes hang")


@pytest.mark.parametrize(("size", "bodies"), [(1_000, 1), (300_000, 3)])
def test_a_child_context_with_a_result_over_256_kib_runs_its_body_again_at_every_wake_up(
    size: int, bodies: int, record_testsuite_property: Record
) -> None:
    """Its steps do not run again, but the code between them does, so it must be deterministic."""
    ran: list[str] = []

    def render(child: DurableContext) -> str:
        ran.append("body")
        child.step(lambda _: ran.append("step"), name="record-rendering")
        return "x" * size

    def handler(_event: Any, context: DurableContext) -> int:
        rendered = context.run_in_child_context(render, name="render-document")
        pause(context)
        pause(context)
        return len(rendered)

    with deployed(handler) as function:
        assert function.run() == size

    record_testsuite_property(f"a child context of {size} bytes, two wakes", f"its body ran {ran.count('body')}x")
    assert (ran.count("body"), ran.count("step")) == (bodies, 1)


# --- by reference ---------------------------------------------------------------------------------------------------

Document = list[dict[str, Any]]
LINES: Document = [{"sku": f"BULK-{number:04}", "quantity": 3, "unitPrice": 150} for number in range(2_000)]
STEPS = ("register-order", "check-catalogue", "check-credit")


def by_value(_event: Any, context: DurableContext) -> int:
    """Hand the document from step to step."""
    lines: Document = LINES
    for name in STEPS:
        lines = context.step(partial(hand_on, lines), name=name)
    return len(lines)


def hand_on(lines: Document, _step: StepContext) -> Document:
    """Return the document, as a step does whose successor needs it."""
    return lines


def by_reference(_event: Any, context: DurableContext) -> int:
    """Hand its name from step to step; each reads what it needs from the bucket."""
    bucket, lines = {"documents/order-1.json": LINES}, 0
    for name in STEPS:
        lines = context.step(lambda _: len(bucket["documents/order-1.json"]), name=name)
    return lines


def test_a_document_handed_from_step_to_step_is_written_at_every_step(record_testsuite_property: Record) -> None:
    """An execution may write 100 MB in total, and every replay reads all of it."""
    written = {}
    for handler in (by_value, by_reference):
        with deployed(handler) as function:
            tap = function.tap(unseen)
            assert function.run() == len(LINES)
            written[handler.__name__] = tap.payload_bytes

    figure = f"by value {written['by_value']:,} bytes, by reference {written['by_reference']:,}"
    record_testsuite_property("2,000 lines through three steps", figure)
    assert written["by_value"] > 300_000
    assert written["by_reference"] < 100


def reserve_in(branches: int) -> Callable[[Any, DurableContext], int]:
    """Return a handler that reserves a hundred chunks of stock, spread over so many branches."""

    def reserve(child: DurableContext, _branch: int, _index: int, _all: object) -> list[str]:
        return child.step(lambda _: list[str](), name="reserve-chunks")  # 100 / branches transactions, one by one

    def handler(_event: Any, context: DurableContext) -> int:
        config: MapConfig[int] = MapConfig(nesting_type=NestingType.FLAT)
        reserved: BatchResult[list[str]] = context.map(range(branches), reserve, name="reserve-stock", config=config)
        reserved.throw_if_error()
        return len(reserved.all)

    return handler


def test_a_branch_for_each_chunk_costs_operations_and_bytes_that_ten_branches_do_not(
    record_testsuite_property: Record,
) -> None:
    written, operations = {}, {}
    for branches in (100, 10):
        with deployed(reserve_in(branches)) as function:
            tap = function.tap(unseen)
            function.answer(arn := function.start())
            written[branches] = tap.payload_bytes
            operations[branches] = len(function.runner._store.load(arn).operations) - 1  # the execution itself

    for branches in (100, 10):
        figure = f"{operations[branches]} operations, {written[branches]:,} bytes"
        record_testsuite_property(f"100 chunks in {branches} branches", figure)
    assert operations == {100: 101, 10: 11}
    assert written[100] > 5 * written[10]
