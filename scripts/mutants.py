"""Plant one small defect at a time in the code that must not be wrong, and check that a test notices.

`python -m scripts.mutants [--sample N] [--seed S] [--room NAME]`. Each mutant changes one expression or statement of
one module; it is killed when a test of the module's room fails. A survivor is a behavior that no test holds. Survivors
that change nothing a test could see are listed in `EQUIVALENT`, each with its reason; any other one fails the run.

The mutants run in copies of the working tree, so an interrupted run leaves nothing behind.
"""

from __future__ import annotations

import argparse
import ast
import os
import random
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from queue import SimpleQueue
from typing import TypeAlias

ROOT = Path(__file__).resolve().parent.parent
PROCESSES = os.cpu_count() or 1
TEST_SECONDS = 300


@dataclass(frozen=True, slots=True)
class Room:
    """Modules, and the tests that hold them: the quick ones first, since most mutants die there."""

    name: str
    modules: tuple[str, ...]
    tests: tuple[tuple[str, ...], ...]


ROOMS = (
    Room(
        "domain",
        ("layers/orders/orders/domain/*.py",),
        (("tests/unit",), ("tests/api",), ("tests/workflow/test_scenarios.py",), ("tests/races",)),
    ),
    Room("workflow", ("functions/workflow/order_workflow/*.py",), (("tests/workflow",), ("tests/crash",))),
    Room(
        "authorizer", ("local/**/authorizer.py",), (("tests/local/test_http_api.py", "tests/local/test_identity.py"),)
    ),
    Room("idempotency", ("functions/approval_api/approval_api/idempotency.py",), (("tests/api",),)),
    Room("journal", ("local/**/journal.py",), (("tests/local/test_data.py",),)),
)
# Text of a mutated line -> why no test can tell the mutant from the original.
EQUIVALENT: dict[str, str] = {}

_SWAPS: dict[type[ast.cmpop], type[ast.cmpop]] = {
    ast.Lt: ast.LtE,
    ast.LtE: ast.Lt,
    ast.Gt: ast.GtE,
    ast.GtE: ast.Gt,
    ast.Eq: ast.NotEq,
    ast.NotEq: ast.Eq,
    ast.Is: ast.IsNot,
    ast.IsNot: ast.Is,
    ast.In: ast.NotIn,
    ast.NotIn: ast.In,
}


@dataclass(frozen=True, slots=True)
class Mutant:
    """A module with one defect."""

    room: Room
    path: Path
    line: int
    before: str
    after: str
    source: str

    def __str__(self) -> str:
        """Return where the defect is, and what it changes."""
        return f"{self.path}:{self.line}: {self.before}  ->  {self.after}"


def mutants_of(room: Room, path: Path) -> Iterator[Mutant]:
    """Yield every mutant of a module."""
    source = (ROOT / path).read_text("utf-8")
    lines = source.splitlines(keepends=True)
    for node in ast.walk(ast.parse(source)):
        for old, new in _defects(node):
            if (change := _replaced(lines, old, new)) is not None:
                before, after = (_short(ast.unparse(each)) for each in (old, new))
                yield Mutant(room, path, old.lineno, before, after, change)


Node: TypeAlias = ast.expr | ast.stmt


def _defects(node: ast.AST) -> Iterator[tuple[Node, Node]]:
    """Yield pairs of a node and what replaces it."""
    if isinstance(node, ast.expr):
        yield from ((node, new) for new in _other_expressions(node))
    elif isinstance(node, ast.If):
        yield node.test, ast.UnaryOp(ast.Not(), node.test)
    elif isinstance(node, ast.Raise) or (isinstance(node, ast.Expr) and isinstance(node.value, ast.Call)):
        yield node, ast.Pass()
    elif isinstance(node, ast.Return) and node.value is not None:
        yield node, ast.Return(ast.Constant(None))


def _other_expressions(node: ast.expr) -> Iterator[ast.expr]:
    """Yield what an expression could have been by mistake."""
    match node:
        case ast.Compare(left, [op], right) if type(op) in _SWAPS:
            yield ast.Compare(left, [_SWAPS[type(op)]()], right)
        case ast.BoolOp(op, values):
            yield ast.BoolOp(ast.Or() if isinstance(op, ast.And) else ast.And(), values)
            yield from values
        case ast.UnaryOp(ast.Not(), operand):
            yield operand
        case ast.IfExp(_, body, orelse):
            yield from (body, orelse)
        case ast.BinOp(left, ast.Add() | ast.Sub() as op, right):
            yield ast.BinOp(left, ast.Sub() if isinstance(op, ast.Add) else ast.Add(), right)
        case ast.Constant(value=bool() | int() as value):
            yield ast.Constant(not value if isinstance(value, bool) else value + 1)


