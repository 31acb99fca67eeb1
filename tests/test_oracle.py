"""The oracle is tested too: a log that keeps every rule, and for each rule a mutant that breaks it."""

import base64
import json
from collections.abc import Callable
from copy import deepcopy
from functools import partial
from hashlib import sha256
from pathlib import Path
from typing import Any

import pytest
import rfc8785
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from audit.domain import commands, events
from tests import oracle, oracle_ledger, oracle_trust
from tests.clinic import Clinic, start_clinic
from tests.oracle import Stored

Change = Callable[[dict[str, Any]], None]


class Forger:
    """Changes a stored log and makes everything around the change right again, keys included."""

    def __init__(self, stored: Stored, service_seed: bytes, log_seed: bytes) -> None:
        self.stored = deepcopy(stored)
        self.service = Ed25519PrivateKey.from_private_bytes(service_seed)
        self.log = Ed25519PrivateKey.from_private_bytes(log_seed)
        self.entries = [json.loads(row.body) for row in self.stored.entries]

    def find(self, kind: str, nth: int = 0) -> dict[str, Any]:
        """Return the nth entry of a kind."""
        return [entry for entry in self.entries if entry["act"]["kind"] == kind][nth]

    def sealed_again(self) -> Stored:
        """Sign, chain, hash and project every entry anew, as an attacker with all keys would."""
        before, stored = oracle.NOTHING, self.stored
        old = {row.leaf.hex(): index for index, row in enumerate(stored.entries)}
        for row, entry in zip(stored.entries, self.entries, strict=True):
            _point_again(entry["act"], old, stored)
            entry["prev"] = before.hex()
            signed = self.service.sign(oracle_trust.challenge(entry["act"], entry["log"]))
            entry["signature"]["attest"] = signed.hex()
            row.body = rfc8785.dumps(entry)
            row.leaf = before = sha256(b"\x00" + row.body).digest()
            row.columns |= {
                "kind": entry["act"]["kind"],
                "actor": entry["act"]["actor"],
                "method": entry["signature"]["method"],
                "nonce": entry["act"]["nonce"],
                "session": entry["act"].get("session"),
                "occurred_ms": entry["act"]["occurred_ms"],
                "recorded_ms": entry["recorded_ms"],
            }
        leaves = [row.leaf for row in stored.entries]
        stored.head = (len(leaves), leaves[-1], self.entries[-1]["recorded_ms"])
        stored.nodes = oracle.all_nodes(leaves)
        stored.checkpoints = [self._checkpoint(leaves)]
        return stored

    def _checkpoint(self, leaves: list[bytes]) -> tuple[int, bytes, str]:
        origin, root = self.entries[0]["log"], oracle.root(leaves)
        signed = f"{origin}\n{len(leaves)}\n{base64.b64encode(root).decode()}\n"
        public = self.log.public_key().public_bytes_raw()
        key_id = sha256(origin.encode() + b"\n\x01" + public).digest()[:4]
        line = base64.b64encode(key_id + self.log.sign(signed.encode())).decode()
        return len(leaves), root, f"{signed}\n— {origin} {line}\n"


def _point_again(value: Any, old: dict[str, int], stored: Stored) -> None:
    """Let every reference name the new leaf of the entry it means."""
    if isinstance(value, dict):
        if value.get("leaf") in old:
            value["leaf"] = stored.entries[old[value["leaf"]]].leaf.hex()
        for held in value.values():
            _point_again(held, old, stored)
    elif isinstance(value, list):
        for held in value:
            _point_again(held, old, stored)


def _day(clinic: Clinic) -> None:
    """Give the log one of everything that the rules speak about."""
    vials = clinic.receive(count=3)
    clinic.whole_session(vials[0])
    session = clinic.open_session()
    wrong = clinic.draw("A", session, vials[1], 900)
    drawn = clinic.book(f"container:{wrong}").entries
    strike = commands.StrikeEntry(of=drawn[max(drawn)].ref, reason="mistyped", replacements=1)
    syringe = clinic.identifier("c")
    part = commands.Part(container=vials[1], volume_ul=1000)
    again = commands.DrawDose(session=session, syringe=syringe, parts=(part,))
    clinic.record([clinic.order("A", strike), clinic.order("A", again, answers_strike=True)])
    clinic.read("A", syringe, 100)
    clinic.waste("A", syringe, alone=True)
    clinic.act("A", commands.CloseSession(session=session))
    clinic.clock.now_ms -= 60_000
    count = clinic.count("A", "B", lots={(clinic.products["50"], "EX-5390"): 1}, levels={vials[0]: 9000})
    case = next(case for case in clinic.book(f"container:{vials[1]}").cases.values() if case.cause == "variance")
    clinic.act("M", commands.CloseCase(case=case.case, outcome="loss"))
    clinic.checkpoint()
    assert clinic.book(f"count:{count}").counts[count].agrees


