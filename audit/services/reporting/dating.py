"""The time tokens of a report: which go into its evidence, how they come out again, and the sentence it prints.

A token needs the checkpoint it dates, which entries cannot make again: both are in the evidence. Not here: asking for
tokens (`services.timestamps`) and judging them (check 8).
"""

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from typing import Final

from audit.domain import events
from audit.domain.book import Recorded
from audit.services.timestamps import NO_AUTHORITY, Timekeeper, authority_of
from audit.services.verifying.source import TimeTokens
from audit.storage import checkpoints, time_tokens
from audit.storage.engine import Connection

MOST_TOKENS: Final = 400
"""The newest go into the evidence: more than a year of them. Older ones are in the whole log's bundle."""
CERTIFICATES: Final = "time/certificates.pem"
_FILE: Final = re.compile(r"time/(0|[1-9][0-9]{0,15})\.(tsr|note)")


@dataclass(frozen=True, slots=True, kw_only=True)
class Dating:
    """Replies and notes by the size of the head dated, certificates in PEM, and why there is no newer token."""

    replies: Mapping[int, bytes] = field(default_factory=dict, repr=False)
    notes: Mapping[int, str] = field(default_factory=dict, repr=False)
    certificates: bytes | None = field(default=None, repr=False)
    why_none: str = NO_AUTHORITY

    def tokens(self, given: bytes | None = None) -> TimeTokens:
        """Return them for check 8; `given` are certificates (PEM) that its reader has from elsewhere."""
        return TimeTokens(
            sizes=tuple(sorted(self.replies)),
            reply_at=self.replies.get,
            note_at=self.notes.get,
            certificates=given or self.certificates,
            is_own_word=given is None,
        )

    def files(self) -> dict[str, bytes]:
        """Return the files of the evidence by name."""
        found = {f"time/{size}.tsr": reply for size, reply in self.replies.items()}
        found |= {f"time/{size}.note": note.encode() for size, note in self.notes.items()}
        return found | ({CERTIFICATES: self.certificates} if self.replies and self.certificates else {})

    def last(self, entries: Iterable[Recorded]) -> tuple[events.TimeStamped, str] | None:
        """Return the last dated head that some entries state, and who dated it ("" where its token is not here)."""
        stated = [one.event for one in entries if isinstance(one.event, events.TimeStamped)]
        return (stated[-1], authority_of(self.replies.get(stated[-1].size))) if stated else None


def gather(conn: Connection, site: str, entries: Iterable[Recorded], keeper: Timekeeper | None) -> Dating:
    """Return what a report takes along of the tokens that its entries name."""
    sizes = [one.event.size for one in entries if isinstance(one.event, events.TimeStamped)][-MOST_TOKENS:]
    replies = {size: time_tokens.at(conn, site, size) for size in sizes}
    notes = {size: checkpoints.note_at(conn, site, size) for size in sizes}
    found = Dating(
        replies={size: reply for size, reply in replies.items() if reply is not None},
        notes={size: note for size, note in notes.items() if note is not None},
    )
    return replace(found, certificates=keeper.certificates, why_none=keeper.why_not) if keeper is not None else found


def read_files(files: Mapping[str, bytes], why_none: object) -> Dating:
    """Return what the files of an evidence hold; names of another form are passed over."""
    replies: dict[int, bytes] = {}
    notes: dict[int, str] = {}
    for name, content in files.items():
        met = _FILE.fullmatch(name)
        if met is not None and met[2] == "tsr":
            replies[int(met[1])] = content
        elif met is not None:
            notes[int(met[1])] = content.decode("utf-8", "replace")
    return Dating(
        replies=replies,
        notes=notes,
        certificates=files.get(CERTIFICATES),
        why_none=why_none if isinstance(why_none, str) else NO_AUTHORITY,
    )
