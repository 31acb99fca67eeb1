"""What must be absent from an answer: figures of a reading or a count that somebody may still repeat blind.

Used by every page that shows what is left of a container. Not here: the sentences shown in their place (templates).
"""

from audit.domain.book import Book, Container
from audit.services.reading import book_of
from audit.storage import registers
from audit.storage.engine import read
from audit.web.desk import register

_RECENT_COUNTS = 20


def waits_for_second(book: Book, container: Container) -> bool:
    """Say whether a first reading of this container still waits for a second person's that agrees with it."""
    reading = container.reading
    if reading is None or reading.agrees or container.is_finished:
        return False
    return book.on_hand(container.container) > 0


def is_withheld(book: Book, container: Container, person: str) -> bool:
    """Say whether a person may not see what was read on a container, nor what follows from it.

    Only who had a hand in the amount sees it, for they can never be its second person.
    """
    return waits_for_second(book, container) and person not in container.hands


def session_is_withheld(book: Book, session: str, person: str) -> bool:
    """Say whether given, wasted and left of a session would tell a person a reading they may still repeat."""
    syringes = (book.containers[one] for one in book.sessions[session].syringes if one in book.containers)
    return any(is_withheld(book, syringe, person) for syringe in syringes)


def counting() -> bool:
    """Say whether a count is open, so that what the book has on the shelf must not be shown."""
    here = register()
    with read(here.engine) as conn:
        started = registers.newest(conn, here.site, limit=_RECENT_COUNTS, kinds=("count_started",)).entries
    counts = {str(getattr(entry.event, "count", "")) for entry in started}
    book = book_of(here, {f"count:{one}" for one in counts})
    return any(count.is_open for count in book.counts.values())
