"""Re-checks a whole log from its stored bytes after each test that wrote; shares no code with audit/.

Here: reading by plain SQL, and the rules of bytes, chain, tree, checkpoints and signatures (log-format.md sections
2 to 7). What people and quantities must obey is in oracle_ledger.py. Each rule has a name and a mutant that breaks it
(tests/test_oracle.py).
"""

import base64
import json
import re
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field
from hashlib import sha256
from typing import Any, NamedTuple

import rfc8785
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey
from sqlalchemy import create_engine, text

from tests import oracle_ledger, oracle_trust

RULES = frozenset(
    {
        "canonical",
        "chain",
        "leaf",
        "columns",
        "clock",
        "head",
        "nodes",
        "checkpoint",
        "attest",
        "method",
        "nonce",
        "acts_signed",
        "sealed",
    }
)
"""The rules of this module by name; those of quantities are in `oracle_ledger.RULES`."""

NOTHING = sha256(b"").digest()
SERVICE_KINDS = {"log_opened", "clock_stepped", "case_opened", "time_stamped", "drill_run"}
# What a nurse does with the pump in one hand; every other act is signed where it is done.
ON_THE_WAY = {
    *("product_registered", "patient_registered", "patient_unmasked", "session_opened", "container_taken"),
    *("container_returned", "dose_drawn", "infusion_started", "rate_changed", "infusion_stopped", "remainder_read"),
    *("count_started", "case_assigned", "case_noted", "report_issued"),
}
_SPLIT = 500  # most acts that one signature names


class Fault(NamedTuple):
    """What is wrong where, and under which rule."""

    rule: str
    index: int | None
    says: str


@dataclass
class Row:
    """One stored entry: its bytes and what stands in the columns beside them."""

    idx: int
    leaf: bytes
    body: bytes
    columns: dict[str, Any]


@dataclass
class Stored:
    """All that a database holds of one site."""

    entries: list[Row]
    head: tuple[int, bytes, int]
    nodes: dict[tuple[int, int], bytes]
    checkpoints: list[tuple[int, bytes, str]]
    postings: list[dict[str, Any]]
    sealed: set[tuple[int, str]]
    parsed: list[dict[str, Any]] = field(default_factory=list)


def check(url: str) -> int:
    """Fail the test where the log of a database breaks a rule; return how many entries it has."""
    found, entries = [], 0
    for stored in read(url):
        found += faults(stored)
        entries += len(stored.entries)
    assert not found, "\n".join(f"{fault.rule} at {fault.index}: {fault.says}" for fault in found[:20])
    return entries


def read(url: str) -> list[Stored]:
    """Return what each site of a database holds, by plain SQL."""
    engine = create_engine(url)
    try:
        with engine.connect() as conn:
            sites = conn.scalars(text("SELECT site FROM log_head ORDER BY site")).all()
            return [_read_site(conn, site) for site in sites]
    finally:
        engine.dispose()


def faults(stored: Stored) -> list[Fault]:
    """Return everything that is wrong with a site's log; empty when nothing is."""
    found = list(_bytes(stored))
    if found:
        return found
    stored.parsed = [json.loads(row.body) for row in stored.entries]
    for rule in (_chain, _columns, _clock, _head, _nodes, _checkpoints, _signatures, _nonces, _acts_signed, _seals):
        found += rule(stored)
    found += [Fault(*fault) for fault in oracle_ledger.faults(stored.parsed, stored.entries, stored.postings)]
    return found


def root(leaves: list[bytes]) -> bytes:
    """Return the tree hash of RFC 6962 section 2.1, straight from its definition."""
    if not leaves:
        return NOTHING
    if len(leaves) == 1:
        return leaves[0]
    split = 1 << (len(leaves) - 1).bit_length() - 1
    return sha256(b"\x01" + root(leaves[:split]) + root(leaves[split:])).digest()


def all_nodes(leaves: list[bytes]) -> dict[tuple[int, int], bytes]:
    """Return every complete subtree above the leaves, by level and index."""
    found, level, row = {}, 0, leaves
    while len(row) > 1:
        level += 1
        row = [sha256(b"\x01" + row[at] + row[at + 1]).digest() for at in range(0, len(row) - 1, 2)]
        found.update({(level, at): node for at, node in enumerate(row)})
    return found


def verifier_key(words: str) -> bytes:
    """Return the 32 bytes of a verifier key's text (C2SP signed-note)."""
    return base64.b64decode(words.split("+", 2)[2], validate=True)[1:]


