"""The sealed values of chosen owners, opened one after the other in order of their entries: for who may see them.

Whether somebody may is not asked here, and nothing is written.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Final

from sqlalchemy import Connection, bindparam, select

from audit.storage.schema import sealed, sealed_key
from audit.storage.seals import Opened, Vault, open_row

# Rows per round trip; a value is at most a few kilobytes.
_CHUNK: Final = 500


@dataclass(frozen=True, slots=True)
class Disclosed:
    """One sealed value in the clear: the entry's index, the field's name under `sealed`, and the value with its `r`."""

    index: int
    field: str
    opened: Opened


_ROWS: Final = (
    select(sealed.c.idx, sealed.c.field, sealed.c.owner, sealed.c.ciphertext, sealed_key.c.wrapped)
    .join(sealed_key, (sealed_key.c.site == sealed.c.site) & (sealed_key.c.owner == sealed.c.owner))
    .where(
        sealed.c.site == bindparam("at_site"),
        sealed.c.idx < bindparam("before"),
        sealed.c.owner.in_(bindparam("owners", expanding=True)),
    )
    .order_by(sealed.c.idx, sealed.c.field)
)


def disclosed(conn: Connection, vault: Vault, owners: Sequence[str], *, before: int) -> Iterator[Disclosed]:
    """Yield every value sealed for these owners in entries below an index, by index and field.

    Raises `SealBroken` when one does not decrypt.
    """
    values = {"at_site": vault.site, "owners": list(owners), "before": before}
    for index, name, owner, ciphertext, wrapped in conn.execute(_ROWS, values, execution_options={"yield_per": _CHUNK}):
        yield Disclosed(index, name, open_row(vault, name, owner=owner, wrapped=wrapped, ciphertext=ciphertext))