@pytest.fixture(scope="module")
def day(tmp_path_factory: pytest.TempPathFactory, migrated_sqlite: Path) -> Callable[[], Forger]:
    """Makes a forger over the same honest day."""
    home = tmp_path_factory.mktemp("oracle")
    (home / "audit.db").write_bytes(migrated_sqlite.read_bytes())
    url = f"sqlite:///{home / 'audit.db'}"
    clinic = start_clinic(url, home)
    _day(clinic)
    clinic.register.engine.dispose()
    (stored,) = oracle.read(url)
    keyring = clinic.ground.keyring
    (log_seed,) = (bytes.fromhex(file.read_text()) for file in (home / "signer" / "keys").iterdir())
    return lambda: Forger(stored, keyring.service_seed, log_seed)


def _rules(stored: Stored) -> set[str]:
    return {fault.rule for fault in oracle.faults(stored)}


def test_an_honest_day_breaks_no_rule(day):
    assert oracle.faults(day().stored) == []


def test_a_forger_who_changes_nothing_makes_the_same_log(day):
    forged = day().sealed_again()
    assert oracle.faults(forged) == []
    assert [row.body for row in forged.entries] == [row.body for row in day().stored.entries]


def _add_space(stored: Stored) -> None:
    stored.entries[3].body = stored.entries[3].body.replace(b'":', b'": ', 1)


def _swap(stored: Stored) -> None:
    stored.entries[3], stored.entries[4] = stored.entries[4], stored.entries[3]


def _other_leaf(stored: Stored) -> None:
    stored.entries[3].leaf = bytes(32)


def _other_column(stored: Stored) -> None:
    stored.entries[3].columns["actor"] = "p_99999999"


def _cut_tail(stored: Stored) -> None:
    stored.entries.pop()


def _other_node(stored: Stored) -> None:
    stored.nodes[(1, 0)] = bytes(32)


def _other_root(stored: Stored) -> None:
    size, _, note = stored.checkpoints[-1]
    stored.checkpoints[-1] = (size, bytes(32), note)


def _other_signature(stored: Stored) -> None:
    size, root, note = stored.checkpoints[-1]
    stored.checkpoints[-1] = (size, root, note[:-10] + "AAAAAAA==\n")


def _lose_seal(stored: Stored) -> None:
    stored.sealed.pop()


def _lose_posting(stored: Stored) -> None:
    stored.postings.pop()


def _other_posting_time(stored: Stored) -> None:
    stored.postings[-1]["occurred_ms"] += 1


STORED = [
    ("canonical", _add_space),
    ("chain", _swap),
    ("leaf", _other_leaf),
    ("columns", _other_column),
    ("head", _cut_tail),
    ("nodes", _other_node),
    ("checkpoint", _other_root),
    ("checkpoint", _other_signature),
    ("sealed", _lose_seal),
    ("posting_rows", _lose_posting),
    ("posting_rows", _other_posting_time),
]


@pytest.mark.parametrize(("rule", "change"), STORED)
def test_a_change_of_stored_cells_is_named_by_its_rule(day, rule, change):
    stored = day().stored
    change(stored)
    assert rule in _rules(stored)


def _at(kind: str, change: Change, nth: int = 0) -> Callable[[Forger], None]:
    return lambda forger: change(forger.find(kind, nth))


def _fact(name: str, value: Any, entry: dict[str, Any]) -> None:
    entry["act"]["facts"][name] = value


def _more(name: str, by: int, entry: dict[str, Any]) -> None:
    entry["act"]["facts"][name] += by


def _nonce_again(forger: Forger) -> None:
    forger.entries[5]["act"]["nonce"] = forger.entries[4]["act"]["nonce"]


