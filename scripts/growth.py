"""Print how large a stack's state is and how long it takes to start, after 1,000 and after 10,000 orders.

`python -m scripts.growth [COUNT...]`. It needs about 1 GB of free space for a few minutes.
"""

import shutil
import sys
import tempfile
from collections.abc import Sequence
from pathlib import Path

from tests.local.many_orders import Size, measure, multiply, place_originals

COUNTS = (1_000, 10_000)


def grow(counts: Sequence[int]) -> None:
    """Print a measurement for each number of orders, each in a folder of its own; compare the last with the first."""
    sizes: list[Size] = []
    with tempfile.TemporaryDirectory(prefix="countersign-growth-") as home:
        originals = place_originals(Path(home) / "originals", 10)
        for count in counts:
            data = Path(home) / str(count)
            shutil.copytree(Path(home) / "originals", data)
            multiply(data, originals, count)
            sizes.append(measure(data, count))
            print(sizes[-1], flush=True)
            shutil.rmtree(data)
    first, later = (getattr(sizes[-1], name) / getattr(sizes[0], name) for name in ("first_start", "later_start"))
    print(f"{sizes[-1].orders} orders against {sizes[0].orders}: {first:.2f} times the first start, {later:.2f} later")


def main() -> None:
    """Measure what the command line asks for."""
    grow([int(each) for each in sys.argv[1:]] or COUNTS)


if __name__ == "__main__":
    main()