def _read_site(conn: Any, site: str) -> Stored:
    def rows(sql: str) -> list[Any]:
        return list(conn.execute(text(sql), {"site": site}).mappings())

    entries = [
        Row(row["idx"], bytes(row["leaf"]), bytes(row["body"]), {k: v for k, v in row.items() if k in _COLUMNS})
        for row in rows("SELECT * FROM log_entry WHERE site = :site ORDER BY idx")
    ]
    (head,) = rows("SELECT size, leaf, recorded_ms FROM log_head WHERE site = :site")
    nodes = rows("SELECT level, idx, hash FROM log_node WHERE site = :site")
    checkpoints = rows("SELECT size, root, note FROM checkpoint WHERE site = :site ORDER BY size")
    return Stored(
        entries=entries,
        head=(head["size"], bytes(head["leaf"]), head["recorded_ms"]),
        nodes={(row["level"], row["idx"]): bytes(row["hash"]) for row in nodes},
        checkpoints=[(row["size"], bytes(row["root"]), row["note"]) for row in checkpoints],
        postings=[dict(row) for row in rows("SELECT * FROM posting WHERE site = :site ORDER BY idx, line")],
        sealed={(row["idx"], row["field"]) for row in rows("SELECT idx, field FROM sealed WHERE site = :site")},
    )


_COLUMNS = ("kind", "actor", "method", "nonce", "session", "occurred_ms", "recorded_ms")


def _bytes(stored: Stored) -> Iterator[Fault]:
    for row in stored.entries:
        try:
            again = rfc8785.dumps(json.loads(row.body))
        except ValueError as error:
            again = str(error).encode()
        if again != row.body or len(row.body) > 16_384:
            yield Fault("canonical", row.idx, f"{again[:80]!r}")


def _chain(stored: Stored) -> Iterator[Fault]:
    before = NOTHING
    origin = stored.parsed[0]["log"] if stored.parsed else ""
    for place, (row, entry) in enumerate(zip(stored.entries, stored.parsed, strict=True)):
        if (row.idx, entry["index"], entry["log"], entry["prev"]) != (place, place, origin, before.hex()):
            yield Fault("chain", row.idx, f"expected place {place} of {origin} after {before.hex()}")
        before = sha256(b"\x00" + row.body).digest()
        if row.leaf != before:
            yield Fault("leaf", row.idx, f"stored {row.leaf.hex()}, bytes have {before.hex()}")
    if stored.parsed and stored.parsed[0]["act"]["kind"] != "log_opened":
        yield Fault("chain", 0, "entry 0 opens the log")


def _columns(stored: Stored) -> Iterator[Fault]:
    for row, entry in zip(stored.entries, stored.parsed, strict=True):
        act = entry["act"]
        stated = {
            "kind": act["kind"],
            "actor": act["actor"],
            "method": entry["signature"]["method"],
            "nonce": act["nonce"],
            "session": act.get("session"),
            "occurred_ms": act["occurred_ms"],
            "recorded_ms": entry["recorded_ms"],
        }
        if stated != row.columns:
            yield Fault("columns", row.idx, f"stated {stated}, stored {row.columns}")


def _clock(stored: Stored) -> Iterator[Fault]:
    before = 0
    for entry in stored.parsed:
        now, act = entry["recorded_ms"], entry["act"]
        stepped = act["kind"] == "clock_stepped"
        if now < before and not stepped:
            yield Fault("clock", entry["index"], f"{now} after {before}")
        if stepped and act["facts"] != {"from_ms": before, "to_ms": now}:
            yield Fault("clock", entry["index"], f"stepped from {before} to {now}, says {act['facts']}")
        before = now


def _head(stored: Stored) -> Iterator[Fault]:
    last = stored.entries[-1] if stored.entries else None
    expected = (last.idx + 1, last.leaf, last.columns["recorded_ms"]) if last else (0, NOTHING, 0)
    if stored.head != expected:
        yield Fault("head", None, f"stored {stored.head}, expected {expected}")


def _nodes(stored: Stored) -> Iterator[Fault]:
    if stored.nodes != all_nodes([row.leaf for row in stored.entries]):
        yield Fault("nodes", None, "the stored subtrees are not those of the leaves")


def _checkpoints(stored: Stored) -> Iterator[Fault]:
    leaves = [row.leaf for row in stored.entries]
    origin = stored.parsed[0]["log"] if stored.parsed else ""
    for size, kept, note in stored.checkpoints:
        expected = root(leaves[:size])
        signed = f"{origin}\n{size}\n{base64.b64encode(expected).decode()}\n"
        if size > len(leaves) or kept != expected or not note.startswith(signed + "\n"):
            yield Fault("checkpoint", size - 1, f"size {size} over {len(leaves)} entries, or another root")
        elif not _is_signed(signed, note, origin, _log_key(stored, size)):
            yield Fault("checkpoint", size - 1, "no signature of the log's key")


