"""A clinic with enough life in it that every table has rows worth changing, and what an administrator may do to it."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from sqlalchemy import Connection, text

from audit.domain import commands, events
from audit.services.signing.keeper import KeptSigner
from audit.services.timestamps import stamp
from audit.services.verify import Anchor, Installation, Verdict, look_around, verify_in, verify_site
from audit.storage import checkpoints, cosignatures, guards
from audit.storage.cosignatures import CosignatureRow
from audit.storage.engine import write
from audit.tlog.cosignature import CosigningKey
from audit.tlog.seal import password_commitment
from tests.clinic import Clinic, start_clinic
from tests.time_authority import TestAuthority, authority_at, granted, serving

COSIGNER = CosigningKey("pharmacy.example.org/cosigner", b"a cosigner's seed of 32 bytes...")


def live(url: str, home: Path) -> Clinic:
    """Sessions, a correction, a count with its case, roles and a password changed, one person ended, a head dated."""
    clinic = start_clinic(url, home)
    vials = clinic.receive(count=3)
    clinic.whole_session(vials[0])
    session = clinic.open_session("A")
    syringe = clinic.draw("A", session, vials[0], 1000)
    clinic.run("A", session, syringe, rate_ul_per_h=1200, minutes=40)
    first = clinic.read("A", syringe, 210)
    clinic.record(
        [
            clinic.order("A", commands.StrikeEntry(of=first.ref, reason="mistyped", replacements=1)),
            clinic.order("A", commands.ReadRemainder(container=syringe, volume_ul=200), answers_strike=True),
        ]
    )
    clinic.count("A", "B", lots={(clinic.products["50"], "EX-5390"): 2}, levels={vials[0]: 7_000})
    password = "synthetic-hash-B-second"
    clinic.act(
        "B",
        events.PasswordSet(person=clinic.people["B"], password_sha256=password_commitment(password)),
        password_hash=password,
    )
    clinic.act("A", events.RolesChanged(person=clinic.people["M"], roles=("clinician", "manager")))
    clinic.enrol("E", "nurse", "clinician")
    clinic.act("A", events.PersonEnded(person=clinic.people["E"], reason="left"))
    clinic.act("A", events.CosignersChanged(cosigners=(COSIGNER.verifier.to_string(),), quorum=0))
    clinic.checkpoint()
    cosign(clinic)
    date(clinic, home / "authority")
    clinic.whole_session(vials[1])
    clinic.checkpoint()
    return clinic


def date(clinic: Clinic, folder: Path) -> None:
    """Have a time authority date the head, by the clinic's own clock."""
    authority = TestAuthority(folder)
    clinic.time_root = authority.root.read_bytes()
    with serving(lambda query: granted(authority.dated(query, clinic.clock.now_ms))) as url:
        stamp(clinic.register, authority_at(url, authority))


def cosign(clinic: Clinic) -> None:
    """Keep the cosigner's line on the last checkpoint, as the service does once the cosigner answered."""
    with write(clinic.register.engine) as conn:
        head = checkpoints.latest(conn, clinic.register.site)
        assert head is not None
        line = COSIGNER.cosign(head.note.partition("\n\n")[0] + "\n", time_s=clinic.clock.now_ms // 1000).line()
        cosignatures.save(conn, clinic.register.site, CosignatureRow(head.size, COSIGNER.verifier.name, line))


def installation(clinic: Clinic) -> Installation:
    """Return what stands around the clinic's database."""
    return Installation(keyring=clinic.ground.keyring, signer=clinic.signer, time_certificates=clinic.time_root)


def check(clinic: Clinic, *, anchor: str | None = None) -> Verdict:
    """Verify the clinic's log with everything the installation has."""
    return verify_site(
        clinic.register.engine,
        clinic.register.site,
        installation(clinic),
        now_ms=clinic.clock.now_ms,
        anchor=Anchor(note=anchor),
    )


@contextmanager
def as_administrator(clinic: Clinic) -> Iterator[Connection]:
    """A transaction with every trigger and constraint out of the way, undone at the end of the block."""
    with clinic.register.engine.connect() as conn, conn.begin() as transaction:
        guards.drop(conn)
        _drop_constraints(conn)
        yield conn
        transaction.rollback()


def check_in(
    clinic: Clinic,
    conn: Connection,
    *,
    anchor: str | None = None,
    signer: KeptSigner | None = None,
    guarded: tuple[str, ...] = guards.GUARDED,
) -> Verdict:
    """Put the triggers back, as if nothing had been, and verify what the transaction sees."""
    guards.create(conn, *guarded)
    stands = Installation(
        keyring=clinic.ground.keyring, signer=signer or clinic.signer, time_certificates=clinic.time_root
    )
    site = clinic.register.site
    around = look_around(conn, site, stands)
    return verify_in(conn, site, around, now_ms=clinic.clock.now_ms, anchor=Anchor(note=anchor))


def _drop_constraints(conn: Connection) -> None:
    """Drop every CHECK, UNIQUE and PRIMARY KEY of PostgreSQL; of SQLite, stop asking its CHECKs."""
    if conn.dialect.name != "postgresql":
        conn.exec_driver_sql("PRAGMA ignore_check_constraints = ON")
        return
    named = conn.execute(
        text(
            "SELECT c.conname, r.relname FROM pg_constraint c JOIN pg_class r ON r.oid = c.conrelid"
            " WHERE c.contype IN ('c', 'u', 'p') AND r.relnamespace = current_schema()::regnamespace"
        )
    ).all()
    for name, table in named:
        conn.execute(text(f"ALTER TABLE {table} DROP CONSTRAINT {name}"))


@contextmanager
def without_guards(clinic: Clinic) -> Iterator[Connection]:
    """A transaction with the triggers out of the way, committed at the end of the block with them back in place."""
    with write(clinic.register.engine) as conn:
        guards.drop(conn)
        yield conn
        guards.create(conn)
