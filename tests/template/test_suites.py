"""The runner of the suites: it calls green only what was shown."""

import sys
from pathlib import Path

import pytest

from scripts import suites
from scripts.suites import SUITES, Report, Suite, choose, read_results, run_branches, run_suite

SUITE = Suite("unit", "the rules")


def report(tmp_path: Path, cases: str, code: int = 0) -> Report:
    """What the runner makes of a pytest results file."""
    results = tmp_path / "results.xml"
    results.write_text(f"<testsuites><testsuite>{cases}</testsuite></testsuites>")
    return read_results(SUITE, results, code)


def test_a_green_suite_says_what_it_proved_and_its_figures(tmp_path: Path) -> None:
    """One line for the suite and one for each figure that a test recorded."""
    figure = '<properties><property name="orders" value="20"/></properties>'
    found = report(tmp_path, f"<testcase>{figure}</testcase><testcase/>")
    assert found.passed
    assert found.lines().splitlines()[0].split() == ["unit", "2", "tests", "0.0", "s", "passed:", "the", "rules"]
    assert found.lines().splitlines()[1].strip() == "orders: 20"


@pytest.mark.parametrize(
    ("cases", "code"),
    [
        ("<testcase><failure/></testcase>", 1),
        ("<testcase><error/></testcase>", 1),
        ("<testcase/><testcase><skipped/></testcase>", 0),
        ("", 5),
        ("<testcase/>", 2),
    ],
    ids=["failure", "error", "skipped", "no tests", "interrupted"],
)
def test_nothing_else_is_green(tmp_path: Path, cases: str, code: int) -> None:
    """A failure, an error, a skipped test, no test at all, or a run that broke off."""
    found = report(tmp_path, cases, code)
    assert not found.passed
    assert "FAILED" in found.lines()


def test_an_unknown_suite_is_named() -> None:
    """A typing error runs nothing, and says so."""
    with pytest.raises(SystemExit, match="unti"):
        choose(["unti"])


def test_without_names_all_suites_run() -> None:
    """Static checks first, then every suite in its fixed order."""
    assert [suite.name for suite in choose([])] == ["static", *(suite.name for suite in SUITES)]


def test_a_branch_that_no_counting_suite_takes_is_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """One file of the unit suite takes few of them; the closing line then fails and says where the rest are."""
    monkeypatch.setenv("COVERAGE_FILE", str(tmp_path / "branches"))
    one_file = Suite("unit/test_access.py", "a little")
    monkeypatch.setattr(suites, "COUNTING", {one_file.name})
    with (tmp_path / "log").open("w+b") as log:
        assert run_suite(one_file, log).passed
        found = run_branches(log)
    assert not found.passed
    assert "layers/orders/orders/services/writing.py" in (tmp_path / "log").read_text()


def test_a_suite_decides_by_itself_what_a_shell_would_tell_it(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """PYTHONOPTIMIZE drops every assertion, PYTEST_ADDOPTS any test, and a wait of the shell changes what tests see."""
    for name in ("PYTHONOPTIMIZE", "PYTEST_ADDOPTS", "AWS_PROFILE", "MOTO_X", "CLAIM_SECONDS"):
        monkeypatch.setenv(name, "2")
    with (tmp_path / "log").open("w+b") as log:
        assert suites._run([sys.executable, "-c", "import os; print(*os.environ)"], log) == 0
    names = (tmp_path / "log").read_text().split()
    assert {"PATH", "PYTHONPATH"} <= set(names)
    assert [name for name in names if name in {"PYTHONOPTIMIZE", "PYTEST_ADDOPTS", "AWS_PROFILE", "MOTO_X"}] == []
    assert "CLAIM_SECONDS" not in names
