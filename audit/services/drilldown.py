"""From a figure of the accountability to its entries, and the whole chart as plain values for files and machines."""

from audit.domain.book import Recorded
from audit.domain.postings import Account
from audit.domain.quantity import volume_of
from audit.domain.reconcile import CountBasis, Statement, Strength
from audit.services.reconcile import Reconciliation
from audit.services.register import Register
from audit.storage import ledger, log, registers
from audit.storage.engine import read

SOURCES = frozenset({Account.OPENING, Account.RECEIVED, Account.OVERFILL, Account.GAINED})
"""Accounts that give: their postings are negative where the chart's figure is positive."""
CHART: tuple[tuple[str, str, str], ...] = (
    ("A", "opening", "Opening"),
    ("B", "initial", "Opening inventory"),
    ("B", "received", "Received"),
    ("B", "overfill", "Overfill drawn"),
    ("B", "gained", "Found at counts"),
    ("C", "accountable", "Accountable for"),
    ("D", "closing", "Closing, counted"),
    ("E", "given", "Given"),
    ("E", "residual", "Left in lines"),
    ("F", "wasted", "Wasted"),
    ("F", "lost", "Lost"),
    ("F", "explained", "Explained lines"),
    ("G", "accounted", "Accounted for"),
    ("H", "difference", "Difference"),
)
"""Column letter of the customary chart, name, words; in its order."""
FIGURES = (*(name for _, name, _ in CHART), "book_closing")


def entries_behind(
    register: Register, found: Reconciliation, strength: Strength, accounts: tuple[Account, ...]
) -> list[tuple[Recorded, int]]:
    """Return the entries behind one figure, each with its share in ug; the shares add up to the figure."""
    sign = -1 if accounts[0] in SOURCES else 1
    with read(register.engine) as conn:
        cell = registers.Cell(
            accounts=[account.value for account in accounts],
            concentration_ug_per_ml=strength.concentration_ug_per_ml,
            from_ms=found.period.from_ms,
            until_ms=found.period.until_ms,
            size=found.size,
        )
        rows = registers.posted_entries(conn, register.site, cell)
        stored = {
            one.index: ledger.read_entry(one) for one in log.entries_at(conn, register.site, [i for i, _ in rows])
        }
    return [(stored[index], sign * mass) for index, mass in rows]


def as_plain(found: Reconciliation) -> dict[str, object]:
    """Return a period's accountability for JSON: masses in ug, volumes in uL, null where nobody counted."""
    return {
        "from": found.period.first.isoformat(),
        "to": found.period.last.isoformat(),
        "size": found.size,
        "counted": found.is_counted,
        "opening_count": _basis(found.opening),
        "closing_count": _basis(found.closing),
        "strengths": [_strength(one) for one in found.statements],
    }


def figure(statement: Statement, name: str) -> int | None:
    """Return one figure of a statement in ug; None where it was not counted."""
    found: int | None = getattr(statement, f"{name}_ug")
    return found


def _strength(one: Statement) -> dict[str, object]:
    figures: dict[str, object] = {}
    for name in FIGURES:
        mass = figure(one, name)
        concentration = one.strength.concentration_ug_per_ml
        volume = None if mass is None else volume_of(mass, concentration_ug_per_ml=concentration)
        figures[name] = None if mass is None else {"mass_ug": mass, "volume_ul": volume}
    return {
        "concentration_ug_per_ml": one.strength.concentration_ug_per_ml,
        "form": one.strength.form,
        "figures": figures,
    }


def _basis(basis: CountBasis | None) -> dict[str, object] | None:
    return None if basis is None else {"entry": basis.index, "occurred_ms": basis.occurred_ms}
