"""The console script `audit`, and `python -m audit`: hands the machine's clock and environment to the command."""

import os
import secrets
import time

from audit.cli.machine import Machine
from audit.cli.main import main as commands


def main() -> None:
    """Run the command that the arguments name."""
    # Not by way of audit.app, which loads the web framework: a check must start at once.
    commands(
        obj=Machine(
            environ=os.environ,  # noqa: TID251 -- the edge: what is read here is passed on as an argument
            clock=lambda: time.time_ns() // 1_000_000,  # noqa: TID251 -- as above
            random=secrets.token_bytes,
        )
    )


if __name__ == "__main__":
    main()
