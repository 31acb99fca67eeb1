"""The tables about people in an empty database, and one nurse, for tests that need no more than that."""

from contextlib import contextmanager

from audit.services.passwords import Cost, hash_password
from audit.storage import people
from audit.storage.engine import open_engine, write
from audit.storage.people import Account
from audit.storage.schema import metadata

SITE = "example"
QUICK = Cost(memory_kib=8, passes=1, lanes=1)
RIGHT = "four unrelated words will do"
NOON = 1_763_985_600_000
MINUTE = 60_000


@contextmanager
def open_accounts(url):
    """An engine on a database with the three tables about people."""
    engine = open_engine(url)
    with write(engine) as conn:
        metadata.create_all(conn, tables=[people.account, people.sign_in, people.attempt])
    yield engine
    engine.dispose()


def enrol_nurse(engine):
    """A clinician whose password is RIGHT."""
    account = Account(
        site=SITE,
        person="p_nurse",
        name="RN C. Placeholder",
        sign_in="C.Placeholder@clinic.example",
        profession="nurse",
        licence="RN-0001",
        roles=frozenset({"clinician"}),
        password_hash=hash_password(RIGHT, QUICK),
    )
    with write(engine) as conn:
        people.enrol(conn, account)
    return account
