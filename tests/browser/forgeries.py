"""Changes to a history, one for each rule that must object, and the check whose rule it is.

Not here: making everything else fit again (forging.py).
"""

import copy

from tests.browser.forging import Change, Entry


def at(entries: list[Entry], kind: str, number: int = 0) -> Entry:
    """The entry of a kind, the first where no number is given."""
    return [entry for entry in entries if entry["act"]["kind"] == kind][number]


def facts(kind: str, number: int = 0, /, **changed: object) -> Change:
    """A change of facts."""
    return lambda entries: at(entries, kind, number)["act"]["facts"].update(changed)


def act(kind: str, number: int = 0, /, **changed: object) -> Change:
    """A change of members of an act."""
    return lambda entries: at(entries, kind, number)["act"].update(changed)


def person(entries: list[Entry], number: int) -> str:
    """Who was enrolled, in order."""
    return str(at(entries, "person_enrolled", number)["act"]["facts"]["person"])


def actor(kind: str, of: int, number: int = 0) -> Change:
    """An entry stated by another person."""
    return lambda entries: at(entries, kind, number)["act"].update(actor=person(entries, of))


def method(kind: str, number: int = 0, /, **signature: object) -> Change:
    """An entry signed in another way."""

    def change(entries: list[Entry]) -> None:
        entry = at(entries, kind, number)
        entry["signature"] = {"attest": entry["signature"]["attest"], **signature}

    return change


def clock(kind: str, by_ms: int) -> Change:
    def change(entries: list[Entry]) -> None:
        at(entries, kind)["recorded_ms"] += by_ms

    return change


def doubled(kind: str, **changed: object) -> Change:
    """An entry a second time, just after itself, under a nonce of its own."""

    def change(entries: list[Entry]) -> None:
        entry = at(entries, kind)
        again = copy.deepcopy(entry)
        again.pop("_leaf")
        again["act"] |= {"nonce": "ab" * 16, **changed}
        entries.insert(entries.index(entry) + 1, again)

    return change


def without(kind: str, number: int = 0) -> Change:
    return lambda entries: entries.remove(at(entries, kind, number))


def spoilt_attest(entries: list[Entry]) -> None:
    entry = at(entries, "waste_recorded")
    entry["_raw"] = True
    entry["signature"]["attest"] = "00" * 64


def moved_log(entries: list[Entry]) -> None:
    at(entries, "receipt_recorded")["log"] = "audit.example.org/log/other"


def same_nonce(entries: list[Entry]) -> None:
    at(entries, "session_closed")["act"]["nonce"] = at(entries, "session_opened")["act"]["nonce"]


def ended_acts(entries: list[Entry]) -> None:
    """The one who left enrols somebody after that."""
    again = copy.deepcopy(at(entries, "person_enrolled", 3))
    again.pop("_leaf")
    again["act"] |= {"actor": person(entries, 3), "nonce": "cd" * 16}
    again["act"]["facts"] |= {"person": "p_11111111", "sign_in": "x.example", "name": "X. Example"}
    again["recorded_ms"] = entries[-1]["recorded_ms"]
    entries.append(again)


def overdrawn(entries: list[Entry]) -> None:
    drawn = at(entries, "dose_drawn")["act"]["facts"]
    drawn["mass_ug"] = drawn["sources"][0]["mass_ug"] = 900_000_000


def struck_twice(entries: list[Entry]) -> None:
    again = copy.deepcopy(at(entries, "entry_struck"))
    again.pop("_leaf")
    again["act"]["nonce"] = "ef" * 16
    again["act"]["facts"]["replacements"] = 0
    again["recorded_ms"] = entries[-1]["recorded_ms"]
    entries.append(again)


def struck_person(entries: list[Entry]) -> None:
    struck_twice(entries)
    first = at(entries, "person_enrolled", 1)
    entries[-1]["act"]["facts"]["of"] = {"index": first["index"], "leaf": first["_leaf"]}


def other_leaf(kind: str) -> Change:
    def change(entries: list[Entry]) -> None:
        at(entries, kind)["act"]["facts"]["of"]["leaf"] = "12" * 32

    return change


def seen(size: int) -> Change:
    return act("session_closed", seen={"root": "34" * 32, "size": size})


