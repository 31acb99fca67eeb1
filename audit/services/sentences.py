"""Every kind of entry as one sentence a person reads, the same in register, timeline and report.

Amounts in mg and mL together, with the strength they are of. Patients by pseudonym, never by name. Not here: what
a signature under an entry means (`meanings`), the marks it carries (`domain.flags`), who may see it (`blind`).
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import assert_never

from audit.domain import events
from audit.domain.book import Book, Container, Recorded
from audit.domain.labels import syringe_label
from audit.domain.quantity import DecimalMark, format_thousandths, volume_of
from audit.services.meanings import (
    CAUSES,
    METHODS,
    OUTCOMES,
    RATE_REASONS,
    STOP_REASONS,
    STRIKE_REASONS,
    UNMASK_REASONS,
    WASTE_REASONS,
    explained,
)
from audit.services.sentences_trust import tell_trust
from audit.services.wording import capital, many, patient_label, ranges, session_label, span


@dataclass(frozen=True, slots=True)
class Told:
    """An entry in words: what happened, and about what."""

    what: str
    detail: str = ""


@dataclass(frozen=True, slots=True)
class Teller:
    """Tells entries of one book, with people's names and the reader's decimal mark."""

    book: Book
    names: Mapping[str, str] = field(default_factory=dict)
    mark: DecimalMark = "."

    def amount(self, mass_ug: int, volume_ul: int) -> str:
        """Return a mass in ug and a volume in uL as "16.5 mg (0.33 mL)"."""
        return f"{self._plain(mass_ug)} mg ({self._plain(volume_ul)} mL)"

    def label(self, container: str) -> str:
        """Return what is written on a container."""
        known = self.book.containers.get(container)
        return known.label if known else container

    def named(self, person: str) -> str:
        """Return a person's name."""
        return "The service" if person == "service" else self.names.get(person, person)

    def session(self, session: str | None) -> str:
        """Return how people name a session: "session 0417"."""
        known = self.book.sessions.get(session or "")
        return session_label(known.number) if known else "session" if session else ""

    def strength(self, container: str) -> str:
        """Return what an mL of a container holds, with what it was made up from: "1 mg/mL from 50 mg/mL"."""
        known = self.book.containers.get(container)
        if known is None:
            return ""
        label = f"{self._plain(known.concentration_ug_per_ml)} mg/mL"
        is_made_up = known.is_syringe and known.content_ul and known.mass_in(1000) != known.concentration_ug_per_ml
        return f"{self._plain(known.mass_in(1000))} mg/mL from {label}" if is_made_up else label

    def tell(self, entry: Recorded) -> Told:
        """Return an entry in words; the book holds what its keys name."""
        stated = entry.event
        if isinstance(stated, events.SessionEvent):
            return self._of_session(stated)
        if isinstance(stated, events.StockEvent):
            return self._of_stock(stated)
        if isinstance(stated, events.CountEvent):
            return self._of_count(stated)
        if isinstance(stated, events.TrustEvent):
            return Told(*tell_trust(stated, self.named))
        return self._of_log(stated)

    def _of_log(self, stated: events.LogEvent) -> Told:  # noqa: C901 (one case a kind)
        match stated:
            case events.LogOpened() as event:
                return Told(f"Opened the log of {event.clinic}", f"Rules {event.pack} · time zone {event.zone}")
            case events.ClockStepped() as event:
                return Told(f"Found the clock moved by {span(event.to_ms - event.from_ms)}")
            case events.PersonEnrolled() as event:
                return Told(f"Enrolled {event.name}", f"{event.profession} · {', '.join(event.roles)}")
            case events.RolesChanged(person=person, roles=roles):
                return Told(f"Changed the roles of {self.named(person)} to {', '.join(roles)}")
            case events.PersonEnded(person=person, reason=reason):
                return Told(f"Ended the access of {self.named(person)}", reason.replace("_", " "))
            case events.PasswordSet(person=person):
                return Told(f"Set a new password for {self.named(person)}")
            case events.ActsSigned(indexes=indexes):
                return Told(f"Signed {many(len(indexes), 'own act')} done while signed in", ranges(indexes))
            case events.PatientRegistered(patient=patient):
                return Told(f"Registered {patient_label(patient)}", "Name and birth date are sealed")
            case events.PatientUnmasked(patient=patient, reason=reason):
                return Told(f"Looked at the identity of {patient_label(patient)}", UNMASK_REASONS[reason])
            case events.EntryStruck(of=of, reason=reason, replacements=replacements):
                by = f"{many(replacements, 'entry takes', 'entries take')} its place" if replacements else ""
                return Told(f"Struck entry {of.index}: {STRIKE_REASONS[reason]}", by)
            case events.ReportIssued() as event:
                period = f"{event.from_on} to {event.to_on}"
                issued = {"inspection": "inspection report", "bundle": "evidence bundle"}[event.report_kind]
                return Told(
                    f"Issued the {issued} of {period}",
                    f"On {event.size} entries · SHA-256 {event.sha256[:12]}…",
                )
            case _ as unreachable:
                assert_never(unreachable)

    def _of_stock(self, stated: events.StockEvent) -> Told:
        match stated:
            case events.ProductRegistered() as event:
                return self._product(event)
            case events.InventoryTaken() | events.ReceiptRecorded() as event:
                return self._arrival(event)
            case events.InventoryConfirmed(agrees=agrees) as event:
                verb = "Confirmed" if agrees else "Counted, unlike the first person,"
                return Told(f"{verb} the opening inventory of entry {event.of.index}", self._found(event))
            case events.ContainerTaken() | events.ContainerReturned() as event:
                return self._moved(event)
            case _ as unreachable:
                assert_never(unreachable)

    def _of_session(self, stated: events.SessionEvent) -> Told:
        match stated:
            case events.SessionOpened() as event:
                return self._opened(event)
            case events.DoseDrawn() as event:
                return self._draw(event)
            case events.InfusionStarted() | events.RateChanged() | events.InfusionStopped() as event:
                return self._pump(event)
            case events.RemainderRead() | events.RemainderReread() as event:
                return self._reading(event)
            case events.WasteRecorded() as event:
                return self._waste(event)
            case events.WasteWitnessed() as event:
                amount = self.amount(self._mass(event.container, event.volume_ul), event.volume_ul)
                what = f"Witnessed the waste of {amount}, {METHODS[event.method]}"
                return Told(what, self._about(event.session, event.container, f"entry {event.of.index}"))
            case events.RemainderHeld() as event:
                what = f"Locked {self.amount(event.mass_ug, event.volume_ul)} into bag {event.bag}"
                return Told(what, self._about(event.session, event.container))
            case events.SessionClosed() as event:
                return self._closed(event)
            case _ as unreachable:
                assert_never(unreachable)

    def _of_count(self, stated: events.CountEvent) -> Told:
        match stated:
            case events.CountStarted(business_time=business_time):
                return Told(f"Began a blind count, {business_time} of business")
            case events.CountRecorded() as event:
                return Told("Counted what is there", self._found(event))
            case events.CountConfirmed(agrees=agrees) as event:
                second = "the same" if agrees else "not the same as the first person"
                return Told(f"Counted as second person: {second}", self._found(event))
            case events.CountRevealed():
                return Told("Ended a count without a second person; it stays unconfirmed")
            case events.CaseOpened() as event:
                return self._case(event)
            case events.CaseAssigned(owner=owner, due_on=due_on):
                return Told(f"Gave the case to {self.named(owner)}, due on {due_on}")
            case events.CaseNoted():
                return Told("Added a note to the case", "The note is sealed")
            case events.CaseClosed() as event:
                return self._case_closed(event)
            case _ as unreachable:
                assert_never(unreachable)

    def _plain(self, thousandths: int) -> str:
        return format_thousandths(thousandths, mark=self.mark)

    def _container(self, container: str) -> Container | None:
        return self.book.containers.get(container)

    def _mass(self, container: str, volume_ul: int) -> int:
        known = self._container(container)
        return known.mass_in(volume_ul) if known else 0

    def _labelled(self, container: str, mass_ug: int) -> str:
        known = self._container(container)
        return self.amount(mass_ug, known.volume_in(mass_ug) if known else 0)

    def _about(self, session: str | None, container: str, *more: str) -> str:
        parts = (capital(self.session(session)), self.label(container), self.strength(container), *more)
        return " · ".join(part for part in parts if part)

    def _product(self, event: events.ProductRegistered) -> Told:
        mass_ug = event.volume_ul * event.concentration_ug_per_ml // 1000
        strength = f"{self._plain(event.concentration_ug_per_ml)} mg/mL"
        code, each = f"{event.code_system.upper()} {event.code}", self.amount(mass_ug, event.volume_ul)
        return Told(f"Registered {event.name}, {strength}", f"{event.labeller} · {code} · {each} each")

    def _arrival(self, event: events.InventoryTaken | events.ReceiptRecorded) -> Told:
        lots = [
            f"{many(len(line.containers), 'container')}, lot {line.lot}, {self._product_strength(line.product)}"
            for line in event.lots
        ]
        if isinstance(event, events.ReceiptRecorded):
            number = sum(len(line.containers) for line in event.lots)
            mass = sum(line.mass_ug * len(line.containers) for line in event.lots)
            volume = sum(line.volume_ul * len(line.containers) for line in event.lots)
            what = f"Received {many(number, 'container')} with {self.amount(mass, volume)}"
            return Told(what, "; ".join([f"{event.supplier}, invoice {event.invoice}", *lots]))
        lots += [
            f"opened, {self.amount(line.mass_ug, line.volume_ul)}, {self._product_strength(line.product)}"
            for line in event.opened
        ]
        what = "Took the opening inventory" + (": nothing on hand" if event.nothing_on_hand else "")
        return Told(what, "; ".join(lots))

    def _product_strength(self, product: str) -> str:
        known = self.book.products.get(product)
        return f"{self._plain(known.concentration_ug_per_ml)} mg/mL" if known else product

    def _opened(self, event: events.SessionOpened) -> Told:
        what = f"Opened {session_label(event.number)}: {self._plain(event.dose_ug)} mg ordered"
        where = {"iv": "intravenous", "im": "intramuscular", "sc": "subcutaneous"}[event.route]
        by = f"prescriber {self.named(event.prescriber)}"
        return Told(what, f"{patient_label(event.patient)} · {where}, {event.duration_min} min · {by}")

    def _moved(self, event: events.ContainerTaken | events.ContainerReturned) -> Told:
        label, amount = self.label(event.container), self._labelled(event.container, event.mass_ug)
        if isinstance(event, events.ContainerTaken):
            return Told(f"Took {label} with {amount} for a session", self._about(event.session, event.container))
        return Told(f"Returned {label} with {amount} to the shelf", self._about(event.session, event.container))

    def _draw(self, event: events.DoseDrawn) -> Told:
        drug_ul = volume_of(event.mass_ug, concentration_ug_per_ml=event.concentration_ug_per_ml)
        sources = ", ".join(self.label(source.container) for source in event.sources)
        what = f"Drew {self.amount(event.mass_ug, drug_ul)} from {sources} into a syringe"
        made_up = f"made up to {self._plain(event.volume_ul)} mL" if event.volume_ul != drug_ul else ""
        beyond = [
            f"{self._labelled(source.container, mass)} beyond the label of {self.label(source.container)}"
            for source in event.sources
            if (mass := (source.overfill_ug or 0) + (source.unexplained_ug or 0))
        ]
        expired = "expired vial" if event.expired_used else ""
        # A struck draw made no syringe: what it says of itself is all there is.
        strength = f"{self._plain(event.concentration_ug_per_ml)} mg/mL"
        parts = (capital(self.session(event.session)), syringe_label(event.label), strength, made_up, *beyond, expired)
        return Told(what, " · ".join(part for part in parts if part))

    def _pump(self, event: events.InfusionStarted | events.RateChanged | events.InfusionStopped) -> Told:
        about = self._about(event.session, event.container)
        if isinstance(event, events.InfusionStopped):
            return Told(f"Stopped the infusion: {STOP_REASONS[event.reason]}", about)
        mass = self._mass(event.container, event.rate_ul_per_h)
        rate = f"{self._plain(mass)} mg/h ({self._plain(event.rate_ul_per_h)} mL/h)"
        if isinstance(event, events.InfusionStarted):
            return Told(f"Started the infusion at {rate}", about)
        dose = f"; dose now {self._plain(event.dose_ug)} mg" if event.dose_ug is not None else ""
        return Told(f"Changed the rate to {rate}: {RATE_REASONS[event.reason]}{dose}", about)

    def _reading(self, event: events.RemainderRead | events.RemainderReread) -> Told:
        amount = self.amount(event.mass_ug, event.volume_ul)
        label = self.label(event.container)
        if isinstance(event, events.RemainderReread):
            same = "agrees" if event.agrees else "not the same"
            what = f"Read {amount} in {label} as second person, blind: {same}"
            return Told(what, self._about(event.session, event.container, f"entry {event.of.index}"))
        given = f", so {self._labelled(event.container, event.given_ug)} was given" if event.given_ug else ""
        residual = (
            f"; {self._labelled(event.container, event.residual_ug)} stayed in the line" if event.residual_ug else ""
        )
        return Told(f"Read {amount} left in {label}{given}{residual}", self._about(event.session, event.container))

    def _waste(self, event: events.WasteRecorded) -> Told:
        amount = self.amount(event.mass_ug, event.volume_ul)
        what = f"Wasted {amount}, {WASTE_REASONS[event.reason]}, {METHODS[event.method]}"
        short = f"{self._labelled(event.container, event.short_ug)} short" if event.short_ug else ""
        alone = "nobody to witness" if event.alone else ""
        return Told(what, self._about(event.session, event.container, short, alone))

    def _closed(self, event: events.SessionClosed) -> Told:
        masses = [("drawn", event.drawn_ug), ("given", event.given_ug), ("wasted", event.wasted_ug)]
        masses += [("left in the line", event.residual_ug)] if event.residual_ug else []
        strengths = {
            self.book.containers[one].concentration_ug_per_ml
            for one in self._syringes(event.session)
            if one in self.book.containers
        }
        each = strengths.pop() if len(strengths) == 1 else None
        told = [f"{self._of_strength(mass, each)} {word}" for word, mass in masses]
        label = f"{self._plain(each)} mg/mL" if each else ""
        return Told(
            f"Closed {self.session(event.session)}: nothing left to account for",
            ", ".join(told + [label] * bool(label)),
        )

    def _syringes(self, session: str) -> list[str]:
        known = self.book.sessions.get(session)
        return known.syringes if known else []

    def _of_strength(self, mass_ug: int, concentration_ug_per_ml: int | None) -> str:
        if concentration_ug_per_ml is None:
            return f"{self._plain(mass_ug)} mg"
        return self.amount(mass_ug, volume_of(mass_ug, concentration_ug_per_ml=concentration_ug_per_ml))

    def _found(self, event: events.InventoryConfirmed | events.CountRecorded | events.CountConfirmed) -> str:
        if event.nothing_on_hand:
            return "Nothing on hand"
        lots = [
            f"{many(line.containers, 'sealed container')} of lot {line.lot}, {self._product_strength(line.product)}"
            for line in event.lots
        ]
        levels = [
            f"{self.label(line.container)} {self.amount(self._mass(line.container, line.volume_ul), line.volume_ul)}"
            for line in event.opened
        ]
        return "; ".join(lots + levels)

    def _case(self, event: events.CaseOpened) -> Told:
        about = self.label(event.container) if event.container else f"lot {event.lot}" if event.lot else ""
        amount = ""
        if event.variance_ug:
            word = "short" if event.variance_ug < 0 else "over"
            amount = f": {self._case_amount(event)} {word}"
        return Told(f"Opened a case, {CAUSES[event.cause]}{amount}", f"{about} · entry {event.of.index}".strip(" ·"))

    def _case_amount(self, event: events.CaseOpened) -> str:
        mass = abs(event.variance_ug or 0)
        if event.container:
            return self._labelled(event.container, mass)
        product = self.book.products.get(event.product or "")
        return self._of_strength(mass, product.concentration_ug_per_ml if product else None)

    def _case_closed(self, event: events.CaseClosed) -> Told:
        why = f": {explained(event.explanation)}" if event.explanation else ""
        moved = [
            f"{self.label(line.container)} {self._labelled(line.container, line.mass_ug)}" for line in event.adjustments
        ]
        named = [f"entry {event.of.index}"] if event.of else []
        return Told(f"Closed the case as {OUTCOMES[event.outcome]}{why}", "; ".join(named + moved))
