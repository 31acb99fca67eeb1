"""The oracle's own double entry: people, corrections and micrograms, replayed entry by entry as written.

Written from log-format.md section 2 and the list of kinds, not from audit/. A strike posts the exact reverse at its
own index; what must not be below zero is judged after the last replacement.
"""

from collections import Counter, defaultdict
from collections.abc import Iterator
from fractions import Fraction
from typing import Any

Fault = tuple[str, int | None, str]
Act = dict[str, Any]
Line = tuple[str, str, str | None, int]
"""Account, container, session, micrograms in (or, negative, out)."""

RULES = frozenset(
    {
        "posting_rows",
        "sum_to_zero",
        "below_zero",
        "conservation",
        "strike",
        "replacement",
        "closed_at_zero",
        "second_person",
        "waste_order",
        "people",
        "numbers",
    }
)
SECOND_OF = {
    "inventory_confirmed": "inventory_taken",
    "remainder_reread": "remainder_read",
    "waste_witnessed": "waste_recorded",
    "count_confirmed": "count_recorded",
}
NEVER_STRUCK = {
    *("log_opened", "clock_stepped", "person_enrolled", "roles_changed", "person_ended", "password_set"),
    *("acts_signed", "patient_registered", "patient_unmasked", "entry_struck", "case_opened", "report_issued"),
    *("count_started", "count_revealed", "case_assigned", "case_noted"),
    *("credential_enrolled", "credential_revoked", "signing_domain_changed", "service_key_changed", "log_key_changed"),
    *("cosigners_changed", "time_stamped", "signer_row_stated", "log_restored", "drill_run"),
    *("patients_disclosed", "erasure_requested", "patient_erased"),
}
_HANDS = {
    *("infusion_started", "rate_changed", "infusion_stopped", "remainder_read", "remainder_held", "waste_recorded"),
}


def faults(entries: list[dict[str, Any]], rows: list[Any], postings: list[dict[str, Any]]) -> list[Fault]:
    """Return what is wrong with the people and quantities of a log; `rows` carry the leaves."""
    replay = Replay([row.leaf.hex() for row in rows])
    found = [fault for entry in entries for fault in replay.entry(entry)]
    found += replay.end()
    stored = defaultdict(Counter)
    for row in postings:
        line = (row["account"], row["container"], row["session"], row["mass_ug"])
        stored[row["idx"]][(*line, row["strength"], row["form"], row["occurred_ms"])] += 1
    found += [
        ("posting_rows", index, f"stored {dict(stored[index])}, own {dict(replay.rows[index])}")
        for index in sorted(stored.keys() | replay.rows.keys())
        if stored[index] != replay.rows[index]
    ]
    return found


def lines(act: Act) -> list[Line]:
    """Return where each microgram of an act comes from and goes to."""
    facts, session = act["facts"], act.get("session")
    match act["kind"]:
        case "inventory_taken":
            found = [(one, lot["mass_ug"]) for lot in facts.get("lots", []) for one in lot["containers"]]
            found += [(level["container"], level["mass_ug"]) for level in facts.get("opened", [])]
            moved = [line for one, mass in found for line in _move(one, mass, ("opening", None), ("stock", None))]
        case "receipt_recorded":
            found = [(one, lot["mass_ug"]) for lot in facts["lots"] for one in lot["containers"]]
            moved = [line for one, mass in found for line in _move(one, mass, ("received", None), ("stock", None))]
        case "container_taken" | "container_returned":
            mass = facts["mass_ug"] if act["kind"] == "container_taken" else -facts["mass_ug"]
            moved = _move(facts["container"], mass, ("stock", None), ("custody", session))
        case "dose_drawn":
            moved = [("custody", facts["syringe"], session, facts["mass_ug"])]
            for source in facts["sources"]:
                moved += _drawn_from(source, session)
        case "remainder_read" | "remainder_reread":
            given, residual = facts.get("given_ug", 0), facts.get("residual_ug", 0)
            moved = [
                ("custody", facts["container"], session, -given - residual),
                ("given", facts["container"], session, given),
                ("residual", facts["container"], session, residual),
            ]
        case "waste_recorded":
            moved = _wasted(facts, session)
        case "remainder_held":
            place = ("custody" if session else "stock", session)
            moved = _move(facts["container"], facts["mass_ug"], place, ("held", None))
        case "case_closed":
            against = {"loss": "lost", "gain": "gained", "explained": "explained"}.get(facts["outcome"], "nowhere")
            moved = [
                line
                for one in facts.get("adjustments", [])
                for line in _move(one["container"], -one["mass_ug"], (one.get("place", "stock"), None), (against, None))
            ]
        case _:
            moved = []
    return [line for line in moved if line[3]]


