"""The packages, built once per run in a folder of their own."""

import os
import subprocess
from dataclasses import dataclass
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
SAM_TOOLS = ROOT / ".sam-venv" / "bin"


@dataclass(frozen=True, slots=True)
class Run:
    """What a SAM command printed, and whether it succeeded."""

    code: int
    output: str


@dataclass(frozen=True, slots=True)
class Build:
    """A finished `sam build` and where its packages lie."""

    run: Run
    folder: Path

    @property
    def layer(self) -> Path:
        """What becomes /opt/python."""
        return self.folder / "OrdersLayer" / "python"


def sam(*arguments: str) -> Run:
    """Run the SAM CLI of `make`'s own environment, or the one on PATH; fails when there is none."""
    path = os.pathsep.join([str(SAM_TOOLS), os.environ["PATH"]])
    environment = {**os.environ, "PATH": path, "SAM_CLI_TELEMETRY": "0", "AWS_DEFAULT_REGION": "us-east-1"}
    python = SAM_TOOLS / "python"  # its own script names the folder it was installed in, and folders are moved
    command = [str(python), "-m", "samcli"] if python.exists() else ["sam"]
    try:
        done = subprocess.run(
            [*command, *arguments], cwd=ROOT, env=environment, capture_output=True, text=True, check=False
        )
    except FileNotFoundError:
        pytest.fail("This suite needs the SAM CLI: `make build` installs it into .sam-venv", pytrace=False)
    return Run(done.returncode, done.stdout + done.stderr)


@pytest.fixture(scope="session")
def build(tmp_path_factory: pytest.TempPathFactory) -> Build:
    """`sam build` from nothing."""
    folder = tmp_path_factory.mktemp("sam")
    options = ["--build-dir", str(folder / "build"), "--cache-dir", str(folder / "cache")]
    return Build(sam("build", *options), folder / "build")
