"""The console script `audit`, and `python -m audit`: hands the machine's clock and environment to the command."""

import os
import secrets
import time
from importlib import import_module

from audit.cli.machine import Machine, Servable
from audit.cli.main import main as commands
from audit.config import Settings


def main() -> None:
    """Run the command that the arguments name."""
    # Not by way of audit.app, which loads the web framework: a check must start at once.
    commands(
        obj=Machine(
            environ=os.environ,  # noqa: TID251 -- the edge: what is read here is passed on as an argument
            clock=lambda: time.time_ns() // 1_000_000,  # noqa: TID251 -- as above
            random=secrets.token_bytes,
            service=_service,
            verify_page=_verify_page,
        )
    )


def _service(settings: Settings) -> Servable:
    """Make the web service; the framework is loaded here and by no other command."""
    app = import_module("audit.app")
    service = app.create_service(settings)
    return Servable(
        wsgi=service.app,
        setup_token=service.desk.setup_token,
        watch=lambda stop: app.watch_forever(service.desk, stop),
    )


def _verify_page() -> bytes:
    """Return `verify.html`; its parts are read by no other command."""
    page: bytes = import_module("audit.web.verify_page").verify_page_html()
    return page


if __name__ == "__main__":
    main()
