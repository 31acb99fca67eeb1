"""What tests of services share: a backup of the clinic's database, its register as after restoring it, and passkeys."""

import dataclasses
import shutil
from collections.abc import Callable

import pytest
from sqlalchemy import make_url

from audit.services.opening import find_register
from audit.services.register import Register
from audit.storage.engine import open_engine
from tests.authenticator import Authenticator
from tests.clinic import Clinic
from tests.services.touching import enrol, order, touched


@pytest.fixture
def backup(clinic, migrated_url, engine_kind, request, tmp_path) -> Callable[[], Register]:
    """Copies the database as it is now; the register of the copy, as after restoring it."""
    opened = []

    def copy() -> Register:
        clinic.register.engine.dispose()
        if engine_kind == "sqlite":
            url = f"sqlite:///{shutil.copy(make_url(migrated_url).database, tmp_path / f'copy{len(opened)}.db')}"
        else:
            server = request.getfixturevalue("postgres_server")
            url = server.url(server.create_database(template=make_url(migrated_url).database))
        opened.append(open_engine(url))
        register = find_register(dataclasses.replace(clinic.ground, engine=opened[-1]))
        opened[-1].dispose()
        return register

    yield copy
    for engine in opened:
        engine.dispose()


@pytest.fixture
def keys(clinic: Clinic) -> dict[str, Authenticator]:
    """A's passkey (the first person's own), B's that M vouched for, M's that A vouched for with a touch."""
    made = {"A": Authenticator(seed=1), "B": Authenticator(seed=2, algorithm="EdDSA"), "M": Authenticator(seed=3)}
    enrol(clinic, "A", made["A"], by="A")
    enrol(clinic, "B", made["B"], by="M")
    by_id = {clinic.people[who]: key for who, key in made.items()}
    event = made["M"].enrolled(clinic.people["M"], clinic.register.origin)
    clinic.record(touched(clinic, [order(clinic, "A", event)], by_id))
    return by_id


@pytest.fixture
def vial(clinic: Clinic) -> str:
    """A vial that came before anybody held a passkey."""
    return clinic.receive(count=1)[0]
