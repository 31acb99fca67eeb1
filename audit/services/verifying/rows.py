"""Rows of a derived table beside the entries they came from: a stream taken index by index."""

from collections.abc import Callable, Iterator
from typing import Generic, TypeVar

T = TypeVar("T")


class Beside(Generic[T]):
    """A stream of rows in order of index, read along with the entries; rows of no entry come out as strays."""

    def __init__(self, rows: Iterator[T], index_of: Callable[[T], int], stray: Callable[[T], None]) -> None:
        self._rows = rows
        self._index_of = index_of
        self._stray = stray
        self._next = next(rows, None)

    def take(self, index: int) -> list[T]:
        """Return the rows of an index; those of lower indexes that nobody took are strays."""
        taken: list[T] = []
        while self._next is not None:
            at = self._index_of(self._next)
            if at > index:
                break
            if at == index:
                taken.append(self._next)
            else:
                self._stray(self._next)
            self._next = next(self._rows, None)
        return taken

    def finish(self) -> None:
        """What is left belongs to no entry."""
        while self._next is not None:
            self._stray(self._next)
            self._next = next(self._rows, None)
