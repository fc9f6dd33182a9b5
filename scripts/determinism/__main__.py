"""Check that the workflow's code behaves the same at every replay, and print what would not.

`python -m scripts.determinism [FOLDER...]` reads the workflow's package, or the packages in the named folders. The
handler runs from its first line at every wake-up, so outside steps nothing may vary and nothing may have an effect. A
function is a step when the SDK's decorator says so, when it takes a step's context, or when it is passed to an
operation that runs a step; every other function may be reached from the handler and is checked as replayed code.

A line that is safe for a reason that the rules cannot see ends with `# replay-safe: the reason`.
"""

from __future__ import annotations

import ast
import re
import sys
from collections.abc import Sequence
from pathlib import Path

from scripts.determinism.names import Module
from scripts.determinism.reader import Finding, Reader

ROOT = Path(__file__).resolve().parents[2]
WORKFLOW = ROOT / "functions" / "workflow"
SAFE = re.compile(r"#\s*replay-safe: \S")


def check(path: Path, package: str) -> list[Finding]:
    """Return what a file does that would differ at a replay."""
    source = path.read_text("utf-8")
    tree = ast.parse(source, str(path))
    reader = Reader(path, Module(tree, package))
    reader.visit(tree)
    safe = {number for number, line in enumerate(source.splitlines(), 1) if SAFE.search(line)}
    unused = safe - {each.line for each in reader.findings}
    kept = {each for each in reader.findings if each.line not in safe}
    kept |= {Finding(path, line, "unused", "nothing here needs `replay-safe`") for line in unused}
    return sorted(kept, key=lambda each: (each.line, each.rule, each.what))


def check_folder(folder: Path) -> list[Finding]:
    """Return the findings of every package in a folder; a package's modules may use each other."""
    files = sorted(folder.rglob("*.py"))
    return [found for file in files for found in check(file, file.relative_to(folder).parts[0])]


def main(folders: Sequence[str]) -> int:
    """Print the findings; return 1 when there are any."""
    findings = [each for folder in folders or [str(WORKFLOW)] for each in check_folder(Path(folder))]
    for each in findings:
        print(each)
    return int(bool(findings))


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
