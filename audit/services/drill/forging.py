"""Forged history, as good as whoever owns database, log key and service key can make it.

A story is the list of acts in a log; telling it anew from some place on makes the bytes, the chain, the tree, every
derived table, and the references between entries fit again, signs each act anew that the service's key may sign, and
signs the checkpoints anew where the log's key was stolen. What a passkey signed is left as it is: it cannot be remade.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import cast

from audit.services.drill.scene import Scene
from audit.services.verifying.check_01_bytes import read_row
from audit.services.verifying.check_11_columns import Strengths
from audit.services.verifying.history import History
from audit.services.verifying.source import PostingRow, Row
from audit.services.verifying.verdict import Notebook
from audit.storage import derived, tampering, tree
from audit.storage.checkpoints import StoredCheckpoint
from audit.storage.engine import Connection
from audit.storage.log import StoredEntry
from audit.storage.tampering import Retold
from audit.tlog.attestation import attest
from audit.tlog.checkpoint import Checkpoint, sign
from audit.tlog.entry import FIRST_PREV, decode_entry, encode_entry
from audit.tlog.keys import SigningKey
from audit.tlog.merkle import Node, appended_nodes, leaf_hash, root_at

Act = dict[str, object]


@dataclass(frozen=True, slots=True, kw_only=True)
class Told:
    """One entry as the forger tells it: its act, how its actor stood for it, when, and which place it had before."""

    act: Act
    signature: Act
    recorded_ms: int
    was: int | None = None

    @property
    def kind(self) -> str:
        """What kind of act it is."""
        return str(self.act["kind"])

    @property
    def actor(self) -> str:
        """Whose act it is said to be."""
        return str(self.act["actor"])

    @property
    def facts(self) -> Act:
        """What the act states."""
        return cast(Act, self.act["facts"])

    @property
    def method(self) -> str:
        """How the actor stood for it."""
        return str(self.signature["method"])


@dataclass(slots=True)
class _Tree:
    hashes: dict[tuple[int, int], bytes] = field(default_factory=dict)
    nodes: list[Node] = field(default_factory=list)
    size: int = 0

    def push(self, leaf: bytes) -> None:
        for node in appended_nodes(self.size, leaf, self.read):
            self.hashes[node.level, node.index] = node.hash
            self.nodes.append(node)
        self.hashes[0, self.size] = leaf
        self.size += 1

    def read(self, level: int, index: int) -> bytes:
        return self.hashes[level, index]

    def root(self, size: int) -> bytes:
        return root_at(size, self.read)


def read_story(conn: Connection, site: str) -> list[Told]:
    """Return what a log says, entry by entry."""
    return [_told(entry) for entry in derived.entries(conn, site)]


def tell_anew(scene: Scene, conn: Connection, story: Sequence[Told], start: int, *, signed: bool) -> None:
    """Put a story in the place of the log from entry `start` on, its checkpoints signed where `signed`.

    Raises:
        NotApplicable: `signed`, and the log's key is out of reach.
    """
    key = scene.stolen.need_log_key() if signed else None
    forger = _Forger(scene.origin, scene.stolen.service_key)
    for told in story:
        forger.tell(told, is_genuine=len(forger.bodies) < start)
    tokens = tampering.tokens(conn, scene.site)
    sizes = tampering.drop_heads(conn, scene.site, above=start)
    postings, keys = _derived(forger.bodies, start)
    tampering.retell(
        conn,
        scene.site,
        Retold(
            start=start,
            entries=[_stored(index, body) for index, body in enumerate(forger.bodies) if index >= start],
            nodes=[(node.level, node.index, node.hash) for node in forger.tree.nodes],
            postings=postings,
            keys=keys,
            moved={told.was: index for index, told in enumerate(story) if told.was is not None},
        ),
    )
    # The authority's replies cannot be made anew: they stay, as genuine ones over a head that is no more.
    size = len(story)
    tampering.put_tokens(conn, scene.site, [token for token in tokens if start < token[0] <= size])
    if key is not None:
        wanted = sorted({one for one in sizes if one < size} | {size})
        tampering.put_checkpoints(conn, scene.site, [_signed(scene.origin, one, forger.tree, key) for one in wanted])


def append(scene: Scene, conn: Connection, *more: Told) -> None:
    """Append acts to the log as they are, with everything that belongs to them; their heads are left to the service."""
    story = read_story(conn, scene.site)
    start = len(story)
    forger = _Forger(scene.origin, scene.stolen.service_key)
    for told in (*story, *more):
        forger.tell(told, is_genuine=len(forger.bodies) < start or told.method == "passkey")
    postings, keys = _derived(forger.bodies, start)
    tampering.retell(
        conn,
        scene.site,
        Retold(
            start=start,
            entries=[_stored(index, forger.bodies[index]) for index in range(start, len(forger.bodies))],
            nodes=[(node.level, node.index, node.hash) for node in forger.tree.nodes],
            postings=postings,
            keys=keys,
        ),
    )


def retold(story: Sequence[Told], origin: str, service_key: SigningKey) -> tuple[list[bytes], bytes]:
    """Return the bytes of a story told anew from its first entry, and the root over them; no database is touched."""
    forger = _Forger(origin, service_key)
    for told in story:
        forger.tell(told, is_genuine=False)
    return forger.bodies, forger.tree.root(forger.tree.size)


def story_of(bodies: Sequence[bytes]) -> list[Told]:
    """Return what entries say, from their bytes alone."""
    return [_told(_stored(index, body)) for index, body in enumerate(bodies)]


def sign_head(scene: Scene, conn: Connection, size: int) -> None:
    """Sign a head with the log's key, as the signer would never.

    Raises:
        NotApplicable: the log's key is out of reach.
    """
    root = tree.root(conn, scene.site, size)
    note = sign(Checkpoint(scene.origin, size, root), scene.stolen.need_log_key())
    tampering.put_checkpoints(conn, scene.site, [StoredCheckpoint(size, root, note)])


class _Forger:
    """Makes the bytes of a story, one entry after the other, and lets later ones name the new places and hashes."""

    def __init__(self, origin: str, service_key: SigningKey) -> None:
        self._origin = origin
        self._service_key = service_key
        self._place_of: dict[int, int] = {}
        self.bodies: list[bytes] = []
        self.tree = _Tree()

    def tell(self, told: Told, *, is_genuine: bool) -> None:
        index = len(self.bodies)
        if told.was is not None:
            self._place_of[told.was] = index
        act, signature = told.act, told.signature
        if not is_genuine and told.method != "passkey":
            act = cast(Act, self._named_anew(act))
            signature = signature | {"attest": attest(act, self._origin, self._service_key)}
        prev = leaf_hash(self.bodies[-1]).hex() if self.bodies else FIRST_PREV
        body = encode_entry(
            log=self._origin, index=index, prev=prev, recorded_ms=told.recorded_ms, act=act, signature=signature
        )
        self.bodies.append(body)
        self.tree.push(leaf_hash(body))

    def _named_anew(self, value: object) -> object:
        """Let references, heads and lists of signed acts be those of the story told."""
        if isinstance(value, list):
            return [self._named_anew(one) for one in value]
        if not isinstance(value, dict):
            return value
        fields = {name: self._named_anew(one) for name, one in value.items()}
        if fields.keys() == {"index", "leaf"}:
            return self._reference(fields)
        if {"size", "root"} <= fields.keys():
            return fields | self._head(cast(int, fields["size"]))
        if {"from", "to", "leaf", "indexes"} <= fields.keys():
            return self._acts_signed(fields)
        return fields

    def _head(self, size: int) -> Act:
        size = self._place_of.get(size, self.tree.size)
        return {"size": size, "root": self.tree.root(size).hex()}

    def _reference(self, fields: Act) -> Act:
        place = self._place_of.get(cast(int, fields["index"]))
        return fields if place is None else {"index": place, "leaf": leaf_hash(self.bodies[place]).hex()}

    def _acts_signed(self, fields: Act) -> Act:
        indexes = [self._place_of[one] for one in cast(list[int], fields["indexes"]) if one in self._place_of]
        if not indexes:
            return fields
        indexes.sort()
        leaf = leaf_hash(self.bodies[indexes[-1]]).hex()
        return fields | {"from": indexes[0], "to": indexes[-1], "leaf": leaf, "indexes": indexes}


def service_act(kind: str, facts: Act, *, at_ms: int, nonce: str) -> Told:
    """Return an entry of the service's own, its attestation still to be made."""
    return Told(
        act=_act("service", kind, facts, at_ms=at_ms, nonce=nonce),
        signature={"attest": "00" * 64, "method": "service"},
        recorded_ms=at_ms,
    )