def _clock_back(forger: Forger) -> None:
    forger.entries[5]["recorded_ms"] = forger.entries[4]["recorded_ms"] - 1


def _witness_is_actor(forger: Forger) -> None:
    forger.find("waste_witnessed")["act"]["actor"] = forger.find("waste_recorded")["act"]["actor"]


def _strike_the_opening(forger: Forger) -> None:
    struck = forger.find("entry_struck")["act"]["facts"]
    opened = forger.find("log_opened")
    struck["of"] = {"index": 0, "leaf": sha256(b"\x00" + rfc8785.dumps(opened)).hexdigest()}


def _without_replacement(forger: Forger) -> None:
    del forger.find("dose_drawn", 2)["act"]["facts"]["replaces"]


def _signed_in_waste(forger: Forger) -> None:
    forger.find("waste_recorded")["signature"] = {"attest": "", "method": "signed_in"}


def _demo_factor(forger: Forger) -> None:
    forger.find("waste_recorded")["signature"]["factors"] = ["demo"]


def _given_without_reading(entry: dict[str, Any]) -> None:
    entry["act"]["facts"]["given_ug"] -= 1


def _unknown_actor(entry: dict[str, Any]) -> None:
    entry["act"]["actor"] = "p_99999999"


def _of_the_wrong_case(entry: dict[str, Any]) -> None:
    entry["act"]["facts"]["mass_ug"] += 1000


FORGED = [
    ("clock", _clock_back),
    ("clock", _at("clock_stepped", partial(_more, "from_ms", 1))),
    ("nonce", _nonce_again),
    ("method", _signed_in_waste),
    ("method", _demo_factor),
    ("acts_signed", _at("acts_signed", partial(_more, "from", 1))),
    ("acts_signed", _at("acts_signed", lambda entry: entry["act"]["facts"]["indexes"].pop())),
    ("below_zero", _at("waste_recorded", partial(_more, "mass_ug", 1))),
    ("sum_to_zero", _at("dose_drawn", _of_the_wrong_case)),
    ("conservation", _at("dose_drawn", _of_the_wrong_case)),
    ("conservation", _at("remainder_read", _given_without_reading)),
    ("conservation", _at("session_closed", partial(_more, "given_ug", 1))),
    ("closed_at_zero", _at("waste_recorded", partial(_more, "mass_ug", -1))),
    ("strike", _strike_the_opening),
    ("replacement", _without_replacement),
    ("replacement", _at("entry_struck", partial(_fact, "replacements", 2))),
    ("second_person", _witness_is_actor),
    ("second_person", _at("waste_witnessed", partial(_fact, "method", "sink_absorbent"))),
    ("second_person", _at("count_confirmed", partial(_fact, "count", "n_99999999"))),
    ("waste_order", _at("remainder_reread", partial(_fact, "agrees", False))),
    ("waste_order", _at("waste_recorded", partial(_more, "volume_ul", 1))),
    ("people", _at("dose_drawn", _unknown_actor)),
    ("numbers", _at("session_opened", partial(_more, "number", 1), 1)),
]


@pytest.mark.parametrize(("rule", "change"), FORGED)
def test_a_forged_entry_with_all_hashes_and_signatures_right_is_named_by_its_rule(day, rule, change):
    forger = day()
    change(forger)
    forged = forger.sealed_again()
    assert rule in _rules(forged)
    assert _rules(forged).isdisjoint({"canonical", "chain", "leaf", "columns", "head", "nodes", "checkpoint", "attest"})


def test_an_act_that_the_service_did_not_sign_is_named(day):
    forger = day()
    stored = forger.sealed_again()
    entry = json.loads(stored.entries[-1].body)
    entry["act"]["offset_min"] += 1
    stored.entries[-1].body = rfc8785.dumps(entry)
    assert "attest" in _rules(stored)


def test_every_rule_of_the_oracle_has_a_mutant():
    tested = {rule for rule, _ in (*STORED, *FORGED)} | {"attest"}
    assert tested == oracle.RULES | oracle_ledger.RULES


def test_kinds_that_cannot_be_struck_are_those_that_are_not_correctable():
    from audit.domain.wire import KINDS

    fixed = {kind for kind, cls in KINDS.items() if not issubclass(cls, events.Correctable)}
    assert fixed == oracle_ledger.NEVER_STRUCK
