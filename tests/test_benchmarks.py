import pytest

from benchmarks.__main__ import NAMES, measure
from benchmarks.runner import SMOKE, Result, Skipped, alternate
from benchmarks.write_up import page


@pytest.mark.parametrize("name", [name for name in NAMES if name != "append"])
def test_every_measurement_runs_at_a_tiny_size(name):
    results = measure((name,), SMOKE)
    assert results
    assert all(isinstance(one, Result) and one.ours_s > 0 and one.rival_s > 0 for one in results)


def test_appending_is_measured_on_both_databases():
    results = measure(("append",), SMOKE)
    assert [one.title.split(", ")[1] for one in results] == ["SQLite", "PostgreSQL"]
    assert all(isinstance(one, Result) for one in results)


def test_rivals_take_turns_and_each_is_called_as_often():
    called: list[str] = []
    alternate(lambda: called.append("ours"), lambda: called.append("rival"), 3, warm_up=0)
    assert called == ["ours", "rival", "rival", "ours", "ours", "rival"]


def test_the_page_gives_the_ratio_and_says_what_was_not_measured():
    result = Result("Append", "write path", "plain insert", 0.003, 0.002, 5, goal="not slower")
    text = page([result, Skipped("Report", "no fonts here")])
    assert "| Append | 3.00 ms | 2.00 ms | 1.50 | not slower |" in text
    assert "- Report: no fonts here." in text
    assert "/tmp" not in text
