"""Which nonces were met, in a few bytes each: a table of bits says surely that one is new, or that it may not be.

Only for one that may not be new are the entries before it read again, so that what is found is exact. The table is a
Bloom filter (B. H. Bloom, Communications of the ACM 13, 1970), whose hashes are parts of the nonce: those are random.
"""

from collections.abc import Callable

from audit.tlog.canonical import NotCanonical
from audit.tlog.entry import EntryRefused, decode_entry

_BITS_EACH = 128
"""With four parts a nonce: less than one needless search in a log of a million entries."""
_LEAST_BITS = 1 << 13
_PARTS = 4
_PART_BYTES = 4
_MOST_SEARCHED = 8
"""Nonces found twice by searching the whole log; after so many, which further ones are twice adds nothing."""


class Nonces:
    """The nonces of the entries that passed."""

    def __init__(self, count: int, body_at: Callable[[int], bytes | None]) -> None:
        """Make room for so many entries; `body_at` reads one again."""
        self._mask = (1 << max(_LEAST_BITS, count * _BITS_EACH).bit_length()) - 1
        self._bits = bytearray((self._mask + 1) // 8)
        self._body_at = body_at
        self._searched = 0

    def first_of(self, index: int, nonce: str) -> int | None:
        """Note the nonce of entry `index`; return the earlier entry that has it too, if one has."""
        places = self._places(nonce)
        is_new = not all(self._bits[place >> 3] & (1 << (place & 7)) for place in places)
        for place in places:
            self._bits[place >> 3] |= 1 << (place & 7)
        return None if is_new else self._search(index, nonce)

    def _places(self, nonce: str) -> list[int]:
        data = bytes.fromhex(nonce)
        return [
            int.from_bytes(data[part * _PART_BYTES : (part + 1) * _PART_BYTES], "big") & self._mask
            for part in range(_PARTS)
        ]

    def _search(self, index: int, nonce: str) -> int | None:
        if self._searched == _MOST_SEARCHED:
            return None
        wanted = f'"nonce":"{nonce}"'.encode()
        for one in range(index):
            body = self._body_at(one)
            if body is not None and wanted in body and _nonce_of(body) == nonce:
                self._searched += 1
                return one
        return None


def _nonce_of(body: bytes) -> object:
    try:
        return decode_entry(body).act["nonce"]
    except (EntryRefused, NotCanonical):
        return None
