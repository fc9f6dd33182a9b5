"""The workflow behaves the same at every replay, and each rule that says so finds what breaks it."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from pathlib import Path

import pytest

from scripts.determinism.__main__ import ROOT, WORKFLOW, check, check_folder, main
from scripts.determinism.catalog import REMEDIES

FILES = Path(__file__).parent / "indeterminate"
TRIPS = re.compile(r"# trips: ([a-z-]+)$")
PITFALLS = ROOT / "tests" / "pitfalls"
# What the pitfall tests do wrong on purpose: file, function, and the rule that finds it.
MISTAKES = [
    ("test_replay.py", "test_a_branch_on_something_that_varies_fails_the_order_on_replay", "operation-name"),
    (
        "test_replay.py",
        "test_a_key_drawn_outside_a_step_changes_at_each_wake_up_without_an_error",
        "randomness",
    ),
    ("test_replay.py", "test_a_variable_that_a_step_changes_is_empty_after_the_replay", "captured-state"),
    ("test_replay.py", "test_a_name_that_is_computed_from_what_varies_fails_the_order", "operation-name"),
    ("test_replay.py", "test_the_outer_context_used_inside_a_step_fails_on_replay", "outer-context"),
    ("test_suspension.py", "test_catching_everything_skips_the_wait", "broad-except"),
    (
        "test_suspension.py",
        "test_an_undo_in_a_finally_block_runs_at_every_suspension",
        "finally-effect",
    ),
    ("test_waits.py", "test_a_signal_ends_a_callback_but_not_a_wait", "clock"),
]


def test_the_workflow_keeps_every_rule() -> None:
    assert check_folder(WORKFLOW) == []


def expected(path: Path) -> Iterator[tuple[int, str]]:
    """Yield the findings that a file announces."""
    for number, line in enumerate(path.read_text("utf-8").splitlines(), 1):
        if found := TRIPS.search(line):
            yield number, found[1]


@pytest.mark.parametrize("rule", REMEDIES)
def test_each_rule_finds_what_breaks_it_and_nothing_else(rule: str) -> None:
    path = FILES / f"{rule.replace('-', '_')}.py"

    findings = {(each.line, each.rule) for each in check(path, "order_workflow")}

    assert {found for _, found in findings} == {rule}
    assert findings == {*expected(path)}


def rules_broken_in(path: Path, function: str) -> set[str]:
    """Return the rules that a function of a file breaks."""
    tree = ast.parse(path.read_text("utf-8"))
    node = next(each for each in tree.body if isinstance(each, ast.FunctionDef) and each.name == function)
    return {each.rule for each in check(path, "tests") if node.lineno <= each.line <= (node.end_lineno or 0)}


@pytest.mark.parametrize(("file", "function", "rule"), MISTAKES)
def test_the_mistakes_of_the_pitfalls_are_found(file: str, function: str, rule: str) -> None:
    assert rule in rules_broken_in(PITFALLS / file, function)


def test_a_finding_names_its_place_and_its_remedy(capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    package = tmp_path / "order_workflow"
    package.mkdir()
    (package / "handler.py").write_text(
        "import time\n\n\ndef handler(event, context):\n    return time.time()\n", "utf-8"
    )

    code = main([str(tmp_path)])

    assert code == 1
    assert capsys.readouterr().out == (
        f"{package / 'handler.py'}:5: clock: `time.time` is time.time, outside a step: "
        "read the clock in a step and use the step's result\n"
    )


def test_a_module_of_the_package_is_checked_where_it_stands(tmp_path: Path) -> None:
    """A call into another module of the package is safe here, because that module is checked itself."""
    package = tmp_path / "order_workflow"
    package.mkdir()
    (package / "handler.py").write_text(
        "from order_workflow.clock import now\n\n\ndef handler(event, context):\n    return now()\n", "utf-8"
    )
    (package / "clock.py").write_text("from time import time\n\n\ndef now():\n    return time()\n", "utf-8")

    assert [(each.path.name, each.line, each.rule) for each in check_folder(tmp_path)] == [("clock.py", 5, "clock")]
