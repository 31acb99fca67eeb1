"""`python tests/browser/clocked.py FILE serve`: the product's own command, its clock moved by the milliseconds in FILE.

A treatment takes forty minutes; a test that drives a day cannot wait for it. Nothing else differs from `python -m
audit`, and the tests of `test_without_script.py` drive that one.
"""

import sys
import time
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]


def main() -> None:
    sys.path.insert(0, str(ROOT))
    moved = Path(sys.argv.pop(1))
    import audit.__main__
    import audit.app

    audit.app.clock_ms = lambda: time.time_ns() // 1_000_000 + int(moved.read_text())
    audit.__main__.main()


if __name__ == "__main__":
    main()
