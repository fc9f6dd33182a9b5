"""Run AWS's conformance requirements: `python -m tests.conformance FOLDER [NUMBER...]`."""

from __future__ import annotations

import sys
import tempfile
import time
from collections import defaultdict
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from tests.conformance.driver import TEMPLATE, Driver, Verdict
from tests.conformance.requirements import Requirement, load
from tests.stack import Stack

AT_ONCE = 8
# The plugin requirements need plugins of the SDK; see docs/conformance.md.
SUITES = ("step", "wait", "child", "callback", "invoke", "wait_for_condition", "wait_for_callback", "parallel", "map")


def main() -> int:
    """Print a line for each difference and each suite; 1 when anything differs, 2 without requirements."""
    if len(sys.argv) < 2:
        print("name the folder of the requirements: make conformance REQUIREMENTS=path", file=sys.stderr)
        return 2
    try:
        requirements = chosen(load(Path(sys.argv[1])), sys.argv[2:])
    except FileNotFoundError as error:
        print(error, file=sys.stderr)
        return 2
    begin = time.monotonic()
    verdicts = run(requirements)
    report(verdicts)
    print(f"in {time.monotonic() - begin:.0f} s")
    failed = sum(not verdict.passed for verdict in verdicts)
    print(f"{len(verdicts) - failed} passed, {failed} failed")
    return 1 if failed else 0


def chosen(requirements: Sequence[Requirement], numbers: Sequence[str]) -> list[Requirement]:
    """Return the requirements of the nine suites, or the ones that are named."""
    return [
        requirement
        for requirement in requirements
        if requirement.suite in SUITES and (not numbers or requirement.number in numbers)
    ]


def run(requirements: Sequence[Requirement]) -> list[Verdict]:
    """Run requirements on a stack of their own, several at once."""
    with tempfile.TemporaryDirectory() as folder, Stack(Path(folder) / "data", template=TEMPLATE) as stack:
        driver = Driver(stack)
        with ThreadPoolExecutor(AT_ONCE) as threads:
            return list(threads.map(driver.run, requirements))


def report(verdicts: Sequence[Verdict]) -> None:
    """Print what differs, then what each suite passed."""
    suites: dict[str, list[Verdict]] = defaultdict(list)
    for verdict in verdicts:
        suites[verdict.requirement.suite].append(verdict)
        for difference in verdict.differences:
            print(f"{verdict.requirement.number} {difference}")
    for suite, members in suites.items():
        print(f"{suite:<20} {sum(verdict.passed for verdict in members):>3} of {len(members)}")


if __name__ == "__main__":
    sys.exit(main())
