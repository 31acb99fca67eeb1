"""What must be absent from an answer: figures of a reading or a count that somebody may still repeat blind.

Asked about containers and sessions by every page that shows what is left. Not here: entries (`services.blind`), and
the words shown in place of a figure (templates).
"""

from audit.domain.book import Book, Container
from audit.services.blind import is_reading_open, waiting
from audit.web.desk import register
from audit.web.security import current_person


def is_withheld(book: Book, container: Container, person: str) -> bool:
    """Say whether a person may not see what was read on a container, nor what follows from it.

    Only who read it sees it, until a second person's reading agrees or the container is emptied.
    """
    reading = container.reading
    return reading is not None and is_reading_open(book, container.container) and reading.actor != person


def session_is_withheld(book: Book, session: str, person: str) -> bool:
    """Say whether given, wasted and left of a session would tell a person a reading that is still blind."""
    syringes = (book.containers[one] for one in book.sessions[session].syringes if one in book.containers)
    return any(is_withheld(book, syringe, person) for syringe in syringes)


def counting() -> bool:
    """Say whether a count is open, so that what the book has on the shelf must not be shown.

    An opening inventory is one for everybody but its first person, until a second person has counted.
    """
    found, me = waiting(register()), current_person().person
    return bool(found.counts) or any(taken.actor != me for taken in found.inventories)
