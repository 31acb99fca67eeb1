"""One entry made durable by the write path, against a plain ORM insert of the same row.

Ours judges the act on the book of its keys, signs it, swaps the head, stores entry, tree nodes, keys and postings.
The rival only inserts the row of `log_entry`: same columns, indexes and engine settings, one commit each.
"""

import itertools
import random
import tempfile
from pathlib import Path

from sqlalchemy import MetaData
from sqlalchemy.orm import Session, registry

from audit.domain import commands, events
from audit.services.acts import SIGNED_IN
from audit.storage.engine import Engine, open_engine, read
from audit.storage.schema import log_entry
from benchmarks.runner import Result, Sizes, Skipped, alternate
from tests.clinic import Clinic, start_clinic


def measure(sizes: Sizes):
    yield _measure(sizes, "SQLite", _sqlite_urls)
    yield _measure(sizes, "PostgreSQL", _postgres_urls)


def _measure(sizes: Sizes, name: str, urls):
    title = f"Append one entry durably, {name}, one client"
    with tempfile.TemporaryDirectory() as folder:
        made = urls(Path(folder))
        if made is None:
            return Skipped(title, "no PostgreSQL could be started")
        ours_url, rival_url, stop = made
        try:
            clinic = start_clinic(ours_url, Path(folder))
            engine = open_engine(rival_url)
            ours = _acts(clinic, sizes.appends + 3)
            rival = _inserts(clinic, engine)
            ours_s, rival_s = alternate(lambda: next(ours), lambda: next(rival), sizes.appends, warm_up=3)
            clinic.register.engine.dispose()
            engine.dispose()
        finally:
            stop()
    return Result(
        title,
        "write path (judge, sign, chain, tree, keys, postings)",
        "ORM insert of the row",
        ours_s,
        rival_s,
        sizes.appends,
        goal="not slower" if name == "SQLite" else "",
    )


def _acts(clinic: Clinic, number: int):
    """Yield after each durable entry: start, stop and read the syringes of sessions that were prepared before."""
    ready = _prepare(clinic, -(-number // 3))
    for session, syringe in ready:
        start = events.InfusionStarted(session=session, container=syringe, rate_ul_per_h=1200)
        stop = events.InfusionStopped(session=session, container=syringe, reason="completed")
        left = commands.ReadRemainder(session=session, container=syringe, volume_ul=200)
        for command in (start, stop, left):
            order = clinic.order("A", command, SIGNED_IN)
            yield clinic.record([order])


def _prepare(clinic: Clinic, number: int) -> list[tuple[str, str]]:
    """Open and draw so many sessions, from a new vial every nine, many in one transaction."""
    patient = clinic.register_patient()
    ready, orders = [], []
    vials: list[str] = []
    for place in range(number):
        if place % 9 == 0:
            vials = vials or clinic.receive(count=100, lot=f"EX-{place}")
            vial = vials.pop()
        session, syringe = clinic.identifier("s"), clinic.identifier("c")
        opening = commands.OpenSession(
            session=session,
            patient=patient,
            prescriber=clinic.people["A"],
            dose_ug=39_000,
            route="iv",
            duration_min=40,
        )
        part = commands.Part(container=vial, volume_ul=1000)
        drawing = commands.DrawDose(session=session, syringe=syringe, parts=(part,))
        orders += [clinic.order("A", opening, SIGNED_IN), clinic.order("A", drawing, SIGNED_IN)]
        ready.append((session, syringe))
    for first in range(0, len(orders), 40):
        clinic.record(orders[first : first + 40])
    return ready


def _inserts(clinic: Clinic, engine: Engine):
    """Yield after each durable insert of a row like the last one of the clinic's log."""
    own = MetaData()
    table = log_entry.to_metadata(own)
    # Copying forgets that this check is for one engine only.
    table.constraints = {one for one in table.constraints if "leaf_is_of_body" not in str(one.name)}
    own.create_all(engine)
    row_type = type("Row", (), {})
    registry().map_imperatively(row_type, table)
    source = random.Random(1)
    like = _typical(clinic)
    for index in itertools.count():
        row = row_type()
        for column, value in like.items():
            setattr(row, column, value)
        row.idx, row.nonce = index, source.randbytes(16).hex()
        row.leaf, row.body = _leaf_and_body(like, index)
        with Session(engine) as session:
            session.add(row)
            session.commit()
        yield


def _typical(clinic: Clinic) -> dict[str, object]:
    entry = clinic.act("A", events.PatientUnmasked(patient=clinic.register_patient(), reason="care"), SIGNED_IN)
    with read(clinic.register.engine) as conn:
        stored = conn.execute(log_entry.select().where(log_entry.c.idx == entry.index)).one()
    return stored._asdict()


def _leaf_and_body(like: dict[str, object], index: int) -> tuple[bytes, bytes]:
    from audit.tlog.merkle import leaf_hash

    body = bytes(like["body"]) + str(index).encode()
    return leaf_hash(body), body


def _sqlite_urls(folder: Path):
    return f"sqlite:///{folder / 'ours.db'}", f"sqlite:///{folder / 'rival.db'}", lambda: None


def _postgres_urls(_folder: Path):
    try:
        from tests.postgres import PostgresServer

        server = PostgresServer()
    except (ImportError, OSError):
        return None
    return server.url(server.create_database()), server.url(server.create_database()), server.stop
