"""The book on which an act is judged: all that its command names, and the sessions that decide about it."""

from audit.domain import events
from audit.domain.book import Book
from audit.domain.commands import Command
from audit.domain.erasure import sessions_of
from audit.domain.needs import needed_keys, references
from audit.storage import ledger
from audit.storage.engine import Connection

_ALL = 2**53


def judged_book(
    conn: Connection, site: str, command: Command, actor: str, *, before: int = _ALL, more: frozenset[str] = frozenset()
) -> Book:
    """Return the book for judging `command` by `actor`, as the log stood before entry `before`.

    An act on a syringe need not name its session, but whether its pump runs and whether the session is closed
    decide about it. Of a patient to be erased the whole record decides, and most of it names only a session.
    """
    wanted = needed_keys(command, actor) | more
    named = [ref.index for ref in references(command)]
    book = ledger.load_book(conn, site, wanted, before=before, named=named)
    sessions = {
        f"session:{one.session}"
        for one in book.containers.values()
        if one.session and f"container:{one.container}" in wanted and one.session not in book.sessions
    }
    if isinstance(command, events.ErasureRequested | events.PatientErased):
        sessions |= {f"session:{one}" for one in sessions_of(book, command.patient)}
    if not sessions:
        return book
    return ledger.load_book(conn, site, wanted | sessions, before=before, named=named)
