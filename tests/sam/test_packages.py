"""What `sam build` makes: the packages as they are uploaded, and only what belongs in them."""

import subprocess
import zipfile
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.sam.conftest import SAM_TOOLS, Build, sam

HANDLERS = {
    "OrderWorkflow": "order_workflow.handler",
    "ApprovalApi": "approval_api.handler",
    "Notifier": "notifier.handler",
}
SERVICES = {"dynamodb", "lambda", "s3", "sns", "stepfunctions", "sts"}
MOST_MEGABYTES = 6.0

pytestmark = pytest.mark.timeout(300)


def packed_megabytes(folder: Path, archive: Path) -> float:
    """The size of a folder as Lambda receives it."""
    with zipfile.ZipFile(archive, "w", zipfile.ZIP_DEFLATED) as packed:
        for path in sorted(folder.rglob("*")):
            packed.write(path, path.relative_to(folder))
    return archive.stat().st_size / 1_000_000


def imported(build: Build, function: str, module: str) -> subprocess.CompletedProcess[str]:
    """Import a handler from the packages alone: no site-packages, no variable, no folder of the repository."""
    python = SAM_TOOLS / "python3.13"
    load = f"import {module} as m; print(m.handler)"
    return subprocess.run(
        [python, "-B", "-S", "-c", load],
        env={"PYTHONPATH": f"{build.folder / function}:{build.layer}"},
        cwd=build.folder / function,
        capture_output=True,
        text=True,
        check=False,
    )


def test_the_template_is_valid() -> None:
    """`sam validate --lint` has nothing against it."""
    run = sam("validate", "--lint")
    assert run.code == 0, run.output


def test_the_build_is_clean(build: Build) -> None:
    """It succeeds, and it warns of nothing."""
    assert build.run.code == 0, build.run.output
    assert "Build Succeeded" in build.run.output
    assert "warning" not in build.run.output.lower(), build.run.output


@pytest.mark.parametrize(("function", "module"), HANDLERS.items())
def test_a_handler_imports_from_what_was_built(build: Build, function: str, module: str) -> None:
    """Package and layer are complete, and importing reads no variable and opens no client."""
    done = imported(build, function, module)
    assert done.returncode == 0, done.stderr
    assert "function" in done.stdout


def test_a_package_that_lacks_its_layer_is_caught(build: Build) -> None:
    """The import above really depends on nothing but the packages."""
    done = imported(Build(build.run, build.folder.parent), "build/Notifier", "notifier.handler")
    assert "No module named" in done.stderr


@pytest.mark.parametrize(("function", "module"), HANDLERS.items())
def test_a_package_holds_its_function_and_nothing_else(build: Build, function: str, module: str) -> None:
    """No tests, no local stack, no compiled leftovers."""
    assert [path.name for path in (build.folder / function).iterdir()] == [module.removesuffix(".handler")]
    assert not list((build.folder / function).rglob("__pycache__"))


def test_the_layer_describes_only_the_services_in_use(build: Build) -> None:
    """Out of hundreds that botocore carries; its other data, on regions, retries and defaults, stays."""
    data = build.layer / "botocore" / "data"
    assert {path.name for path in data.iterdir() if path.is_dir()} == SERVICES
    assert {path.name for path in data.iterdir() if path.is_file()} >= {"endpoints.json", "partitions.json"}


def test_the_layer_stays_small(build: Build, tmp_path: Path, record_property: Callable[[str, object], None]) -> None:
    """Everything the functions need, trimmed; the figure is printed with the suite."""
    size = packed_megabytes(build.layer.parent, tmp_path / "layer.zip")
    unpacked = sum(path.stat().st_size for path in build.layer.rglob("*") if path.is_file()) / 1_000_000
    record_property("layer", f"{size:.1f} MB packed, {unpacked:.1f} MB unpacked")
    assert size < MOST_MEGABYTES


def test_nothing_of_the_local_stack_is_deployed(build: Build) -> None:
    """Its development identities and its break-it switches cannot reach AWS."""
    parts = {path.name for path in build.folder.rglob("*") if path.is_dir()}
    assert "orders" in parts
    assert not parts & {"local", "tests", "frontend", "scripts"}
