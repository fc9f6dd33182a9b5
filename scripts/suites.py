"""Run the test suites, a few side by side, and print, at the end, what each proved.

`python -m scripts.suites [NAME...]` (all of them without a name). A suite that has no tests, or that skipped
one because this machine cannot run it, counts as failed: a green line always means that something was shown.
"""

import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace
from pathlib import Path
from typing import IO
from xml.etree import ElementTree as ET

ROOT = Path(__file__).resolve().parent.parent
LANES = int(os.environ.get("LANES", "2"))
# What a developer's shell says to Python, to the tests' tools and to the functions; a suite decides that by itself.
LEFT_OUT = ("PYTHON", "PYTEST_", "MOTO_", "AWS_", "POWERTOOLS_", "FORCE_COLOR", "SHARDS")
IMPORT_ROOTS = (".", "functions/workflow", "functions/approval_api", "functions/notifier", "layers/orders")


@dataclass(frozen=True, slots=True)
class Suite:
    """A named group of tests and the one sentence that a green run allows to say."""

    name: str
    proves: str
    options: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Report:
    """What one suite did: its tests, its figures as `name: value` and whether it may be called green."""

    suite: Suite
    passed: bool
    ran: int = 0
    failed: int = 0
    trouble: str = ""
    seconds: float = 0.0
    figures: tuple[str, ...] = ()

    def lines(self) -> str:
        """The closing line, with one more line per figure."""
        verdict = "passed" if self.passed else f"FAILED {self.trouble}".rstrip()
        head = f"{self.suite.name:<11} {self.ran:>5} tests {self.seconds:>7.1f} s  {verdict}: {self.suite.proves}"
        return "\n".join([head, *(f"{'':<29}{figure}" for figure in self.figures)])


STATIC = Suite("static", "lint, format, strict types, the direction of imports and a workflow that replays the same")
SUITES = (
    Suite("unit", "the rules, transitions, settings and texts, without any I/O"),
    Suite("adapters", "memory and AWS adapters keep the same contract"),
    Suite("workflow", "order, names, branches and retries of the durable operations"),
    Suite("pitfalls", "what goes wrong without each durable primitive, beside the right way"),
    Suite("crash", "a process killed at any point changes no outcome and doubles no effect"),
    Suite("api", "every route, problem and permission; the same request twice is one effect"),
    Suite("races", "the first write wins: actors that meet at the write, and an API that agrees with its model"),
    Suite("conformance", "the matcher of AWS's conformance requirements refuses what they do not allow"),
    Suite("template", "what is deployed: structure, permissions, aliases, timeouts"),
    Suite("browser", "an order to its outcome by click, in a real browser"),
    Suite("local", "one command, an order to its outcome by HTTP, over real processes"),
    Suite("sam", "the packages build, and their handlers import from what was built"),
)
# The heart of the product: while these suites run, its branches are counted, and together they must take every one.
BRANCHES = Suite("branches", "unit, workflow and api take every branch of domain and services")
COUNTING = {"unit", "workflow", "api"}
COUNTED = "layers/orders/orders/domain,layers/orders/orders/services"
# As modules: the scripts beside the interpreter name the folder they were installed in, and folders are moved.
CHECKS = {
    "ruff check": ("-m", "ruff", "check", "--quiet"),
    "ruff format": ("-m", "ruff", "format", "--check", "--quiet"),
    "mypy": ("-m", "mypy", "--no-error-summary"),
    "lint-imports": ("-c", "from importlinter.cli import lint_imports_command; lint_imports_command()"),
    "determinism": ("-m", "scripts.determinism"),
}


def run_static(log: IO[bytes]) -> Report:
    """Every static check, all of them even when one fails."""
    failed = [name for name, check in CHECKS.items() if _run([sys.executable, *check], log)]
    return Report(STATIC, not failed, ran=len(CHECKS), failed=len(failed), trouble=", ".join(failed))


def run_branches(log: IO[bytes]) -> Report:
    """What the counting suites left out, by file and line; COVERAGE_FILE says where they counted."""
    coverage = [sys.executable, "-m", "coverage"]
    codes = [_run([*coverage, "combine", "--quiet"], log), _run([*coverage, "report", "--fail-under=100"], log)]
    return Report(BRANCHES, not any(codes), ran=1, failed=int(any(codes)), trouble="(see the list above)")