def person_act(actor: str, kind: str, facts: Act, *, at_ms: int, nonce: str, signature: Mapping[str, object]) -> Told:
    """Return an act of a person as the service would attest it; `signature` says by which method."""
    attested = {} if signature["method"] == "passkey" else {"attest": "00" * 64}
    act = _act(actor, kind, facts, at_ms=at_ms, nonce=nonce)
    return Told(act=act, signature=attested | dict(signature), recorded_ms=at_ms)


def with_more(told: Told, more: Act) -> Told:
    """Return an act with further fields beside its facts."""
    return replace(told, act=told.act | more)


def later(told: Told, *, by_ms: int) -> Told:
    """Return an act that says it happened at another time."""
    return replace(told, act=told.act | {"occurred_ms": cast(int, told.act["occurred_ms"]) + by_ms})


def _act(actor: str, kind: str, facts: Act, *, at_ms: int, nonce: str) -> Act:
    return {
        "actor": actor,
        "facts": facts,
        "kind": kind,
        "nonce": nonce,
        "occurred_ms": at_ms,
        "offset_min": 0,
        "v": 1,
    }


def _told(entry: StoredEntry) -> Told:
    read = decode_entry(entry.body)
    return Told(
        act=cast(Act, read.act), signature=cast(Act, read.signature), recorded_ms=read.recorded_ms, was=entry.index
    )


