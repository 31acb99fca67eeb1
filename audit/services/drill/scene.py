"""What an attack is carried out on: a copied database, stolen keys, and what people outside remember of the log.

Not here: making the copy (`copying`), the attacks and what notices them.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path

from audit.services.register import Register
from audit.services.signing.signer import Signer
from audit.services.verify import Installation
from audit.storage.engine import Engine
from audit.tlog.checkpoint import Checkpoint
from audit.tlog.keys import SigningKey, VerifierKey
from audit.tlog.paper import PaperHead


class NotApplicable(Exception):
    """An attack needs something that this log does not have; the message says what, after "the log has"."""

    @property
    def why(self) -> str:
        """Say it as a sentence."""
        return f"the log has {self}"


class OutOfReach(NotApplicable):
    """An attack needs a key that this machine's program cannot even read; the message says so."""

    @property
    def why(self) -> str:
        """Say it as a sentence."""
        return str(self)


@dataclass(frozen=True, slots=True, kw_only=True)
class Stolen:
    """Keys in the attacker's hands: the log's, where the machine attacked holds it, and the service's."""

    log_key: SigningKey | None = field(repr=False)
    service_key: SigningKey = field(repr=False)

    def need_log_key(self) -> SigningKey:
        """Return the log's key.

        Raises:
            OutOfReach: the signer keeps it.
        """
        if self.log_key is None:
            raise OutOfReach("the log's key is with the signer's own process, out of reach")
        return self.log_key


@dataclass(frozen=True, slots=True, kw_only=True)
class Outside:
    """What stays beyond the attacker's reach: the head on a printed page, and heads that cosigners remember."""

    paper: PaperHead
    log_key: VerifierKey
    """The key that the log was opened with, as its readers have it from elsewhere."""
    cosigned: tuple[tuple[str, Checkpoint], ...] = ()
    """The last head that each cosigner countersigned, by the cosigner's name."""
    certificate: bytes = b""
    """The certificate (PEM) of the clinic's reports, as its readers have it from elsewhere."""

    @property
    def paper_size(self) -> int:
        """Return how many entries the head on paper covers."""
        return self.paper.size


@dataclass(slots=True, kw_only=True)
class Scene:
    """One copy of a log, to be attacked once. `pdf` is a report in its reader's hands; an attack may replace it."""

    register: Register
    signer: Signer
    installation: Installation
    stolen: Stolen
    outside: Outside
    pdf: bytes | None
    folder: Path
    """A folder of this scene alone, for whatever an attack needs."""
    random: Callable[[int], bytes] = field(repr=False)
    mirror: Path | None = None
    """The folder of tiles that a mirror holds."""
    evidence: Mapping[str, bytes] | None = None
    """The files of evidence in its reader's hands."""

    @property
    def engine(self) -> Engine:
        """Return the copied database."""
        return self.register.engine

    @property
    def site(self) -> str:
        """Return whose log it is."""
        return self.register.site

    @property
    def origin(self) -> str:
        """Return the log's name."""
        return self.register.origin

    def need_pdf(self) -> bytes:
        """Return the report in its reader's hands.

        Raises:
            NotApplicable: there is none.
        """
        if self.pdf is None:
            raise NotApplicable("no report")
        return self.pdf
