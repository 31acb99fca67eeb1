"""One site's register as the services need it: where it is stored, by which keys and rules, on which clock."""

from collections.abc import Callable
from dataclasses import dataclass, field

from audit.domain.policy import Pack, Policy
from audit.storage.engine import Engine
from audit.storage.seals import Vault
from audit.tlog.keys import SigningKey


@dataclass(frozen=True, slots=True, kw_only=True)
class Register:
    """What every use case is handed: nothing in it changes while the service runs."""

    engine: Engine
    site: str
    origin: str
    wrapping_key: bytes = field(repr=False)
    service_key: SigningKey = field(repr=False)
    service_keys: Callable[[], tuple[SigningKey, ...]] = field(default=tuple, repr=False)
    """The service's keys as they are on disk now, where another process may have changed them."""
    pack: Pack
    clock: Callable[[], int]
    random: Callable[[int], bytes] = field(repr=False)
    is_demo: bool = False

    @property
    def vault(self) -> Vault:
        """What sealing and opening for this log needs."""
        return Vault(self.site, self.origin, self.wrapping_key, self.random)

    def policy_on(self, day: str) -> Policy:
        """Return the rules in force on a local day."""
        return self.pack.on(day)