def _stored(index: int, body: bytes) -> StoredEntry:
    entry = decode_entry(body)
    act = entry.act
    return StoredEntry(
        index,
        entry.leaf,
        body,
        entry.kind,
        entry.actor,
        entry.method,
        str(act["nonce"]),
        cast("str | None", act.get("session")),
        cast(int, act["occurred_ms"]),
        entry.recorded_ms,
    )


def _signed(origin: str, size: int, tree: _Tree, key: SigningKey) -> StoredCheckpoint:
    root = tree.root(size)
    return StoredCheckpoint(size, root, sign(Checkpoint(origin, size, root), key))


def _derived(bodies: Sequence[bytes], start: int) -> tuple[list[PostingRow], list[tuple[int, str]]]:
    """Return the rows of `posting` and `entry_key` from entry `start` on, as verification rebuilds them."""
    notebook = Notebook()
    history = History(lambda index: bodies[index])
    strengths = Strengths(history)
    postings: list[PostingRow] = []
    keys: list[tuple[int, str]] = []
    for index, body in enumerate(bodies):
        read = read_row(Row(index, body), notebook)
        effect = history.effect(read)
        if effect is not None:
            strengths.take_effect(read)
            if index >= start:
                keys += [(index, key) for key in sorted(effect.keys)]
                postings += [
                    PostingRow(
                        index,
                        line,
                        one.account.value,
                        one.container,
                        one.session,
                        *strengths.of(one.container),
                        one.mass_ug,
                        effect.occurred_ms,
                    )
                    for line, one in enumerate(effect.postings)
                ]
            strengths.forget_struck(read)
        history.add(read)
    return postings, keys
