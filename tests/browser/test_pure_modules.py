"""The page's pure modules in Node, its types, and what is vendored: everything that needs no browser."""

from __future__ import annotations

import gzip
import json
import re
import shutil
import subprocess
from pathlib import Path

from scripts.publish_page import Deployment, page_files
from scripts.vendor_page import MANIFEST, PACKAGES, VENDOR, sha512

FRONTEND = VENDOR.parent
SCRIPTS = sorted(path for path in FRONTEND.rglob("*.js"))
IMPORTS = re.compile(r"""(?:\bfrom\s*|\bimport\s*\(?\s*)["']([^"']+)["']""")


def test_pure_modules_do_what_their_tests_say() -> None:
    """Geometry, history, drafts, routes, cadence and words: `node --test`."""
    finished = subprocess.run(
        ["node", "--test", str(Path(__file__).parent / "pure")], capture_output=True, text=True, check=False
    )
    passed = re.search(r"^# pass (\d+)$", finished.stdout, re.MULTILINE)
    assert finished.returncode == 0, finished.stdout
    assert passed
    assert int(passed[1]) >= 60
    print(f"{passed[1]} tests of pure modules passed in Node")


def test_types_hold(tmp_path: Path, tools: Path) -> None:
    """`tsc --checkJs` accepts every JSDoc comment under strict rules."""
    shutil.copytree(FRONTEND / "js", tmp_path / "js")
    shutil.copytree(tools.parent / "vendor", tmp_path / "vendor")
    shutil.copy(tools.parent / "tsconfig.json", tmp_path)
    compiler = tools / "typescript" / "bin" / "tsc"
    finished = subprocess.run(["node", str(compiler), "-p", str(tmp_path)], capture_output=True, text=True, check=False)
    assert finished.returncode == 0, finished.stdout


def test_vendored_files_are_the_pinned_ones() -> None:
    """Every vendored file hashes to what the manifest says, and the manifest names today's versions."""
    manifest = json.loads(MANIFEST.read_text())["packages"]
    pinned = [(package.name, package.version, package.integrity) for package in PACKAGES]
    assert [(each["name"], each["version"], each["integrity"]) for each in manifest] == pinned
    digests = {name: digest for each in manifest for name, digest in each["files"].items()}
    found = {path.name: sha512(path.read_bytes()) for path in VENDOR.iterdir() if path != MANIFEST}
    assert found == digests


def test_every_import_is_a_file_of_ours() -> None:
    """No bare name, no address: the policy forbids import maps and other origins alike."""
    for script in SCRIPTS:
        code = re.sub(r"/\*.*?\*/", "", script.read_text(), flags=re.DOTALL)
        for name in IMPORTS.findall(code):
            assert name.startswith("."), f"{script.name} imports {name}"
            assert (script.parent / name).is_file(), f"{script.name} imports {name}, which is not there"


def test_the_first_modules_are_asked_for_at_once() -> None:
    """The page names every module its first script leads to, so that none waits for another to be read."""
    wanted: set[Path] = set()
    waiting = [FRONTEND / "js" / "main.js"]
    while waiting:
        script = waiting.pop()
        names = re.findall(r'^(?:import|export)[^;]*?from\s*"([^"]+)"', script.read_text(), re.MULTILINE)
        found = {(script.parent / name).resolve() for name in names} - wanted
        wanted |= found
        waiting.extend(found)
    named = re.findall(r'rel="modulepreload" href="([^"]+)"', (FRONTEND / "index.html").read_text())
    assert sorted(named) == sorted(str(path.relative_to(FRONTEND)) for path in wanted)


def test_one_module_talks_to_the_network() -> None:
    """`api.js` holds the only `fetch`."""
    talkers = [path.name for path in SCRIPTS if re.search(r"\bfetch\(|XMLHttpRequest|sendBeacon", path.read_text())]
    assert talkers == ["api.js"]


def test_markup_is_never_made_from_text() -> None:
    """No way around Trusted Types, no inline style attribute, no inline script."""
    forbidden = re.compile(
        r"innerHTML|outerHTML|insertAdjacentHTML|document\.write|dangerouslySet|\beval\(|style=[\"']"
    )
    own = [path for path in SCRIPTS if VENDOR not in path.parents]
    assert [path.name for path in [*own, FRONTEND / "index.html"] if forbidden.search(path.read_text())] == []
    page = (FRONTEND / "index.html").read_text()
    assert re.findall(r"<script(?![^>]*\bsrc=)", page) == []
    assert "<style" not in page


def test_what_breaks_things_is_not_deployed() -> None:
    """The drawer, the outbox and their styles stay here, and nothing that is deployed needs them to start."""
    deployment = Deployment("r", "https://page", "https://api", "domain", "pool", "client", "bucket", "distribution")
    deployed = dict(page_files(deployment, FRONTEND))
    assert {"index.html", "config.json", "js/main.js", "styles/page.css", "styles/order.css"} <= deployed.keys()
    assert not [key for key in deployed if "local" in key or key.endswith(".d.ts")]
    imported = {
        match for script in SCRIPTS if "local" not in script.parts for match in IMPORTS.findall(script.read_text())
    }
    assert {name for name in imported if "local/" in name} == {"./local/session.js", "./local/outbox.js"}
    assert not re.search(r'^import .*"\./local/', (FRONTEND / "js" / "main.js").read_text(), re.MULTILINE)
    for word in (b"crash-at-next-checkpoint", b"/local/faults", b"/local/time"):
        assert not [key for key, content in deployed.items() if word in content]


def test_the_page_stays_small() -> None:
    """At most 8,000 bytes of style, whatever is visited; scripts are budgeted by what a view loads, in the browser."""
    sizes = {path.name: len(gzip.compress(path.read_bytes(), 9)) for path in FRONTEND.rglob("*.css")}
    deployed = sizes["page.css"] + sizes["order.css"]
    print(f"CSS {deployed:,} bytes at most (gzip -9), and {sizes['local.css']:,} on the local stack only")
    assert deployed + sizes["local.css"] <= 8000
