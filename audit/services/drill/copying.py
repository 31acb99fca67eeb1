"""Copies of a clinic's own log for a drill: its database as SQLite, its reports, its signer's memory.

Nothing here writes to what is copied. A signer in a process of its own is asked what it remembers; its key stays there.
"""

import os
import shutil
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from pathlib import Path

from audit.domain.errors import Refused
from audit.domain.keys import LOG
from audit.services.drill.scene import Outside, Scene, Stolen
from audit.services.register import Register
from audit.services.signing.keeper import KeptSigner
from audit.services.signing.keyfiles import KeyFiles
from audit.services.signing.signer import Held, Known, Shown, Signer, SignerAway, SignerRefused
from audit.services.verify import Installation
from audit.services.verifying.check_12_reports import report_file
from audit.storage import checkpoints, cosignatures, ledger, registers, tampering, tree
from audit.storage.engine import Connection, open_engine, read
from audit.storage.upgrade import upgrade
from audit.tlog.checkpoint import Checkpoint
from audit.tlog.keys import VerifierKey
from audit.tlog.merkle import ProofRefused, verify_consistency
from audit.tlog.paper import PaperHead

_DATABASE = "audit.db"


@dataclass(frozen=True, slots=True, kw_only=True)
class Own:
    """The clinic's own log as it is: what is copied, and the signer's folder where this program may read it."""

    register: Register
    installation: Installation
    signer: Signer
    signer_folder: Path | None
    certificate: bytes
    random: Callable[[int], bytes] = field(repr=False)


@dataclass(slots=True)
class Memory:
    """What a signer out of reach remembers: refuses what does not extend it, and signs nothing, for its key is away."""

    remembered: Known

    def known(self, origin: str) -> Known:
        """Return what was remembered when the copy was made."""
        del origin
        return self.remembered

    def held(self, origin: str) -> Held | None:
        """Return the last head signed."""
        del origin
        return self.remembered.held

    def open(self, origin: str) -> VerifierKey:
        """Refuse to open another log."""
        raise SignerRefused(f"this is a memory of {origin} alone")

    def prepare(self, origin: str) -> VerifierKey:
        """Refuse to make a key."""
        raise SignerRefused(f"this is a memory of {origin} alone")

    def sign(self, checkpoint: Checkpoint, consistency: tuple[bytes, ...], shown: tuple[Shown, ...] = ()) -> str:
        """Refuse what does not extend the memory; what does is not signed either, for the key is not here."""
        del shown
        held = self.remembered.held
        if held is not None and held.size and checkpoint.size > held.size:
            try:
                verify_consistency(
                    old=held.size, new=checkpoint.size, old_root=held.root, new_root=checkpoint.root, proof=consistency
                )
            except ProofRefused as refused:
                raise SignerRefused(str(refused)) from refused
        raise SignerAway("the copy of a signer's memory has no key")


class Copies:
    """Copies of one log in a folder of the drill's own: one to be copied again for each attack."""

    def __init__(self, own: Own, folder: Path) -> None:
        """Copy a log.

        Raises:
            Refused: `not_signed_yet` where it has no signed head; SignerAway where the signer does not answer.
        """
        self._own, self._folder = own, folder
        self._known = own.signer.known(own.register.origin)
        url = f"sqlite:///{folder / _DATABASE}"
        upgrade(url)
        engine = open_engine(url)
        try:
            tampering.copy_database(own.register.engine, engine)
            with read(engine) as conn:
                self.outside = _outside(conn, own)
                self._report = _newest_report(conn, own)
        finally:
            engine.dispose()
        if own.signer_folder is not None:
            shutil.copytree(own.signer_folder, folder / "signer", ignore=_no_plain_files)
        _copy_files(own.installation.reports, folder / "reports", shutil.copy)

    def scene(self, number: int) -> Scene:
        """Set the scene for one attack; its folder may be removed afterwards."""
        folder = self._folder / f"attack-{number}"
        folder.mkdir()
        shutil.copy(self._folder / _DATABASE, folder / _DATABASE)
        # Links to the drill's own copies: an attack puts a new file in the place of one and writes into none.
        _copy_files(self._folder / "reports", folder / "reports", os.link)
        own = self._own
        signer: Signer = Memory(self._known)
        log_key = None
        if own.signer_folder is not None:
            shutil.copytree(self._folder / "signer", folder / "signer")
            signer = KeptSigner(folder / "signer", own.random)
            log_key = KeyFiles(folder / "signer" / "keys").present(own.register.origin)
        return Scene(
            register=replace(own.register, engine=open_engine(f"sqlite:///{folder / _DATABASE}")),
            signer=signer,
            installation=replace(own.installation, signer=signer, reports=folder / "reports"),
            stolen=Stolen(log_key=log_key, service_key=own.register.service_key),
            outside=self.outside,
            pdf=self._report,
            folder=folder,
            random=own.random,
        )


def _outside(conn: Connection, own: Own) -> Outside:
    site, origin = own.register.site, own.register.origin
    kept = checkpoints.latest(conn, site)
    opened = ledger.load_book(conn, site, {LOG}).log
    if kept is None or opened is None:
        raise Refused("not_signed_yet")
    # The head taken as the one on paper: half of the log, so that there is something before it and after it.
    size = max(kept.size // 2, 1)
    lines = cosignatures.last_of_each(conn, site).values()
    return Outside(
        paper=PaperHead(origin, size, tree.root(conn, site, size).hex()),
        log_key=VerifierKey.from_string(opened.log_key),
        cosigned=tuple((one.name, Checkpoint(origin, one.size, tree.root(conn, site, one.size))) for one in lines),
        certificate=own.certificate,
    )


def _newest_report(conn: Connection, own: Own) -> bytes | None:
    folder = own.installation.reports
    page = registers.newest(conn, own.register.site, limit=1, kinds=("report_issued",))
    if folder is None or not page.entries:
        return None
    path = report_file(folder, str(getattr(page.entries[0].event, "report", "")))
    return path.read_bytes() if path.exists() else None


def _no_plain_files(folder: str, names: list[str]) -> list[str]:
    """Return what is not copied: the socket of a signer that runs, and keys it has only drafted."""
    paths = {name: Path(folder, name) for name in names}
    return [name for name, path in paths.items() if path.suffix == ".draft" or not (path.is_file() or path.is_dir())]


def _copy_files(source: Path | None, target: Path, copy: Callable[[Path, Path], object]) -> None:
    target.mkdir()
    if source is None or not source.is_dir():
        return
    for path in source.iterdir():
        if path.is_file():
            copy(path, target / path.name)
