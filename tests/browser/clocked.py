"""`python tests/browser/clocked.py FILE serve`: the product's own commands, with FILE for their clock.

A treatment takes forty minutes; a test that drives a day cannot wait for it. FILE holds milliseconds since 1970 UTC,
and each look at the clock is one later, so that a busy machine gives nobody a larger dose. Nothing else differs from
`python -m audit`, which test_without_script.py drives.
"""

import sys
from itertools import count
from pathlib import Path
from types import SimpleNamespace

ROOT = Path(__file__).resolve().parents[2]


def main() -> None:
    sys.path.insert(0, str(ROOT))
    clock, looks = Path(sys.argv.pop(1)), count()
    import audit.__main__
    import audit.app

    def clock_ms() -> int:
        return int(clock.read_text()) + next(looks)

    audit.app.clock_ms = clock_ms
    audit.__main__.time = SimpleNamespace(time_ns=lambda: clock_ms() * 1_000_000)
    audit.__main__.main()


if __name__ == "__main__":
    main()
