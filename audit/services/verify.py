"""Verifies one log: runs every check of log-format section 10 in one pass over its entries, to the end.

`verify` takes a neutral source; `verify_site` reads a database into one. Memory grows by some hundred bytes an
entry. Nothing is written, nothing repaired, and no fault stops it.
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path

from audit.services.keyring import Keyring
from audit.services.signing.signer import Known, Signer, SignerAway
from audit.services.verifying.check_01_bytes import Read, read_row
from audit.services.verifying.check_02_order import Order
from audit.services.verifying.check_04_roots import Checkpoints
from audit.services.verifying.check_05_cosigners import Cosignatures
from audit.services.verifying.check_07_passkeys import Passkeys
from audit.services.verifying.check_07_second_persons import SecondPersons
from audit.services.verifying.check_07_signatures import Signatures
from audit.services.verifying.check_07_signed_acts import SignedActs
from audit.services.verifying.check_07_strikes import Strikes
from audit.services.verifying.check_08_time import Times
from audit.services.verifying.check_09_seals import ClearSeals, StoredSeals
from audit.services.verifying.check_10_fold import Fold
from audit.services.verifying.check_11_columns import Columns
from audit.services.verifying.check_11_nodes import Nodes
from audit.services.verifying.check_11_tables import Ends, check_accounts, check_guards, check_head
from audit.services.verifying.check_12_reports import Reports
from audit.services.verifying.erased import Erased
from audit.services.verifying.gap import note_gap
from audit.services.verifying.history import History
from audit.services.verifying.nonces import Nonces
from audit.services.verifying.signature_bench import SignatureBench
from audit.services.verifying.signer import check_signer
from audit.services.verifying.source import Anchor, Around, Own, Row, Source, Tables
from audit.services.verifying.stored_tokens import stored_tokens
from audit.services.verifying.tree import Tree
from audit.services.verifying.verdict import Cosigning, Notebook, Rule, Verdict, day_of
from audit.storage import checkpoints, cosignatures, derived
from audit.storage.derived import open_database
from audit.storage.engine import Connection, Engine, StorageRefused
from audit.tlog.canonical import NotCanonical
from audit.tlog.entry import EntryRefused, decode_entry
from audit.tlog.keys import SigningKey
from audit.tlog.merkle import EMPTY
from audit.tlog.note import NoteRefused, parse_note

__all__ = [
    "Anchor",
    "Engine",
    "Installation",
    "NoteRefused",
    "Rule",
    "Source",
    "StorageRefused",
    "Verdict",
    "look_around",
    "open_database",
    "parse_note",
    "sites",
    "verify",
    "verify_in",
    "verify_site",
]

Progress = Callable[[int, int], None]
"""Called with how many entries more have been read, and how many there are."""
_STEP = 200


@dataclass(frozen=True, slots=True, kw_only=True)
class Installation:
    """What stands around a database: its secrets, its signer, the folder of reports; None where not at hand."""

    keyring: Keyring | None = field(default=None, repr=False)
    signer: Signer | None = field(default=None, repr=False)
    reports: Path | None = None
    time_certificates: bytes | None = None


def sites(engine: Engine) -> tuple[str, ...]:
    """Return every site with a log in the database.

    Raises:
        StorageRefused: there is no database of this version.
    """
    with derived.reading(engine) as conn:
        return derived.sites(conn)


def verify_site(
    engine: Engine,
    site: str,
    installation: Installation,
    *,
    now_ms: int | None = None,
    anchor: Anchor | None = None,
    progress: Progress | None = None,
) -> Verdict:
    """Verify the log of one site of a database, in one snapshot.

    Raises:
        StorageRefused: the database cannot be read.
    """
    # The signer's row is read before the snapshot is taken: what is signed meanwhile must not look like a loss.
    with derived.reading(engine) as conn:
        around = look_around(conn, site, installation)
    with derived.reading(engine) as conn:
        return verify_in(conn, site, around, now_ms=now_ms, anchor=anchor, progress=progress)


def verify_in(
    conn: Connection,
    site: str,
    around: Around,
    *,
    now_ms: int | None = None,
    anchor: Anchor | None = None,
    progress: Progress | None = None,
) -> Verdict:
    """As `verify_site`, in a snapshot that is already open; `around` was read before it (`look_around`)."""
    source = Source(
        rows=_rows(conn, site),
        body_at=lambda index: derived.body_at(conn, site, index),
        count=derived.count(conn, site),
        checkpoints=tuple(checkpoints.every(conn, site)),
        cosignatures=cosignatures.every(conn, site),
        tables=_tables(conn, site),
        own=around.own,
        reports=around.reports,
        time=stored_tokens(conn, site, around.time_certificates),
        now_ms=now_ms,
    )
    return verify(source, anchor=anchor, progress=progress)


def look_around(conn: Connection, site: str, installation: Installation) -> Around:
    """Return what the installation knows of a site's log apart from the database; of keys, nothing without secrets."""
    keyring, signer = installation.keyring, installation.signer
    if keyring is None or signer is None:
        return Around(own=None, reports=installation.reports, time_certificates=installation.time_certificates)
    origin = _origin(conn, site)
    own = Own(
        signer=_known(signer, origin),
        service_public=tuple(SigningKey("service", seed).verifier.public_key for seed in keyring.service_seeds()),
        wrapping_key=keyring.wrapping_key,
    )
    return Around(own=own, reports=installation.reports, time_certificates=installation.time_certificates)


