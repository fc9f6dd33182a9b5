"""Make or complete a virtual environment from a lock: `environment.py FOLDER LOCK STAMP`.

Standard library only, since it runs before anything is installed. The stamp is written last: an installation
that was interrupted is simply done again.
"""

import os
import subprocess
import sys
import venv
from pathlib import Path

PIP = ("-I", "-m", "pip", "--disable-pip-version-check", "install", "--quiet", "--no-deps", "--require-hashes")

# What a person's settings of pip may say: where packages come from and how they are fetched. Where they go and which
# ones they are (PIP_TARGET, PIP_PREFIX, PIP_DRY_RUN, PIP_CONSTRAINT, PIP_NO_BINARY) is for the lock to say.
SOURCES = frozenset(
    {"INDEX_URL", "EXTRA_INDEX_URL", "NO_INDEX", "FIND_LINKS", "TRUSTED_HOST", "CERT", "CLIENT_CERT", "PROXY"}
    | {"TIMEOUT", "DEFAULT_TIMEOUT", "RETRIES", "CACHE_DIR", "NO_CACHE_DIR", "CONFIG_FILE", "KEYRING_PROVIDER"}
)


def variables() -> dict[str, str]:
    """The variables that pip sees."""
    kept = {name: value for name, value in os.environ.items() if not name.startswith(("PIP_", "PYTHON"))}
    sources = {f"PIP_{name}": os.environ[f"PIP_{name}"] for name in SOURCES if f"PIP_{name}" in os.environ}
    return {**kept, **sources, "PIP_USER": "0", "PIP_DRY_RUN": "0"}


def install(folder: Path, lock: Path, stamp: Path) -> None:
    """Install exactly what the lock lists, checking every hash, then leave the stamp."""
    python = folder / "bin" / "python"
    if not python.exists():
        venv.create(folder, with_pip=True, clear=folder.exists())
    print(f"Installing {lock} into {folder} (once) ...", flush=True)
    if subprocess.run([str(python), *PIP, "-r", str(lock)], env=variables(), check=False).returncode:
        sys.exit(f"Installing {lock} failed: the lines above say why. Is the package index reachable?")
    stamp.touch()


if __name__ == "__main__":
    install(*map(Path, sys.argv[1:4]))
