"""Every command to the one event it becomes, or a refusal. The only door into the core's judgement."""

from typing import assert_never

from audit.domain import case, commands, corrections, count, events, people, session, stock, waste
from audit.domain.book import Book
from audit.domain.commands import Command, Said
from audit.domain.erasure import check_patient
from audit.domain.errors import Refused
from audit.domain.fresh import check_new
from audit.domain.policy import Policy
from audit.domain.trust import decide_trust
from audit.domain.wire import kind_of

CLOCK_SLACK_MS = 5 * 60_000
"""How far a tablet's clock may run ahead of the service's before its time is taken for a slip."""


def decide(book: Book, command: Command, policy: Policy, said: Said) -> events.Event:
    """Return the event a command becomes.

    Raises:
        Refused: the act is impossible, malformed, or not this person's to state.
    """
    if said.occurred_ms > said.now_ms + CLOCK_SLACK_MS:
        raise Refused("future", "occurred", occurred_ms=said.occurred_ms, now_ms=said.now_ms)
    check_new(book, command)
    event = _decide(book, command, policy, said)
    people.check_may(book, said, kind_of(event))
    return event


def _decide(book: Book, command: Command, policy: Policy, said: Said) -> events.Event:
    if isinstance(command, commands.AboutPeople):
        return _about_people(book, command, said)
    if isinstance(command, commands.AboutStock):
        return _about_stock(book, command, policy, said)
    if isinstance(command, commands.AboutSession):
        return _about_session(book, command, policy, said)
    if isinstance(command, commands.AboutRemainder):
        return _about_remainder(book, command, policy, said)
    if isinstance(command, commands.AboutCount):
        return _about_count(book, command, policy, said)
    if isinstance(command, commands.AboutTrust):
        return decide_trust(book, command, policy, said)
    if isinstance(command, commands.StrikeEntry):
        return corrections.decide_strike(book, command, said)
    return command


def _about_people(book: Book, command: commands.AboutPeople, said: Said) -> events.Event:
    match command:
        case events.LogOpened():
            if book.log is not None:
                raise Refused("log_already_open")
            return command
        case events.PersonEnrolled():
            return people.decide_enrol(book, command, said)
        case events.RolesChanged():
            return people.decide_roles(book, command, said)
        case events.PersonEnded():
            return people.decide_end(book, command, said)
        case events.PasswordSet():
            return people.decide_password(book, command, said)
        case events.PatientRegistered(patient=patient):
            if patient in book.patients:
                raise Refused("already_enrolled", "name")
            return command
        case events.PatientUnmasked(patient=patient):
            check_patient(book, patient)
            return command
        case _ as unreachable:
            assert_never(unreachable)


def _about_stock(book: Book, command: commands.AboutStock, policy: Policy, said: Said) -> events.Event:
    match command:
        case events.ProductRegistered():
            return stock.decide_product(book, command)
        case commands.TakeInventory():
            return stock.decide_inventory(book, command, said)
        case commands.ConfirmInventory():
            return stock.decide_confirm_inventory(book, command, policy, said)
        case commands.Receive():
            return stock.decide_receive(book, command, policy, said)
        case commands.TakeContainer():
            return stock.decide_take(book, command)
        case commands.ReturnContainer():
            return stock.decide_return(book, command)
        case _ as unreachable:
            assert_never(unreachable)


def _about_session(book: Book, command: commands.AboutSession, policy: Policy, said: Said) -> events.Event:
    match command:
        case commands.OpenSession():
            return session.decide_open(book, command)
        case commands.DrawDose():
            return session.decide_draw(book, command, policy, said)
        case events.InfusionStarted() | events.RateChanged() | events.InfusionStopped():
            return session.decide_pump(book, command)
        case commands.CloseSession():
            return session.decide_close(book, command)
        case _ as unreachable:
            assert_never(unreachable)


def _about_remainder(book: Book, command: commands.AboutRemainder, policy: Policy, said: Said) -> events.Event:
    match command:
        case commands.ReadRemainder():
            return waste.decide_read(book, command)
        case commands.RereadRemainder():
            return waste.decide_reread(book, command, policy, said)
        case commands.WasteRemainder():
            return waste.decide_waste(book, command, policy)
        case commands.WitnessWaste():
            return waste.decide_witness(book, command, said)
        case commands.HoldRemainder():
            return waste.decide_hold(book, command)
        case _ as unreachable:
            assert_never(unreachable)


def _about_count(book: Book, command: commands.AboutCount, policy: Policy, said: Said) -> events.Event:
    match command:
        case events.CountRecorded():
            return count.decide_count(book, command, said)
        case commands.ConfirmCount():
            return count.decide_confirm_count(book, command, policy, said)
        case commands.RevealCount():
            return count.decide_reveal(book, command, said)
        case events.CaseAssigned():
            return case.decide_assign(book, command)
        case events.CaseNoted():
            return case.decide_note(book, command)
        case commands.CloseCase():
            return case.decide_close_case(book, command)
        case _ as unreachable:
            assert_never(unreachable)
