"""What each kind of entry does to the book's states. Called by `fold` alone; tolerant of states not loaded."""

from typing import assert_never

from audit.domain import events
from audit.domain.book import Book, Case, Container, Count, Person, Reading, Recorded, Run, Session, Waste
from audit.domain.effects_trust import on_trust, trust_at_opening
from audit.domain.labels import syringe_label, vial_label


def take_effect(book: Book, entry: Recorded) -> None:
    """Change the states that one active entry is about."""
    stated = entry.event
    if isinstance(stated, events.SessionEvent):
        _on_session(book, entry, stated)
    elif isinstance(stated, events.StockEvent):
        _on_stock(book, entry, stated)
    elif isinstance(stated, events.CountEvent):
        _on_count(book, entry, stated)
    elif isinstance(stated, events.TrustEvent):
        on_trust(book, entry, stated)
    else:
        _on_log(book, entry, stated)


def _on_log(book: Book, entry: Recorded, stated: events.LogEvent) -> None:
    match stated:
        case events.LogOpened() as event:
            book.log = event
            book.trust = trust_at_opening(event)
        case events.PersonEnrolled() as event:
            _enrol(book, event, is_first=entry.actor == event.person)
        case events.RolesChanged(person=person, roles=roles) if person in book.persons:
            book.persons[person].roles = roles
        case events.PersonEnded(person=person) if person in book.persons:
            book.persons[person].is_active = False
        case events.PasswordSet(person=person, password_sha256=commitment) if person in book.persons:
            book.persons[person].password_sha256 = commitment
        case events.PatientRegistered(patient=patient):
            book.patients.add(patient)
        case _:
            pass


def _on_stock(book: Book, entry: Recorded, stated: events.StockEvent) -> None:
    match stated:
        case events.ProductRegistered() as event:
            book.products[event.product] = event
            _strengthen(book, event)
        case events.InventoryTaken() as event:
            book.inventories[entry.index] = entry
            _shelve(book, event.lots)
            _open_levels(book, entry, event.opened)
        case events.InventoryConfirmed(of=of):
            book.confirmations[of.index] = entry
        case events.ReceiptRecorded() as event:
            _shelve(book, event.lots)
        case events.ContainerTaken(session=session, container=container):
            if session in book.sessions:
                book.sessions[session].taken.append(container)
        case events.ContainerReturned(session=session, container=container):
            if session in book.sessions and container in book.sessions[session].taken:
                book.sessions[session].taken.remove(container)
        case _ as unreachable:
            assert_never(unreachable)


def _on_session(book: Book, entry: Recorded, stated: events.SessionEvent) -> None:
    match stated:
        case events.SessionOpened() as event:
            book.sessions[event.session] = _session(entry, event)
        case events.DoseDrawn() as event:
            _draw(book, entry, event)
        case events.InfusionStarted() | events.RateChanged() | events.InfusionStopped():
            _pump(book, entry)
        case events.RemainderRead() as event:
            _read(book, entry, event)
        case events.RemainderReread() as event:
            _reread(book, entry, event)
        case events.WasteRecorded() as event:
            _waste(book, entry, event)
        case events.WasteWitnessed(of=of) if of.index in book.wastes:
            waste = book.wastes[of.index]
            waste.witness, waste.witness_index, waste.witnessed_ms = entry.actor, entry.index, entry.recorded_ms
        case events.RemainderHeld(container=container, bag=bag) if container in book.containers:
            book.containers[container].bag = bag
            book.containers[container].hands.add(entry.actor)
        case events.SessionClosed(session=session) if session in book.sessions:
            book.sessions[session].closed_ms = entry.occurred_ms
            book.sessions[session].closed_index = entry.index
        case _:
            pass


def _on_count(book: Book, entry: Recorded, stated: events.CountEvent) -> None:
    match stated:
        case events.CountStarted(count=count):
            book.counts[count] = Count(count=count, started=entry)
        case events.CountRecorded() | events.CountConfirmed() | events.CountRevealed():
            _count(book, entry)
        case events.CaseOpened() as event:
            _open_case(book, entry, event)
        case events.CaseAssigned(case=case, owner=owner, due_on=due_on) if case in book.cases:
            book.cases[case].owner, book.cases[case].due_on = owner, due_on
        case events.CaseNoted(case=case) if case in book.cases:
            book.cases[case].notes.append(entry.index)
        case events.CaseClosed(case=case) if case in book.cases:
            book.cases[case].closed = entry
        case _:
            pass


def _enrol(book: Book, event: events.PersonEnrolled, *, is_first: bool) -> None:
    book.sign_ins.add(event.sign_in.casefold())
    book.persons[event.person] = Person(
        person=event.person,
        name=event.name,
        sign_in=event.sign_in,
        profession=event.profession,
        licence=event.licence,
        roles=event.roles,
        password_sha256=event.password_sha256,
        is_first=is_first,
    )


def _strengthen(book: Book, product: events.ProductRegistered) -> None:
    for container in book.containers.values():
        if container.product == product.product:
            container.concentration_ug_per_ml = product.concentration_ug_per_ml
            container.form = product.form


def _shelve(book: Book, lots: tuple[events.LotLine, ...]) -> None:
    for line in lots:
        for number, container in enumerate(line.containers, start=line.first_label):
            book.containers[container] = _vial(book, container, number, line)


