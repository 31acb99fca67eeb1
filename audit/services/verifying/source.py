"""What a verification is given, whether it comes from a database or from an evidence file: plain values and streams.

Here is no reading of either (`audit.services.verify`, `audit.services.evidence`) and no judging.
"""

from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from audit.services.signing.signer import Known
from audit.storage.checkpoints import StoredCheckpoint
from audit.storage.cosignatures import CosignatureRow
from audit.storage.derived import AccountRow, NodeRow, PostingRow, SealedRow, Stray
from audit.storage.log import Head, StoredEntry
from audit.storage.seals import Opened, SealBroken
from audit.tlog.cosignature import CosignerKey
from audit.tlog.keys import VerifierKey
from audit.tlog.paper import PaperHead

__all__ = [
    "AccountRow",
    "Anchor",
    "Around",
    "Opened",
    "Own",
    "PostingRow",
    "Row",
    "SealBroken",
    "SealedRow",
    "Source",
    "Tables",
    "TimeTokens",
]


@dataclass(frozen=True, slots=True)
class Row:
    """One entry as it was met: its place, its bytes, and the columns beside them where it has any."""

    index: int
    body: bytes
    columns: StoredEntry | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Tables:
    """Every derived table of one site; streams are in order of index and are read once."""

    site: str
    heads: tuple[Head, ...]
    postings: Iterator[PostingRow]
    keys: Iterator[tuple[int, str]]
    nodes: Iterator[NodeRow]
    sealed: Iterator[SealedRow]
    sealed_keys: list[tuple[str, bytes]]
    accounts: tuple[AccountRow, ...]
    missing_guards: tuple[str, ...]
    strays: tuple[Stray, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Own:
    """What this installation knows apart from the database: what its signer answers, its keys, its secrets.

    `signer` None means that the signer does not answer; `service_public` also has a key made ready to follow.
    """

    signer: Known | None
    service_public: tuple[bytes, ...]
    wrapping_key: bytes = field(repr=False)


@dataclass(frozen=True, slots=True, kw_only=True)
class Around:
    """What stands around a database: its installation's own knowledge and folder of reports, None where not there."""

    own: Own | None = None
    reports: Path | None = None
    time_certificates: bytes | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class TimeTokens:
    """What time authorities answered, by the size of the head they dated, and the note of each such head.

    `certificates` is PEM, None where not at hand; `is_own_word` where they came with the tokens and from nowhere else.
    `is_whole` says that a token or note that is not here is missing, not left out.
    """

    sizes: Collection[int]
    reply_at: Callable[[int], bytes | None]
    note_at: Callable[[int], str | None]
    certificates: bytes | None = None
    is_whole: bool = False
    is_own_word: bool = False
    why_none: str = ""
    """Why there is no newer token, as whoever issued a report says."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Anchor:
    """What the person who verifies brought from outside: an earlier note, keys of the log or cosigners, or nothing."""

    note: str | None = None
    log_key: VerifierKey | None = None
    head: PaperHead | None = None
    cosigners: tuple[CosignerKey, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Source:
    """One log to verify. `count` is for progress alone; what is not there (None) is not checked, and said so.

    `clear` gives opened seals by (index, field) where they come in the clear, as in an evidence file.
    """

    rows: Iterable[Row]
    body_at: Callable[[int], bytes | None]
    count: int
    checkpoints: Sequence[StoredCheckpoint]
    cosignatures: Iterable[CosignatureRow] = ()
    tables: Tables | None = None
    own: Own | None = None
    clear: Mapping[tuple[int, str], Opened] | None = None
    reports: Path | None = None
    time: TimeTokens | None = None
    now_ms: int | None = None
    cores: int = 2
