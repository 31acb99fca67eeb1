"""Check 11, beside each entry: its own columns, its postings and its keys equal their rebuild from the bytes."""

from collections.abc import Hashable, Sequence
from dataclasses import dataclass, field
from typing import TypeVar

from audit.domain import events
from audit.services.verifying.check_01_bytes import Read
from audit.services.verifying.history import Effect, History
from audit.services.verifying.rows import Beside
from audit.services.verifying.source import PostingRow, Tables
from audit.services.verifying.verdict import Notebook, Rule
from audit.storage.log import StoredEntry

H = TypeVar("H", bound=Hashable)

_PROJECTED = ("kind", "actor", "method", "nonce", "session", "occurred_ms", "recorded_ms")
_UNKNOWN_STRENGTH = (1, "solution")
"""What the ledger writes for a container whose product is not registered, or no longer."""


@dataclass(slots=True)
class Strengths:
    """Strength (ug/mL) and form of each container, as the ledger has them when an entry is projected."""

    history: History
    _products: dict[str, tuple[int, str]] = field(default_factory=dict)
    _product_of: dict[str, str] = field(default_factory=dict)
    _drawn: dict[str, tuple[int, str]] = field(default_factory=dict)

    def take_effect(self, read: Read) -> None:
        """Learn from an entry before its own postings are rebuilt."""
        match read.recorded.event if read.recorded else None:
            case events.ProductRegistered() as event:
                self._products[event.product] = (event.concentration_ug_per_ml, event.form)
            case events.InventoryTaken() | events.ReceiptRecorded() as event:
                self._shelve(event)
            case events.DoseDrawn() as event:
                self._drawn[event.syringe] = (event.concentration_ug_per_ml, event.form)
            case _:
                pass

    def forget_struck(self, read: Read) -> None:
        """Let a strike take effect after its own postings: a struck product is not registered any more."""
        event = read.recorded.event if read.recorded else None
        if not isinstance(event, events.EntryStruck):
            return
        struck = self.history.recorded(event.of.index)
        if struck is not None and isinstance(struck.event, events.ProductRegistered):
            self._products.pop(struck.event.product, None)

    def of(self, container: str) -> tuple[int, str]:
        """Return strength and form of a container."""
        drawn = self._drawn.get(container)
        return drawn or self._products.get(self._product_of.get(container, ""), _UNKNOWN_STRENGTH)

    def _shelve(self, event: events.InventoryTaken | events.ReceiptRecorded) -> None:
        for line in event.lots:
            for container in line.containers:
                self._product_of[container] = line.product
        if isinstance(event, events.InventoryTaken):
            for level in event.opened:
                self._product_of[level.container] = level.product


class Columns:
    """Reads `log_entry`'s columns, `posting` and `entry_key` along with the entries."""

    def __init__(self, notebook: Notebook, history: History, tables: Tables) -> None:
        self._notebook = notebook
        self._strengths = Strengths(history)
        self._postings = Beside(tables.postings, lambda row: row.index, self._stray_posting)
        self._keys = Beside(tables.keys, lambda row: row[0], self._stray_key)

    def entry(self, read: Read, effect: Effect | None) -> None:
        """Compare one entry with the rows beside it."""
        if read.columns is not None:
            self._compare_columns(read, read.columns)
        postings = self._postings.take(read.index)
        keys = [key for _, key in self._keys.take(read.index)]
        if effect is None:
            return
        self._strengths.take_effect(read)
        self._compare_keys(read.index, effect, keys)
        rebuilt = self._rebuild(read.index, effect)
        if rebuilt != postings:
            self._compare_postings(read.index, rebuilt, postings)
        self._strengths.forget_struck(read)

    def finish(self) -> None:
        """Name rows that belong to no entry."""
        self._postings.finish()
        self._keys.finish()

    def _compare_columns(self, read: Read, columns: StoredEntry) -> None:
        if columns.leaf != read.leaf:
            self._wrong(read.index, expected=f"log_entry.leaf {read.leaf.hex()}", found=columns.leaf.hex())
        entry = read.entry
        if entry is None:
            return
        act = entry.act
        rebuilt = (
            entry.kind,
            entry.actor,
            entry.method,
            act["nonce"],
            act.get("session"),
            act["occurred_ms"],
            entry.recorded_ms,
        )
        stored = (
            columns.kind,
            columns.actor,
            columns.method,
            columns.nonce,
            columns.session,
            columns.occurred_ms,
            columns.recorded_ms,
        )
        if rebuilt != stored:
            for name, right, met in zip(_PROJECTED, rebuilt, stored, strict=True):
                if right != met:
                    self._wrong(read.index, expected=f"log_entry.{name} {right}", found=str(met))

    def _rebuild(self, index: int, effect: Effect) -> list[PostingRow]:
        return [
            PostingRow(
                index,
                line,
                posting.account.value,
                posting.container,
                posting.session,
                *self._strengths.of(posting.container),
                posting.mass_ug,
                effect.occurred_ms,
            )
            for line, posting in enumerate(effect.postings)
        ]

    def _compare_postings(self, index: int, rebuilt: list[PostingRow], stored: list[PostingRow]) -> None:
        missing, more = _differences(rebuilt, stored)
        for row in missing:
            met = [one for one in more if one.line == row.line]
            self._wrong(index, expected=f"posting {_words(row)}", found=_words(met[0]) if met else "no such row")
            if met:
                more.remove(met[0])
        for row in more:
            self._wrong(index, expected=f"{len(rebuilt)} postings as rebuilt", found=f"posting {_words(row)} too")

    def _compare_keys(self, index: int, effect: Effect, stored: list[str]) -> None:
        if len(stored) == len(effect.keys) and effect.keys.issuperset(stored) and len(set(stored)) == len(stored):
            return
        missing, more = _differences(sorted(effect.keys), stored)
        for key in missing:
            self._wrong(index, expected=f"entry_key {key}", found="no such row")
        for key in more:
            self._wrong(index, expected="the keys of the entry and no other", found=f"entry_key {key} too")

    def _stray_posting(self, row: PostingRow) -> None:
        self._wrong(row.index, expected="postings of entries alone", found=f"posting {_words(row)} of no entry")

    def _stray_key(self, row: tuple[int, str]) -> None:
        self._wrong(row[0], expected="keys of entries alone", found=f"entry_key {row[1]} of no entry")

    def _wrong(self, index: int, *, expected: str, found: str) -> None:
        self._notebook.finding(Rule.TABLES, index, expected=expected, found=found)


def _differences(rebuilt: Sequence[H], stored: Sequence[H]) -> tuple[list[H], list[H]]:
    """Return what is missing and what is there too much, each as often as it is."""
    missing, more = list(rebuilt), list(stored)
    for one in stored:
        if one in missing:
            missing.remove(one)
            more.remove(one)
    return missing, more


def _words(row: PostingRow) -> str:
    where = f"{row.account} of {row.container or 'no container'}"
    session = f" in {row.session}" if row.session else ""
    strength = f"{row.strength} ug/mL {row.form}"
    return f"line {row.line}: {row.mass_ug} ug to {where}{session}, {strength}, at {row.occurred_ms} ms"