def _replaced(lines: Sequence[str], old: Node, new: Node) -> str | None:
    """Return the module's text with one node written anew; None where that is no Python or changes nothing."""
    if old.end_lineno is None or old.end_col_offset is None:
        return None
    text = ast.unparse(new)
    head = lines[old.lineno - 1].encode()[: old.col_offset].decode()
    tail = lines[old.end_lineno - 1].encode()[old.end_col_offset :].decode()
    changed = f"({text})" if isinstance(old, ast.expr) else text
    source = "".join([*lines[: old.lineno - 1], head + changed + tail, *lines[old.end_lineno :]])
    try:
        compile(source, "mutant", "exec")
    except SyntaxError:
        return None
    return source


def _short(text: str) -> str:
    return " ".join(text.split())[:100]


class Copies:
    """Copies of the working tree, one for each process, in which mutants run."""

    def __init__(self, folder: Path) -> None:
        self._free: SimpleQueue[Path] = SimpleQueue()
        files = subprocess.run(["git", "ls-files", "-z"], cwd=ROOT, capture_output=True, text=True, check=True)
        for number in range(PROCESSES):
            copy = folder / str(number)
            for name in filter(None, files.stdout.split("\0")):
                (copy / name).parent.mkdir(parents=True, exist_ok=True)
                shutil.copy2(ROOT / name, copy / name)
            self._free.put(copy)

    def survives(self, mutant: Mutant) -> bool:
        """Run the room's tests on the mutant; stop at the first that fails."""
        copy = self._free.get()
        target = copy / mutant.path
        try:
            target.write_text(mutant.source, "utf-8")
            return all(_passes(copy, tests) for tests in mutant.room.tests)
        finally:
            shutil.copy2(ROOT / mutant.path, target)
            self._free.put(copy)


def _passes(copy: Path, tests: Sequence[str]) -> bool:
    command = [sys.executable, "-B", "-m", "pytest", "-x", "-q", "-p", "no:cacheprovider", *tests]
    try:
        return not subprocess.run(command, cwd=copy, capture_output=True, check=False, timeout=TEST_SECONDS).returncode
    except subprocess.TimeoutExpired:
        return False


def chosen(rooms: Sequence[Room], sample: int, seed: int) -> list[Mutant]:
    """Return so many mutants, spread over the rooms by their size; all of them for a sample of 0."""
    everything = [
        mutant
        for room in rooms
        for pattern in room.modules
        for path in sorted(ROOT.glob(pattern))
        for mutant in mutants_of(room, path.relative_to(ROOT))
    ]
    if not sample or sample >= len(everything):
        return everything
    return random.Random(seed).sample(everything, sample)  # noqa: S311 - a seed makes the run repeatable


def main() -> int:
    """Run the mutants; 1 when one survives that is not explained."""
    options = _options()
    rooms = [room for room in ROOMS if options.room in {None, room.name}]
    mutants = chosen(rooms, options.sample, options.seed)
    print(f"{len(mutants)} mutants, seed {options.seed}", flush=True)
    with tempfile.TemporaryDirectory() as folder, ThreadPoolExecutor(PROCESSES) as threads:
        survived = _survivors(mutants, threads.map(Copies(Path(folder)).survives, mutants))
    unexplained = [mutant for mutant in survived if mutant.before not in EQUIVALENT]
    killed = len(mutants) - len(survived)
    print(f"{killed} of {len(mutants)} killed, {len(survived) - len(unexplained)} equivalent")
    print(f"{len(mutants) - len(unexplained)} passed, {len(unexplained)} failed")
    return 1 if unexplained else 0


def _survivors(mutants: Sequence[Mutant], results: Iterator[bool]) -> list[Mutant]:
    survived = []
    for mutant, alive in zip(mutants, results, strict=True):
        if alive:
            survived.append(mutant)
            print(f"survived: {mutant}", flush=True)
    return survived


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m scripts.mutants", description=__doc__)
    parser.add_argument("--sample", type=int, default=200, help="how many mutants; 0 runs all of them")
    parser.add_argument("--seed", type=int, default=1, help="which sample")
    parser.add_argument("--room", choices=[room.name for room in ROOMS], help="only the mutants of one room")
    return parser.parse_args()


if __name__ == "__main__":
    sys.exit(main())