def _log_key(stored: Stored, size: int) -> str:
    """Return the log's key in force by the entries that a checkpoint of this size covers."""
    named = [
        entry["act"] for entry in stored.parsed[:size] if entry["act"]["kind"] in {"log_opened", "log_key_changed"}
    ]
    return str(named[-1]["facts"]["log_key"])


def _is_signed(signed: str, note: str, origin: str, key: str) -> bool:
    public = verifier_key(key)
    key_id = sha256(origin.encode() + b"\n\x01" + public).digest()[:4]
    lines = re.findall(rf"^— {re.escape(origin)} (\S+)$", note, re.MULTILINE)
    own = [data[4:] for line in lines if (data := base64.b64decode(line, validate=True))[:4] == key_id]
    return any(_holds(public, signature, signed.encode()) for signature in own)


def _holds(public: bytes, signature: bytes, message: bytes) -> bool:
    try:
        Ed25519PublicKey.from_public_bytes(public).verify(signature, message)
    except InvalidSignature:
        return False
    return True


def _signatures(stored: Stored) -> Iterator[Fault]:
    opened = stored.parsed[0]["act"]["facts"]
    trust = oracle_trust.Trust(lambda size: root([row.leaf for row in stored.entries[:size]]))
    for entry in stored.parsed:
        act, signature, index = entry["act"], entry["signature"], entry["index"]
        for fault in trust.entry(entry):
            yield Fault(*fault)
        fitting = {"service"} if act["kind"] in SERVICE_KINDS else {"password_totp", "passkey"}
        if act["kind"] in ON_THE_WAY:
            fitting.add("signed_in")
        if signature["method"] not in fitting or (act["kind"] in SERVICE_KINDS) != (act["actor"] == "service"):
            yield Fault("method", index, f"{act['kind']} by {act['actor']} as {signature['method']}")
        if signature["method"] == "password_totp" and ("demo" in signature["factors"]) != opened["demo"]:
            yield Fault("method", index, f"factors {signature['factors']} where demo is {opened['demo']}")


def _nonces(stored: Stored) -> Iterator[Fault]:
    for nonce, times in Counter(entry["act"]["nonce"] for entry in stored.parsed).items():
        if times > 1:
            yield Fault("nonce", None, f"{nonce} stands {times} times")


def _acts_signed(stored: Stored) -> Iterator[Fault]:
    waiting: dict[str, list[int]] = {}
    for entry in stored.parsed:
        act = entry["act"]
        if entry["signature"]["method"] == "signed_in":
            waiting.setdefault(act["actor"], []).append(entry["index"])
        if act["kind"] != "acts_signed":
            continue
        due, waiting[act["actor"]] = waiting.get(act["actor"], [])[:_SPLIT], waiting.get(act["actor"], [])[_SPLIT:]
        facts = act["facts"]
        leaf = stored.entries[facts["to"]].leaf.hex() if facts["to"] < len(stored.entries) else ""
        ends = (due[0], due[-1], leaf) if due else None
        if facts["indexes"] != due or (facts["from"], facts["to"], facts["leaf"]) != ends:
            yield Fault("acts_signed", entry["index"], f"names {facts['indexes']}, unsigned were {due}")


def _seals(stored: Stored) -> Iterator[Fault]:
    committed = {(entry["index"], name) for entry in stored.parsed for name in entry["act"].get("sealed", {})}
    gone = _erased(stored)
    for index, name in (committed - gone) ^ stored.sealed:
        yield Fault("sealed", index, f"{name} is committed to or kept, not both")


def _erased(stored: Stored) -> set[tuple[int, str]]:
    """What an erasure takes: the seals of earlier entries that name the patient, or a session last opened for them."""
    acts = [entry["act"] for entry in stored.parsed]
    ends = {act["facts"]["patient"]: index for index, act in enumerate(acts) if act["kind"] == "patient_erased"}
    patient_of = {act["session"]: act["facts"]["patient"] for act in acts if act["kind"] == "session_opened"}
    return {
        (index, name)
        for index, act in enumerate(acts)
        for name in act.get("sealed", {})
        if index < ends.get(act["facts"].get("patient") or patient_of.get(act.get("session")), 0)
    }
