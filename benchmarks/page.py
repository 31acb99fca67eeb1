"""The register's page of 50 rows as a signed-in person gets it, against drawing the same page alone.

The rival answers the same address family with the same template and the same values, kept from the first answer:
no sign-in to look up, no database to ask.
"""

import re
import tempfile
from pathlib import Path

import flask

from audit.app import create_service
from audit.config import from_environment
from audit.services.demo.people import MANAGER, PASSWORD
from audit.web.security import public
from benchmarks.logs import demo_of
from benchmarks.runner import Result, Sizes, alternate

_HOST = "http://localhost"


def measure(sizes: Sizes):
    with tempfile.TemporaryDirectory() as folder:
        home = Path(folder) / "demo"
        demo = demo_of(home, min(sizes.report_entries))
        demo.made.ground.engine.dispose()
        service = create_service(from_environment({"AUDIT_HOME": str(home)}))
        kept: list[tuple[object, dict[str, object]]] = []
        service.app.add_url_rule("/only-drawn", "only_drawn", public(lambda: kept[0][0].render(kept[0][1])))
        signed_in, anybody = service.app.test_client(), service.app.test_client()
        _sign_in(signed_in)

        def keep(_app, template, context, **_more):
            if template.name == "register/show.html":
                kept.append((template, dict(context)))

        with flask.template_rendered.connected_to(keep):
            _get(signed_in, "/register")
        rows = len(kept[0][1]["rows"])
        ours_s, rival_s = alternate(
            lambda: _get(signed_in, "/register"), lambda: _get(anybody, "/only-drawn"), sizes.repetitions * 10
        )
        service.desk.ground.engine.dispose()
        yield Result(
            f"A page of the register with {rows} rows",
            "signed in, from the database",
            "the same page, drawn alone",
            ours_s,
            rival_s,
            sizes.repetitions * 10,
            goal="at most twice: half the time is the page itself",
        )


def _sign_in(client):
    page = client.get("/sign-in", base_url=_HOST).text
    hidden = {name: found[-1] for name in ("csrf_token", "nonce") if (found := _hidden(page, name))}
    form = {"sign_in": MANAGER.sign_in, "password": PASSWORD, **hidden}
    answer = client.post("/sign-in", data=form, base_url=_HOST)
    if answer.status_code not in {302, 303}:
        raise SystemExit(f"signing in answered {answer.status_code}")


def _hidden(page: str, name: str) -> list[str]:
    return re.findall(rf'name="{name}"[^>]*value="([^"]*)"', page)


def _get(client, path: str):
    answer = client.get(path, base_url=_HOST)
    if answer.status_code != 200:
        raise SystemExit(f"{path} answered {answer.status_code}")
    return answer
