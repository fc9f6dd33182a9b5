"""What each function costs before its first line runs: the time of its imports, and the size of its package."""

import io
import json
import os
import statistics
import subprocess
import sys
import zipfile
from collections.abc import Iterator, Mapping
from pathlib import Path

from local.environments.variables import variables_for
from local.template import Function, read

ROOT = Path(__file__).resolve().parent.parent
BUILT = ROOT / ".aws-sam" / "build"
TIMES = 7
# Prints the seconds that the imports named on the command line take, and what was imported by then.
_IMPORTS = """
import importlib, json, sys, time
before = set(sys.modules)
began = time.perf_counter()
for name in sys.argv[1:]:
    importlib.import_module(name)
print(json.dumps([time.perf_counter() - began, [name for name in sys.modules if name not in before]]))
"""


def report() -> Iterator[tuple[str, str, str]]:
    """A line of name, figure and target for each function, and one for the layer they share."""
    template = read(ROOT / "template.yaml")
    for function in template.functions:
        yield f"{function.logical_id}: import over its floor", *import_times(function)
        yield f"{function.logical_id}: package", size(BUILT / function.logical_id), ""
    yield "layer of all functions: package", size(BUILT / "OrdersLayer"), ""


def import_times(function: Function) -> tuple[str, str]:
    """The median time of a handler's import, and that of nothing but the libraries it uses."""
    environment = variables_for(function, "nowhere", {}) | {"AWS_REGION": "us-east-1"}
    own = {path.name for root in (function.code, *function.layers) for path in root.iterdir() if path.is_dir()}
    handler = function.handler.rpartition(".")[0]
    _, imported = _imports(environment, [handler])
    libraries = [name for name in imported if name.partition(".")[0] not in own]
    whole = statistics.median(_imports(environment, [handler])[0] for _ in range(TIMES))
    floor = statistics.median(_imports(environment, libraries)[0] for _ in range(TIMES))
    return f"{1000 * whole:.0f} ms / {1000 * floor:.0f} ms = {whole / floor:.2f} times", "at most 1.15"


def size(folder: Path) -> str:
    """The size of a built package, zipped as it is uploaded."""
    if not folder.is_dir():
        return "not built: make build"
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w", zipfile.ZIP_DEFLATED) as archive:
        for path in sorted(folder.rglob("*")):
            archive.write(path, path.relative_to(folder))
    return f"{len(file.getvalue()) / 1024:.0f} KB zipped"


def _imports(environment: Mapping[str, str], modules: list[str]) -> tuple[float, list[str]]:
    command = [sys.executable, "-P", "-c", _IMPORTS, *modules]
    ran = subprocess.run(command, env=dict(environment), cwd=os.sep, capture_output=True, text=True, check=True)
    seconds, imported = json.loads(ran.stdout)
    return seconds, imported