class Replay:
    """The state after each entry, as its writer and every later reader must see it."""

    def __init__(self, leaves: list[str]) -> None:
        self.leaves = leaves
        self.acts: list[Act] = []
        self.struck: dict[int, int] = {}
        self.balance: Counter[tuple[str, str, str | None]] = Counter()
        self.rows: dict[int, Counter[Any]] = defaultdict(Counter)
        self.products: dict[str, tuple[int, str]] = {}
        self.vials: dict[str, str] = {}
        self.syringes: dict[str, tuple[int, str]] = {}
        self.people: dict[str, bool] = {}
        self.replacing: tuple[int, int] | None = None

    def entry(self, entry: dict[str, Any]) -> Iterator[Fault]:
        """Take one entry in; yield what is wrong with it."""
        index, act = entry["index"], entry["act"]
        yield from self._replacement(index, act)
        self.acts.append(act)
        if act["kind"] == "entry_struck":
            yield from self._strike(index, act)
        self._learn(act)
        yield from self._people(index, act)
        yield from self._post(index, act)
        if act["kind"] in SECOND_OF:
            yield from self._second(index, act)
        if act["kind"] == "waste_recorded":
            yield from self._waste(index, act)
        if act["kind"] == "session_closed":
            yield from self._close(index, act)

    def end(self) -> Iterator[Fault]:
        """What only the whole log shows: nothing is open in a closed session."""
        for index, act in enumerate(self.acts):
            if act["kind"] == "session_closed" and index not in self.struck and self._custody(act["session"]):
                yield "closed_at_zero", index, f"{self._custody(act['session'])} ug left at the end of the log"
        if self.replacing:
            yield "replacement", len(self.acts), f"{self.replacing[1]} replacements of {self.replacing[0]} are missing"

    def _learn(self, act: Act) -> None:
        facts = act["facts"]
        match act["kind"]:
            case "product_registered":
                self.products[facts["product"]] = (facts["concentration_ug_per_ml"], facts["form"])
            case "inventory_taken" | "receipt_recorded":
                for lot in facts.get("lots", []):
                    self.vials.update(dict.fromkeys(lot["containers"], lot["product"]))
                self.vials.update({level["container"]: level["product"] for level in facts.get("opened", [])})
            case "dose_drawn":
                self.syringes[facts["syringe"]] = (facts["concentration_ug_per_ml"], facts["form"])
            case "person_enrolled":
                self.people[facts["person"]] = True

    def _people(self, index: int, act: Act) -> Iterator[Fault]:
        if act["actor"] != "service" and not self.people.get(act["actor"]):
            yield "people", index, f"{act['actor']} is not enrolled, or has ended"
        if act["kind"] == "person_ended":
            self.people[act["facts"]["person"]] = False
        if act["kind"] == "session_opened":
            numbers = [a["facts"]["number"] for a in self.acts if a["kind"] == "session_opened"]
            again = "replaces" in act["facts"] and numbers[-1] in numbers[:-1]
            if numbers[-1] != max(numbers[:-1], default=0) + 1 and not again:
                yield "numbers", index, f"session numbers run {numbers[-3:]}"

    def _post(self, index: int, act: Act) -> Iterator[Fault]:
        posted, occurred = lines(act), self._occurred(act)
        if act["kind"] == "entry_struck":
            struck = self.acts[act["facts"]["of"]["index"]]
            posted = [(account, one, session, -mass) for account, one, session, mass in lines(struck)]
            occurred = self._occurred(struck)
        if sum(line[3] for line in posted):
            yield "sum_to_zero", index, f"{posted}"
        for account, one, session, mass in posted:
            self.balance[(account, one, session)] += mass
            self.rows[index][(account, one, session, mass, *self._strength(one), occurred)] += 1
        if self.replacing is None:
            short = {place: mass for place, mass in self.balance.items() if mass < 0 and place[0] in _PLACES}
            if short:
                yield "below_zero", index, f"{short}"
        yield from self._conserved(index, act)

    def _conserved(self, index: int, act: Act) -> Iterator[Fault]:
        facts, session = act["facts"], act.get("session")
        if act["kind"] == "dose_drawn":
            if facts["mass_ug"] != sum(source["mass_ug"] for source in facts["sources"]):
                yield "conservation", index, "a syringe holds what was drawn into it"
            for source in facts["sources"]:
                exact = Fraction(source["volume_ul"] * facts["concentration_ug_per_ml"], 1000)
                if source["mass_ug"] != round(exact):  # Python rounds a fraction half to even
                    yield "conservation", index, f"{source['volume_ul']} uL hold {exact} ug"
        if act["kind"] == "remainder_read" and "given_ug" in facts:
            left = self.balance[("custody", facts["container"], session)]
            if left != facts["mass_ug"]:
                yield "conservation", index, f"{left} ug are left by the book, {facts['mass_ug']} were read"

    def _strike(self, index: int, act: Act) -> Iterator[Fault]:
        of = act["facts"]["of"]
        right = of["index"] < index and self.leaves[of["index"]] == of["leaf"]
        if not right or self.acts[of["index"]]["kind"] in NEVER_STRUCK or of["index"] in self.struck:
            yield "strike", index, f"{of['index']} cannot be struck here"
        self.struck[of["index"]] = index
        if act["facts"]["replacements"]:
            self.replacing = (index, act["facts"]["replacements"])

    def _replacement(self, index: int, act: Act) -> Iterator[Fault]:
        named = act["facts"].get("replaces")
        if self.replacing is None:
            if named:
                yield "replacement", index, f"names entry {named['index']}, whose strike waits for none"
            return
        strike, left = self.replacing
        if named != self.acts[strike]["facts"]["of"]:
            yield "replacement", index, f"the strike {strike} waits for {left} more"
        self.replacing = (strike, left - 1) if left > 1 else None

    def _second(self, index: int, act: Act) -> Iterator[Fault]:
        of = act["facts"]["of"]
        first = self.acts[of["index"]]
        says = ""
        if first["kind"] != SECOND_OF[act["kind"]] or self.leaves[of["index"]] != of["leaf"]:
            says = "is about another entry than it says"
        elif of["index"] in self.struck:
            says = "is about a struck entry"
        elif act["actor"] == first["actor"] or act["actor"] in self._hands(act["facts"].get("container")):
            says = "is by a person who had a hand in it"
        elif any(first.get(k) != act.get(k) for k in ("session",)) or any(
            first["facts"].get(k) != act["facts"].get(k) for k in _SUBJECTS[act["kind"]]
        ):
            says = "repeats other subjects"
        elif [a for a in self._active() if a["kind"] == act["kind"] and a["facts"]["of"] == of] != [act]:
            says = "is not the only one"
        if says:
            yield "second_person", index, says

    def _waste(self, index: int, act: Act) -> Iterator[Fault]:
        facts = act["facts"]
        reads = [(i, a) for i, a in enumerate(self.acts) if i not in self.struck and a["kind"] == "remainder_read"]
        mine = [(i, a) for i, a in reads if a["facts"]["container"] == facts["container"]]
        if not mine:
            yield "waste_order", index, "nobody read what was wasted"
            return
        last, read = mine[-1]
        agreeing = [
            a["facts"]
            for a in self._active()
            if a["kind"] == "remainder_reread" and a["facts"]["of"]["index"] == last and a["facts"]["agrees"]
        ]
        if not agreeing and not facts.get("alone"):
            yield "waste_order", index, "no second person read it and agreed"
        posted = [f for f in agreeing if "given_ug" in f] or [read["facts"]]
        if (facts["volume_ul"], facts["mass_ug"]) != (posted[-1]["volume_ul"], posted[-1]["mass_ug"]):
            yield "waste_order", index, "another amount was wasted than was read"

    def _close(self, index: int, act: Act) -> Iterator[Fault]:
        facts, session = act["facts"], act["session"]
        if self._custody(session):
            yield "closed_at_zero", index, f"{self._custody(session)} ug left"
        drawn = [a["facts"] for a in self._active() if a["kind"] == "dose_drawn" and a["session"] == session]
        syringes = {draw["syringe"] for draw in drawn}
        held = sum(self.balance[("held", syringe, None)] for syringe in syringes)
        wasted = sum(self.balance[("wasted", syringe, session)] for syringe in syringes)
        names = ("drawn", "given", "residual", "wasted", "held", "short")
        stated = tuple(facts.get(f"{name}_ug", 0) for name in names)
        own = (
            sum(draw["mass_ug"] for draw in drawn),
            self._total("given", session),
            self._total("residual", session),
            wasted,
            held,
            sum(self.balance[(account, syringe, None)] for account in _ANSWERED for syringe in syringes),
        )
        if stated != own:
            yield "conservation", index, f"states {stated}, entries make {own}"

    def _active(self) -> list[Act]:
        return [act for index, act in enumerate(self.acts) if index not in self.struck]

    def _hands(self, container: str | None) -> set[str]:
        drew = {a["actor"] for a in self._active() if a["kind"] == "dose_drawn" and a["facts"]["syringe"] == container}
        return drew | {
            a["actor"] for a in self._active() if a["kind"] in _HANDS and a["facts"]["container"] == container
        }

    def _custody(self, session: str) -> int:
        return self._total("custody", session)

    def _total(self, account: str, session: str) -> int:
        return sum(mass for (name, _, of), mass in self.balance.items() if (name, of) == (account, session))

    def _strength(self, container: str) -> tuple[int, str]:
        return self.syringes.get(container) or self.products[self.vials[container]]

    def _occurred(self, act: Act) -> int:
        """A case's answer counts from when the case opened, all else from when it happened."""
        if act["kind"] != "case_closed":
            return act["occurred_ms"]
        opened = [a for a in self.acts if a["kind"] == "case_opened" and a["facts"]["case"] == act["facts"]["case"]]
        return opened[-1]["occurred_ms"]


