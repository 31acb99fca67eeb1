"""The service key by which entries are attested: the one that the entries name, also after it was changed elsewhere."""

import dataclasses

from audit.domain import events
from audit.domain.errors import Refused
from audit.domain.keys import LOG
from audit.services.register import Register
from audit.storage import ledger
from audit.storage.engine import Connection


def with_key_in_force(register: Register, named: str | None) -> Register:
    """Return the register with the service key that the entries name, so that none that was replaced attests.

    `named` is that key as text; None while no log is open.

    Raises:
        Refused: `service_key_lost` where this installation does not have it.
    """
    if named is None or named == register.service_key.verifier.to_string():
        return register
    for key in register.service_keys():
        if key.verifier.to_string() == named:
            return dataclasses.replace(register, service_key=key)
    raise Refused("service_key_lost")


def service_key_named(conn: Connection, site: str) -> str | None:
    """Return the verifier key of the service that the entries name last; None where no log is open."""
    for entry in reversed(ledger.load_entries(conn, site, {LOG})):
        if isinstance(entry.event, events.LogOpened | events.ServiceKeyChanged):
            return entry.event.service_key
    return None
