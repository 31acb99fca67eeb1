"""`python -m benchmarks [NAME …] [--smoke]`: measures, prints, and after a full run writes docs/performance.md."""

import argparse
from importlib import import_module
from pathlib import Path

from benchmarks import write_up
from benchmarks.runner import FULL, SMOKE, Result, Sizes, Skipped

NAMES = ("append", "sign", "verify", "proof", "reconcile", "report", "page")
PAGE = Path(__file__).resolve().parents[1] / "docs" / "performance.md"


def measure(names: tuple[str, ...], sizes: Sizes) -> list[Result | Skipped]:
    """Run the named measurements one after the other, telling each result as it comes."""
    results: list[Result | Skipped] = []
    for name in names:
        for result in import_module(f"benchmarks.{name}").measure(sizes):
            print(write_up.line(result), flush=True)
            results.append(result)
    return results


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m benchmarks", description="Measure against plain rivals.")
    parser.add_argument("names", nargs="*", choices=[*NAMES, []], help="which ones; all when left out")
    parser.add_argument("--smoke", action="store_true", help="tiny sizes, only to see that everything runs")
    asked = parser.parse_args()
    names = tuple(asked.names) or NAMES
    results = measure(names, SMOKE if asked.smoke else FULL)
    if names == NAMES and not asked.smoke:
        PAGE.write_text(write_up.page(results), "utf-8")


if __name__ == "__main__":
    main()
