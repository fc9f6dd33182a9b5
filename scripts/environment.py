"""Make or complete a virtual environment from a lock: `environment.py FOLDER LOCK STAMP`.

Standard library only, since it runs before anything is installed. The stamp is written last: an installation
that was interrupted is simply done again.
"""

import subprocess
import sys
import venv
from pathlib import Path

PIP = ("-m", "pip", "--disable-pip-version-check", "install", "--quiet", "--no-deps", "--require-hashes")


def install(folder: Path, lock: Path, stamp: Path) -> None:
    """Install exactly what the lock lists, checking every hash, then leave the stamp."""
    python = folder / "bin" / "python"
    if not python.exists():
        venv.create(folder, with_pip=True, clear=folder.exists())
    print(f"Installing {lock} into {folder} (once) ...", flush=True)
    if subprocess.run([str(python), *PIP, "-r", str(lock)], check=False).returncode:
        sys.exit(f"Installing {lock} failed: the lines above say why. Is the package index reachable?")
    stamp.touch()


if __name__ == "__main__":
    install(*map(Path, sys.argv[1:4]))