def _known(signer: Signer, origin: str | None) -> Known | None:
    """Return what the signer has of a log; None where it does not answer."""
    try:
        return signer.known(origin) if origin is not None else Known()
    except SignerAway:
        return None


def verify(source: Source, *, anchor: Anchor | None = None, progress: Progress | None = None) -> Verdict:
    """Run every check on a source; never raises for what an entry, row or file holds."""
    run = _Run(source, anchor or Anchor())
    unreported = 0
    for row in source.rows:
        run.row(row)
        unreported += 1
        if progress is not None and unreported == _STEP:
            progress(unreported, source.count)
            unreported = 0
    if progress is not None:
        progress(unreported, source.count)
    return run.verdict()


class _Run:
    """One verification: the checks, in the order in which each entry meets them."""

    def __init__(self, source: Source, anchor: Anchor) -> None:
        self.source = source
        self.anchor = anchor
        self.notebook = notebook = Notebook()
        self.history = history = History(source.body_at)
        self.tree = tree = Tree(source.body_at, (row.size for row in source.checkpoints))
        self.opened_on: str | None = None
        self.cosigning: Cosigning | None = None
        self.order = Order(notebook)
        self.bench = SignatureBench(workers=source.cores)
        nonces = Nonces(source.count, source.body_at)
        self.signatures = Signatures(
            notebook, tree, self.bench, nonces, source.own.service_public if source.own else ()
        )
        self.passkeys = Passkeys(notebook, history, self.bench)
        self.signed_acts = SignedActs(notebook, history)
        self.seconds = SecondPersons(notebook, history)
        self.strikes = Strikes(notebook, history)
        self.fold = Fold(notebook)
        self.erased = erased = Erased(history)
        self.reports = Reports(notebook, tree, erased, source.reports)
        self.ends = Ends()
        tables = source.tables
        self.columns = Columns(notebook, history, tables) if tables else None
        self.nodes = Nodes(notebook, tables) if tables else None
        self.stored_seals = StoredSeals(notebook, history, erased, source, tables) if tables else None
        self.clear_seals = ClearSeals(notebook, erased, source.clear) if source.clear is not None else None
        self.cosignatures = Cosignatures(notebook, tree, anchor.cosigners)
        self.times = Times(notebook, tree, source.time)

    def row(self, row: Row) -> None:
        """Show one entry to every check."""
        if not self.order.admits(row.index):
            return
        read = read_row(row, self.notebook)
        self.order.entry(read)
        self.signatures.entry(read)
        self.passkeys.entry(read)
        self.signed_acts.entry(read)
        self.seconds.entry(read)
        self.strikes.entry(read)
        effect = self.history.effect(read)
        self.fold.entry(read.index, effect, pending=self.strikes.pending)
        if self.columns is not None:
            self.columns.entry(read, effect)
        if self.stored_seals is not None:
            self.stored_seals.entry(read, self.order.origin)
        if self.clear_seals is not None:
            self.clear_seals.entry(read)
        self.cosignatures.entry(read)
        self.times.entry(read)
        self.reports.entry(read)
        self.erased.entry(read)
        self.ends.entry(read)
        completed = self.tree.push(read.index, read.leaf)
        if self.nodes is not None:
            self.nodes.entry(read.index, completed)
        self.history.add(read)
        if read.index == 0:
            self._note_opening(read)

    def verdict(self) -> Verdict:
        """Let every check come to its end and say what all of it came to."""
        tables = self.source.tables
        self.bench.finish()
        self.order.finish(max((head.size for head in tables.heads), default=None) if tables else None)
        self.strikes.finish()
        self.fold.finish(max(self.order.next_index - 1, 0))
        self.times.finish()
        self.reports.finish()
        if self.clear_seals is not None:
            self.clear_seals.finish()
        elif self.stored_seals is None:
            self.notebook.skip(Rule.SEALS, "no sealed values are at hand")
        if tables is None:
            self.notebook.skip(Rule.TABLES, "there are no tables beside these entries")
        else:
            self._finish_tables(tables)
        self.signatures.check_own_key()
        judge = Checkpoints(self.notebook, self.tree, self.signatures.log_keys, is_whole=tables is not None)
        judge.check(self.cosignatures.along(self.source.checkpoints, self.order.origin))
        self.cosigning = self.cosignatures.finish(self.source.cosignatures, self.order.origin)
        anchored = max(judge.check_anchor(self.anchor), self.cosignatures.anchored)
        judge.check_cut_offs()
        judge.check_uncovered(self._recorded_ms(judge.covered), self.source.now_ms)
        self._check_signer()
        return self._verdict(anchored=anchored, covered=judge.covered)

    def _finish_tables(self, tables: Tables) -> None:
        if self.columns is not None:
            self.columns.finish()
        if self.stored_seals is not None:
            self.stored_seals.finish()
        if self.nodes is not None:
            self.nodes.finish(self.tree.size)
        check_head(self.notebook, tables, self.ends, self.order.origin)
        check_accounts(self.notebook, tables, self.signatures.persons, self.ends)
        check_guards(self.notebook, tables)

    def _check_signer(self) -> None:
        check_signer(self.notebook, self.tree, own=self.source.own, keys=self.signatures.log_keys)

    def _recorded_ms(self, index: int) -> int | None:
        recorded = self.history.recorded(index)
        return recorded.recorded_ms if recorded is not None else None

    def _note_opening(self, read: Read) -> None:
        if read.recorded is not None:
            self.opened_on = day_of(read.recorded.recorded_ms, read.recorded.offset_min)
            note_gap(self.notebook, read.recorded.event)

    def _verdict(self, *, anchored: int, covered: int) -> Verdict:
        notebook, size = self.notebook, self.order.next_index
        root = self.tree.root(size)
        return Verdict(
            origin=self.order.origin,
            size=size,
            root=root.hex() if root is not None and root != EMPTY else None,
            opened_on=self.opened_on,
            is_demo=self.signatures.is_demo,
            anchored_size=anchored,
            past_checkpoint=max(size - covered, 0),
            checks=notebook.checks(),
            findings=tuple(notebook.findings),
            notices=tuple(notebook.notices),
            unchecked=tuple(notebook.unchecked),
            unsigned=self.signed_acts.unsigned,
            password_despite_passkey=tuple(self.passkeys.despite_passkey),
            cosigning=self.cosigning,
        )


def _rows(conn: Connection, site: str) -> Iterator[Row]:
    for stored in derived.entries(conn, site):
        yield Row(stored.index, stored.body, stored)


def _tables(conn: Connection, site: str) -> Tables:
    return Tables(
        site=site,
        heads=derived.heads(conn, site),
        postings=derived.postings(conn, site),
        keys=derived.keys(conn, site),
        nodes=derived.nodes(conn, site),
        sealed=derived.sealed_rows(conn, site),
        sealed_keys=derived.sealed_keys(conn, site),
        accounts=derived.accounts(conn, site),
        missing_guards=derived.missing_guards(conn),
        strays=derived.strays(conn),
    )


def _origin(conn: Connection, site: str) -> str | None:
    """Which log entry 0 says this is; None where its bytes do not say."""
    body = derived.body_at(conn, site, 0)
    try:
        return decode_entry(body).log if body is not None else None
    except (EntryRefused, NotCanonical):
        return None
