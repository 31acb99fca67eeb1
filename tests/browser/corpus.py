"""A plugin of pytest that keeps every log which the tests of our verification state, with what was found in it.

`python -m pytest -p tests.browser.corpus tests/services/test_verify.py` writes one JSON line for each verdict to the
file that CORPUS names. So each rule's own tests are also judged by the second implementation.
"""

import json
import os
from pathlib import Path

from audit.services.verify import Verdict
from tests.services.stated import Log

_AT = Path(os.environ["CORPUS"])
_VERDICT = Log.verdict


def _kept(log: Log) -> Verdict:
    verdict = _VERDICT(log)
    failed = sorted(check.rule.number or 0 for check in verdict.checks if check.state == "failed")
    line = {
        "test": os.environ.get("PYTEST_CURRENT_TEST", ""),
        "bodies": [body.decode() for body in log.bodies],
        "failed": failed,
        "unchecked": len(verdict.unchecked),
    }
    with _AT.open("a") as out:
        out.write(json.dumps(line) + "\n")
    return verdict


Log.verdict = _kept  # type: ignore[method-assign]
