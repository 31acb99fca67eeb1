"""A small clinic behind HTTP: a real app with a few pages of its own, a real database, and browsers to use it with.

Not here: the domain and the pages of the product, which have their own driver (tests/clinic.py).
"""

import dataclasses
import re
from contextlib import contextmanager
from pathlib import Path

from flask import Blueprint, Flask

from audit.services.passwords import hash_password
from audit.services.signins import SignIns
from audit.storage import people
from audit.storage.engine import read, write
from audit.storage.people import Account
from audit.web import security, signin
from audit.web.security import allow, current_person, public, signed_in
from tests.accounts import MINUTE, NOON, QUICK, RIGHT, SITE, open_accounts

REPO = Path(__file__).parents[2]
OTHER = "another four words for later"
SECRET = b"a secret of thirty-two bytes, or more"
HOST = "http://localhost"

pages = Blueprint("pages", __name__)
verifier = Blueprint("verify_public", __name__)
"""In the place of the public page, which has a policy of its own (test_verify_public.py)."""


@pages.get("/")
@signed_in
def home():
    return f"home of {current_person().name}"


@pages.get("/stock")
@allow("manager", "clinician")
def stock():
    security.figures_seen()
    return "stock"


@pages.route("/sessions/s_1/waste", methods=["GET", "POST"])
@allow("clinician")
def waste():
    return "waste"


@verifier.get("/verify")
@public
def show():
    return "anybody"


@pages.get("/forgotten")
def forgotten():
    return "nobody declared who may see this"


@dataclasses.dataclass
class Clinic:
    """A running app, its database, and a clock that a test turns."""

    engine: object
    now_ms: int = NOON
    https: bool = False
    app: Flask = None

    @property
    def desk(self):
        return SignIns(engine=self.engine, site=SITE, cost=QUICK)

    def set_password(self, person, password):
        with write(self.engine) as conn:
            hashed = hash_password(password, QUICK)
            people.set_password(conn, SITE, person, password_hash=hashed, at_ms=self.now_ms)

    def account(self, person):
        with read(self.engine) as conn:
            return people.by_person(conn, SITE, person)

    def make_app(self):
        app = Flask("clinic", template_folder=REPO / "templates", static_folder=REPO / "audit/web/static")
        app.jinja_env.add_extension("jinja2.ext.i18n")
        app.jinja_env.install_null_translations(newstyle=True)
        # The frame's macros name them; no page here shows an amount.
        app.jinja_env.filters.update({"mg": str, "ml": str})
        app.context_processor(lambda: {"clinic": {"name": "Example Clinic", "is_demo": False}})
        access = security.Access(
            sign_ins=lambda: self.desk,
            secret=SECRET,
            hosts=("localhost",),
            https=self.https,
            now_ms=lambda: self.now_ms,
            clock_text=lambda ms: f"{ms // 3_600_000 % 24:02}:{ms // MINUTE % 60:02}",
            set_password=self.set_password,
        )
        signin.install(app, access)
        app.register_blueprint(pages)
        app.register_blueprint(verifier)
        self.app = app
        return self


@contextmanager
def open_clinic(folder):
    """A clinic of three people, each with one role and the same password."""
    with open_accounts(f"sqlite:///{folder / 'audit.db'}") as engine:
        with write(engine) as conn:
            _enrol(conn, "p_nurse", "RN C. Placeholder", "clinician")
            _enrol(conn, "p_manager", "Mx M. Sample", "manager")
            _enrol(conn, "p_inspector", "Insp. I. Specimen", "inspector")
        yield Clinic(engine).make_app()


def _enrol(conn, person, name, role):
    account = Account(
        site=SITE,
        person=person,
        name=name,
        sign_in=f"{role}@clinic.example",
        profession="nurse",
        licence="",
        roles=frozenset({role}),
        password_hash=hash_password(RIGHT, QUICK),
    )
    people.enrol(conn, account)


class Browser:
    """A browser that sends back the token of the form it was shown."""

    def __init__(self, clinic, **headers):
        self.client = clinic.app.test_client()
        self.client.environ_base.update(headers)

    def get(self, path, **kwargs):
        answer = self.client.get(path, **kwargs)
        answer.get_data()
        answer.close()
        return answer

    def token(self, path="/sign-in"):
        return re.search(r'name="csrf_token" value="([^"]+)"', self.get(path).text)[1]

    def post(self, path, data=None, *, form_on=None, **kwargs):
        token = self.token(form_on or path)
        return self.client.post(path, data={"csrf_token": token, **(data or {})}, **kwargs)

    def sign_in(self, who="clinician@clinic.example", password=RIGHT, **data):
        return self.post("/sign-in", {"sign_in": who, "password": password, **data})


def text_of(page):
    return re.sub(r"\s+", " ", re.sub(r"<[^>]+>", " ", page.text.split("<body", 1)[1])).replace("&#39;", "'")
