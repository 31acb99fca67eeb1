"""The register on this machine for commands that write to it or read it as the service does."""

from audit.cli.machine import CouldNotRun, Machine, in_words
from audit.cli.signers import signer_of
from audit.config import Settings
from audit.domain.errors import Refused
from audit.services.demo.keys import keys_folder
from audit.services.keyring import open_keyring
from audit.services.opening import Ground, find_register
from audit.services.register import Register
from audit.services.verify import StorageRefused, open_database
from audit.storage.engine import Unguarded, open_engine


def open_here(machine: Machine, settings: Settings) -> tuple[Ground, Register]:
    """Open the register of this machine.

    Raises:
        CouldNotRun: there is none, or database or keys cannot be used.
    """
    try:
        open_database(settings.database_url).dispose()
        engine = open_engine(settings.database_url)
        ground = Ground(
            engine=engine,
            keyring=open_keyring(keys_folder(engine, settings.home), machine.random),
            signer=signer_of(settings, machine.random),
            host=settings.host,
            scheme="https",
            port=443,
            clock=machine.clock,
            random=machine.random,
        )
        register = find_register(ground)
    except (StorageRefused, Unguarded) as refused:
        raise CouldNotRun(str(refused)) from refused
    except Refused as refused:
        raise CouldNotRun(in_words(refused)) from refused
    if register is None:
        raise CouldNotRun("no log is open in this database yet")
    return ground, register
