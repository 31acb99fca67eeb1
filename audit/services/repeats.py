"""A request number met before: the same act is answered with its first entry, another act is refused.

The act is decided again on the book as it stood then. What the service itself drew (the time where none was
stated, the random keys of seals, the salt of a password) is taken from the first entry.
"""

import dataclasses

from audit.domain import events
from audit.domain.commands import Command, Said
from audit.domain.decide import decide
from audit.domain.errors import Refused
from audit.domain.fold import local_day
from audit.domain.wire import kind_of, session_of, to_facts
from audit.services.acts import Order
from audit.services.judged import judged_book
from audit.services.register import Register
from audit.storage import seals
from audit.storage.engine import Connection
from audit.storage.log import StoredEntry
from audit.tlog.entry import Entry, decode_entry
from audit.tlog.seal import seal_opens


def check_same(conn: Connection, register: Register, order: Order, known: StoredEntry) -> None:
    """Refuse a nonce that already stands for another act.

    Raises:
        Refused: `nonce_reused`, naming the entry it stands for.
    """
    first = decode_entry(known.body)
    try:
        same = _decided_again(conn, register, order, first)
    except Refused:
        same = False
    if not same or not _same_seals(conn, register, order, first):
        raise Refused("nonce_reused", "", index=first.index)


def _decided_again(conn: Connection, register: Register, order: Order, first: Entry) -> bool:
    stated_ms = order.occurred_ms if order.occurred_ms is not None else int(str(first.act["occurred_ms"]))
    said = Said(actor=order.actor, occurred_ms=stated_ms, offset_min=order.offset_min, now_ms=first.recorded_ms)
    command = _with_first_salt(order.command, first)
    book = judged_book(conn, register.site, command, order.actor, before=first.index)
    policy = register.policy_on(local_day(stated_ms, order.offset_min))
    event = decide(book, command, policy, said)
    return (
        first.kind == kind_of(event)
        and first.facts == to_facts(event)
        and first.act.get("session") == session_of(event)
        and (first.actor, first.act["occurred_ms"], first.act["offset_min"])
        == (order.actor, stated_ms, order.offset_min)
    )


def _with_first_salt(command: Command, first: Entry) -> Command:
    commitment = first.facts.get("password_sha256")
    if not isinstance(commitment, str):
        return command
    match command:
        case events.PersonEnrolled(password_sha256=str()) | events.PasswordSet():
            return dataclasses.replace(command, password_sha256=commitment)
        case _:
            return command


def _same_seals(conn: Connection, register: Register, order: Order, first: Entry) -> bool:
    committed = first.act.get("sealed") or {}
    if not isinstance(committed, dict) or committed.keys() != order.sealed.keys():
        return False
    for name, value in order.sealed.items():
        opened = seals.opened(conn, register.vault, seals.Place(first.index, name))
        if opened is None or not seal_opens(str(committed[name]), r=opened.r, value=value):
            return False
    return True
