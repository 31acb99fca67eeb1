"""Who cosigns a register now and how far they got, for the administrator's page; and what a change of them states.

Not here: the asking itself, and whether lines hold: what is kept was checked, and verifying checks it again.
"""

from dataclasses import dataclass

from audit.domain import events
from audit.domain.errors import Refused
from audit.domain.keys import LOG
from audit.services.cosigning.asking import Cosigners
from audit.services.register import Register
from audit.storage import checkpoints, cosignatures, ledger
from audit.storage.cosignatures import CosignatureRow
from audit.storage.engine import read
from audit.tlog.cosignature import CosignerKey, stated_time
from audit.tlog.keys import KeyRefused
from audit.tlog.note import parse_note

MOST_COSIGNERS = 16
MOST_KEY_BYTES = 400
"""Of an entry's fact (log-format)."""
_MS = 1000


@dataclass(frozen=True, slots=True, kw_only=True)
class Standing:
    """One cosigner in force: its key, the last checkpoint it signed and when (ms since 1970 UTC), what is wrong."""

    name: str
    key: str
    signed_size: int | None
    signed_ms: int | None
    is_current: bool
    """It signed the last checkpoint."""
    has_address: bool
    fault: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Cosigning:
    """All cosigners in force, how many are wanted, and the size of the last checkpoint."""

    cosigners: tuple[Standing, ...]
    quorum: int
    size: int

    @property
    def reached(self) -> int:
        """Return how many signed the last checkpoint."""
        return sum(one.is_current for one in self.cosigners)


def cosigning_now(register: Register, asking: Cosigners | None) -> Cosigning:
    """Return who cosigns now; `asking` knows how asking them goes, where there is one."""
    with read(register.engine) as conn:
        trust = ledger.load_book(conn, register.site, {LOG}).trust
        last = checkpoints.latest(conn, register.site)
        signed = cosignatures.last_of_each(conn, register.site)
    size = last.size if last is not None else 0
    texts = trust.cosigners if trust is not None else ()
    return Cosigning(
        cosigners=tuple(_standing(text, signed.get(_name(text)), size, asking) for text in texts),
        quorum=trust.quorum if trust is not None else 0,
        size=size,
    )


def changed_cosigners(register: Register, texts: tuple[str, ...], quorum: int) -> events.CosignersChanged:
    """Return the act that names these verifier keys and how many are wanted.

    Raises:
        Refused: `cosigners_too_many`, `cosigner_malformed`, `cosigner_twice`, `cosigner_name_taken`.
    """
    if len(texts) > MOST_COSIGNERS:
        raise Refused("cosigners_too_many", "cosigners", most=MOST_COSIGNERS)
    names: set[str] = {register.origin}
    for line, text in enumerate(texts, start=1):
        try:
            name = CosignerKey.from_string(text).name
        except (KeyRefused, ValueError):
            raise Refused("cosigner_malformed", "cosigners", line=line) from None
        if len(text.encode()) > MOST_KEY_BYTES or not text.isascii():
            raise Refused("cosigner_malformed", "cosigners", line=line)
        if text in texts[: line - 1]:
            raise Refused("cosigner_twice", "cosigners")
        if name in names:
            raise Refused("cosigner_name_taken", "cosigners", line=line)
        names.add(name)
    return events.CosignersChanged(cosigners=texts, quorum=quorum)


def _standing(text: str, row: CosignatureRow | None, size: int, asking: Cosigners | None) -> Standing:
    name = _name(text)
    contact = asking.contact(name) if asking is not None else None
    return Standing(
        name=name,
        key=text,
        signed_size=row.size if row is not None else None,
        signed_ms=_time_ms(row) if row is not None else None,
        is_current=row is not None and row.size == size > 0,
        has_address=asking is not None and asking.has_address(name),
        fault=contact.fault if contact is not None else "",
    )


def _time_ms(row: CosignatureRow) -> int:
    (line,) = parse_note(f"-\n\n{row.line}").signatures
    return stated_time(line) * _MS


def _name(text: str) -> str:
    return text.partition("+")[0]
