"""Bring the page's three small libraries into `frontend/vendor`, pinned and checksummed.

Run `python scripts/vendor_page.py` after changing a version below. It asks npm for each package, refuses one whose
sha512 is not the pinned one, copies the few files the page needs, makes their imports relative (the page's content
security policy leaves no room for an import map) and writes `vendor.json`, which a test holds against the files.
"""

from __future__ import annotations

import base64
import hashlib
import json
import re
import subprocess
import sys
import tarfile
import tempfile
from dataclasses import dataclass
from pathlib import Path

VENDOR = Path(__file__).resolve().parent.parent / "frontend" / "vendor"
MANIFEST = VENDOR / "vendor.json"


@dataclass(frozen=True, slots=True)
class Package:
    """One npm package: what it must hash to, and which of its files become which of ours."""

    name: str
    version: str
    integrity: str
    files: dict[str, str]


PACKAGES = (
    Package(
        name="preact",
        version="11.2.0",
        integrity="sha512-/HfHI/7N84e6GrWBJ3J280z3mLaRJiDcSvj/A+y/4AbLnND/1UlGHe1sR6oYuTGwId0nP7dqDU9OnLxMPZ7xBg==",
        files={
            "dist/preact.mjs": "preact.js",
            "hooks/dist/hooks.mjs": "hooks.js",
            "LICENSE": "preact.LICENSE",
        },
    ),
    Package(
        name="htm",
        version="3.1.1",
        integrity="sha512-983Vyg8NwUE7JkZ6NmOqpCZ+sh1bKv2iYTlUkzlWmA5JD2acKoxd4KVxbMmxX/85mtfdnDmTFoNKcg5DGAvxNQ==",
        files={"dist/htm.mjs": "htm.js", "LICENSE": "htm.LICENSE"},
    ),
)


def sha512(content: bytes) -> str:
    """Return the digest in npm's notation, `sha512-<base64>`."""
    return "sha512-" + base64.b64encode(hashlib.sha512(content).digest()).decode()


def make_relative(source: str) -> str:
    """Turn `from"preact"` into `from"./preact.js"` and drop the pointer to a source map we do not ship."""
    relative = re.sub(r'from"([a-z]+)"', r'from"./\1.js"', source)
    return re.sub(r"\n?//# sourceMappingURL=\S+\s*$", "\n", relative)


def download(package: Package, folder: Path) -> Path:
    """Fetch the package's archive into `folder`; exit with one line when it is not the pinned one."""
    command = ["npm", "pack", "--silent", f"{package.name}@{package.version}"]
    subprocess.run(command, cwd=folder, check=True, stdout=subprocess.DEVNULL)
    archive = folder / f"{package.name}-{package.version}.tgz"
    found = sha512(archive.read_bytes())
    if found != package.integrity:
        sys.exit(f"{archive.name} hashes to {found}, not to the pinned {package.integrity}")
    return archive


def copy_files(package: Package, archive: Path) -> dict[str, str]:
    """Write the wanted files and return their digests by name."""
    digests: dict[str, str] = {}
    with tarfile.open(archive) as contents:
        for inside, ours in package.files.items():
            member = contents.extractfile(f"package/{inside}")
            if member is None:
                sys.exit(f"{archive.name} has no file {inside}")
            text = member.read().decode()
            written = (make_relative(text) if ours.endswith(".js") else text).encode()
            (VENDOR / ours).write_bytes(written)
            digests[ours] = sha512(written)
    return digests


def main() -> None:
    """Vendor every package and rewrite the manifest."""
    VENDOR.mkdir(parents=True, exist_ok=True)
    manifest = []
    with tempfile.TemporaryDirectory() as folder:
        for package in PACKAGES:
            files = copy_files(package, download(package, Path(folder)))
            pinned = {"name": package.name, "version": package.version, "integrity": package.integrity}
            manifest.append({**pinned, "files": files})
    MANIFEST.write_text(json.dumps({"packages": manifest}, indent=2) + "\n")


if __name__ == "__main__":
    main()
