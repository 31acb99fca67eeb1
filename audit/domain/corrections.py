"""Striking an entry: what may be struck, by whom, and what must not be left impossible behind it."""

from audit.domain import events
from audit.domain.book import Book, Recorded
from audit.domain.commands import Said, StrikeEntry
from audit.domain.errors import Refused
from audit.domain.fold import apply, effective
from audit.domain.postings import ON_HAND, Account, postings


def decide_strike(book: Book, command: StrikeEntry, said: Said) -> events.EntryStruck:
    """Declare an earlier entry wrong.

    Raises:
        Refused: `unknown_entry`, `cannot_be_struck`, `already_struck`, `not_yours_to_correct`, `strike_these_first`.
    """
    entry = book.entries.get(command.of.index)
    if entry is None or entry.leaf != command.of.leaf:
        raise Refused("unknown_entry", "of")
    if not isinstance(entry.event, events.Correctable):
        raise Refused("cannot_be_struck", "of", index=entry.index)
    if entry.index in book.struck:
        raise Refused("already_struck", "of", index=entry.index)
    if said.actor != entry.actor and "manager" not in book.person(said.actor).roles:
        raise Refused("not_yours_to_correct", "of", index=entry.index)
    _check_count_open(book, entry)
    posted_on_it = [
        other.index
        for other in book.entries.values()
        if _of(other) == entry.index and other.index not in book.struck and postings(other.event)
    ]
    if posted_on_it:
        raise Refused("strike_these_first", "of", entries=", ".join(map(str, sorted(posted_on_it))))
    return events.EntryStruck(of=command.of, reason=command.reason, replacements=command.replacements)


def check_possible(book: Book, scope: frozenset[str]) -> None:
    """Refuse a correction after which a later act could not have happened, naming those acts.

    Raises:
        Refused: `strike_these_first`.
    """
    impossible = impossible_entries(book, scope)
    if impossible:
        raise Refused("strike_these_first", "of", entries=", ".join(map(str, impossible)))


def impossible_entries(book: Book, scope: frozenset[str]) -> list[int]:
    """Return the active entries that cannot have happened, in the order of effects.

    They take what is not there, act in no session, or close one in which something is left. Judges only the
    containers and sessions whose keys are in `scope`: the book is complete for those alone.
    """
    replay = Book()
    replay.entries, replay.struck = book.entries, book.struck
    found = []
    for entry in effective(book, book.entries.values()):
        homeless = _is_homeless(replay, entry, scope) or _is_of_nothing(replay, entry, scope)
        apply(replay, entry)
        if homeless or _takes_too_much(replay, entry, scope) or _is_unbalanced(replay, entry, scope):
            found.append(entry.index)
    return found


def _is_homeless(replay: Book, entry: Recorded, scope: frozenset[str]) -> bool:
    session = getattr(entry.event, "session", None)
    if f"session:{session}" not in scope or isinstance(entry.event, events.SessionOpened | events.CaseOpened):
        return False
    return session not in replay.sessions


def _is_of_nothing(replay: Book, entry: Recorded, scope: frozenset[str]) -> bool:
    """Say whether an act is about a container that, with its draw or receipt struck, was never there."""
    container = getattr(entry.event, "container", None)
    return f"container:{container}" in scope and container not in replay.containers


def _takes_too_much(replay: Book, entry: Recorded, scope: frozenset[str]) -> bool:
    return any(
        replay.balance(posting.container, posting.account, posting.session) < 0
        for posting in postings(entry.event)
        if posting.account in ON_HAND and posting.mass_ug < 0 and f"container:{posting.container}" in scope
    )


def _is_unbalanced(replay: Book, entry: Recorded, scope: frozenset[str]) -> bool:
    """Say whether an entry closes a session whose custody is not zero."""
    event = entry.event
    if not isinstance(event, events.SessionClosed) or f"session:{event.session}" not in scope:
        return False
    return replay.session_total(event.session, Account.CUSTODY) != 0


def _of(entry: Recorded) -> int | None:
    of = getattr(entry.event, "of", None)
    return of.index if of is not None and not isinstance(entry.event, events.EntryStruck) else None


def _check_count_open(book: Book, entry: Recorded) -> None:
    if isinstance(entry.event, events.CountRecorded | events.CountConfirmed):
        count = book.counts.get(entry.event.count)
        if count is not None and not count.is_open:
            raise Refused("count_over", "of", index=entry.index)
