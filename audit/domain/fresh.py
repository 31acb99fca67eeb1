"""What an act brings into the book must not be there yet: one identifier is one thing for ever.

A struck entry's identifiers are free again, for its replacement.
"""

from audit.domain import commands, events
from audit.domain.book import Book
from audit.domain.errors import Refused


def check_new(book: Book, command: commands.Command) -> None:
    """Refuse a command that would make a second thing of an identifier in use.

    Raises:
        Refused: `identifier_taken`.
    """
    made, known = _made(book, command)
    if len(set(made)) != len(made) or not known.isdisjoint(made):
        raise Refused("identifier_taken")


def _made(book: Book, command: commands.Command) -> tuple[tuple[str, ...], frozenset[str]]:
    match command:
        case commands.Receive(lots=lots):
            return tuple(one for lot in lots for one in lot.containers), frozenset(book.containers)
        case commands.TakeInventory(lots=lots, opened=opened):
            sealed = tuple(one for lot in lots for one in lot.containers)
            return sealed + tuple(line.container for line in opened), frozenset(book.containers)
        case commands.DrawDose(syringe=syringe):
            return (syringe,), frozenset(book.containers)
        case commands.OpenSession(session=session):
            return (session,), frozenset(book.sessions)
        case events.ProductRegistered(product=product):
            return (product,), frozenset(book.products)
        case events.CountStarted(count=count):
            return (count,), frozenset(book.counts)
        case _:
            return (), frozenset()