def _open_levels(book: Book, entry: Recorded, opened: tuple[events.LevelLine, ...]) -> None:
    for line in opened:
        vial = _vial(book, line.container, line.label, line)
        vial.opened_ms = entry.occurred_ms
        # What was found is a level; what the vial can hold is its label's.
        if line.product in book.products:
            product = book.products[line.product]
            vial.content_ul = product.volume_ul
            vial.content_ug = product.volume_ul * product.concentration_ug_per_ml // 1000
        book.containers[line.container] = vial


def _vial(book: Book, container: str, label: int, line: events.LotLine | events.LevelLine) -> Container:
    product = book.products.get(line.product)
    return Container(
        container=container,
        label=vial_label(label),
        product=line.product,
        lot=line.lot,
        expiry=line.expiry,
        concentration_ug_per_ml=product.concentration_ug_per_ml if product else 1,
        form=product.form if product else "solution",
        content_ul=line.volume_ul,
        content_ug=line.mass_ug,
    )


def _session(entry: Recorded, event: events.SessionOpened) -> Session:
    return Session(
        session=event.session,
        number=event.number,
        patient=event.patient,
        prescriber=event.prescriber,
        dose_ug=event.dose_ug,
        route=event.route,
        duration_min=event.duration_min,
        opened_ms=entry.occurred_ms,
        opened_by=entry.actor,
        index=entry.index,
    )


def _draw(book: Book, entry: Recorded, event: events.DoseDrawn) -> None:
    for source in event.sources:
        if source.container in book.containers:
            vial = book.containers[source.container]
            vial.opened_ms = vial.opened_ms or entry.occurred_ms
    first = book.containers.get(event.sources[0].container)
    book.containers[event.syringe] = Container(
        container=event.syringe,
        label=syringe_label(event.label),
        product=first.product if first else None,
        lot=first.lot if first else "",
        expiry=first.expiry if first else "",
        concentration_ug_per_ml=event.concentration_ug_per_ml,
        form=event.form,
        content_ul=event.volume_ul,
        content_ug=event.mass_ug,
        session=event.session,
        opened_ms=entry.occurred_ms,
        hands={entry.actor},
        sources=tuple(source.container for source in event.sources),
    )
    if event.session in book.sessions:
        book.sessions[event.session].syringes.append(event.syringe)
        book.sessions[event.session].drawn_ug += event.mass_ug


def _pump(book: Book, entry: Recorded) -> None:
    event = entry.event
    if not isinstance(event, events.InfusionStarted | events.RateChanged | events.InfusionStopped):
        return
    if event.container in book.containers:
        book.containers[event.container].hands.add(entry.actor)
    session = book.sessions.get(event.session)
    if session is None:
        return
    run = session.runs.setdefault(event.container, Run())
    run.changes.append((entry.occurred_ms, 0 if isinstance(event, events.InfusionStopped) else event.rate_ul_per_h))
    run.changes.sort()
    if isinstance(event, events.RateChanged) and event.dose_ug is not None:
        session.dose_ug = event.dose_ug


def _read(book: Book, entry: Recorded, event: events.RemainderRead) -> None:
    container = book.containers.get(event.container)
    if container is None:
        return
    container.hands.add(entry.actor)
    container.reading = Reading(
        index=entry.index,
        leaf=entry.leaf,
        actor=entry.actor,
        volume_ul=event.volume_ul,
        mass_ug=event.mass_ug,
        posted_volume_ul=event.volume_ul,
        posted_mass_ug=event.mass_ug,
    )


def _reread(book: Book, entry: Recorded, event: events.RemainderReread) -> None:
    container = book.containers.get(event.container)
    if container is None or container.reading is None or container.reading.index != event.of.index:
        return
    reading = container.reading
    reading.second, reading.second_volume_ul, reading.agrees = entry.actor, event.volume_ul, event.agrees
    if event.given_ug is not None:
        reading.posted_volume_ul, reading.posted_mass_ug = event.volume_ul, event.mass_ug


def _waste(book: Book, entry: Recorded, event: events.WasteRecorded) -> None:
    book.wastes[entry.index] = Waste(
        index=entry.index,
        leaf=entry.leaf,
        occurred_ms=entry.occurred_ms,
        actor=entry.actor,
        container=event.container,
        session=event.session,
        method=event.method,
        volume_ul=event.volume_ul,
        mass_ug=event.mass_ug,
        is_alone=event.alone,
    )
    if event.session in book.sessions:
        book.sessions[event.session].wastes.append(entry.index)
    if event.container in book.containers:
        container = book.containers[event.container]
        container.is_finished = True
        container.hands.add(entry.actor)


def _count(book: Book, entry: Recorded) -> None:
    event = entry.event
    if not isinstance(event, events.CountRecorded | events.CountConfirmed | events.CountRevealed):
        return
    count = book.counts.get(event.count)
    if count is None:
        return
    match event:
        case events.CountRecorded():
            count.first, count.second, count.agrees = entry, None, None
        case events.CountConfirmed(agrees=agrees):
            count.second, count.agrees = entry, agrees
            count.is_revealed = count.is_revealed or agrees
        case events.CountRevealed():
            count.is_revealed = True
    if count.is_revealed and count.revealed_index is None:
        count.revealed_index = entry.index


def _open_case(book: Book, entry: Recorded, event: events.CaseOpened) -> None:
    book.cases[event.case] = Case(
        case=event.case,
        cause=event.cause,
        index=entry.index,
        of=event.of,
        opened_ms=entry.occurred_ms,
        container=event.container,
        product=event.product,
        lot=event.lot,
        session=event.session,
        variance_ug=event.variance_ug or 0,
    )
