"""What the stack takes from the shell that starts it: what a process of this machine needs, and nothing else.

Settings of libraries (MOTO_*, WEB_CONCURRENCY), of Python (PYTHONPATH, PYTHONSAFEPATH, PYTHONOPTIMIZE), of AWS clients
and of proxies are there for other programs. The variables that choose a wait are read earlier, with the template.

`python -m local` begins here in whatever Python the shell finds, so only the standard library is imported.
"""

from __future__ import annotations

import importlib.util
import os
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path

PROJECT = Path(__file__).resolve().parent.parent
_NEEDED = frozenset(
    {"PATH", "HOME", "TMPDIR", "SYSTEMROOT", "USER", "LOGNAME", "TZ", "LANG", "LANGUAGE"}
    | {"TERM", "COLORTERM", "NO_COLOR", "COLUMNS", "LINES"}
)
# The project is found from every working folder, and no module of a working folder is taken for another.
_PYTHON = {"PYTHONPATH": str(PROJECT), "PYTHONSAFEPATH": "1"}
# Locales, and where a Python that was built by hand finds its libraries.
_NEEDED_GROUPS = ("LC_", "LD_", "DYLD_")
# A library of requirements/stack.txt that is hardly ever in another environment.
_INSTALLED = "aws_durable_execution_sdk_python_testing"
_CANNOT_START = 2


def needed(environment: Mapping[str, str]) -> dict[str, str]:
    """The variables that the stack's own processes get, with the project as Python's only further import path."""
    found = {name: environment[name] for name in environment if name in _NEEDED or name.startswith(_NEEDED_GROUPS)}
    return {**found, **_PYTHON}


def use_installed_python(arguments: Sequence[str]) -> None:
    """Start `python -m local` again in the environment that make installed, without the shell's settings of Python.

    Returns when this process runs like that already. Ends it with one line when nothing is installed.
    """
    installed = importlib.util.find_spec(_INSTALLED) is not None
    if installed and (sys.flags.ignore_environment or _of_python(os.environ) in ({}, _PYTHON)):
        return
    python = Path(sys.executable) if installed else PROJECT / ".venv" / "bin" / "python"
    if not python.exists() or (not installed and Path(sys.prefix) == python.parent.parent):
        print("countersign: the stack's libraries are not installed in .venv: do that with make run", file=sys.stderr)
        sys.exit(_CANNOT_START)
    others = {name: value for name, value in os.environ.items() if name not in _of_python(os.environ)}
    os.execve(python, [str(python), "-s", "-m", "local", *arguments], {**others, **_PYTHON})  # noqa: S606 - no shell wanted


def _of_python(environment: Mapping[str, str]) -> dict[str, str]:
    return {name: value for name, value in environment.items() if name.startswith("PYTHON")}