_ANSWERED = ("variance", "lost", "gained", "explained")
_PLACES = {"stock", "custody", "held"}
_SUBJECTS = {
    "inventory_confirmed": ("inventory",),
    "remainder_reread": ("container",),
    "waste_witnessed": ("container", "method"),
    "count_confirmed": ("count",),
}


def _move(container: str, mass: int, source: tuple[str, str | None], target: tuple[str, str | None]) -> list[Line]:
    return [(source[0], container, source[1], -mass), (target[0], container, target[1], mass)]


def _wasted(facts: dict[str, Any], session: str | None) -> list[Line]:
    place, of = ("held", None) if facts.get("from_hold") else ("custody" if session else "stock", session)
    short = facts.get("short_ug", 0)
    return [
        (place, facts["container"], of, -facts["mass_ug"] - short),
        ("wasted", facts["container"], session, facts["mass_ug"]),
        ("variance", facts["container"], None, short),
    ]


def _drawn_from(source: dict[str, Any], session: str | None) -> list[Line]:
    overfill, unexplained = source.get("overfill_ug", 0), source.get("unexplained_ug", 0)
    place, of = ("custody", session) if source.get("in_custody") else ("stock", None)
    return [
        (place, source["container"], of, overfill + unexplained - source["mass_ug"]),
        ("overfill", source["container"], None, -overfill),
        ("variance", source["container"], None, -unexplained),
    ]
