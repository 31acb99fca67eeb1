"""Check 8, one token: it is the one the log names, over the head it names, at the time it names, by a known authority.

What it says about other entries' times is judged in `check_08_time.py`.
"""

from collections import Counter
from dataclasses import dataclass, field
from hashlib import sha256
from typing import Final

from audit.domain import events
from audit.services.time_token import Authorities, TimeRefused, Token, dated_bytes, load_authorities, read_reply
from audit.services.verifying.source import TimeTokens
from audit.services.verifying.tree import Tree
from audit.services.verifying.verdict import Notebook, Rule
from audit.tlog.checkpoint import Checkpoint, parse
from audit.tlog.note import NoteRefused, parse_note

NO_CERTIFICATES: Final = "the authority's certificates are not at hand"
NOT_AT_HAND: Final = "the token is not at hand"
NO_NOTE: Final = "the checkpoint that the token dates is not at hand"


@dataclass(frozen=True, slots=True, kw_only=True)
class Judged:
    """What a `time_stamped` entry is worth: whether its time counts, and how exact its token says it is."""

    counts: bool
    accuracy_ms: int = 0


class _Wrong(Exception):
    """What was expected of a token, and what was met."""

    def __init__(self, expected: str, found: str) -> None:
        super().__init__(expected)
        self.expected, self.found = expected, found


class _Unchecked(Exception):
    """Why a token cannot be judged here."""


@dataclass(slots=True)
class Tokens:
    """Judges each `time_stamped` entry against its token."""

    notebook: Notebook
    tree: Tree
    given: TimeTokens | None
    _authorities: Authorities | None = None
    _named: set[int] = field(default_factory=set)
    _held: int = 0
    _last: str = ""
    _unchecked: Counter[str] = field(default_factory=Counter)

    def __post_init__(self) -> None:
        if self.given is None or self.given.certificates is None:
            return
        try:
            self._authorities = load_authorities(self.given.certificates)
        except TimeRefused as refused:
            self.notebook.finding(Rule.TIME, None, expected="certificates of a time authority", found=str(refused))

    def judge(self, index: int, event: events.TimeStamped) -> Judged:
        """Judge the token that one entry names; a token at fault says nothing about time."""
        self._named.add(event.size)
        accuracy_ms = 0
        try:
            token = self._token(index, event)
            accuracy_ms = token.accuracy_ms
            self._check_signed(token)
        except _Wrong as wrong:
            self.notebook.finding(Rule.TIME, index, expected=wrong.expected, found=wrong.found)
            return Judged(counts=False)
        except _Unchecked as why:
            self._unchecked[str(why)] += 1
            return Judged(counts=True, accuracy_ms=accuracy_ms)
        self._held += 1
        self._last = f"the last by {token.authority}, over {event.size} entries"
        return Judged(counts=True, accuracy_ms=accuracy_ms)

    def finish(self) -> None:
        """Say how many tokens were checked, and name those that no entry speaks of."""
        for size in self.given.sizes if self.given is not None else ():
            if size not in self._named:
                self.notebook.notice(
                    Rule.TIME,
                    size - 1 if size > 0 else None,
                    expected="tokens that an entry names",
                    found=f"one over {size} entries",
                )
        rest = ", ".join(f"{number} not checked: {why}" for why, number in self._unchecked.items())
        if self._held:
            count = "1 token" if self._held == 1 else f"{self._held} tokens"
            source = "; certificates as they came with it" if self.given and self.given.is_own_word else ""
            self.notebook.partly[Rule.TIME] = "; ".join(filter(None, (f"{count}, {self._last}{source}", rest)))
        elif rest:
            self.notebook.skip(Rule.TIME, rest)
        else:
            self.notebook.skip(Rule.TIME, "no time authority dated this log")

    def _token(self, index: int, event: events.TimeStamped) -> Token:
        """Return the token, once it is the one named, over the head named.

        Raises:
            _Wrong: it is not.
            _Unchecked: it is not at hand.
        """
        root = self.tree.root(event.size) if event.size <= index else None
        if root is None or root.hex() != event.root:
            raise _Wrong("a head of this log before the entry", f"root {event.root} at size {event.size}")
        token = _reply_of(self.given, event)
        dated = self._dated(event, root)
        if token.imprint != sha256(dated).digest():
            raise _Wrong(
                f"a token over the checkpoint at size {event.size}, SHA-256 {sha256(dated).hexdigest()}",
                f"one over {token.imprint.hex()}",
            )
        if token.gen_ms != event.gen_ms:
            raise _Wrong(f"the token's own time, {token.gen_ms} ms", f"{event.gen_ms} ms")
        return token

    def _dated(self, event: events.TimeStamped, root: bytes) -> bytes:
        """Return the bytes that the token must be over: the checkpoint's text and the log's own lines."""
        note = self.given.note_at(event.size) if self.given is not None else None
        if note is None:
            if self.given is not None and self.given.is_whole:
                raise _Wrong(f"the checkpoint at size {event.size}, which the token dates", "no such checkpoint")
            raise _Unchecked(NO_NOTE)
        try:
            parsed = parse_note(note)
            head = parse(parsed.text)
            if head != Checkpoint(head.origin, event.size, root):
                raise _Wrong(f"the checkpoint at size {event.size} under root {root.hex()}", "one of another head")
            return dated_bytes(head.origin, parsed)
        except NoteRefused as refusal:
            raise _Wrong(f"the checkpoint at size {event.size}, which the token dates", str(refusal)) from refusal

    def _check_signed(self, token: Token) -> None:
        if self._authorities is None:
            raise _Unchecked(NO_CERTIFICATES)
        try:
            self._authorities.check(token)
        except TimeRefused as refused:
            raise _Wrong("a token signed by the time authority", str(refused)) from refused


def _reply_of(given: TimeTokens | None, event: events.TimeStamped) -> Token:
    """Return what the reply says that an entry names by its hash.

    Raises:
        _Wrong: it is another, or none.
        _Unchecked: it is not at hand.
    """
    reply = given.reply_at(event.size) if given is not None else None
    named = f"the token with SHA-256 {event.token_sha256}"
    if reply is None:
        if given is not None and given.is_whole:
            raise _Wrong(named, "no such token")
        raise _Unchecked(NOT_AT_HAND)
    met = sha256(reply).hexdigest()
    if met != event.token_sha256:
        raise _Wrong(named, f"one with SHA-256 {met}")
    try:
        return read_reply(reply)
    except TimeRefused as refused:
        raise _Wrong("a time token", str(refused)) from refused