def stepped(from_ms: int) -> Change:
    """A stated step of the clock, from another time than the entry before."""

    def change(entries: list[Entry]) -> None:
        last = entries[-1]
        stated = {"from_ms": last["recorded_ms"] + from_ms, "to_ms": last["recorded_ms"] - 60_000}
        step = copy.deepcopy(entries[0])
        step.pop("_leaf")
        step |= {"recorded_ms": last["recorded_ms"] - 60_000}
        step["act"] |= {"kind": "clock_stepped", "facts": stated, "nonce": "aa" * 16}
        entries.append(step)

    return change


def opened_twice(entries: list[Entry]) -> None:
    again = copy.deepcopy(entries[0])
    again.pop("_leaf")
    again["act"]["nonce"] = "bb" * 16
    again["recorded_ms"] = entries[-1]["recorded_ms"]
    entries.append(again)


def set_facts(kind: str, /, **changed: object) -> Change:
    """As `facts`, for names that Python keeps for itself."""
    return lambda entries: at(entries, kind)["act"]["facts"].update(changed)


def by_passkey(entries: list[Entry]) -> None:
    parts = dict.fromkeys(("authenticator_data", "client_data", "credential", "signature"), "AAAA")
    at(entries, "waste_recorded")["signature"] = {"method": "passkey", **parts}


HOLDS = 0
FORGED: dict[str, tuple[int, Change]] = {
    "nothing": (HOLDS, lambda entries: None),
    "a step as stated": (HOLDS, stepped(0)),
    "a kind nobody knows": (HOLDS, act("session_closed", kind="session_ended")),
    "a version nobody knows": (HOLDS, act("session_closed", v=2)),
    "a fact too many": (1, facts("session_closed", given_more=1)),
    "a fact at its default": (1, facts("waste_recorded", alone=False)),
    "a fact out of range": (1, facts("waste_recorded", volume_ul=-1)),
    "a session where none is": (1, act("receipt_recorded", session="s_00000001")),
    "no session": (1, lambda entries: at(entries, "dose_drawn")["act"].pop("session")),
    "another log": (2, moved_log),
    "no beginning": (2, without("log_opened")),
    "two beginnings": (2, opened_twice),
    "time falls": (3, clock("session_closed", -3_600_000)),
    "a step from another time": (3, stepped(5)),
    "attest": (7, spoilt_attest),
    "a nonce twice": (7, same_nonce),
    "somebody who left": (7, ended_acts),
    "nobody enrolled": (7, act("waste_recorded", actor="p_99999999")),
    "a role that may not": (7, actor("person_enrolled", 1, 3)),
    "the first person witnesses": (7, actor("waste_witnessed", 0)),
    "the first person reads again": (7, actor("remainder_reread", 0)),
    "another waste witnessed": (7, other_leaf("waste_witnessed")),
    "another method witnessed": (7, facts("waste_witnessed", method="waste_bin")),
    "another container witnessed": (7, facts("waste_witnessed", container="c_99999999")),
    "witnessed twice": (7, doubled("waste_witnessed")),
    "a waste merely signed in": (7, method("waste_recorded", method="signed_in")),
    "a person by the service": (7, method("waste_recorded", method="service")),
    "the service as a person": (7, act("waste_recorded", actor="service")),
    "a factor of a demo": (7, method("waste_recorded", method="password_totp", factors=["demo"])),
    "signed by another later": (7, actor("acts_signed", 2)),
    "signed later, another hash": (7, facts("acts_signed", leaf="56" * 32)),
    "signed later, an act with a factor": (7, set_facts("acts_signed", indexes=[1], **{"from": 1})),
    "struck twice": (7, struck_twice),
    "a person struck": (7, struck_person),
    "a replacement fails": (7, facts("entry_struck", replacements=2)),
    "one replacement too many": (7, facts("entry_struck", replacements=0)),
    "a head never seen": (7, seen(5)),
    "a head from the future": (7, seen(5000)),
    "overdrawn": (10, overdrawn),
    "does not sum to zero": (10, facts("dose_drawn", mass_ug=1)),
    "more wasted than left": (10, facts("waste_recorded", mass_ug=11_000)),
    "given a second time": (7, doubled("remainder_read")),
}
