"""Our own bytes, kept: an entry, its proof and the head over it. They change with `make golden` and a reason."""

import os
from pathlib import Path

from audit.tlog.attestation import attest, is_attested
from audit.tlog.checkpoint import Checkpoint, open_note, sign
from audit.tlog.entry import FIRST_PREV, decode_entry, encode_entry
from audit.tlog.keys import SigningKey, VerifierKey
from audit.tlog.merkle import Frontier, inclusion_proof, leaf_hash, root
from audit.tlog.proof import EntryProof, format_proof, parse_proof, verify_proof
from audit.tlog.seal import seal

FOLDER = Path(__file__).parents[1] / "golden" / "tlog"
ORIGIN = "audit.example.org/log/broadview"
LOG_KEY = SigningKey(ORIGIN, bytes(range(32)))
SERVICE_KEY = SigningKey("audit.example.org/service", bytes(range(32, 64)))


def _entries():
    """Four entries in a chain: the text of the last has a letter beyond ASCII and its note is sealed."""
    bodies, prev = [], FIRST_PREV
    for index in range(4):
        act = {
            "actor": "p_7q2m",
            "facts": {"label": f"étagère {index}", "volume_ul": 1300 + index, "blind": index % 2 == 0},
            "kind": "remainder_read",
            "nonce": f"{index:032x}",
            "occurred_ms": 1795442591000 + index,
            "offset_min": -300,
            "sealed": {"note": seal(bytes([index]) * 32, "Pat Placeholder\nsecond line")},
            "v": 1,
        }
        signature = {"attest": attest(act, ORIGIN, SERVICE_KEY), "factors": ["password"], "method": "password_totp"}
        recorded_ms = 1795442593210 + index
        body = encode_entry(log=ORIGIN, index=index, prev=prev, recorded_ms=recorded_ms, act=act, signature=signature)
        bodies.append(body)
        prev = leaf_hash(body).hex()
    return bodies


def _golden(name, content):
    path = FOLDER / name
    if os.environ.get("WRITE_GOLDEN"):
        path.write_bytes(content)
    return path.read_bytes()


def test_golden_entry_leaf_checkpoint_and_proof_are_written_as_ever():
    bodies = _entries()
    leaves = [leaf_hash(body) for body in bodies]
    note = sign(Checkpoint(ORIGIN, 4, root(leaves)), LOG_KEY)
    path = inclusion_proof(3, 4, lambda level, index: root(leaves[index << level : (index + 1) << level]))
    written = {
        "entries.jsonl": b"\n".join(bodies) + b"\n",
        "leaves": "".join(f"{leaf.hex()}\n" for leaf in leaves).encode(),
        "checkpoint": note.encode(),
        "vkey": f"{LOG_KEY.verifier.to_string()}\n{SERVICE_KEY.verifier.to_string()}\n".encode(),
        "entry-3.tlog-proof": format_proof(EntryProof(3, path, note)).encode(),
    }
    for name, content in written.items():
        assert _golden(name, content) == content, name


def test_golden_files_alone_show_that_the_entries_stand():
    log_key, service_key = map(VerifierKey.from_string, (FOLDER / "vkey").read_text().splitlines())
    bodies = (FOLDER / "entries.jsonl").read_bytes().splitlines()
    leaves = (FOLDER / "leaves").read_text().splitlines()
    tree, prev = Frontier(), FIRST_PREV
    for index, body in enumerate(bodies):
        entry = decode_entry(body)
        assert (entry.index, entry.prev, entry.leaf.hex()) == (index, prev, leaves[index])
        assert is_attested(entry, service_key)
        tree.push(entry.leaf)
        prev = entry.leaf.hex()
    head, _ = open_note((FOLDER / "checkpoint").read_bytes(), [log_key])
    assert head == Checkpoint(ORIGIN, 4, tree.root())
    proof = parse_proof((FOLDER / "entry-3.tlog-proof").read_text())
    assert verify_proof(proof, leaf=bytes.fromhex(leaves[3]), keys=[log_key])[0] == head