def run_suite(suite: Suite, log: IO[bytes]) -> Report:
    """One suite in a process of its own, so that none can lean on what another left behind."""
    with tempfile.TemporaryDirectory() as folder:
        results = Path(folder) / "results.xml"
        counting = ["-m", "coverage", "run", f"--source={COUNTED}"] if suite.name in COUNTING else []
        command = [sys.executable, *counting, "-m", "pytest", f"tests/{suite.name}", "-q", f"--junitxml={results}"]
        code = _run([*command, *suite.options], log)
        if not results.exists():
            return Report(suite, passed=False, trouble="(pytest did not start)")
        return read_results(suite, results, code)


def read_results(suite: Suite, results: Path, code: int) -> Report:
    """The report behind pytest's results file and exit code."""
    tree = ET.parse(results).getroot()  # noqa: S314 - pytest wrote it a moment ago
    tests = tree.findall(".//testcase")
    failed = sum(1 for test in tests if test.find("failure") is not None or test.find("error") is not None)
    skipped = sum(1 for test in tests if test.find("skipped") is not None)
    properties = [(p.get("name", ""), p.get("value")) for p in tree.findall(".//property")]
    found = [f"{name}: {value}" for name, value in properties if not name.startswith("hypothesis-")]
    trouble = f"({failed} failed, {skipped} skipped)" if tests else "(no tests)"
    green = code == 0 and bool(tests) and not failed and not skipped
    return Report(suite, green, ran=len(tests) - skipped, failed=failed, trouble=trouble, figures=tuple(found))


def run_timed(suite: Suite) -> Report:
    """Run a suite, note how long it took, and print what it said in one piece."""
    print(f"... {suite.name}", flush=True)
    begin = time.monotonic()
    with tempfile.TemporaryFile() as log:
        special = {STATIC: run_static, BRANCHES: run_branches}
        report = special[suite](log) if suite in special else run_suite(suite, log)
        log.seek(0)
        said = log.read().decode(errors="replace")
    report = replace(report, seconds=time.monotonic() - begin)
    print(f"\n=== {suite.name}\n{said}{report.lines()}", flush=True)
    return report


def choose(names: Sequence[str]) -> list[Suite]:
    """The named suites, or all of them, in their fixed order."""
    known = (STATIC, *SUITES)
    unknown = set(names) - {suite.name for suite in known}
    if unknown:
        sys.exit(f"No such suite: {', '.join(sorted(unknown))}")
    return [suite for suite in known if not names or suite.name in names]


def _run(command: list[str], log: IO[bytes]) -> int:
    # import-linter finds packages by the import path alone; pytest and mypy read the same roots from pyproject.toml.
    roots = os.pathsep.join(str(ROOT / root) for root in IMPORT_ROOTS)
    kept = {name: value for name, value in os.environ.items() if not name.startswith(LEFT_OUT)}
    waits = {name for name in kept if name.endswith("_SECONDS")}
    env = {name: value for name, value in kept.items() if name not in waits} | {"PYTHONPATH": roots}
    return subprocess.run(command, cwd=ROOT, env=env, stdout=log, stderr=log, check=False).returncode


def main() -> int:
    """Run, then print one closing line per suite."""
    begin, suites = time.monotonic(), choose(sys.argv[1:])
    # Most suites wait more than they work: for timers, browsers, processes. Two cores carry a few of them at once.
    with tempfile.TemporaryDirectory() as counts, ThreadPoolExecutor(LANES) as lanes:
        os.environ["COVERAGE_FILE"] = f"{counts}/branches"
        reports = list(lanes.map(run_timed, suites))
        if {suite.name for suite in suites} >= COUNTING:
            reports.append(run_timed(BRANCHES))
    print("\n" + "=" * 100)
    for report in reports:
        print(report.lines())
    failed = sum(max(report.failed, int(not report.passed)) for report in reports)
    print(f"in {time.monotonic() - begin:.0f} s")
    print(f"{sum(report.ran for report in reports) - failed} passed, {failed} failed")
    return 0 if all(report.passed for report in reports) else 1


if __name__ == "__main__":
    sys.exit(main())
