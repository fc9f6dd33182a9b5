"""What each function costs before its first line runs: the time of its imports, and the size of its package."""

import io
import json
import os
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
CLIENTS = {"OrderWorkflow": "dynamodb,s3,lambda", "ApprovalApi": "dynamodb,s3,lambda", "Notifier": "dynamodb,sns"}
"""The AWS clients that a first invocation makes."""
# Prints the CPU seconds that imports and clients named on the command line take, and what was imported by then.
_IMPORTS = """
import importlib, json, sys, time
before = set(sys.modules)
began = time.process_time()
for name in sys.argv[2:]:
    importlib.import_module(name)
import boto3
for name in filter(None, sys.argv[1].split(",")):
    boto3.client(name)
print(json.dumps([time.process_time() - began, [name for name in sys.modules if name not in before]]))
"""


def report() -> Iterator[tuple[str, str, str]]:
    """A line of name, figure and target for each function, and one for the layer they share."""
    template = read(ROOT / "template.yaml")
    for function in template.functions:
        yield f"{function.logical_id}: import and clients, over its floor", *import_times(function)
        yield f"{function.logical_id}: package", size(BUILT / function.logical_id), ""
    yield "layer of all functions: package", size(BUILT / "OrdersLayer"), ""


def import_times(function: Function) -> tuple[str, str]:
    """The time that a handler takes to be imported with its clients, and libraries and clients without the handler."""
    environment = variables_for(function, "nowhere", {}) | {"AWS_DEFAULT_REGION": "us-east-1"}
    own = {path.name for root in (function.code, *function.layers) for path in root.iterdir() if path.is_dir()}
    handler = function.handler.rpartition(".")[0]
    clients = CLIENTS.get(function.logical_id, "")
    _, imported = _imports(environment, clients, [handler])
    libraries = [name for name in imported if name.partition(".")[0] not in own]
    whole = min(_imports(environment, clients, [handler])[0] for _ in range(TIMES))
    floor = min(_imports(environment, clients, libraries)[0] for _ in range(TIMES))
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


def _imports(environment: Mapping[str, str], clients: str, modules: list[str]) -> tuple[float, list[str]]:
    command = [sys.executable, "-P", "-c", _IMPORTS, clients, *modules]
    ran = subprocess.run(command, env=dict(environment), cwd=os.sep, capture_output=True, text=True, check=True)
    seconds, imported = json.loads(ran.stdout)
    return seconds, imported
