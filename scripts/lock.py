"""Write requirements/*.txt and the layer's requirements.txt again, from the .in files beside them.

The tests' lock is the widest and is made first; the others may only repeat its choices, so that what runs is
what was tested. Locks carry hashes for every platform and no address of an index.
"""

import subprocess
import sys
from pathlib import Path

TESTED = "requirements/dev.txt"
LOCKS = (
    ("requirements/dev.in", TESTED, None),
    ("requirements/stack.in", "requirements/stack.txt", TESTED),
    ("requirements/layer.in", "layers/orders/requirements.txt", TESTED),
    ("requirements/sam.in", "requirements/sam.txt", None),
)
COMPILE = (
    *("pip", "compile", "--quiet", "--upgrade", "--universal", "--python-version", "3.11"),
    *("--generate-hashes", "--no-header", "--no-emit-index-url", "--no-emit-find-links"),
)


def main() -> None:
    """Compile each lock in turn."""
    uv = Path(sys.executable).with_name("uv")
    for source, target, constraint in LOCKS:
        limits = ["--constraint", constraint] if constraint else []
        subprocess.run([uv, *COMPILE, *limits, source, "--output-file", target], check=True)
        print(f"wrote {target}")


if __name__ == "__main__":
    main()
